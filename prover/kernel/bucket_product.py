"""Multi-scalar products by buckets whose points stay affine.

With signed digits d_ij of `width` bits, sum_i s_i P_i = sum_j 2^(width j) sum_v v B_jv, where B_jv is the sum
of the points whose digit is v, up to sign. v = 2^low h + l splits the inner sum, so that every step is a sum
of affine points by key: buckets; their sums by (j, h) and by (j, l); sums of those by each bit of h and l.
What remains is one point for each bit of the scalars, joined by doubling.

For points that serve many products, 2^(width j) P_i is kept for every j. All digits then share one window.

Source: Pippenger 1976, as in Bernstein, Doumen, Lange, Oosterwijk, "Faster batch forgery identification",
2012; Brickell, Gordon, McCurley, Wilson, "Fast exponentiation with precomputation", 1992.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from prover.kernel import bit_loops, bucket_loops, entry_loops
from prover.kernel.bucket_loops import Bytes, Integers
from prover.kernel.montgomery import Limbs
from prover.kernel.point_loops import PointTable
from prover.kernel.threads import map_threads, worker_count

PREPARED_WIDTH: Final = 13
SCALAR_BITS: Final = 254
"""Bits of a centred scalar, |s| <= r/2."""

_WIDTHS: Final = range(3, 15)
_PARALLEL_ENTRIES: Final = 4000
"""Entries from which threads share the work."""

_SHARES: Final = 8
"""Shares for each thread: one that the system disturbs takes fewer."""


def best_width(count: int, bits: int) -> int:
    """Return the digit width with the fewest additions for `count` scalars of `bits` bits."""

    def additions(width: int) -> int:
        return window_count(bits, width) * (count + (2 << (width - 1)))

    return min(_WIDTHS, key=additions)


def window_count(bits: int, width: int) -> int:
    """Return how many signed digits a magnitude below 2^bits has at most."""
    return bits // width + 1


@dataclass(frozen=True)
class PreparedPoints:
    """Part of a table with the multiples 2^(13 j) P_i of all its points."""

    affine: PointTable  # this part
    multiples: PointTable  # of the whole table: row j * whole + i
    whole: int
    start: int

    def __len__(self) -> int:
        return len(self.affine)

    def part(self, start: int, stop: int) -> "PreparedPoints":
        """Return points start .. stop - 1."""
        return PreparedPoints(self.affine[start:stop], self.multiples, self.whole, self.start + start)


@dataclass(frozen=True)
class BucketProduct:
    """The method, bound to the addresses of `blst.CALLED_BY_ADDRESS`."""

    functions: Integers

    def product(self, points: PointTable, magnitudes: Limbs, signs: Bytes, bits: int, used: int) -> Limbs:
        """Return sum_i (-1)^signs_i magnitudes_i points_i as a projective point.

        Parameters: magnitudes below 2^bits, `used` of them not 0.
        """
        width = best_width(used, bits)
        windows = window_count(bits, width)
        return self._product(
            points, points, magnitudes, signs, width, windows, (1 << (width - 1)) + 1, 0, windows
        )

    def prepared_product(self, points: PreparedPoints, magnitudes: Limbs, signs: Bytes, bits: int) -> Limbs:
        """Return `product` for points whose multiples are kept."""
        windows = window_count(bits, PREPARED_WIDTH)
        multiples = points.multiples[points.start :]
        return self._product(
            points.affine, multiples, magnitudes, signs, PREPARED_WIDTH, windows, 0, points.whole, 1
        )

    def _product(
        self,
        points: PointTable,
        table: PointTable,
        magnitudes: Limbs,
        signs: Bytes,
        width: int,
        digits: int,
        key_step: int,
        source_step: int,
        windows: int,
    ) -> Limbs:
        keys = np.empty(len(magnitudes) * digits, dtype=np.int64)
        sources = np.empty(len(magnitudes) * digits, dtype=np.int64)
        entries = entry_loops.signed_digits(
            points, magnitudes, signs, width, digits, key_step, source_step, keys, sources
        )
        buckets = self._sum(table, keys[:entries], sources[:entries], windows * ((1 << (width - 1)) + 1))
        out = np.zeros(18, dtype=np.uint64)
        bucket_loops.weighted_sum(self._by_bit(buckets, windows, width), self.functions, out)
        return out

    def _by_bit(self, buckets: PointTable, windows: int, width: int) -> PointTable:
        """Return E, sum_k 2^k E_k = sum_j 2^(width j) sum_v v buckets_jv; half of it in each thread."""
        low = width // 2

        def part(bounds: tuple[int, int]) -> PointTable:
            return bit_loops.bit_sums(buckets, windows, width, *bounds, self.functions)

        low_bits, high_bits = map_threads(part, [(0, low), (low, width - low)])
        is_low = np.arange(windows * width) % width < low
        return np.where(is_low[:, None], low_bits, high_bits)

    def _sum(self, points: PointTable, keys: Integers, sources: Integers, key_count: int) -> PointTable:
        """Sum entries by key, in all threads where that is worth it."""
        starts = np.empty(key_count + 1, dtype=np.int64)
        ordered = np.empty(len(keys), dtype=np.int64)
        cursor = np.empty(key_count, dtype=np.int64)
        longest = entry_loops.sort_entries(keys, sources, starts, cursor, ordered)
        sums = np.empty((key_count, 12), dtype=np.uint64)
        shares = 1 if len(keys) < _PARALLEL_ENTRIES else _SHARES * worker_count()
        cuts = [int(np.searchsorted(starts, len(keys) * i // shares)) for i in range(1, shares)]
        bounds = iter([*zip([0, *cuts], [*cuts, key_count], strict=True)])

        def run(_: int) -> None:
            """Sum shares that no thread has taken, until none is left."""
            room = bucket_loops.working_space(longest)
            for first, last in bounds:
                bucket_loops.sum_keys(points, ordered, starts, first, last, self.functions, sums, *room)

        map_threads(run, range(min(shares, worker_count())))
        return sums

    def multiples(self, projective: Limbs) -> Limbs:
        """Return 2^(13 j) P_i for every j, row j n + i, from n projective points."""
        windows = window_count(SCALAR_BITS, PREPARED_WIDTH)
        count = len(projective)
        table = np.empty((windows * count, 18), dtype=np.uint64)
        table[:count] = projective

        def run(bounds: tuple[int, int]) -> None:
            bucket_loops.double_rows(table, count, *bounds, PREPARED_WIDTH, windows, self.functions)

        map_threads(run, [(0, count // 2), (count // 2, count)])
        return table
