"""The quotient T = C / Z_H and its chunks (docs/protocol.md section 9, round 3)."""

from __future__ import annotations

from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import Vector
from prover.protocol.constraints import FirstChallenges, combine_columns
from prover.protocol.opening import evaluate_plain
from prover.protocol.proving_key import COSET_SHIFT
from prover.protocol.rounds import AfterSums, AfterWitness, Session


def quotient_coefficients(
    session: Session, after_1: AfterWitness, after_2: AfterSums, challenges: FirstChallenges, chi: int
) -> Vector:
    """Interpolate C / Z_H on the coset; more coefficients than D + 1 are non-zero when it does not divide."""
    proving_key = session.proving_key
    kernel, shape = proving_key.kernel, proving_key.key.shape
    step = proving_key.coset_size // shape.rows
    masked = [*after_1.columns, *after_2.weights, *after_2.pack]
    columns = kernel.coset_ntts(masked, proving_key.coset_size, COSET_SHIFT)
    sums_start = len(columns) - shape.sum_columns
    sums, accumulator, *helper = columns[sums_start:]
    row = [
        *columns[:sums_start],
        *proving_key.fixed_coset,
        sums,
        kernel.rotate(sums, step),
        accumulator,
        kernel.rotate(accumulator, step),
        *helper,
    ]
    combined = combine_columns(kernel, shape, proving_key.key.limb_bits, row, challenges, chi)
    public_value = evaluate_plain(session.statement.public, challenges.theta)
    combined = kernel.axpy(combined, -chi * chi * public_value % R, proving_key.first_row_coset)
    return kernel.coset_intt(kernel.mul(combined, proving_key.vanishing_inverse_coset), COSET_SHIFT)


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
