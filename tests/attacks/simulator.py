"""The simulator of the zero-knowledge argument: whoever knows tau makes proofs without any weight.

It is given what everybody sees (key, layout, the points [S_k], the statement) and tau, and no witness.
Source: docs/protocol-arguments.md section 3, steps S1 to S6.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse
from prover.kernel.interface import GENERATOR_G1, Kernel
from prover.protocol.constraints import FirstChallenges
from prover.protocol.messages import (
    EvaluationMessage,
    Proof,
    QuotientMessage,
    SumMessage,
    WitnessMessage,
)
from prover.protocol.opening import Exponents, evaluate_plain, pack_remainders, quotient_value
from prover.protocol.proving_key import ProvingKey
from prover.protocol.shape import POINT_BYTES
from prover.protocol.statement import Statement
from prover.protocol.verify import Challenges, VerifierSetup, opening_terms


def draw() -> int:
    """Draw a uniform field element other than 0 (the point at infinity has no encoding)."""
    return secrets.randbelow(R - 1) + 1


def simulate(setup: VerifierSetup, proving_key: ProvingKey, tau: int, statement: Statement) -> bytes:
    """Make an accepting proof of any statement from tau; `proving_key` serves for its public columns."""
    kernel, shape = setup.kernel, setup.key.shape

    def points(count: int) -> tuple[bytes, ...]:
        return tuple(kernel.mul_point(GENERATOR_G1, draw()) for _ in range(count))

    # S1 to S3: uniform commitments, each followed by its real challenges
    witness = WitnessMessage(points(shape.witness_packs), *points(1))
    transcript = statement.transcript.absorb(witness.to_bytes())
    first = FirstChallenges(*transcript.challenges(3))
    sums = SumMessage(*points(1))
    transcript = transcript.absorb(sums.to_bytes())
    chi = transcript.challenge()
    quotient = QuotientMessage(points(shape.quotient_chunks))
    transcript = transcript.absorb(quotient.to_bytes())
    y = transcript.challenge()

    # S4: uniform evaluations, but for the public columns
    fixed = tuple(kernel.evaluate(column, y) for column in proving_key.fixed_coefficients)
    lanes, weights = range(shape.lanes), range(shape.weight_lanes)
    values = EvaluationMessage(
        tuple(draw() for _ in lanes),
        draw(),
        draw(),
        tuple(draw() for _ in weights),
        fixed,
        *(draw() for _ in range(4)),
        tuple(draw() for _ in range(2 * shape.sum_columns - 4)),
    )
    transcript = transcript.absorb(values.to_bytes())
    gamma = transcript.challenge()

    # S5, S6: the openings are functions of what has been said; tau takes the place of the witness
    proof = Proof(witness, sums, quotient, values, GENERATOR_G1, GENERATOR_G1)
    challenges = Challenges(first, chi, y, gamma, 0)
    opening = _opening(setup, statement, proof, challenges, tau)
    z = transcript.absorb(opening).challenge()
    proof = Proof(witness, sums, quotient, values, opening, GENERATOR_G1)
    challenges = Challenges(first, chi, y, gamma, z)
    terms, scalars = opening_terms(setup, statement, proof, challenges)
    rest = _sum(kernel, terms[:-1], scalars[:-1])  # Q without z [W']
    shifted = kernel.mul_point(rest, field_inverse((tau - z) % R))
    return Proof(witness, sums, quotient, values, opening, shifted).to_bytes()


def _opening(
    setup: VerifierSetup, statement: Statement, proof: Proof, challenges: Challenges, tau: int
) -> bytes:
    """Return [W(tau)] = sum_g gamma^g ([claim_g] - remainder_g(tau)) / modulus_g(tau)."""
    key, shape, values = setup.key, setup.key.shape, proof.evaluations
    y, gamma, theta = challenges.y, challenges.gamma, challenges.first.theta
    exponents = Exponents.of(shape)
    m1, m2 = pow(tau, shape.pack_columns, R) - y, pow(tau, shape.pack_columns, R) - key.omega * y
    by_m1, by_both, by_m3 = (field_inverse(m % R) for m in (m1, m1 * m2, tau - y))
    vanishing = pow(y, shape.rows, R) - 1

    def weight(exponent: int) -> int:
        return pow(gamma, exponent, R)

    terms = [(point, weight(index) * by_m1) for index, point in enumerate(proof.witness.packs)]
    for pack in range(shape.weight_packs):
        point = setup.commitment[pack * POINT_BYTES : (pack + 1) * POINT_BYTES]
        terms.append((point, weight(exponents.weights) * by_m1 * pow(theta, pack, R)))
    terms.append((proof.witness.mask, weight(exponents.weights) * by_m1 * vanishing))
    for index, point in enumerate(key.fixed):
        terms.append((point, weight(exponents.fixed + index) * by_m1))
    kappa = (1 - key.omega) * y
    terms.append((proof.sums.sums, weight(exponents.sums) * by_both * kappa))
    for index, point in enumerate(proof.quotient.chunks):
        step = pow(y, index * (shape.powers - 1), R)
        terms.append((point, weight(exponents.quotient) * by_m3 * (y - 1) * vanishing * step))

    constant = sum(
        weight(exponent) * by_m1 * evaluate_plain(pack, tau)
        for exponent, pack in pack_remainders(values, shape)
    )
    here, following = (evaluate_plain(claimed, tau) for claimed in (values.sums_here(), values.sums_next()))
    constant += weight(exponents.sums) * by_both * (m2 * here - m1 * following)
    claimed = quotient_value(key, values, statement.public, challenges.first, challenges.chi, y)
    constant += weight(exponents.quotient) * by_m3 * claimed
    terms.append((GENERATOR_G1, -constant))
    return _sum(setup.kernel, [point for point, _ in terms], [scalar for _, scalar in terms])


def _sum(kernel: Kernel, points: Sequence[bytes], scalars: Sequence[int]) -> bytes:
    return kernel.msm(kernel.points(b"".join(points)), kernel.vector([scalar % R for scalar in scalars]))
