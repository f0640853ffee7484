"""The fast verifier: section 10 of docs/protocol.md, step by step, with a native pairing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.ceremony import Ceremony
from prover.errors import PointError, VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import GENERATOR_G1, GENERATOR_G2, Kernel
from prover.protocol.constraints import FirstChallenges
from prover.protocol.key import VerifyingKey
from prover.protocol.messages import Proof
from prover.protocol.opening import (
    Exponents,
    PointFactors,
    evaluate_plain,
    pack_remainders,
    quotient_value,
)
from prover.protocol.registration import check_commitment
from prover.protocol.shape import POINT_BYTES
from prover.protocol.statement import Statement


@dataclass(frozen=True)
class Challenges:
    """All challenges of one proof."""

    first: FirstChallenges
    chi: int
    y: int
    gamma: int
    z: int


@dataclass(frozen=True)
class VerifierSetup:
    """A key and a commitment that have been checked, ready for any number of proofs."""

    kernel: Kernel
    key: VerifyingKey
    commitment: bytes
    tau_g2: bytes

    @classmethod
    def load(cls, kernel: Kernel, ceremony: Ceremony, key_bytes: bytes, commitment: bytes) -> VerifierSetup:
        """Parse and check a key and a commitment.

        Raises: VerificationError `key`, `ceremony` or `point`.
        """
        key = VerifyingKey.from_bytes(key_bytes)
        if key.ceremony_digest != ceremony.digest or key.shape.powers != ceremony.power_count:
            raise VerificationError(
                "ceremony", expected=ceremony.digest.hex(), found=key.ceremony_digest.hex()
            )
        check_commitment(kernel, commitment, key.shape.weight_packs)
        for index, point in enumerate(key.fixed):
            _check_point(kernel, point, f"fixed pack {index}", index)
        return cls(kernel, key, commitment, ceremony.tau_g2)

    def verify(self, context: bytes, inputs: Sequence[int], outputs: Sequence[int], proof: bytes) -> None:
        """Accept by returning; refuse by raising.

        Raises: VerificationError `count`, `input`, `context`, `length`, `scalar`, `point`, `challenge` or
        `opening`.
        """
        statement = Statement.build(self.key, self.commitment, context, inputs, outputs)
        decoded, challenges = check_proof_parts(self, statement, proof)
        check_opening(self, statement, decoded, challenges)


def check_proof_parts(setup: VerifierSetup, statement: Statement, proof: bytes) -> tuple[Proof, Challenges]:
    """Do steps 3 to 6 of section 10: lengths, encodings, points, challenges.

    Raises: VerificationError `length`, `scalar`, `point` or `challenge`.
    """
    decoded = Proof.from_bytes(proof, setup.key.shape)
    check_points(setup.kernel, decoded)
    challenges = derive_challenges(statement, decoded)
    if challenges.y == 0 or pow(challenges.y, setup.key.shape.rows, R) == 1:
        raise VerificationError("challenge", expected="y outside H and not 0", found=challenges.y)
    return decoded, challenges


def check_points(kernel: Kernel, proof: Proof) -> None:
    """Check every proof point: canonical, not infinity, on the curve, in the subgroup.

    Raises: VerificationError `point` with the point's index in the proof.
    """
    points = (
        *proof.witness.packs,
        proof.witness.mask,
        proof.sums.sums,
        *proof.quotient.chunks,
        proof.opening,
        proof.opening_at_z,
    )
    for index, point in enumerate(points):
        _check_point(kernel, point, "a proof point", index)


def _check_point(kernel: Kernel, point: bytes, expected: str, index: int) -> None:
    try:
        kernel.check_point(point)
    except PointError as error:
        raise VerificationError("point", index=index, expected=expected, found=str(error)) from error


def derive_challenges(statement: Statement, proof: Proof) -> Challenges:
    """Run the transcript over messages 0 to 5."""
    transcript = statement.transcript.absorb(proof.witness.to_bytes())
    first = FirstChallenges(*transcript.challenges(3))
    transcript = transcript.absorb(proof.sums.to_bytes())
    chi = transcript.challenge()
    transcript = transcript.absorb(proof.quotient.to_bytes())
    y = transcript.challenge()
    transcript = transcript.absorb(proof.evaluations.to_bytes())
    gamma = transcript.challenge()
    z = transcript.absorb(proof.opening).challenge()
    return Challenges(first, chi, y, gamma, z)


def check_opening(setup: VerifierSetup, statement: Statement, proof: Proof, challenges: Challenges) -> None:
    """Check e(Q, [1]_2) = e(W', [tau]_2) with Q of section 10.

    Raises: VerificationError `opening`.
    """
    points, scalars = opening_terms(setup, statement, proof, challenges)
    kernel = setup.kernel
    combined = kernel.msm(kernel.points(b"".join(points)), kernel.vector(scalars))
    negated = kernel.mul_point(proof.opening_at_z, -1)
    if not kernel.pairing_product_is_one([(combined, GENERATOR_G2), (negated, setup.tau_g2)]):
        raise VerificationError("opening")


def opening_terms(
    setup: VerifierSetup, statement: Statement, proof: Proof, challenges: Challenges
) -> tuple[list[bytes], list[int]]:
    """List the points of Q and their scalars."""
    key, values = setup.key, proof.evaluations
    shape, exponents = key.shape, Exponents.of(key.shape)
    y, gamma, z = challenges.y, challenges.gamma, challenges.z
    factors = PointFactors.at(z, y, key)
    p1, p2, p3 = factors.pack, factors.pack_next, factors.point
    vanishing = pow(y, shape.rows, R) - 1
    packs_factor = p2 * p3 % R
    sums_factor = pow(gamma, exponents.sums, R) * p3 % R
    quotient_factor = pow(gamma, exponents.quotient, R) * p1 * p2 % R
    weights_factor = packs_factor * pow(gamma, exponents.weights, R) % R

    terms: list[tuple[bytes, int]] = []
    for index, point in enumerate(proof.witness.packs):
        terms.append((point, packs_factor * pow(gamma, index, R)))
    for pack in range(shape.weight_packs):
        point = setup.commitment[pack * POINT_BYTES : (pack + 1) * POINT_BYTES]
        terms.append((point, weights_factor * pow(challenges.first.theta, pack, R)))
    terms.append((proof.witness.mask, weights_factor * vanishing))
    for index, point in enumerate(key.fixed):
        terms.append((point, packs_factor * pow(gamma, exponents.fixed + index, R)))
    terms.append((proof.sums.sums, sums_factor * (1 - key.omega) * y))
    for index, point in enumerate(proof.quotient.chunks):
        step = pow(y, index * (shape.powers - 1), R)
        terms.append((point, quotient_factor * (y - 1) * vanishing * step))

    # The constant: p2 p3 sum gamma^g r_g(z) + gamma^F p3 (p2 r_0(z) - p1 r_1(z)) + gamma^T p1 p2 C*(y).
    remainders = sum(
        pow(gamma, exponent, R) * evaluate_plain(pack, z) for exponent, pack in pack_remainders(values, shape)
    )
    here, following = (evaluate_plain(column, z) for column in (values.sums_here(), values.sums_next()))
    constant = (
        packs_factor * remainders
        + sums_factor * (p2 * here - p1 * following)
        + quotient_factor * quotient_value(key, values, statement.public, challenges.first, challenges.chi, y)
    )
    terms.append((GENERATOR_G1, -constant))
    terms.append((proof.opening, -p1 * p2 * p3))
    terms.append((proof.opening_at_z, z))
    return [point for point, _ in terms], [scalar % R for _, scalar in terms]
