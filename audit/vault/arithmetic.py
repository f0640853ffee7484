"""Prices of log-ticks and quotients with a stated rounding, in the vault's integers.

sqrt_ratio(t) = ceil(2^96 sqrt(1.0001^t)) in the pool's own steps
q(t)          = floor(sqrt_ratio(t)^2 / 2^64), base per raw risky times 2^128 at an oriented tick
value(r, t)   = floor(r q(t) / 2^128)
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache
from typing import Final

MAX_TICK: Final = 887_272
Q128: Final = 1 << 128
ONE: Final = 10**18
BPS: Final = 10_000


@cache
def tick_factors() -> tuple[int, ...]:
    """Return 2^128 * 1.0001^(-2^i / 2) to the nearest integer, i = 0..19.

    Source: Uniswap v3-core, TickMath; computed here, not copied.
    """
    with localcontext() as context:
        context.prec = 120
        factor = Decimal("1.0001").sqrt()
        factors = []
        for _ in range(20):
            factors.append(int((Q128 / factor).to_integral_value(ROUND_HALF_EVEN)))
            factor *= factor
    return tuple(factors)


@cache
def sqrt_ratio_at_tick(tick: int) -> int:
    """Return the square-root price of a tick, times 2^96, rounded up.

    Raises
    ------
    ValueError : a tick outside -887272..887272.
    """
    if not -MAX_TICK <= tick <= MAX_TICK:
        raise ValueError(f"tick {tick} is outside the range of a pool")
    ratio = Q128
    for i, factor in enumerate(tick_factors()):
        if abs(tick) >> i & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = ((1 << 256) - 1) // ratio
    return -(-ratio >> 32)


def q_ratio_at_tick(tick: int) -> int:
    """Return the price of a tick, times 2^128, rounded down."""
    root = sqrt_ratio_at_tick(tick)
    return root * root >> 64


def value_at_down(amount: int, q_ratio: int) -> int:
    """Return floor(amount * q / 2^128)."""
    return amount * q_ratio >> 128


def divide_up(numerator: int, denominator: int) -> int:
    """Return ceil(numerator / denominator)."""
    return -(-numerator // denominator)
