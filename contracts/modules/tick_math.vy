# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Square-root price of a log-tick
@notice sqrt_ratio_at_tick(t) = ceil(2^96 * sqrt(1.0001^t)) in the pool's own integer arithmetic,
        q_ratio_at_tick(t) = floor(s * s / 2^64) with s the former: token1 per token0, times 2^128.
@custom:assumes |tick| <= MAX_TICK, refused as `tick` otherwise. Factor i below is 2^128 * 1.0001^(-2^i / 2)
        to the nearest integer; literals stand in decimal because hex literals are bytes here.
"""

from . import full_math
from . import refusal


MAX_TICK: constant(int256) = 887272


@internal
@pure
def sqrt_ratio_at_tick(tick: int256) -> uint256:
    """
    @notice Return the square-root price of a tick, times 2^96, rounded up.
    @param tick log base 1.0001 of token1 per token0.
    @return sqrt(1.0001^tick) * 2^96; 2^128 / ratio is rounded up to 32 fewer bits, as the pool does.
    """
    refusal.check(tick >= -MAX_TICK and tick <= MAX_TICK, "tick")
    bits: uint256 = convert(abs(tick), uint256)
    ratio: uint256 = 1 << 128
    if bits & 1 != 0:
        ratio = 340265354078544963557816517032075149313
    if bits & 2 != 0:
        ratio = unsafe_mul(ratio, 340248342086729790484326174814286782778) >> 128
    if bits & 4 != 0:
        ratio = unsafe_mul(ratio, 340214320654664324051920982716015181260) >> 128
    if bits & 8 != 0:
        ratio = unsafe_mul(ratio, 340146287995602323631171512101879684304) >> 128
    if bits & 16 != 0:
        ratio = unsafe_mul(ratio, 340010263488231146823593991679159461444) >> 128
    if bits & 32 != 0:
        ratio = unsafe_mul(ratio, 339738377640345403697157401104375502016) >> 128
    if bits & 64 != 0:
        ratio = unsafe_mul(ratio, 339195258003219555707034227454543997025) >> 128
    if bits & 128 != 0:
        ratio = unsafe_mul(ratio, 338111622100601834656805679988414885971) >> 128
    if bits & 256 != 0:
        ratio = unsafe_mul(ratio, 335954724994790223023589805789778977700) >> 128
    if bits & 512 != 0:
        ratio = unsafe_mul(ratio, 331682121138379247127172139078559817300) >> 128
    if bits & 1024 != 0:
        ratio = unsafe_mul(ratio, 323299236684853023288211250268160618739) >> 128
    if bits & 2048 != 0:
        ratio = unsafe_mul(ratio, 307163716377032989948697243942600083929) >> 128
    if bits & 4096 != 0:
        ratio = unsafe_mul(ratio, 277268403626896220162999269216087595045) >> 128
    if bits & 8192 != 0:
        ratio = unsafe_mul(ratio, 225923453940442621947126027127485391333) >> 128
    if bits & 16384 != 0:
        ratio = unsafe_mul(ratio, 149997214084966997727330242082538205943) >> 128
    if bits & 32768 != 0:
        ratio = unsafe_mul(ratio, 66119101136024775622716233608466517926) >> 128
    if bits & 65536 != 0:
        ratio = unsafe_mul(ratio, 12847376061809297530290974190478138313) >> 128
    if bits & 131072 != 0:
        ratio = unsafe_mul(ratio, 485053260817066172746253684029974020) >> 128
    if bits & 262144 != 0:
        ratio = unsafe_mul(ratio, 691415978906521570653435304214168) >> 128
    if bits & 524288 != 0:
        ratio = unsafe_mul(ratio, 1404880482679654955896180642) >> 128
    if tick > 0:
        ratio = max_value(uint256) // ratio
    return unsafe_add(ratio, 4294967295) >> 32


@internal
@pure
def q_ratio_at_tick(tick: int256) -> uint256:
    """
    @notice Return the price of a tick, times 2^128, rounded down.
    @param tick log base 1.0001 of quote per counted unit.
    @return floor(s * s / 2^64), s = sqrt_ratio_at_tick(tick); at least 1.
    """
    root: uint256 = self.sqrt_ratio_at_tick(tick)
    return full_math.mul_div_down(root, root, 1 << 64)
