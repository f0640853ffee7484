"""Number-theoretic transforms over F_r, natural order in and out.

Decimation in time on a bit-reversed copy: stage h joins blocks of h values,
(u, v) -> (u + w v, u - w v). When only the first m of n coefficients are non-zero, the first
log2(n/m) stages copy each value n/m times, so they are skipped.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel import vector_loops
from prover.kernel.compiled import ELEMENTS, INTEGER, INTEGERS, compiled
from prover.kernel.montgomery import Limbs, difference, load, montgomery, product, store, total
from prover.kernel.threads import map_shares
from prover.kernel.vector_loops import ZERO

CACHED_TABLES: Final = 32
"""Twiddle and coset tables kept, 32 bytes an entry."""

_NO_FACTORS: Final = np.empty((0, 4), dtype=np.uint64)


@compiled(ELEMENTS, INTEGER, ELEMENTS, INTEGERS, ELEMENTS, ELEMENTS, ELEMENTS)
def _transform_columns(
    a: Limbs,
    length: int,
    before: Limbs,
    order: npt.NDArray[np.int64],
    twiddles: Limbs,
    after: Limbs,
    out: Limbs,
) -> None:
    """Transform columns of `length` coefficients, one after another in `a`, each into as much of `out`.

    Coefficients are multiplied by `before` and values by `after`, which may be empty; `order` is the bit
    reversal of the power of two that holds `length`.
    """
    columns = a.shape[0] // length
    n = out.shape[0] // columns
    copies = n // order.shape[0]
    for column in range(columns):
        start = column * n
        for j in range(order.shape[0]):
            source = order[j]
            value = ZERO
            if source < length:
                value = load(a, column * length + source)
                if before.shape[0]:
                    value = product(value, load(before, source))
            for k in range(copies):
                store(out, start + j * copies + k, value)
        half = copies
        if half == 1 and n > 1:
            for i in range(start, start + n, 2):
                u = load(out, i)
                v = load(out, i + 1)
                store(out, i, total(u, v))
                store(out, i + 1, difference(u, v))
            half = 2
        while half < n:
            for first in range(start, start + n, 2 * half):
                for k in range(half):
                    u = load(out, first + k)
                    v = product(load(out, first + half + k), load(twiddles, half + k))
                    store(out, first + k, total(u, v))
                    store(out, first + half + k, difference(u, v))
            half *= 2
        if after.shape[0]:
            for i in range(n):
                store(out, start + i, product(load(out, start + i), load(after, i)))


def powers_of(c: int, n: int) -> Limbs:
    """Return c^i for i < n."""
    out = np.empty((n, 4), dtype=np.uint64)
    vector_loops.powers(montgomery(c), out)
    return out


@lru_cache(maxsize=CACHED_TABLES)
def _bit_reversal(size: int) -> npt.NDArray[np.int64]:
    order = np.zeros(1, dtype=np.int64)
    while len(order) < size:
        order = np.concatenate((2 * order, 2 * order + 1))
    return order


@lru_cache(maxsize=CACHED_TABLES)
def _twiddles(size: int, root: int) -> Limbs:
    """Return a table whose entry half + k is the k-th power of the root of order 2 half."""
    table = np.zeros((max(size, 1), 4), dtype=np.uint64)
    half = size // 2
    stage_root = root
    while half >= 1:
        table[half : 2 * half] = powers_of(stage_root, half)
        stage_root = stage_root * stage_root % SCALAR_MODULUS
        half //= 2
    return table


@lru_cache(maxsize=CACHED_TABLES)
def _inverse_root(size: int) -> int:
    return field_inverse(root_of_unity(size))


@lru_cache(maxsize=CACHED_TABLES)
def _coset_factors(shift: int, size: int) -> Limbs:
    return powers_of(shift, size)


@lru_cache(maxsize=CACHED_TABLES)
def _inverse_coset_factors(shift: int, size: int) -> Limbs:
    factors = powers_of(field_inverse(shift), size)
    out = np.empty_like(factors)
    vector_loops.scale(factors, montgomery(field_inverse(size)), out)
    return out


def _transform(
    columns: Sequence[Limbs], size: int, root: int, before: Limbs, after: Limbs
) -> list[Limbs]:
    """Transform columns, padded to the length of the longest, each thread its share of them."""
    length = max(1, *map(len, columns))
    order, twiddles = _bit_reversal(1 << max(length - 1, 0).bit_length()), _twiddles(size, root)
    out = np.empty((len(columns) * size, 4), dtype=np.uint64)

    def share(bounds: tuple[int, int]) -> None:
        start, stop = bounds
        table = np.zeros((stop - start, length, 4), dtype=np.uint64)
        for row, column in zip(table, columns[start:stop], strict=True):
            row[: len(column)] = column
        _transform_columns(
            table.reshape(-1, 4), length, before, order, twiddles, after, out[start * size : stop * size]
        )

    map_shares(share, len(columns), size * size.bit_length())
    return [out[start : start + size] for start in range(0, len(out), size)]


def coset_ntts(columns: Sequence[Limbs], size: int, shift: int) -> list[Limbs]:
    """Return f(shift omega^i) for i < size and every column f; no column is longer than size."""
    before = _NO_FACTORS if shift == 1 else _coset_factors(shift, size)
    return _transform(columns, size, root_of_unity(size), before, _NO_FACTORS)


def coset_intts(columns: Sequence[Limbs], shift: int) -> list[Limbs]:
    """Return the coefficients of the polynomials with these values on the coset."""
    size = len(columns[0])
    return _transform(columns, size, _inverse_root(size), _NO_FACTORS, _inverse_coset_factors(shift, size))
