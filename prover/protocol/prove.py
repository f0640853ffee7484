"""The prover: rounds 1 to 6 of docs/protocol.md section 9, each a function of the state before it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from eth_hash.auto import keccak

from prover.compile.integer_model import evaluate
from prover.compile.witness import Witness, fill_witness
from prover.errors import RestartError, WitnessError
from prover.field import SCALAR_MODULUS as R
from prover.protocol.claim_polynomials import Opening, trimmed
from prover.protocol.constraints import FirstChallenges
from prover.protocol.masking import add_vanishing_multiple, commit_masks, rerandomiser_polynomial
from prover.protocol.messages import (
    EvaluationMessage,
    Proof,
    QuotientMessage,
    SumMessage,
    WitnessMessage,
)
from prover.protocol.opening import PointFactors
from prover.protocol.proving_key import ProvingKey
from prover.protocol.quotient import chunk_quotient, quotient_coefficients
from prover.protocol.randomness import MaskSource
from prover.protocol.registration import StrategySecret, commit_weights
from prover.protocol.rounds import AfterQuotient, AfterSums, AfterWitness, Session
from prover.protocol.statement import Statement
from prover.protocol.sums import accumulate, bus_sum
from prover.protocol.transcript import encode_word
from prover.protocol.weights import WeightColumns, rerandomise

#: A restart has probability below 2^-230; several in a row mean that something is broken.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Prover:
    """One strategy, ready to prove: its public key material and its secret."""

    proving_key: ProvingKey
    strategy: StrategySecret
    commitment: bytes
    weight_columns: WeightColumns

    @classmethod
    def of(cls, proving_key: ProvingKey, strategy: StrategySecret) -> Prover:
        """Recompute the commitment from the secret and prepare everything that is the same in every proof."""
        proving_key.prepare()
        columns = WeightColumns.of(proving_key, strategy)
        return cls(proving_key, strategy, commit_weights(proving_key, strategy), columns)

    def for_many_proofs(self) -> Prover:
        """Return this prover prepared for many proofs: what each one costs falls, and starting costs more."""
        proving_key = self.proving_key.for_many_proofs()
        proving_key.prepare()
        return dataclasses.replace(self, proving_key=proving_key)

    def prove(self, context: bytes, inputs: Sequence[int]) -> tuple[tuple[int, ...], bytes]:
        """Evaluate the model and prove its outputs.

        Parameters: `context` 32 bytes; `inputs` signed integers within their declared bounds.
        Returns: (outputs, proof bytes).
        Raises: WitnessError `input` before anything secret is touched.
        """
        layout = self.proving_key.layout
        witness = fill_witness(layout, self.strategy.weights, inputs)
        outputs = evaluate(layout.architecture, self.strategy.weights, inputs)
        statement = Statement.build(self.proving_key.key, self.commitment, context, inputs, outputs)
        return outputs, self.prove_witness(statement, witness)

    def prove_witness(self, statement: Statement, witness: Witness) -> bytes:
        """Prove a statement with a given witness, starting over when a challenge is refused."""
        for _ in range(_ATTEMPTS):
            masks = MaskSource.seeded(
                self.strategy.secret, statement.transcript.state, witness_hash(self.strategy, witness)
            )
            try:
                return run_rounds(
                    Session(self.proving_key, self.weight_columns, statement, witness, masks)
                ).to_bytes()
            except RestartError:
                continue
        raise WitnessError("restart", f"{_ATTEMPTS} attempts in a row met a forbidden challenge")


def run_rounds(session: Session) -> Proof:
    """Run the six rounds against the transcript of the statement.

    Raises: RestartError when theta, y or a denominator may not be used; WitnessError `relation` when C is not
    a multiple of Z_H, i.e. the statement is false.
    """
    message_1, after_1 = round_1(session)
    transcript = session.statement.transcript.absorb(message_1.to_bytes())
    challenges = FirstChallenges(*transcript.challenges(3))

    message_2, after_2 = round_2(session, after_1, challenges)
    transcript = transcript.absorb(message_2.to_bytes())
    chi = transcript.challenge()

    message_3, after_3 = round_3(session, after_1, after_2, challenges, chi)
    check_divides(session, after_3)
    transcript = transcript.absorb(message_3.to_bytes())
    y = transcript.challenge()

    message_4 = round_4(session, after_1, after_2, y)
    transcript = transcript.absorb(message_4.to_bytes())
    gamma = transcript.challenge()

    opening = Opening(session, after_1, after_2, after_3, message_4, challenges, chi, y, gamma)
    message_5 = round_5(opening)
    transcript = transcript.absorb(message_5)
    z = transcript.challenge()

    message_6 = round_6(opening, z)
    return Proof(message_1, message_2, message_3, message_4, message_5, message_6)


def round_1(session: Session) -> tuple[WitnessMessage, AfterWitness]:
    """Commit to x_0.., o, m, each plus Z_H (r + r' X), and to P = sum X^i (p_i + p'_i X^t)."""
    proving_key, witness = session.proving_key, session.witness
    kernel, shape = proving_key.kernel, proving_key.key.shape
    names = [f"x{lane}" for lane in range(shape.lanes)] + ["o", "m"]
    values = np.vstack([witness.lanes, witness.o, witness.m])
    masks = [session.masks.scalars([f"1/{name}/0", f"1/{name}/1"]) for name in names]
    packs = []
    for start in range(0, len(names), shape.pack_columns):
        stop = start + shape.pack_columns
        cells = proving_key.commit_columns(values[start:stop])
        packs.append(kernel.add_points([cells, commit_masks(proving_key, masks[start:stop])]))
    plain = kernel.intts([kernel.from_int64(column) for column in values])
    columns = tuple(
        add_vanishing_multiple(proving_key, column, mask) for column, mask in zip(plain, masks, strict=True)
    )
    lanes = range(shape.weight_lanes)
    rerandomisers = tuple(
        (session.masks.scalar(f"1/P{lane}/0"), session.masks.scalar(f"1/P{lane}/1")) for lane in lanes
    )
    mask_point = kernel.msm(proving_key.powers, rerandomiser_polynomial(proving_key, rerandomisers))
    return WitnessMessage(tuple(packs), mask_point), AfterWitness(columns, rerandomisers)


def round_2(
    session: Session, after_1: AfterWitness, challenges: FirstChallenges
) -> tuple[SumMessage, AfterSums]:
    """Commit to the bus sum phi, the accumulator e and the helper g if any, each plus Z_H times a cubic."""
    proving_key = session.proving_key
    kernel = proving_key.kernel
    if challenges.theta == 0:
        raise RestartError("theta = 0")
    sums, helper = bus_sum(session, challenges)
    weights = rerandomise(
        proving_key, session.weight_columns.combine(challenges.theta), after_1.rerandomisers
    )
    accumulator = accumulate(session, challenges.theta)
    columns = {"phi": sums, "e": accumulator} | ({} if helper is None else {"g": helper})
    masks = [session.masks.scalars([f"2/{name}/{term}" for term in range(4)]) for name in columns]
    cells = kernel.slice_points(proving_key.basis.cells, 0, len(columns) * proving_key.key.shape.rows)
    point = kernel.add_points(
        [kernel.msm(cells, kernel.concat(list(columns.values()))), commit_masks(proving_key, masks)]
    )
    masked = [
        add_vanishing_multiple(proving_key, coefficients, mask)
        for coefficients, mask in zip(kernel.intts(list(columns.values())), masks, strict=True)
    ]
    return SumMessage(point), AfterSums(masked[0], masked[1], weights, *masked[2:])


def round_3(
    session: Session, after_1: AfterWitness, after_2: AfterSums, challenges: FirstChallenges, chi: int
) -> tuple[QuotientMessage, AfterQuotient]:
    """Commit to T = C / Z_H, in X itself, in chunks of N - 1 coefficients when deg T may reach N."""
    proving_key = session.proving_key
    quotient = quotient_coefficients(session, after_1, after_2, challenges, chi)
    bound = proving_key.key.shape.quotient_degree_bound
    kernel = proving_key.kernel
    chunks = chunk_quotient(session, kernel.segment(quotient, 0, bound + 1))
    points = tuple(kernel.msm(proving_key.powers, chunk) for chunk in chunks)
    excess = kernel.segment(quotient, bound + 1, len(quotient))
    return QuotientMessage(points), AfterQuotient(chunks, excess)


def check_divides(session: Session, after_3: AfterQuotient) -> None:
    """Refuse to go on when C / Z_H is longer than its degree bound.

    Raises: WitnessError `relation`.
    """
    kernel = session.proving_key.kernel
    if not kernel.equal(after_3.excess, kernel.zeros(len(after_3.excess))):
        raise WitnessError("relation", "the witness does not satisfy the constraints")


def round_4(session: Session, after_1: AfterWitness, after_2: AfterSums, y: int) -> EvaluationMessage:
    """Evaluate every column at y, those of F also at omega y."""
    key, kernel = session.proving_key.key, session.proving_key.kernel
    if y == 0 or pow(y, key.shape.rows, R) == 1:
        raise RestartError("y lies in H or is 0")
    columns = [kernel.evaluate(column, y) for column in after_1.columns]
    weights = [kernel.evaluate(weight, y) for weight in after_2.weights]
    fixed = [kernel.evaluate(column, y) for column in session.proving_key.fixed_coefficients]
    lanes, following = key.shape.lanes, key.omega * y % R
    sum_here, sum_next, accumulator_here, accumulator_next, *helper = [
        kernel.evaluate(column, point) for column in after_2.pack for point in (y, following)
    ]
    return EvaluationMessage(
        tuple(columns[:lanes]),
        columns[lanes],
        columns[lanes + 1],
        tuple(weights),
        tuple(fixed),
        sum_here,
        sum_next,
        accumulator_here,
        accumulator_next,
        tuple(helper),
    )


def round_5(opening: Opening) -> bytes:
    """Commit to W."""
    proving_key = opening.session.proving_key
    return proving_key.kernel.msm(proving_key.powers, trimmed(proving_key, opening.quotients))


def round_6(opening: Opening, z: int) -> bytes:
    """Commit to W' = R / (X - z)."""
    proving_key = opening.session.proving_key
    kernel, key = proving_key.kernel, proving_key.key
    factors = PointFactors.at(z, opening.y, key)
    p1, p2, p3 = factors.pack, factors.pack_next, factors.point
    shape = key.shape
    zero_slots = [kernel.zeros(shape.rows + 4)] * (shape.pack_columns - shape.sum_columns)
    sums = kernel.interleave([*opening.after_2.pack, *zero_slots])
    parts = (
        (p2 * p3, kernel.interleave(opening.packed)),
        (opening.sums_factor * p3, sums),
        (opening.quotient_factor * p1 * p2, opening.combined_quotient),
        (-p1 * p2 * p3, opening.quotients),
    )
    size = max(len(part) for _, part in parts)
    total = kernel.zeros(size)
    for factor, part in parts:
        total = kernel.axpy(total, factor % R, kernel.pad(part, size))
    return kernel.msm(proving_key.powers, trimmed(proving_key, kernel.divide(total, z)))


def witness_hash(strategy: StrategySecret, witness: Witness) -> bytes:
    """Hash the witness: weights, blinders b_k and every column value."""
    arrays = (witness.lanes, witness.o, witness.m, witness.weights)
    return keccak(
        strategy.weights.digest()
        + b"".join(map(encode_word, strategy.blinders))
        + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    )
