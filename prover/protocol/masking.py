"""Masks as multiples of the vanishing polynomial: they change no row (docs/protocol.md section 9)."""

from __future__ import annotations

from collections.abc import Sequence

from prover.kernel.interface import Vector
from prover.protocol.basis import MASK_TERMS
from prover.protocol.proving_key import ProvingKey


def add_vanishing_multiple(proving_key: ProvingKey, coefficients: Vector, mask: Sequence[int]) -> Vector:
    """Return f + Z_H sum_c mask_c X^c; the result has n + len(mask) coefficients, or as many as f has."""
    kernel, rows = proving_key.kernel, proving_key.key.shape.rows
    length = max(len(coefficients), rows + len(mask))
    high = kernel.concat([kernel.zeros(rows), kernel.vector(mask)])
    low = kernel.vector(mask)
    total = kernel.add(kernel.pad(coefficients, length), kernel.pad(high, length))
    return kernel.sub(total, kernel.pad(low, length))


def commit_masks(proving_key: ProvingKey, masks: Sequence[Sequence[int]]) -> bytes:
    """Commit to sum_i X^i Z_H(X^t) sum_c mask_{i,c} X^(t c), at most MASK_TERMS coefficients a column."""
    kernel = proving_key.kernel
    scalars = [value for mask in masks for value in (*mask, *([0] * (MASK_TERMS - len(mask))))]
    return kernel.msm(proving_key.basis.masks, kernel.vector(scalars))


def rerandomiser_polynomial(proving_key: ProvingKey, pairs: Sequence[tuple[int, int]]) -> Vector:
    """Return the coefficients of P = sum_i X^i (p_i + p'_i X^t)."""
    width = proving_key.key.shape.pack_columns
    coefficients = [0] * (2 * width)
    for lane, (constant, linear) in enumerate(pairs):
        coefficients[lane] = constant
        coefficients[width + lane] = linear
    return proving_key.kernel.vector(coefficients)
