# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  ArithmeticProbe
@license Apache-2.0
@notice Lets tests call the arithmetic modules one function at a time.
"""

from ..modules import full_math
from ..modules import tick_math


@external
@pure
def mul_div_down(a: uint256, b: uint256, d: uint256) -> uint256:
    return full_math.mul_div_down(a, b, d)


@external
@pure
def mul_div_up(a: uint256, b: uint256, d: uint256) -> uint256:
    return full_math.mul_div_up(a, b, d)


@external
@pure
def sqrt_ratio_at_tick(tick: int256) -> uint256:
    return tick_math.sqrt_ratio_at_tick(tick)


@external
@pure
def q_ratio_at_tick(tick: int256) -> uint256:
    return tick_math.q_ratio_at_tick(tick)
