"""Faults of the relation: lookups, rounding, signs, fan-out, unused inputs, and circuits at their limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prover.compile.architecture import Activation, Architecture, InputRun, Layer
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import LayoutParameters
from prover.compile.witness import Witness
from prover.protocol.masking import add_vanishing_multiple
from prover.protocol.registration import commit_weight_columns
from prover.protocol.statement import Statement
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, commit, recount, with_cell
from tests.attacks.claims import Claim, all_verdicts, audit_verdict, fast_verdict
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge

ACCEPTED = (None, None, None)
REFUSED = ("opening", "opening", "opening")


def forged_claim(
    circuit: Circuit, witness: Witness, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> Claim:
    """Forge a proof of a claimed statement with this witness."""
    statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, inputs, outputs)
    proof = forge(circuit.prover, statement, witness).proof.to_bytes()
    return Claim(circuit.key_bytes, circuit.commitment, inputs, outputs, proof)


def constant_circuit(kind: Activation, accumulator: int) -> Circuit:
    """One input in [-1, 1] with weight 0, one neuron whose accumulator is its bias; M = 8."""
    bound = max(abs(accumulator), 1)
    architecture = Architecture((InputRun(1, -1, 1),), (Layer(1, 1, kind, 0, bound),), None, 3)
    weights = IntegerWeights(((np.zeros((1, 1), dtype=np.int64), np.array([accumulator], dtype=np.int64)),))
    return commit(architecture, LayoutParameters(32, 9, 6, 1, 1, 3), weights)


def test_fault_14_lookups_with_the_right_total_only(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """Multiplicities that count as many lookups, of other values: [5, 5] is no lookup of [5, 6]."""
    layout, witness = relu_circuit.layout, relu_circuit.witness()
    table = [row for row, address in enumerate(layout.padr) if address == 0]
    used, other = sorted(table, key=lambda row: -int(witness.m[row]))[:2]
    m = witness.m.copy()
    m[used], m[other] = m[used] - 1, m[other] + 1
    claim = forged_claim(relu_circuit, replace(witness, m=m), INPUTS, relu_circuit.outputs())
    assert m.sum() == witness.m.sum()
    assert all_verdicts(verifiers, claim) == REFUSED


def test_fault_15_the_sign_of_zero_decides_nothing(verifiers: Verifiers) -> None:
    """At v + M/2 = 0 both signs have a proof: the output is 0 with either, and nothing else."""
    circuit = constant_circuit("relu", -4)
    witness = circuit.witness((1,))
    row = circuit.layout.segments[0].close_rows[0]
    assert witness.lanes[:, row].tolist() == [0, 0, 0, 0, 1, 0]
    negative = recount(circuit.layout, with_cell(witness, "lanes", (4, row), 0))
    assert circuit.outputs((1,)) == (0,)
    for signed in (recount(circuit.layout, witness), negative):
        claim = forged_claim(circuit, signed, (1,), (0,))
        assert all_verdicts(verifiers, claim) == ACCEPTED
        assert all_verdicts(verifiers, replace(claim, outputs=(1,))) == REFUSED


@pytest.mark.parametrize("kind", ["relu", "signed"])
@pytest.mark.parametrize("accumulator", [-5, -4, -3, 3, 4, 5, -12, 11, 12])
def test_fault_18_a_tie_has_one_output(kind: Activation, accumulator: int, verifiers: Verifiers) -> None:
    """Halves round up, on both sides of 0: no choice is left to the prover."""
    circuit = constant_circuit(kind, accumulator)
    rounded = (accumulator + 4) // 8
    claim = Claim.honest(circuit, (0,))
    assert claim.outputs == (rounded if kind == "signed" else max(rounded, 0),)
    assert (fast_verdict(claim), audit_verdict(claim)) == (None, None)
    for step in (-1, 1):
        other = replace(claim, outputs=(claim.outputs[0] + step,))
        assert fast_verdict(other) == "opening"
        if accumulator == -4:
            assert all_verdicts(verifiers, other) == REFUSED


def test_fault_24_consumers_of_one_cell_see_one_value(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """An input is read by two segments; one of them is served another value."""
    layout, witness = relu_circuit.layout, relu_circuit.witness()
    rows = [row for row in range(len(layout.base)) if layout.q_dot[row] and layout.base[row] == 1]
    assert len(rows) == 2
    changed = with_cell(witness, "lanes", (0, rows[1]), int(witness.lanes[0, rows[1]]) - 1)
    claim = forged_claim(relu_circuit, recount(layout, changed), INPUTS, relu_circuit.outputs())
    assert all_verdicts(verifiers, claim) == REFUSED


def test_fault_31_an_input_without_influence_is_bound(verifiers: Verifiers) -> None:
    """The only weight is 0, the output is a constant: the proof still holds for its own input alone."""
    claim = Claim.honest(constant_circuit("signed", 40), (1,))
    assert all_verdicts(verifiers, claim) == ACCEPTED
    for other in (-1, 0):
        assert all_verdicts(verifiers, replace(claim, inputs=(other,))) == REFUSED


@pytest.mark.parametrize("lane", [2, 8], ids=["first-unused-slot", "last-slot"])
def test_foreign_slots_in_a_commitment(lane: int, relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """A committer hides a column beyond the weight lanes of S_0: the claim U fixes those slots to zero."""
    proving_key, strategy = relu_circuit.prover.proving_key, relu_circuit.prover.strategy
    rows, width = proving_key.key.shape.rows, proving_key.key.shape.pack_columns
    columns = np.zeros((width, 2, rows), dtype=np.int64)
    witness = relu_circuit.witness()
    columns[:2] = witness.weights
    assert commit_weight_columns(proving_key, columns, strategy.blinders) == relu_circuit.commitment
    columns[lane, 0, rows - 1] = 1
    commitment = commit_weight_columns(proving_key, columns, strategy.blinders)

    statement = Statement.build(relu_circuit.setup.key, commitment, CONTEXT, INPUTS, relu_circuit.outputs())
    proof = forge(relu_circuit.prover, statement, witness).proof.to_bytes()
    claim = Claim(relu_circuit.key_bytes, commitment, INPUTS, relu_circuit.outputs(), proof)
    assert all_verdicts(verifiers, claim) == REFUSED


def test_a_commitment_with_unused_cells_filled_is_still_one_function(
    relu_circuit: Circuit, verifiers: Verifiers
) -> None:
    """Weights on rows that multiply nothing have no effect: the same outputs, and no others, are proven."""
    proving_key, strategy = relu_circuit.prover.proving_key, relu_circuit.prover.strategy
    witness = relu_circuit.witness()
    idle = int(np.flatnonzero(relu_circuit.layout.row_kind == 0)[-1])
    columns = witness.weights.copy()
    columns[1, 0, idle], columns[0, 1, idle] = 7, -7
    commitment = commit_weight_columns(proving_key, columns, strategy.blinders)
    kernel = proving_key.kernel
    packs = tuple(
        tuple(
            add_vanishing_multiple(
                proving_key, kernel.intt(kernel.from_int64(column)), [blinder if lane == 0 else 0]
            )
            for lane, column in enumerate(columns[:, pack])
        )
        for pack, blinder in enumerate(strategy.blinders)
    )
    prover = replace(
        relu_circuit.prover,
        commitment=commitment,
        weight_columns=replace(relu_circuit.prover.weight_columns, packs=packs),
    )
    outputs, proof = prover.prove(CONTEXT, INPUTS)
    claim = Claim(relu_circuit.key_bytes, commitment, INPUTS, outputs, proof)
    assert outputs == relu_circuit.outputs()
    assert all_verdicts(verifiers, claim) == ACCEPTED
    assert all_verdicts(verifiers, replace(claim, outputs=(outputs[0] + 1,))) == REFUSED


def no_weights(architecture: Architecture) -> IntegerWeights:
    """Weights and biases of 0."""
    return bounded_weights(architecture, 0)


def bounded_weights(architecture: Architecture, sign: int) -> IntegerWeights:
    """Every weight and bias at its declared bound, times the sign."""
    return IntegerWeights(
        tuple(
            (
                np.full((layer.outputs, layer.inputs), sign * layer.weight_bound, dtype=np.int64),
                np.full(layer.outputs, sign * layer.bias_bound, dtype=np.int64),
            )
            for layer in architecture.layers
        )
    )


def test_fault_13_equal_weights_have_unequal_commitments() -> None:
    """Weights of 0 commit to a random point: a list of likely weights cannot be compared with it."""
    architecture = Architecture((InputRun(1, 0, 0),), (Layer(1, 1, "signed", 0, 0),), None, 1)
    parameters = LayoutParameters(16, 9, 6, 1, 1, 1)
    first, second = (commit(architecture, parameters, no_weights(architecture)) for _ in range(2))
    assert first.key_bytes == second.key_bytes
    assert first.commitment != second.commitment
    columns = np.zeros((1, 1, 16), dtype=np.int64)
    unblinded = commit_weight_columns(first.prover.proving_key, columns, [0])
    assert unblinded == bytes(96)
    assert unblinded not in (first.commitment, second.commitment)


LIMITS: list[tuple[str, Architecture, LayoutParameters, Callable[[Architecture], IntegerWeights]]] = [
    (
        "nothing-but-zero",
        Architecture((InputRun(1, 0, 0),), (Layer(1, 1, "relu", 0, 0),), None, 1),
        LayoutParameters(16, 2, 6, 1, 1, 1),
        no_weights,
    ),
    *(
        (
            f"largest-accumulator-{kind}-{sign}",
            Architecture((InputRun(1, 1, 1),), (Layer(1, 1, kind, 0, 8**4 // 2 - 8 - 1),), None, 3),
            LayoutParameters(32, 3, 7, 3, 3, 3),
            lambda architecture, sign=sign: bounded_weights(architecture, sign),
        )
        for kind in ("relu", "signed")
        for sign in (1, -1)
    ),
    (
        "all-lanes-multiply",
        Architecture((InputRun(2, 5, 5),), (Layer(2, 3, "relu", 5, 5), Layer(3, 2, "signed", 5, 5)), None, 4),
        LayoutParameters(128, 16, 16, 16, 1, 4),
        lambda architecture: bounded_weights(architecture, 1),
    ),
    (
        "forty-weight-packs",
        Architecture((InputRun(2, 5, 5),), (Layer(2, 3, "relu", 5, 5), Layer(3, 2, "signed", 5, 5)), None, 4),
        LayoutParameters(128, 2, 6, 2, 40, 4),
        lambda architecture: bounded_weights(architecture, -1),
    ),
    (
        "two-chunks",
        Architecture((InputRun(2, 5, 5),), (Layer(2, 3, "relu", 5, 5), Layer(3, 2, "signed", 5, 5)), None, 4),
        LayoutParameters(256, 15, 15, 8, 4, 4),
        lambda architecture: bounded_weights(architecture, 1),
    ),
    (
        "fourteen-bound-runs",
        Architecture(
            tuple(InputRun(1, 1 - i % 2, 1) for i in range(14)), (Layer(14, 1, "signed", 1, 5),), None, 4
        ),
        LayoutParameters(128, 9, 6, 4, 2, 4),
        lambda architecture: bounded_weights(architecture, -1),
    ),
]


@pytest.mark.parametrize(
    ("architecture", "parameters", "draw"),
    [limit[1:] for limit in LIMITS],
    ids=[limit[0] for limit in LIMITS],
)
def test_circuits_at_their_limits(
    architecture: Architecture,
    parameters: LayoutParameters,
    draw: Callable[[Architecture], IntegerWeights],
    verifiers: Verifiers,
) -> None:
    """Degenerate shapes and values at the declared bounds: provable, and true of one output only."""
    circuit = commit(architecture, parameters, draw(architecture))
    inputs = tuple(high for _, high in architecture.input_bounds)
    claim = Claim.honest(circuit, inputs)
    assert claim.outputs == circuit.outputs(inputs)
    assert all_verdicts(verifiers, claim) == ACCEPTED
    assert (
        all_verdicts(verifiers, replace(claim, outputs=(claim.outputs[0] + 1, *claim.outputs[1:]))) == REFUSED
    )
