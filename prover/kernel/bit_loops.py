"""The compiled loop that sums buckets by each bit of their value."""

import numpy as np
import numpy.typing as npt

from prover.kernel.bucket_loops import sum_ordered, working_space
from prover.kernel.compiled import COORDINATES, INTEGER, INTEGERS, POINTS, compiled
from prover.kernel.entry_loops import is_finite, order_by_key
from prover.kernel.montgomery import Limbs
from prover.kernel.point_loops import PointTable

Integers = npt.NDArray[np.int64]


def bit_sums(
    buckets: PointTable, windows: int, width: int, shift: int, size: int, functions: Integers
) -> PointTable:
    """Return in row width j + shift + b, b < size, the sum of those buckets of window j that have the bit.

    Bucket (2^(width - 1) + 1) j + v belongs to window j and has the value v. All other rows are infinity.
    """
    groups, rows = windows << size, windows * width
    entries, keys = max(len(buckets), groups * size), max(groups, rows)
    most = 1 << max(size, width - size)  # values with one digit, digits with one bit
    by_digit = np.empty((groups, 12), dtype=np.uint64)
    out = np.empty((rows, 12), dtype=np.uint64)
    sum_bits(
        buckets,
        windows,
        width,
        shift,
        size,
        functions,
        np.empty(3 * entries, dtype=np.int64),
        np.empty(2 * keys + 1, dtype=np.int64),
        by_digit,
        out,
        *working_space(most),
    )
    return out


@compiled(
    POINTS,
    INTEGER,
    INTEGER,
    INTEGER,
    INTEGER,
    INTEGERS,
    INTEGERS,
    INTEGERS,
    POINTS,
    POINTS,
    INTEGERS,
    POINTS,
    COORDINATES,
    INTEGERS,
)
def sum_bits(
    buckets: PointTable,
    windows: int,
    width: int,
    shift: int,
    size: int,
    functions: Integers,
    entries: Integers,
    places: Integers,
    by_digit: PointTable,
    out: PointTable,
    counts: Integers,
    work: PointTable,
    scratch: Limbs,
    pairs: Integers,
) -> None:
    """Sum buckets by the digit of `size` bits at `shift`, and those sums by each bit of the digit.

    An entry is a key and twice the row that is added to it; the arguments from `entries` on are room.
    """
    third = entries.shape[0] // 3
    keys, sources, ordered = entries[:third], entries[third : 2 * third], entries[2 * third :]
    half_places = places.shape[0] // 2
    starts, cursor = places[: half_places + 1], places[half_places + 1 :]
    half = 1 << (width - 1)
    mask = (1 << size) - 1
    count = 0
    for window in range(windows):
        for value in range(1, half + 1):
            bucket = (half + 1) * window + value
            digit = (value >> shift) & mask
            if digit and is_finite(buckets, bucket):
                keys[count] = (window << size) + digit
                sources[count] = 2 * bucket
                count += 1
    groups = windows << size
    order_by_key(keys, sources, count, starts, groups, cursor, ordered)
    sum_ordered(buckets, ordered, starts, 0, groups, functions, by_digit, counts, work, scratch, pairs)
    count = 0
    for group in range(groups):
        if is_finite(by_digit, group):
            for bit in range(size):
                if (group >> bit) & 1:
                    keys[count] = (group >> size) * width + shift + bit
                    sources[count] = 2 * group
                    count += 1
    order_by_key(keys, sources, count, starts, windows * width, cursor, ordered)
    sum_ordered(
        by_digit, ordered, starts, 0, windows * width, functions, out, counts, work, scratch, pairs
    )
