# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Full-precision products and quotients
@notice mul_div_down(a, b, d) = floor(a * b / d), mul_div_up(a, b, d) = ceil(a * b / d), the product kept
        at 512 bits. Method: the product modulo 2^256 and modulo 2^256 - 1 give both words; the quotient is
        an exact division by the odd part of d, whose inverse modulo 2^256 comes from Newton steps.
@custom:assumes d > 0 and a quotient below 2^256; refused as `overflow` otherwise.
"""

from . import refusal


@internal
@pure
def mul_div_down(a: uint256, b: uint256, d: uint256) -> uint256:
    """
    @notice Return floor(a * b / d).
    """
    low: uint256 = unsafe_mul(a, b)
    # floor(a * b / 2^256) from the residue modulo 2^256 - 1
    residue: uint256 = uint256_mulmod(a, b, max_value(uint256))
    high: uint256 = unsafe_sub(residue, low)
    if residue < low:
        high = unsafe_sub(high, 1)
    refusal.check(d > high, "overflow")
    if high == 0:
        return unsafe_div(low, d)

    # subtract the remainder, so that d divides the two words exactly
    remainder: uint256 = uint256_mulmod(a, b, d)
    if remainder > low:
        high = unsafe_sub(high, 1)
    low = unsafe_sub(low, remainder)

    # divide both sides by the power of two in d
    twos: uint256 = d & unsafe_sub(0, d)
    odd: uint256 = unsafe_div(d, twos)
    low = unsafe_div(low, twos)
    # 2^256 / twos, which is 0 modulo 2^256 when twos = 1
    lift: uint256 = unsafe_add(unsafe_div(unsafe_sub(0, twos), twos), 1)
    low |= unsafe_mul(high, lift)

    # inverse of the odd part: correct to 4 bits at the start, twice as many after each step
    inverse: uint256 = unsafe_mul(3, odd) ^ 2
    for _: uint256 in range(6):
        inverse = unsafe_mul(inverse, unsafe_sub(2, unsafe_mul(odd, inverse)))
    return unsafe_mul(low, inverse)


@internal
@pure
def mul_div_up(a: uint256, b: uint256, d: uint256) -> uint256:
    """
    @notice Return ceil(a * b / d).
    """
    quotient: uint256 = self.mul_div_down(a, b, d)
    if uint256_mulmod(a, b, d) != 0:
        quotient += 1
    return quotient
