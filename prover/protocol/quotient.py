"""The quotient T = C / Z_H and its chunks (docs/protocol.md section 9, round 3)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import Kernel, Vector
from prover.kernel.threads import map_evenly, map_threads
from prover.protocol.constraints import ColumnSet, FirstChallenges, combine_columns
from prover.protocol.opening import evaluate_plain
from prover.protocol.proving_key import COSET_SHIFT
from prover.protocol.rounds import AfterSums, AfterWitness, Session


def quotient_coefficients(
    session: Session, after_1: AfterWitness, after_2: AfterSums, challenges: FirstChallenges, chi: int
) -> Vector:
    """Interpolate C / Z_H on the coset; more coefficients than D + 1 are non-zero when it does not divide."""
    proving_key = session.proving_key
    kernel, shape = proving_key.kernel, proving_key.key.shape
    on_coset = proving_key.on_coset
    step = proving_key.coset_size // shape.rows
    count = len(after_1.columns)
    masked = [*after_1.columns, after_2.sums, after_2.accumulator, *after_2.weights]
    columns = map_evenly(on_coset, masked)
    sums, accumulator = columns[count : count + 2]
    column_set = ColumnSet(
        tuple(columns[: shape.lanes]),
        columns[shape.lanes],
        columns[shape.lanes + 1],
        tuple(columns[count + 2 :]),
        proving_key.fixed_coset,
        sums,
        kernel.rotate(sums, step),
        accumulator,
        kernel.rotate(accumulator, step),
        None if after_2.helper is None else on_coset(after_2.helper),
    )
    limb_bits, middle = proving_key.key.limb_bits, proving_key.coset_size // 2
    halves = map_threads(
        lambda bounds: combine_columns(
            kernel, _part(kernel, column_set, *bounds), challenges, chi, limb_bits
        ),
        [(0, middle), (middle, proving_key.coset_size)],
    )
    combined = kernel.concat(halves)
    public_value = evaluate_plain(session.statement.public, challenges.theta)
    combined = kernel.axpy(combined, -chi * chi * public_value % R, proving_key.first_row_coset)
    return kernel.coset_intt(kernel.mul(combined, proving_key.vanishing_inverse_coset), COSET_SHIFT)


def _part(kernel: Kernel, columns: ColumnSet, start: int, stop: int) -> ColumnSet:
    """Return rows start .. stop - 1 of every column: constraints are pointwise, so threads can share rows."""
    parts: dict[str, Any] = {}
    for field in fields(columns):
        value = getattr(columns, field.name)
        if str(field.type).startswith("tuple"):  # a plain vector is a tuple too: only the type tells
            parts[field.name] = tuple(kernel.segment(column, start, stop) for column in value)
        else:
            parts[field.name] = None if value is None else kernel.segment(value, start, stop)
    return ColumnSet(**parts)


def chunk_quotient(session: Session, quotient: Vector) -> tuple[Vector, ...]:
    """Cut T into chunks T_i + c_i X^(N-1) - c_(i-1); first and last carry are 0."""
    proving_key = session.proving_key
    kernel, shape = proving_key.kernel, proving_key.key.shape
    count, size = shape.quotient_chunks, shape.powers - 1
    if count == 1:
        return (quotient,)
    carries = session.masks.scalars([f"3/T/{index}" for index in range(count - 1)])
    chunks = []
    for index in range(count):
        chunk = kernel.segment(quotient, index * size, min((index + 1) * size, len(quotient)))
        top = carries[index] if index < count - 1 else 0
        low = -carries[index - 1] if index > 0 else 0
        chunk = kernel.concat([kernel.pad(chunk, size), kernel.vector([top])])
        chunks.append(kernel.add(chunk, kernel.pad(kernel.vector([low]), size + 1)))
    return tuple(chunks)
