"""Sums of affine points by key, many at once, with one inversion for each round of additions.

Points lie sorted by key. A round adds neighbours of one key in pairs,

    s = (y_q - y_p) / (x_q - x_p),  x = s^2 - x_p - x_q,  y = s (x_p - x) - y_p,

all denominators inverted together, so that an addition costs five products and a square, where a mixed
projective one costs ten products. Infinity is (0, 0), which is no point of the curve.

Source: Montgomery's trick as in `vector_loops.inverse`.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from prover.kernel.coordinate_code import (
    ONE,
    add,
    call_for_code,
    call_three,
    call_two,
    copy,
    equal,
    is_zero,
    subtract,
)
from prover.kernel.jit import compiled
from prover.kernel.montgomery import Limbs
from prover.kernel.point_loops import PointTable

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_POINT: Final = 96
_COORDINATE: Final = 48
_PROJECTIVE: Final = 144
_LIMBS: Final = 6
_ONE: Final = tuple(np.uint64((ONE >> (64 * i)) & (2**64 - 1)) for i in range(_LIMBS))
_TEMPORARIES: Final = 8
_GROUP: Final = 2048
"""Entries summed at a time: with their denominators about 300 kB."""


@compiled
def read_points(encoded: Bytes, function: int, out: PointTable) -> int:
    """Read finite points of 96 bytes each; return how many until the first that is not read without remark.

    `function` is the address of blst's deserialiser; `out` holds zeros before.
    """
    address, target = np.int64(encoded.ctypes.data), np.int64(out.ctypes.data)
    for i in range(out.shape[0]):
        if encoded[i * _POINT] & 0xE0:
            return i
        if call_for_code(function, target + i * _POINT, address + i * _POINT):
            return i
    encoded[0] = encoded[0]  # names the array once more, so that it is not freed before
    return len(out)


@compiled
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


@compiled
def sort_entries(keys: Integers, sources: Integers, starts: Integers, ordered: Integers) -> None:
    """Write the sources in the order of their keys; those of key k go to starts_k .. starts_(k+1) - 1.

    `starts` has one entry more than there are keys, all 0 before.
    """
    for i in range(keys.shape[0]):
        starts[keys[i] + 1] += 1
    for k in range(1, starts.shape[0]):
        starts[k] += starts[k - 1]
    cursor = starts[:-1].copy()
    for i in range(keys.shape[0]):
        ordered[cursor[keys[i]]] = sources[i]
        cursor[keys[i]] += 1


@compiled
def sum_keys(
    points: PointTable,
    ordered: Integers,
    starts: Integers,
    first: int,
    last: int,
    functions: Integers,
    sums: PointTable,
) -> None:
    """sums_k = sum of the entries of key k, for first <= k < last.

    An entry is twice the index of a point, plus 1 to negate it. `functions` are the addresses of blst's
    product, square and inverse. Keys are taken in groups of as many entries as stay in the processor's cache.
    """
    longest = 0
    for key in range(first, last):
        longest = max(longest, starts[key + 1] - starts[key])
    most = _GROUP + longest
    work = np.empty((most, 2 * _LIMBS), dtype=np.uint64)
    scratch = np.empty((most + _TEMPORARIES, _LIMBS), dtype=np.uint64)
    pairs = np.empty(most // 2 + 1, dtype=np.int64)
    counts = np.empty(last - first, dtype=np.int64)
    scratch[0] = 0
    begin = first
    while begin < last:
        # Addresses are taken where they are used: an array that is not named any more is freed.
        table, room = np.int64(points.ctypes.data), np.int64(work.ctypes.data)
        out, zero_at = np.int64(sums.ctypes.data), np.int64(scratch.ctypes.data)
        end = begin + 1
        while end < last and starts[end + 1] - starts[begin] <= _GROUP:
            end += 1
        offset = starts[begin]
        for i in range(offset, starts[end]):
            source = table + (ordered[i] >> 1) * _POINT
            target = room + (i - offset) * _POINT
            copy(target, source)
            if ordered[i] & 1:
                subtract(target + _COORDINATE, zero_at, source + _COORDINATE)
            else:
                copy(target + _COORDINATE, source + _COORDINATE)
        for key in range(begin, end):
            counts[key - first] = starts[key + 1] - starts[key]
        _add_neighbours(
            work, starts[begin:end], counts[begin - first : end - first], scratch, pairs, functions
        )
        for key in range(begin, end):
            target = out + key * _POINT
            source = room + (starts[key] - offset) * _POINT
            if counts[key - first]:
                copy(target, source)
                copy(target + _COORDINATE, source + _COORDINATE)
            else:
                copy(target, zero_at)
                copy(target + _COORDINATE, zero_at)
        begin = end


@compiled
def _add_neighbours(
    work: PointTable,
    starts: Integers,
    counts: Integers,
    scratch: Limbs,
    pairs: Integers,
    functions: Integers,
) -> None:
    """Add up each key's points in place, the sum standing first; counts become 1, or stay 0.

    The points of key k stand in `work` from starts_k - starts_0 on; scratch_0 is 0. A pair is kept as twice
    its address, plus 1 to double.
    """
    room = np.int64(work.ctypes.data)
    product, square, inverse = functions[0], functions[1], functions[2]
    zero_at = np.int64(scratch.ctypes.data)
    running = zero_at + _COORDINATE
    inverted = running + _COORDINATE
    slope = inverted + _COORDINATE
    other = slope + _COORDINATE
    third = other + _COORDINATE
    denominators = zero_at + _TEMPORARIES * _COORDINATE
    before = denominators + (scratch.shape[0] - _TEMPORARIES) // 2 * _COORDINATE
    step = _POINT
    while True:
        for j in range(_LIMBS):
            scratch[1, j] = _ONE[j]
        count, longest = 0, 0
        for key in range(counts.shape[0]):
            length = counts[key]
            p = room + (starts[key] - starts[0]) * _POINT
            for _ in range(length >> 1):
                q = p + step
                if is_zero(q + _COORDINATE):
                    pass
                elif is_zero(p + _COORDINATE):
                    copy(p, q)
                    copy(p + _COORDINATE, q + _COORDINATE)
                elif equal(p, q) and not equal(p + _COORDINATE, q + _COORDINATE):
                    copy(p, zero_at)
                    copy(p + _COORDINATE, zero_at)
                else:
                    denominator = denominators + count * _COORDINATE
                    subtract(denominator, q, p)
                    doubled = is_zero(denominator)
                    if doubled:
                        add(denominator, p + _COORDINATE, p + _COORDINATE)
                    copy(before + count * _COORDINATE, running)
                    call_three(product, running, running, denominator)
                    pairs[count] = 2 * p + doubled
                    count += 1
                p = q + step
            counts[key] = length - (length >> 1)
            longest = max(longest, counts[key])
        if count:
            call_two(inverse, inverted, running)
        for k in range(count - 1, -1, -1):
            p = pairs[k] >> 1
            q = p + step
            y = p + _COORDINATE
            call_three(product, third, inverted, before + k * _COORDINATE)
            call_three(product, inverted, inverted, denominators + k * _COORDINATE)
            if pairs[k] & 1:
                call_two(square, slope, p)
                add(other, slope, slope)
                add(slope, other, slope)
            else:
                subtract(slope, q + _COORDINATE, y)
            call_three(product, slope, slope, third)
            call_two(square, other, slope)
            subtract(other, other, p)
            subtract(other, other, q)
            subtract(third, p, other)
            call_three(product, third, third, slope)
            subtract(y, third, y)
            copy(p, other)
        step *= 2
        if longest <= 1:
            return


@compiled
def double_rows(
    table: Limbs, count: int, first: int, last: int, width: int, windows: int, functions: Integers
) -> None:
    """Set projective row j count + i to 2^(width j) times row i, first <= i < last, 0 < j < windows."""
    double = functions[3]
    address = np.int64(table.ctypes.data)
    for j in range(1, windows):
        for i in range(first, last):
            source = address + ((j - 1) * count + i) * _PROJECTIVE
            target = address + (j * count + i) * _PROJECTIVE
            call_two(double, target, source)
            for _ in range(width - 1):
                call_two(double, target, target)
    table[0, 0] = table[0, 0]  # names the table once more, so that it is not freed before


@compiled
def weighted_sum(points: PointTable, functions: Integers, out: Limbs) -> None:
    """out = sum_i 2^i points_i, projective; functions 3 and 4 are blst's doubling and mixed addition."""
    double, append = functions[3], functions[4]
    total = np.int64(out.ctypes.data)
    for k in range(points.shape[0]):
        i = points.shape[0] - 1 - k
        call_two(double, total, total)
        point = np.int64(points.ctypes.data) + i * _POINT
        if not is_zero(point + _COORDINATE):
            call_three(append, total, total, point)
