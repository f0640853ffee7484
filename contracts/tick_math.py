"""Ticks and square-root prices, with the rounding of Uniswap v3.

A tick is a logarithm to base 1.0001 of the price, token1 per token0 in raw units; `sqrt_ratio_x96` is the
square root of the price times 2^96.
"""

from math import isqrt

from contracts.errors import MarketError

MIN_TICK = -887_272
MAX_TICK = 887_272
MIN_SQRT_RATIO_X96 = 4_295_128_739
MAX_SQRT_RATIO_X96 = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342

# round(2^128 / 1.0001^(2^i / 2)) for i = 0..19
_FACTORS_X128 = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)


def sqrt_ratio_at_tick(tick: int) -> int:
    """Return sqrt(1.0001^tick) * 2^96 exactly as the pool computes it: upward from 128 to 96 bits.

    Raises
    ------
    MarketError
        When |tick| > 887272.
    Source
    ------
    Uniswap v3 core, TickMath.
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise MarketError(f"tick {tick} lies outside {MIN_TICK}..{MAX_TICK}")
    ratio_x128 = 1 << 128
    for bit, factor in enumerate(_FACTORS_X128):
        if abs(tick) >> bit & 1:
            ratio_x128 = ratio_x128 * factor >> 128
    if tick > 0:
        ratio_x128 = ((1 << 256) - 1) // ratio_x128
    return -(-ratio_x128 >> 32)


def tick_at_sqrt_ratio(sqrt_ratio_x96: int) -> int:
    """Return the greatest tick whose ratio is at most the given one.

    Raises
    ------
    MarketError
        When the ratio lies outside the range of the pool.
    """
    if not MIN_SQRT_RATIO_X96 <= sqrt_ratio_x96 < MAX_SQRT_RATIO_X96:
        raise MarketError(f"square-root price {sqrt_ratio_x96} lies outside the range of a pool")
    low, high = MIN_TICK, MAX_TICK
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_ratio_at_tick(middle) <= sqrt_ratio_x96:
            low = middle
        else:
            high = middle
    return low


def sqrt_ratio_of_amounts(amount1: int, amount0: int) -> int:
    """Return floor(sqrt(amount1 / amount0) * 2^96)."""
    return isqrt((amount1 << 192) // amount0)
