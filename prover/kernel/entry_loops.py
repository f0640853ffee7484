"""Compiled loops that split scalars into signed digits, and sort what belongs to each digit."""

from typing import Final

import numpy as np
import numpy.typing as npt

from prover.kernel.compiled import BYTES, INTEGER, INTEGERS, POINTS, ROWS, compiled, subroutine
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
        if not is_finite(points, i):
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


@subroutine
def is_finite(points: PointTable, i: int) -> bool:
    """Tell whether a point has a y, which infinity has not."""
    bits = np.uint64(0)
    for j in range(_LIMBS, 2 * _LIMBS):
        bits |= points[i, j]
    return bool(bits != np.uint64(0))


@compiled(INTEGERS, INTEGERS, INTEGERS, INTEGERS, INTEGERS)
def sort_entries(
    keys: Integers, sources: Integers, starts: Integers, cursor: Integers, ordered: Integers
) -> int:
    """Run `order_by_key`; return how many entries the most frequent key has."""
    return order_by_key(keys, sources, keys.shape[0], starts, starts.shape[0] - 1, cursor, ordered)


@subroutine
def order_by_key(
    keys: Integers,
    sources: Integers,
    count: int,
    starts: Integers,
    key_count: int,
    cursor: Integers,
    ordered: Integers,
) -> int:
    """Write the first `count` sources in order of their keys; those of k go to starts_k .. starts_(k+1) - 1.

    `cursor` is room for one integer a key. Returns how many entries the most frequent key has.
    """
    for k in range(key_count + 1):
        starts[k] = 0
    for i in range(count):
        starts[keys[i] + 1] += 1
    longest = 0
    for k in range(key_count):
        longest = max(longest, starts[k + 1])
        starts[k + 1] += starts[k]
        cursor[k] = starts[k]
    for i in range(count):
        ordered[cursor[keys[i]]] = sources[i]
        cursor[keys[i]] += 1
    return longest
