"""Layouts at the edges of what is permitted: honest proofs hold, false ones do not, in all three verifiers.

One input and one neuron, one weight lane, two columns a pack, M = 2; as many lanes as the contract takes;
several chunks of the quotient; the largest table that fits 4096 powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from prover.compile.architecture import Activation, Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.layout import Layout, LayoutParameters, RowKind
from prover.compile.witness import Witness
from prover.errors import LayoutError, VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.protocol import verify as verify_module
from prover.protocol.statement import Statement
from prover.protocol.verify import Challenges, VerifierSetup, check_opening
from tests.attacks.circuits import CONTEXT, Circuit, commit, recount, with_cell
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verdict, Verifiers
from tests.attacks.forger import forge
from tests.attacks.test_bent_bytes import fields, put

ACCEPTED, REFUSED = (None, None, None), ("opening", "opening", "opening")


@dataclass(frozen=True)
class Corner:
    """A network, a layout at an edge, and inputs at the ends of their ranges."""

    architecture: Architecture
    parameters: LayoutParameters
    inputs: tuple[tuple[int, ...], ...]


def one_neuron(last: Activation) -> Architecture:
    """One input in [-2, 2], one weight of at most 1, a bias of at most 1: |v| <= 3 < M^4/2 - M = 6."""
    return Architecture((InputRun(1, -2, 2),), (Layer(1, 1, last, 1, 1),), None, 1)


def three_layers(shift_bits: int) -> Architecture:
    layers = (Layer(2, 3, "relu", 3, 9), Layer(3, 1, "signed", 3, 9), Layer(1, 2, "relu", 3, 9))
    return Architecture((InputRun(1, -3, 3), InputRun(1, 0, 5)), layers, None, shift_bits)


CORNERS = {
    "one-relu": Corner(one_neuron("relu"), LayoutParameters(16, 2, 6, 1, 1, 1), ((-2,), (0,), (2,))),
    "one-signed": Corner(one_neuron("signed"), LayoutParameters(16, 2, 6, 1, 1, 1), ((-2,), (0,), (2,))),
    "three-layers": Corner(three_layers(3), LayoutParameters(32, 2, 6, 1, 1, 3), ((-3, 5), (3, 0))),
    "most-lanes": Corner(three_layers(3), LayoutParameters(128, 16, 16, 16, 1, 3), ((-3, 5), (3, 0))),
    "more-packs": Corner(three_layers(3), LayoutParameters(64, 3, 7, 1, 9, 3), ((-3, 5), (3, 0))),
    "chunks": Corner(three_layers(3), LayoutParameters(512, 6, 8, 2, 2, 3), ((-3, 5),)),
    "largest-table": Corner(three_layers(9), LayoutParameters(1024, 2, 6, 1, 2, 9), ((3, 0),)),
}


#: Takes seconds a proof, and shows what the smaller ones show.
HEAVY = {"largest-table"}


@cache
def circuit_of(name: str) -> Circuit:
    corner = CORNERS[name]
    return commit(corner.architecture, corner.parameters, random_weights(corner.architecture, 5))


def test_the_corners_are_corners() -> None:
    shapes = {name: circuit_of(name).setup.key.shape for name in CORNERS if name not in HEAVY}
    assert shapes["one-relu"].weight_lanes == 1 and shapes["one-relu"].pack_columns == 2
    assert (shapes["one-relu"].witness_packs, shapes["one-relu"].fixed_packs) == (4, 5)
    assert shapes["most-lanes"].lanes == 16 == shapes["most-lanes"].weight_lanes
    assert shapes["chunks"].quotient_chunks == 2
    largest = replace(CORNERS["largest-table"].parameters, limb_bits=10)
    with pytest.raises(LayoutError, match="rows"):
        commit(three_layers(10), largest, random_weights(three_layers(10), 5))


def ask(
    verifiers: Verifiers, circuit: Circuit, inputs: tuple[int, ...], outputs: tuple[int, ...], proof: bytes
) -> tuple[Verdict, Verdict, Verdict]:
    """Ask all three, the independent one over its fast group."""
    return all_verdicts(verifiers, Claim(circuit.key_bytes, circuit.commitment, inputs, outputs, proof))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in HEAVY else ()) for name in CORNERS]
)
def test_honest_proofs_hold_and_false_outputs_do_not(name: str, verifiers: Verifiers) -> None:
    circuit = circuit_of(name)
    for inputs in CORNERS[name].inputs:
        outputs, proof = circuit.prover.prove(CONTEXT, inputs)
        assert ask(verifiers, circuit, inputs, outputs, proof) == ACCEPTED
    wrong = (outputs[0] + 1, *outputs[1:])
    assert ask(verifiers, circuit, inputs, wrong, proof) == REFUSED
    for witness in lies(circuit, circuit.witness(inputs), wrong):
        statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, inputs, wrong)
        forged = forge(circuit.prover, statement, witness).proof.to_bytes()
        assert ask(verifiers, circuit, inputs, wrong, forged) == REFUSED


def lies(circuit: Circuit, witness: Witness, wrong: Sequence[int]) -> list[Witness]:
    """The honest witness; one whose output cell and readers hold the false value; the same, m recounted."""
    layout = circuit.layout
    cell = layout.output_start
    lanes = witness.lanes.copy()
    for lane in range(len(lanes)):
        lanes[lane, (layout.q_dot + layout.q_pub == 1) & (layout.base + lane == cell)] = wrong[0]
    public = (*witness.public[: cell - 1], wrong[0], *witness.public[cell:])
    bent = replace(witness, lanes=lanes, public=public)
    told = with_cell(bent, "o", (layout.cell_provider[cell],), wrong[0])
    return [witness, told, recount(layout, told)]


@pytest.mark.parametrize("name", ["one-relu", "chunks"])
def test_every_point_of_a_corner_proof_counts(name: str, verifiers: Verifiers) -> None:
    """Each point doubled, and neighbours exchanged."""
    circuit = circuit_of(name)
    inputs = CORNERS[name].inputs[0]
    outputs, proof = circuit.prover.prove(CONTEXT, inputs)
    kernel = circuit.setup.kernel
    starts = [start for _, start, length in fields(circuit) if length == 96]
    for start, following in zip(starts, [*starts[1:], starts[0]], strict=True):
        point, other = proof[start : start + 96], proof[following : following + 96]
        doubled = put(proof, start, kernel.add_points([point, point]))
        assert ask(verifiers, circuit, inputs, outputs, doubled) == REFUSED, start
        exchanged = put(put(proof, start, other), following, point)
        assert ask(verifiers, circuit, inputs, outputs, exchanged) == REFUSED, start


def unused_lanes(layout: Layout, witness: Witness) -> set[tuple[int, int]]:
    """Lanes of idle rows, x_4.. of signed rows, x_6.. of relu rows, x_3 where d = 0, b where v + M/2 = 0."""
    found = set()
    for lane, row in np.ndindex(witness.lanes.shape):
        kind = RowKind(layout.row_kind[row])
        saturated = witness.lanes[5, row] != 0
        zero = not saturated and not witness.lanes[:3, row].any()
        if (
            kind is RowKind.IDLE
            or (kind is RowKind.SIGNED and lane >= 4)
            or (kind is RowKind.RELU and (lane >= 6 or (lane == 3 and not saturated) or (lane == 4 and zero)))
        ):
            found.add((lane, row))
    return found


@pytest.mark.parametrize(("name", "place"), [("one-relu", 0), ("one-relu", 2), ("one-signed", 1)])
def test_with_two_values_a_limb_every_cell_still_has_meaning(name: str, place: int) -> None:
    """M = 2, one neuron: all lanes changed within the table, m recounted; what is accepted says nothing."""
    circuit = circuit_of(name)
    inputs = CORNERS[name].inputs[place]
    witness, outputs = circuit.witness(inputs), circuit.outputs(inputs)
    statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, inputs, outputs)
    found = set()
    for lane, row in np.ndindex(witness.lanes.shape):
        value = int(witness.lanes[lane, row])
        changed = with_cell(witness, "lanes", (lane, row), 1 - value if value in (0, 1) else value + 1)
        forged = forge(circuit.prover, statement, recount(circuit.layout, changed))
        try:
            circuit.setup.verify(CONTEXT, inputs, outputs, forged.proof.to_bytes())
        except VerificationError as refusal:
            assert refusal.reason == "opening"
        else:
            found.add((lane, row))
    assert found == unused_lanes(circuit.layout, witness)


def test_a_point_in_h_would_prove_anything_and_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """At y = 1 both sides of the claim of T are 0: with recorded challenges a false output has a proof.

    The fast verifier refuses y = 0 and every y in H by name, before any arithmetic.
    """
    circuit = circuit_of("one-signed")
    setup, key, inputs = circuit.setup, circuit.setup.key, CORNERS["one-signed"].inputs[2]
    outputs, proof = circuit.prover.prove(CONTEXT, inputs)
    setup.verify(CONTEXT, inputs, outputs, proof)
    wrong = (outputs[0] + 1,)
    statement = Statement.build(key, circuit.commitment, CONTEXT, inputs, wrong)

    forged = forge(circuit.prover, statement, circuit.witness(inputs))
    honest = forged.challenges
    with pytest.raises(VerificationError, match="opening"):
        check_opening(setup, statement, forged.proof, honest)
    at_one = reopened(circuit, statement, inputs, 1)
    check_opening(setup, statement, *at_one)
    with pytest.raises(VerificationError, match="opening"):
        setup.verify(CONTEXT, inputs, wrong, at_one[0].to_bytes())

    omega = key.omega
    for y in (0, 1, omega, pow(omega, key.shape.rows - 1, R), R - 1):
        frozen = replace(honest, y=y)
        monkeypatch.setattr(verify_module, "derive_challenges", lambda *given, frozen=frozen: frozen)
        with pytest.raises(VerificationError) as refusal:
            setup.verify(CONTEXT, inputs, wrong, forged.proof.to_bytes())
        assert refusal.value.reason == "challenge"


def reopened(
    circuit: Circuit, statement: Statement, inputs: tuple[int, ...], y: int
) -> tuple[verify_module.Proof, Challenges]:
    """Run the rounds with y chosen instead of drawn."""
    from prover.protocol.claim_polynomials import Opening
    from prover.protocol.constraints import FirstChallenges
    from prover.protocol.messages import EvaluationMessage, Proof
    from prover.protocol.prove import round_1, round_2, round_3, round_5, round_6
    from prover.protocol.randomness import MaskSource
    from prover.protocol.rounds import Session

    prover = circuit.prover
    kernel, shape = prover.proving_key.kernel, prover.proving_key.key.shape
    masks = MaskSource.seeded(bytes(32), statement.transcript.state, bytes(32))
    session = Session(prover.proving_key, prover.weight_columns, statement, circuit.witness(inputs), masks)
    message_1, after_1 = round_1(session)
    first = FirstChallenges(11, 12, 13)
    message_2, after_2 = round_2(session, after_1, first)
    message_3, after_3 = round_3(session, after_1, after_2, first, 14)

    def at(columns: Sequence[object]) -> tuple[int, ...]:
        return tuple(kernel.evaluate(column, y) for column in columns)

    columns, following = at(after_1.columns), prover.proving_key.key.omega * y % R
    values = EvaluationMessage(
        columns[: shape.lanes],
        *columns[shape.lanes :],
        at(after_2.weights),
        at(prover.proving_key.fixed_coefficients),
        kernel.evaluate(after_2.sums, y),
        kernel.evaluate(after_2.sums, following),
        kernel.evaluate(after_2.accumulator, y),
        kernel.evaluate(after_2.accumulator, following),
    )
    opening = Opening(session, after_1, after_2, after_3, values, first, 14, y, 15)
    proof = Proof(message_1, message_2, message_3, values, round_5(opening), round_6(opening, 16))
    return proof, Challenges(first, 14, y, 15, 16)


@pytest.mark.parametrize("y", [0, 1, R - 1])
def test_the_independent_verifier_refuses_the_same_points(y: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.errors import VerificationError as AuditRefusal
    from audit.verifier import verify as audit_module

    circuit = circuit_of("one-signed")
    inputs = CORNERS["one-signed"].inputs[0]
    outputs, proof = circuit.prover.prove(CONTEXT, inputs)
    derive = audit_module.derive_challenges
    monkeypatch.setattr(
        audit_module, "derive_challenges", lambda *given: replace(derive(*given), y=y)
    )
    with pytest.raises(AuditRefusal) as refusal:
        audit_module.verify(circuit.key_bytes, circuit.commitment, CONTEXT, inputs, outputs, proof, fast=True)
    assert refusal.value.reason == "challenge"


def test_a_fault_of_one_key_is_no_fault_of_another(verifiers: Verifiers) -> None:
    """A proof of one corner under the key of another with the same lengths."""
    circuit, other = circuit_of("one-relu"), circuit_of("one-signed")
    inputs = CORNERS["one-relu"].inputs[2]
    outputs, proof = circuit.prover.prove(CONTEXT, inputs)
    assert circuit.setup.key.shape == other.setup.key.shape
    assert ask(verifiers, other, inputs, outputs, proof) == REFUSED
    setup = VerifierSetup(circuit.setup.kernel, circuit.setup.key, other.commitment, circuit.setup.tau_g2)
    with pytest.raises(VerificationError, match="opening"):
        setup.verify(CONTEXT, inputs, outputs, proof)
