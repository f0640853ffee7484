"""The scalar field of BLS12-381 and its encodings (protocol, section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SCALAR_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
GENERATOR: Final = 7
WORD_BYTES: Final = 32


def encode_unsigned(value: int) -> bytes:
    """Encode u(x): 32 bytes, big endian.

    Raises
    ------
    OverflowError : value is negative or does not fit 256 bits.
    """
    return value.to_bytes(WORD_BYTES, "big")


def encode_signed(value: int) -> bytes:
    """Encode i(x): two's complement, 32 bytes, big endian.

    Raises
    ------
    OverflowError : value lies outside [-2^255, 2^255).
    """
    return value.to_bytes(WORD_BYTES, "big", signed=True)


def encode_element(value: int) -> bytes:
    """Encode fe(x): the signed integer v as v, or as r - |v| below zero."""
    return encode_unsigned(value % SCALAR_MODULUS)


def root_of_unity(row_count: int) -> int:
    """Return omega = 7^((r-1)/n), the generator of the subgroup of n points.

    Raises
    ------
    ValueError : n does not divide r - 1.
    """
    if row_count < 1 or (SCALAR_MODULUS - 1) % row_count:
        raise ValueError(f"no subgroup of {row_count} points")
    return pow(GENERATOR, (SCALAR_MODULUS - 1) // row_count, SCALAR_MODULUS)


def interpolate(values: Sequence[int]) -> list[int]:
    """Return the coefficients of the polynomial with f(omega^i) = values[i].

        f_j = (1/n) sum_i omega^(-ij) values[i]

    by the recursive transform over the inverse root; n = len(values) is a power of two.
    """
    row_count = len(values)
    inverse_root = pow(root_of_unity(row_count), -1, SCALAR_MODULUS)
    scale = pow(row_count, -1, SCALAR_MODULUS)
    return [value * scale % SCALAR_MODULUS for value in _transform(list(values), inverse_root)]


def _transform(values: list[int], root: int) -> list[int]:
    """Return [sum_i root^(ij) values[i]] for every j."""
    if len(values) == 1:
        return values
    square = root * root % SCALAR_MODULUS
    even = _transform(values[0::2], square)
    odd = _transform(values[1::2], square)
    half = len(even)
    result = [0] * len(values)
    factor = 1
    for j in range(half):
        turned = odd[j] * factor
        result[j] = (even[j] + turned) % SCALAR_MODULUS
        result[j + half] = (even[j] - turned) % SCALAR_MODULUS
        factor = factor * root % SCALAR_MODULUS
    return result


def horner(coefficients: Sequence[int], point: int) -> int:
    """Return sum_i coefficients[i] point^i mod r."""
    total = 0
    for coefficient in reversed(coefficients):
        total = (total * point + coefficient) % SCALAR_MODULUS
    return total
