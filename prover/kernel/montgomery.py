"""Arithmetic on one element of F_r in Montgomery form.

An element a is held as a * 2^256 mod r in four 64-bit limbs, least significant first, always
below r. The instructions of the three operations stand in `montgomery_code`.
"""

from types import ModuleType
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from prover.field import SCALAR_MODULUS
from prover.kernel.compiled import subroutine, written_out

Limbs: TypeAlias = npt.NDArray[np.uint64]
"""Shape (n, 4), C-contiguous: n elements in Montgomery form; or (4,): one element."""

Element: TypeAlias = tuple[int, int, int, int]
"""The four limbs of one element, inside compiled code."""

LIMB_BITS: Final = 64
LIMB_COUNT: Final = 4
RADIX: Final = 1 << (LIMB_BITS * LIMB_COUNT)


def limbs_of(value: int) -> Limbs:
    """Return an integer below 2^256 as four limbs, not converted."""
    return np.frombuffer(bytearray(value.to_bytes(32, "little")), dtype=np.uint64)


def montgomery(value: int) -> Limbs:
    """Return value mod r in Montgomery form, shape (4,)."""
    return limbs_of(value % SCALAR_MODULUS * RADIX % SCALAR_MODULUS)


def _code() -> ModuleType:
    from prover.kernel import montgomery_code

    return montgomery_code


product = written_out(_code, "product")
"""a b / 2^256 mod r."""

total = written_out(_code, "total")
"""a + b mod r."""

difference = written_out(_code, "difference")
"""a - b mod r."""


@subroutine
def load(table: Limbs, i: int) -> Element:
    """Return row i."""
    return (table[i, 0], table[i, 1], table[i, 2], table[i, 3])


@subroutine
def store(table: Limbs, i: int, value: Element) -> None:
    """Set row i."""
    table[i, 0], table[i, 1], table[i, 2], table[i, 3] = value


@subroutine
def load_one(limbs: Limbs) -> Element:
    """Return the element held by a (4,) array."""
    return (limbs[0], limbs[1], limbs[2], limbs[3])
