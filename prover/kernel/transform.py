"""Number-theoretic transforms over F_r, natural order in and out.

Decimation in time on a bit-reversed copy: stage h joins blocks of h values,
(u, v) -> (u + w v, u - w v). When only the first m of n coefficients are non-zero, the first
log2(n/m) stages copy each value n/m times, so they are skipped.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel import vector_loops
from prover.kernel.compiled import ELEMENTS, INTEGERS, compiled
from prover.kernel.montgomery import Limbs, difference, load, montgomery, product, store, total

CACHED_TABLES: Final = 32
"""Twiddle and coset tables kept, 32 bytes an entry."""


@compiled(ELEMENTS, INTEGERS, ELEMENTS, ELEMENTS)
def _stages(a: Limbs, order: npt.NDArray[np.int64], twiddles: Limbs, out: Limbs) -> None:
    """Transform a (length m) into out (length n), m dividing n; `order` is the bit reversal of m."""
    n = out.shape[0]
    copies = n // order.shape[0]
    for j in range(order.shape[0]):
        value = load(a, order[j])
        for k in range(copies):
            store(out, j * copies + k, value)
    half = copies
    if half == 1 and n > 1:
        for i in range(0, n, 2):
            u = load(out, i)
            v = load(out, i + 1)
            store(out, i, total(u, v))
            store(out, i + 1, difference(u, v))
        half = 2
    while half < n:
        for start in range(0, n, 2 * half):
            for k in range(half):
                u = load(out, start + k)
                v = product(load(out, start + half + k), load(twiddles, half + k))
                store(out, start + k, total(u, v))
                store(out, start + half + k, difference(u, v))
        half *= 2


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
def _coset_factors(shift: int, size: int) -> Limbs:
    return powers_of(shift, size)


@lru_cache(maxsize=CACHED_TABLES)
def _inverse_coset_factors(shift: int, size: int) -> Limbs:
    factors = powers_of(field_inverse(shift), size)
    out = np.empty_like(factors)
    vector_loops.scale(factors, montgomery(field_inverse(size)), out)
    return out


def _transform(a: Limbs, size: int, root: int) -> Limbs:
    filled = 1 << max(len(a) - 1, 0).bit_length()
    if filled != len(a):
        a = np.concatenate((a, np.zeros((filled - len(a), 4), dtype=np.uint64)))
    out = np.empty((size, 4), dtype=np.uint64)
    _stages(a, _bit_reversal(filled), _twiddles(size, root), out)
    return out


def coset_ntt(coeffs: Limbs, size: int, shift: int) -> Limbs:
    """Return f(shift omega^i) for i < size; len(coeffs) <= size."""
    root = root_of_unity(size)
    if shift != 1:
        factors = _coset_factors(shift, size)[: len(coeffs)]
        scaled = np.empty_like(coeffs)
        vector_loops.mul(coeffs, factors, scaled)
        coeffs = scaled
    return _transform(coeffs, size, root)


def coset_intt(values: Limbs, shift: int) -> Limbs:
    """Return the coefficients of the polynomial with these values on the coset."""
    size = len(values)
    out = _transform(values, size, field_inverse(root_of_unity(size)))
    vector_loops.mul(out, _inverse_coset_factors(shift, size), out)
    return out
