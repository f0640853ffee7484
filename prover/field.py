"""The two prime fields of BLS12-381 and the roots of unity used for transforms.

Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1; EIP-2537.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from prover.errors import KernelInputError

SCALAR_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""r, the order of G1, G2 and the target group."""

BASE_MODULUS: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
"""p, the modulus of point coordinates."""

MULTIPLICATIVE_GENERATOR: Final = 7
"""A generator of the multiplicative group of F_r."""

TWO_ADICITY: Final = 32
"""The largest k such that 2^k divides r - 1."""


def is_power_of_two(size: int) -> bool:
    """Tell whether `size` is 1, 2, 4, ..."""
    return size > 0 and size & (size - 1) == 0


@lru_cache(maxsize=TWO_ADICITY + 1)
def root_of_unity(size: int) -> int:
    """Return omega = 7^((r-1)/size), a primitive root of order `size`.

    Raises KernelInputError unless size = 2^k with k <= 32.
    """
    if not is_power_of_two(size) or size.bit_length() - 1 > TWO_ADICITY:
        raise KernelInputError(f"transform size {size} is not a power of two up to 2^{TWO_ADICITY}")
    return pow(MULTIPLICATIVE_GENERATOR, (SCALAR_MODULUS - 1) // size, SCALAR_MODULUS)


def field_inverse(value: int) -> int:
    """Return 1/value mod r; raise ZeroDivisionError when value is 0 mod r."""
    if value % SCALAR_MODULUS == 0:
        raise ZeroDivisionError("0 has no inverse in the scalar field")
    return pow(value, -1, SCALAR_MODULUS)


class Residue(int):
    """An integer that +, - and * with others leave reduced mod r."""

    __slots__ = ()

    def __add__(self, other: int) -> Residue:
        """Return self + other."""
        return Residue(int.__add__(self, other) % SCALAR_MODULUS)

    def __sub__(self, other: int) -> Residue:
        """Return self - other."""
        return Residue(int.__sub__(self, other) % SCALAR_MODULUS)

    def __rsub__(self, other: int) -> Residue:
        """Return other - self."""
        return Residue(int.__rsub__(self, other) % SCALAR_MODULUS)

    def __mul__(self, other: int) -> Residue:
        """Return self * other."""
        return Residue(int.__mul__(self, other) % SCALAR_MODULUS)

    __radd__ = __add__
    __rmul__ = __mul__
