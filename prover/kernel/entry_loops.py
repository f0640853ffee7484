"""Compiled loops that split scalars into signed digits, and sort what belongs to each digit."""

from typing import Final

import numpy as np
import numpy.typing as npt

from prover.kernel.compiled import BYTES, INTEGER, INTEGERS, POINTS, ROWS, compiled
from prover.kernel.montgomery import Limbs
from prover.kernel.point_loops import PointTable

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_LIMBS: Final = 6


@compiled(POINTS, ROWS, BYTES, INTEGER, INTEGER, INTEGER, INTEGER, INTEGERS, INTEGERS)
def signed_digits(
    points: PointTable,
    magnitudes: Limbs,
    signs: Bytes,
    width: int,
    windows: int,
    key_step: int,
    source_step: int,
    keys: Integers,
    sources: Integers,
) -> int:
    """Write magnitudes_i (-1)^signs_i = sum_j digit_ij 2^(width j), |digit_ij| <= 2^(width - 1), as entries.

    Entry: key = key_step j + |digit_ij|, source = 2 (i + source_step j) + [digit_ij < 0]. Zero digits and
    points at infinity make none. Returns the number of entries.
    """
    half = 1 << (width - 1)
    mask = np.uint64((1 << width) - 1)
    limbs = magnitudes.shape[1]
    count = 0
    for i in range(magnitudes.shape[0]):
        finite = False
        for j in range(_LIMBS, 2 * _LIMBS):
            finite |= points[i, j] != np.uint64(0)
        if not finite:
            continue
        carry = 0
        for j in range(windows):
            bit = j * width
            limb = bit >> 6
            shift = np.uint64(bit & 63)
            digit = np.int64(carry)
            if limb < limbs:
                word = magnitudes[i, limb] >> shift
                if shift > np.uint64(64 - width) and limb + 1 < limbs:
                    word |= magnitudes[i, limb + 1] << (np.uint64(64) - shift)
                digit = digit + np.int64(word & mask)
            negative = np.int64(signs[i])
            carry = 0
            if digit > half:
                digit = 2 * half - digit
                negative = 1 - negative
                carry = 1
            if digit:
                keys[count] = key_step * j + digit
                sources[count] = 2 * (i + source_step * j) + negative
                count += 1
    return count


@compiled(INTEGERS, INTEGERS, INTEGERS, INTEGERS, INTEGERS)
def sort_entries(
    keys: Integers, sources: Integers, starts: Integers, cursor: Integers, ordered: Integers
) -> None:
    """Write the sources in the order of their keys; those of key k go to starts_k .. starts_(k+1) - 1.

    `starts` has one entry more than there are keys, all 0 before; `cursor` is room for one for each.
    """
    for i in range(keys.shape[0]):
        starts[keys[i] + 1] += 1
    for k in range(1, starts.shape[0]):
        starts[k] += starts[k - 1]
    for k in range(cursor.shape[0]):
        cursor[k] = starts[k]
    for i in range(keys.shape[0]):
        ordered[cursor[keys[i]]] = sources[i]
        cursor[keys[i]] += 1
