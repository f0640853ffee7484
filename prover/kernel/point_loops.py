"""Compiled loops that prepare points and scalars for a multi-scalar product."""

from typing import Final

import numpy as np
import numpy.typing as npt

from prover.field import BASE_MODULUS, SCALAR_MODULUS
from prover.kernel.compiled import BYTES, ELEMENTS, INTEGERS, POINTS, ROWS, WORDS, compiled
from prover.kernel.interface import SmallInts
from prover.kernel.montgomery import Limbs

PointTable = npt.NDArray[np.uint64]
"""Shape (n, 12), C-contiguous: affine x, y of six limbs each in blst's form; zeros for infinity."""

_ORDER: Final = tuple(np.uint64((SCALAR_MODULUS >> (64 * i)) & (2**64 - 1)) for i in range(4))
_MODULUS: Final = tuple(np.uint64((BASE_MODULUS >> (64 * i)) & (2**64 - 1)) for i in range(6))
_NOTHING: Final = np.uint64(0)
_UNIT: Final = np.uint64(1)


@compiled(INTEGERS, ROWS, BYTES)
def split_small(values: SmallInts, magnitudes: Limbs, signs: npt.NDArray[np.uint8]) -> None:
    """values_i = (-1)^signs_i magnitudes_i; magnitudes has shape (n, 1)."""
    for i in range(values.shape[0]):
        value = values[i]
        signs[i] = value < 0
        magnitudes[i, 0] = np.uint64(-value) if value < 0 else np.uint64(value)


@compiled(ELEMENTS, ELEMENTS, BYTES)
def centre(canonical: Limbs, magnitudes: Limbs, signs: npt.NDArray[np.uint8]) -> None:
    """canonical_i = (-1)^signs_i magnitudes_i mod r with magnitudes_i <= r/2; both (n, 4)."""
    for i in range(canonical.shape[0]):
        borrow = _NOTHING
        for j in range(4):
            limb = canonical[i, j]
            lower = _ORDER[j] - limb
            below = _UNIT if _ORDER[j] < limb else _NOTHING
            magnitudes[i, j] = lower - borrow
            borrow = below | (_UNIT if lower < borrow else _NOTHING)
        negative = False
        for j in range(4):
            k = 3 - j
            if magnitudes[i, k] != canonical[i, k]:
                negative = magnitudes[i, k] < canonical[i, k]
                break
        signs[i] = negative
        if not negative:
            for j in range(4):
                magnitudes[i, j] = canonical[i, j]


@compiled(ROWS, WORDS)
def column_masks(magnitudes: Limbs, masks: Limbs) -> int:
    """masks_j = bitwise or of column j; return the number of non-zero rows."""
    count = 0
    for i in range(magnitudes.shape[0]):
        row = _NOTHING
        for j in range(magnitudes.shape[1]):
            row |= magnitudes[i, j]
            masks[j] |= magnitudes[i, j]
        if row != _NOTHING:
            count += 1
    return count


@compiled(POINTS, ROWS, BYTES, POINTS, ROWS)
def gather(
    points: PointTable,
    magnitudes: Limbs,
    signs: npt.NDArray[np.uint8],
    out_points: PointTable,
    out_magnitudes: Limbs,
) -> None:
    """Copy the rows with a non-zero magnitude, the point negated where its sign is set."""
    k = 0
    for i in range(magnitudes.shape[0]):
        row = _NOTHING
        for j in range(magnitudes.shape[1]):
            row |= magnitudes[i, j]
            out_magnitudes[k, j] = magnitudes[i, j]
        if row == _NOTHING:
            continue
        y = _NOTHING
        for j in range(12):
            out_points[k, j] = points[i, j]
        for j in range(6, 12):
            y |= points[i, j]
        if signs[i] and y != _NOTHING:
            borrow = _NOTHING
            for j in range(6):
                limb = points[i, 6 + j]
                lower = _MODULUS[j] - limb
                below = _UNIT if _MODULUS[j] < limb else _NOTHING
                out_points[k, 6 + j] = lower - borrow
                borrow = below | (_UNIT if lower < borrow else _NOTHING)
        k += 1
        if k == out_points.shape[0]:
            break
