"""Turn ticks into prices with the rounding of the pool and of the vault, in integers.

    sqrt_ratio_at_tick(t) = sqrt(1.0001^t) * 2^96, rounded as the pool rounds
    q_ratio_at_tick(o)    = floor(s * s / 2^64), s = sqrt_ratio_at_tick(o): the price times 2^128
    value(amount, q)      = floor(amount * q / 2^128)

Source: Uniswap v3 core, TickMath.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache

from strategies.errors import VaultRefusal

MAX_TICK = 887_272
MIN_SQRT_RATIO_X96 = 4_295_128_739
MAX_SQRT_RATIO_X96 = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
Q96 = 1 << 96
Q128 = 1 << 128
_UINT256_MAX = (1 << 256) - 1


def _factors_x128() -> tuple[int, ...]:
    """Return round(2^128 * 1.0001^(-2^i / 2)) for i = 0..19, the pool's constants, from 90 digits."""
    context = Context(prec=90)
    log_base = context.ln(Decimal("1.0001"))
    factors = []
    for bit in range(20):
        exponent = context.multiply(log_base, Decimal(-(1 << bit)) / 2)
        factors.append(int(context.multiply(context.exp(exponent), Decimal(Q128)).to_integral_value()))
    return tuple(factors)


_FACTORS_X128 = _factors_x128()


@lru_cache(maxsize=1 << 14)
def sqrt_ratio_at_tick(tick: int) -> int:
    """Return sqrt(1.0001^tick) * 2^96 as the pool computes it, rounded up to 96 bits.

    Raises: VaultRefusal("tick") for |tick| > 887272.
    """
    if abs(tick) > MAX_TICK:
        raise VaultRefusal("tick", f"tick {tick} lies outside -{MAX_TICK}..{MAX_TICK}")
    ratio_x128 = Q128
    for bit, factor in enumerate(_FACTORS_X128):
        if abs(tick) >> bit & 1:
            ratio_x128 = ratio_x128 * factor >> 128
    if tick > 0:
        ratio_x128 = _UINT256_MAX // ratio_x128
    return -(-ratio_x128 >> 32)


def tick_at_sqrt_ratio(sqrt_ratio_x96: int) -> int:
    """Return the greatest tick whose square-root price is not above `sqrt_ratio_x96`.

    Raises: VaultRefusal("price") outside the pool's range.
    """
    if not MIN_SQRT_RATIO_X96 <= sqrt_ratio_x96 < MAX_SQRT_RATIO_X96:
        raise VaultRefusal("price", f"square-root price {sqrt_ratio_x96} lies outside the pool's range")
    low, high = -MAX_TICK, MAX_TICK
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_ratio_at_tick(middle) <= sqrt_ratio_x96:
            low = middle
        else:
            high = middle
    return low


def q_ratio_at_tick(oriented_tick: int) -> int:
    """Return floor(s * s / 2^64): base per raw risky at an oriented tick, times 2^128."""
    root = sqrt_ratio_at_tick(oriented_tick)
    return root * root >> 64


def value_in_base(risky: int, q_ratio_x128: int) -> int:
    """Return floor(risky * q / 2^128), base units."""
    return risky * q_ratio_x128 >> 128
