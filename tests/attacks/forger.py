"""A test-only prover that emits bytes for false statements: the honest rounds without their checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prover.compile.witness import Witness
from prover.protocol.claim_polynomials import Opening
from prover.protocol.constraints import FirstChallenges
from prover.protocol.messages import Proof, SumMessage
from prover.protocol.prove import Prover, round_1, round_2, round_3, round_4, round_5, round_6
from prover.protocol.randomness import MaskSource
from prover.protocol.rounds import AfterSums, AfterWitness, Session
from prover.protocol.statement import Statement
from prover.protocol.verify import Challenges


@dataclass(frozen=True)
class Forgery:
    """A proof made without looking whether it can hold, and the challenges it was made with."""

    proof: Proof
    challenges: Challenges
    session: Session
    after_1: AfterWitness
    after_2: AfterSums


def commit_sums(session: Session, after_2: AfterSums) -> bytes:
    """Commit to the columns of F from their coefficients."""
    proving_key = session.proving_key
    kernel, width = proving_key.kernel, proving_key.key.shape.pack_columns
    empty = [kernel.zeros(len(after_2.sums))] * (width - len(after_2.pack))
    return kernel.msm(proving_key.powers, kernel.interleave([*after_2.pack, *empty]))


def forge(
    prover: Prover,
    statement: Statement,
    witness: Witness,
    *,
    alter_sums: Callable[[Session, AfterSums], AfterSums] | None = None,
) -> Forgery:
    """Run all rounds for any witness; what C / Z_H has above its degree bound is dropped.

    `alter_sums` changes the masked columns phi, e and g before they are committed.
    """
    masks = MaskSource.seeded(bytes(32), statement.transcript.state, bytes(32))
    session = Session(prover.proving_key, prover.weight_columns, statement, witness, masks)
    message_1, after_1 = round_1(session)
    transcript = statement.transcript.absorb(message_1.to_bytes())
    first = FirstChallenges(*transcript.challenges(3))
    message_2, after_2 = round_2(session, after_1, first)
    if alter_sums is not None:
        after_2 = alter_sums(session, after_2)
        message_2 = SumMessage(commit_sums(session, after_2))
    transcript = transcript.absorb(message_2.to_bytes())
    chi = transcript.challenge()
    message_3, after_3 = round_3(session, after_1, after_2, first, chi)
    transcript = transcript.absorb(message_3.to_bytes())
    y = transcript.challenge()
    message_4 = round_4(session, after_1, after_2, y)
    transcript = transcript.absorb(message_4.to_bytes())
    gamma = transcript.challenge()
    opening = Opening(session, after_1, after_2, after_3, message_4, first, chi, y, gamma)
    message_5 = round_5(opening)
    z = transcript.absorb(message_5).challenge()
    proof = Proof(message_1, message_2, message_3, message_4, message_5, round_6(opening, z))
    return Forgery(proof, Challenges(first, chi, y, gamma, z), session, after_1, after_2)
