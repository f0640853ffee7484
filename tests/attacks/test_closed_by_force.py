"""Lies about sums whose accumulator is set to 0 where it must be: the step before it breaks instead (c1).

The honest rounds follow the accumulator to a value that c2 refuses. A forger writes 0 there and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse
from prover.protocol.rounds import AfterSums, Session
from prover.protocol.statement import Statement
from prover.protocol.sums import accumulate, accumulator_kinds
from prover.protocol.transcript import Transcript
from tests.attacks.circuits import CONTEXT, Circuit, recount
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge
from tests.attacks.test_false_statements import (
    Lie,
    public_wrong_input,
    public_wrong_output,
)

REFUSED = ("opening", "opening", "opening")


def closed(session: Session, theta: int) -> list[int]:
    """Return the accumulator with 0 on every q_zero row but row 0, each row kind stepping as it should.

    A change on a row moves the next by as much (dot), over theta^L (public) or over theta (requantisation).
    """
    layout, lanes = session.proving_key.layout, session.proving_key.key.shape.lanes
    values = session.proving_key.kernel.ints(accumulate(session, theta))
    kinds = accumulator_kinds(layout.q_dot, layout.q_pub, layout.q_rel + layout.q_sgn)
    scales = (1, field_inverse(pow(theta, lanes, R)), field_inverse(theta))
    found, moved = [], 0
    for row, value in enumerate(values):
        if row and layout.q_zero[row]:
            moved = -value
        found.append((value + moved) % R)
        moved = 0 if kinds[row] < 0 else moved * scales[kinds[row]] % R
    return found


def close(session: Session, after_2: AfterSums, theta: int) -> AfterSums:
    """Add what is missing to the masked accumulator."""
    kernel, rows = session.proving_key.kernel, session.proving_key.key.shape.rows
    forced = closed(session, theta)
    zero = np.flatnonzero(session.proving_key.layout.q_zero)[1:]
    assert not any(forced[row] for row in zero)
    delta = kernel.sub(kernel.vector(forced), accumulate(session, theta))
    assert any(kernel.ints(delta)), "the lie needs no force"
    return replace(
        after_2, accumulator=kernel.add(after_2.accumulator, kernel.pad(kernel.intt(delta), rows + 4))
    )


@pytest.mark.parametrize("lie", [public_wrong_input, public_wrong_output])
def test_an_accumulator_closed_by_force_is_refused(
    lie: Callable[[Circuit], Lie],
    relu_circuit: Circuit,
    verifiers: Verifiers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = lie(relu_circuit)
    witness = recount(relu_circuit.layout, told.witness)
    statement = Statement.build(
        relu_circuit.setup.key, relu_circuit.commitment, CONTEXT, told.inputs, told.outputs
    )
    drawn: list[int] = []
    honest = Transcript.challenges

    def listen(self: Transcript, count: int) -> tuple[int, ...]:
        found = honest(self, count)
        drawn.extend(found if count == 3 else ())
        return found

    monkeypatch.setattr(Transcript, "challenges", listen)
    forged = forge(
        relu_circuit.prover,
        statement,
        witness,
        alter_sums=lambda session, after_2: close(session, after_2, drawn[2]),
    )
    claim = Claim(
        relu_circuit.key_bytes, relu_circuit.commitment, told.inputs, told.outputs, forged.proof.to_bytes()
    )
    assert all_verdicts(verifiers, claim) == REFUSED
