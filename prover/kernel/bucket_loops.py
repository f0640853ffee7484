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

from prover.kernel.compiled import (
    BYTES,
    COORDINATES,
    INTEGER,
    INTEGERS,
    POINTS,
    PROJECTIVE,
    WORDS,
    compiled,
    subroutine,
)
from prover.kernel.coordinates import (
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


@compiled(BYTES, INTEGER, POINTS)
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
    return len(out)


def working_space(longest: int) -> tuple[Integers, PointTable, Limbs, Integers]:
    """Return room to sum keys in that have at most `longest` entries each."""
    most = _GROUP + longest
    work = np.empty((most, 2 * _LIMBS), dtype=np.uint64)
    scratch = np.empty((most + _TEMPORARIES, _LIMBS), dtype=np.uint64)
    return np.empty(_GROUP, dtype=np.int64), work, scratch, np.empty(most // 2 + 1, dtype=np.int64)


@compiled(
    POINTS, INTEGERS, INTEGERS, INTEGER, INTEGER, INTEGERS, POINTS, INTEGERS, POINTS, COORDINATES, INTEGERS
)
def sum_keys(
    points: PointTable,
    ordered: Integers,
    starts: Integers,
    first: int,
    last: int,
    functions: Integers,
    sums: PointTable,
    counts: Integers,
    work: PointTable,
    scratch: Limbs,
    pairs: Integers,
) -> None:
    """sums_k = sum of the entries of key k, for first <= k < last, as `sum_ordered` says.

    The last four arguments are what `working_space` gives.
    """
    sum_ordered(points, ordered, starts, first, last, functions, sums, counts, work, scratch, pairs)


@subroutine
def sum_ordered(
    points: PointTable,
    ordered: Integers,
    starts: Integers,
    first: int,
    last: int,
    functions: Integers,
    sums: PointTable,
    counts: Integers,
    work: PointTable,
    scratch: Limbs,
    pairs: Integers,
) -> None:
    """sums_k = sum of the entries of key k, for first <= k < last.

    An entry is twice the index of a point, plus 1 to negate it. `functions` are the addresses of blst's
    product, square and inverse. Keys are taken in groups of as many entries as stay in the processor's cache.
    """
    for j in range(_LIMBS):
        scratch[0, j] = np.uint64(0)
    begin = first
    while begin < last:
        table, room = np.int64(points.ctypes.data), np.int64(work.ctypes.data)
        out, zero_at = np.int64(sums.ctypes.data), np.int64(scratch.ctypes.data)
        end = begin
        offset = starts[begin]
        while end < last and end - begin < _GROUP and (end == begin or starts[end + 1] - offset <= _GROUP):
            counts[end - begin] = starts[end + 1] - starts[end]
            end += 1
        for i in range(offset, starts[end]):
            source = table + (ordered[i] >> 1) * _POINT
            target = room + (i - offset) * _POINT
            copy(target, source)
            if ordered[i] & 1:
                subtract(target + _COORDINATE, zero_at, source + _COORDINATE)
            else:
                copy(target + _COORDINATE, source + _COORDINATE)
        _add_neighbours(work, starts[begin:end], counts, scratch, pairs, functions)
        for key in range(begin, end):
            target = out + key * _POINT
            source = room + (starts[key] - offset) * _POINT
            if counts[key - begin]:
                copy(target, source)
                copy(target + _COORDINATE, source + _COORDINATE)
            else:
                copy(target, zero_at)
                copy(target + _COORDINATE, zero_at)
        begin = end


@subroutine
def _add_neighbours(
    work: PointTable,
    starts: Integers,
    counts: Integers,
    scratch: Limbs,
    pairs: Integers,
    functions: Integers,
) -> None:
    """Add up each key's points in place, the sum standing first; counts become 1, or stay 0.

    The points of key k stand in `work` from starts_k - starts_0 on, counts_k of them; scratch_0 is 0.
    A pair is kept as twice its address, plus 1 to double.
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
        for key in range(starts.shape[0]):
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


@compiled(PROJECTIVE, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, INTEGERS)
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


@compiled(POINTS, INTEGERS, WORDS)
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
