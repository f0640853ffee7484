"""Verify many proofs of one strategy with one pairing check (docs/protocol.md section 10.1)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from prover.errors import BatchRefusedError, VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import GENERATOR_G2
from prover.protocol.statement import Statement
from prover.protocol.verify import VerifierSetup, check_proof_parts, opening_terms

WEIGHT_BITS = 128


@dataclass(frozen=True)
class Claim:
    """One decision to be verified."""

    context: bytes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes


def verify_batch(setup: VerifierSetup, claims: Sequence[Claim]) -> None:
    """Accept all claims by returning, or name every one that is refused.

    Every byte, range and subgroup check and every transcript is done for each proof; then, with s_i of
    128 bits drawn from the operating system after all proofs are fixed,

        e(sum_i s_i Q_i, [1]_2) = e(sum_i s_i W'_i, [tau]_2).

    Soundness: a false batch passes with probability 2^-128. A batch that fails is checked again
    one by one, so that the answer never depends on the weights.

    Raises: BatchRefusedError with the word of each refused claim, by index.
    """
    refused: dict[int, VerificationError] = {}
    openings: list[tuple[list[bytes], list[int], bytes]] = []
    for index, claim in enumerate(claims):
        try:
            openings.append(_opening_of(setup, claim))
        except VerificationError as error:
            refused[index] = error
    if refused or not _folded_opening_holds(setup, openings):
        raise BatchRefusedError(refused or _refuse_one_by_one(setup, claims))


def _opening_of(setup: VerifierSetup, claim: Claim) -> tuple[list[bytes], list[int], bytes]:
    statement = Statement.build(setup.key, setup.commitment, claim.context, claim.inputs, claim.outputs)
    decoded, challenges = check_proof_parts(setup, statement, claim.proof)
    points, scalars = opening_terms(setup, statement, decoded, challenges)
    return points, scalars, decoded.opening_at_z


def _folded_opening_holds(
    setup: VerifierSetup, openings: Sequence[tuple[list[bytes], list[int], bytes]]
) -> bool:
    combined: dict[bytes, int] = {}
    shifted: dict[bytes, int] = {}
    for points, scalars, opening_at_z in openings:
        weight = secrets.randbits(WEIGHT_BITS)
        for point, scalar in zip(points, scalars, strict=True):
            combined[point] = (combined.get(point, 0) + weight * scalar) % R
        shifted[opening_at_z] = (shifted.get(opening_at_z, 0) - weight) % R
    if not openings:
        return True
    left, right = (_sum(setup, terms) for terms in (combined, shifted))
    return setup.kernel.pairing_product_is_one([(left, GENERATOR_G2), (right, setup.tau_g2)])


def _sum(setup: VerifierSetup, terms: dict[bytes, int]) -> bytes:
    kernel = setup.kernel
    return kernel.msm(kernel.points(b"".join(terms)), kernel.vector(list(terms.values())))


def _refuse_one_by_one(setup: VerifierSetup, claims: Sequence[Claim]) -> dict[int, VerificationError]:
    refused = {}
    for index, claim in enumerate(claims):
        try:
            setup.verify(claim.context, claim.inputs, claim.outputs, claim.proof)
        except VerificationError as error:
            refused[index] = error
    return refused
