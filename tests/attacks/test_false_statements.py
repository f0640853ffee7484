"""Forged proofs of false statements, for each row kind: all three verifiers refuse every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from prover.compile.integer_model import IntegerWeights
from prover.compile.witness import Witness, fill_witness, split_limbs, weight_columns
from prover.protocol.statement import Statement
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, recount, with_cell
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge
from tests.prover.compile.conftest import broken_constraints

SIZE = 8  # M
REFUSED = ("opening", "opening", "opening")
KINDS = ("relu", "signed", "relu-two", "signed-two")  # last layer, and whether there are two bus sums


@dataclass(frozen=True)
class Lie:
    """A claimed statement and the witness that a forger offers for it."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    witness: Witness


def output_row(circuit: Circuit) -> int:
    """The requantisation row of the output neuron."""
    return circuit.layout.segments[-1].close_rows[0]


def read_everywhere(circuit: Circuit, witness: Witness, cell: int, value: int) -> Witness:
    """Let every fetch of a cell read `value`."""
    layout = circuit.layout
    lanes = witness.lanes.copy()
    fetching = (layout.q_dot + layout.q_pub) == 1
    for lane in range(len(lanes)):
        lanes[lane, fetching & (layout.base + lane == cell)] = value
    return replace(witness, lanes=lanes)


def claim_output(circuit: Circuit, witness: Witness, output: int) -> Witness:
    """Write an output into the cell that provides it and into every lane that fetches it."""
    public = list(witness.public)
    cell = circuit.layout.output_start
    public[cell - 1] = output
    changed = with_cell(witness, "o", (output_row(circuit),), output)
    return replace(read_everywhere(circuit, changed, cell, output), public=tuple(public))


def public_wrong_input(circuit: Circuit) -> Lie:
    """The statement names an input that the input cell does not hold."""
    return Lie((INPUTS[0] - 1, *INPUTS[1:]), circuit.outputs(), circuit.witness())


def public_wrong_output(circuit: Circuit) -> Lie:
    """The statement names another output than the cell holds."""
    return Lie(INPUTS, (circuit.outputs()[0] + 1,), circuit.witness())


def public_foreign_lane(circuit: Circuit) -> Lie:
    """The public row fetches a value that its cell does not provide."""
    claimed = circuit.outputs()[0] + 1
    witness = claim_output(circuit, circuit.witness(), claimed)
    return Lie(INPUTS, (claimed,), with_cell(witness, "o", (output_row(circuit),), claimed - 1))


def dot_foreign_operand(circuit: Circuit) -> Lie:
    """A dot row multiplies a value that nobody provides; everything after it follows from that value."""
    other = (INPUTS[0] - 1, *INPUTS[1:])
    bent, honest = circuit.witness(other), circuit.witness()
    witness = replace(bent, public=(*INPUTS, *bent.public[3:]), o=bent.o.copy(), lanes=bent.lanes.copy())
    witness.o[circuit.layout.cell_provider[1]] = INPUTS[0]
    witness.lanes[:, circuit.layout.q_pub == 1] = honest.lanes[:, circuit.layout.q_pub == 1]
    outputs = circuit.outputs(other)
    return Lie(INPUTS, outputs, claim_output(circuit, witness, outputs[0]))


def dot_other_weights(circuit: Circuit) -> Lie:
    """The witness follows other weights than the committed ones."""
    (first, first_bias), (last, last_bias) = circuit.weights.layers
    bound = circuit.layout.architecture.layers[0].weight_bound
    other = IntegerWeights(((np.where(first == bound, -bound, first + 1), first_bias), (last, last_bias)))
    witness = fill_witness(circuit.layout, other, INPUTS)
    return Lie(INPUTS, (witness.public[circuit.layout.output_start - 1],), witness)


def dot_other_bias(circuit: Circuit) -> Lie:
    """The same for the bias of the output neuron."""
    first, (last, last_bias) = circuit.weights.layers
    step = SIZE if last_bias[0] <= 0 else -SIZE
    witness = fill_witness(circuit.layout, IntegerWeights((first, (last, last_bias + step))), INPUTS)
    return Lie(INPUTS, (witness.public[circuit.layout.output_start - 1],), witness)


def wrong_output(circuit: Circuit) -> Lie:
    """The requantisation row provides another value than its limbs say."""
    claimed = circuit.outputs()[0] + 1
    return Lie(INPUTS, (claimed,), claim_output(circuit, circuit.witness(), claimed))


def rounding_off_by_one(circuit: Circuit) -> Lie:
    """The remainder is taken from the range -M .. -1: the rounding is off by one, v is the same."""
    row = output_row(circuit)
    witness = circuit.witness()
    low = int(witness.lanes[1, row])
    up = low + 1 < SIZE
    step = 1 if up else -1
    witness = with_cell(witness, "lanes", (1, row), low + step)
    witness = with_cell(witness, "lanes", (0, row), int(witness.lanes[0, row]) - step * SIZE)
    claimed = circuit.outputs()[0] + step
    return Lie(INPUTS, (claimed,), claim_output(circuit, witness, claimed))


def value_out_of_range(circuit: Circuit) -> Lie:
    """A limb of M instead of a carry: the same v, an output lower by M."""
    row = output_row(circuit)
    witness = circuit.witness()
    step = 1 if witness.lanes[2, row] == 0 else -1
    for lane, change in ((2, step), (1, -step * SIZE)):
        witness = with_cell(witness, "lanes", (lane, row), int(witness.lanes[lane, row]) + change)
    # v and o are unchanged, the limbs are not those of v; then the output is bent along with them.
    claimed = circuit.outputs()[0]
    return Lie(INPUTS, (claimed,), claim_output(circuit, witness, claimed))


def relu_wrong_sign(circuit: Circuit) -> Lie:
    """A positive accumulator is called negative: b = 0, limbs of -(v + M/2), output 0."""
    row = output_row(circuit)
    witness = with_cell(circuit.witness(), "lanes", (4, row), 0)
    for lane in range(3):
        witness = with_cell(witness, "lanes", (lane, row), -int(witness.lanes[lane, row]))
    return Lie(INPUTS, (0,), claim_output(circuit, witness, 0))


def relu_sign_not_boolean(circuit: Circuit) -> Lie:
    """b = 2 with limbs that give the same v: (2b - 1) q = 3 q' for q = 3 q'."""
    row = output_row(circuit)
    witness = circuit.witness()
    quotient = sum(int(witness.lanes[lane, row]) * SIZE**lane for lane in range(3))
    reduced, remainder = divmod(quotient, 3)
    limbs = (reduced % SIZE, reduced // SIZE % SIZE, reduced // SIZE**2, 0, 2, 0)
    for lane, value in enumerate(limbs):
        witness = with_cell(witness, "lanes", (lane, row), value)
    witness = with_cell(witness, "lanes", (0, row), limbs[0] if remainder == 0 else limbs[0] + remainder)
    claimed = 2 * (reduced // SIZE)
    return Lie(INPUTS, (claimed,), claim_output(circuit, witness, claimed))


def relu_false_saturation(circuit: Circuit) -> Lie:
    """d = 1 without an overflow: x_3 = -1 cancels M^3, the output is the largest value."""
    row = output_row(circuit)
    witness = with_cell(circuit.witness(), "lanes", (5, row), 1)
    witness = with_cell(witness, "lanes", (3, row), -1)
    return Lie(INPUTS, (SIZE**2 - 1,), claim_output(circuit, witness, SIZE**2 - 1))


def hidden_relu_wrong_sign(circuit: Circuit) -> Lie:
    """The same lie in a hidden neuron, and the layer after it follows."""
    layout, witness = circuit.layout, circuit.witness()
    hidden = layout.segments[0].close_rows
    row = next(row for row in hidden if witness.o[row] > 0)
    bent = {int(r): int(witness.o[r]) for segment in layout.segments[:-1] for r in segment.close_rows}
    bent[row] = 0
    values = np.array([bent[row] for row in sorted(bent)], dtype=np.int64)
    weights, biases = circuit.weights.layers[1]
    accumulator = int((weights @ values + biases)[0])
    witness = with_cell(witness, "lanes", (4, row), 0)
    for lane in range(3):
        witness = with_cell(witness, "lanes", (lane, row), -int(witness.lanes[lane, row]))
    witness = with_cell(witness, "o", (row,), 0)
    return Lie(INPUTS, *_close(circuit, witness, accumulator, layout.padr[row], 0))


def _close(
    circuit: Circuit, witness: Witness, accumulator: int, cell: int, value: int
) -> tuple[tuple[int, ...], Witness]:
    """Let every fetch of a cell read `value`, and close the last neuron honestly over the accumulator."""
    layout = circuit.layout
    lanes = read_everywhere(circuit, witness, cell, value).lanes
    row = output_row(circuit)
    kind = layout.architecture.layers[-1].activation
    limbs = split_limbs(np.array([accumulator]), kind, 3)
    lanes[: len(limbs), row] = limbs[:, 0]
    totals = witness.accumulators.copy()
    totals[-1] = accumulator
    rounded = (accumulator + SIZE // 2) // SIZE
    output = min(max(rounded, 0), SIZE**2 - 1) if kind == "relu" else rounded
    changed = replace(witness, lanes=lanes, accumulators=totals)
    return (output,), claim_output(circuit, changed, output)


#: Each lie and exactly what it breaks: a bus tuple (c0), an accumulator (c2), an output (c3), a bit (c4).
BOTH = (
    (public_wrong_input, {"c2"}),
    (public_wrong_output, {"c2"}),
    (public_foreign_lane, {"c0"}),
    (dot_foreign_operand, {"c0"}),
    (dot_other_weights, {"c2"}),
    (dot_other_bias, {"c2"}),
    (wrong_output, {"c3"}),
    (rounding_off_by_one, {"c0"}),
    (value_out_of_range, {"c0"}),
    (hidden_relu_wrong_sign, {"c0"}),
)
ONLY_RELU = (
    (relu_wrong_sign, {"c0"}),
    (relu_sign_not_boolean, {"c4"}),
    (relu_false_saturation, {"c0"}),
)
LIES: list[tuple[str, Callable[[Circuit], Lie], set[str]]] = [
    *((kind, lie, broken) for kind in KINDS for lie, broken in BOTH),
    *((kind, lie, broken) for kind in ("relu", "relu-two") for lie, broken in ONLY_RELU),
]


@pytest.mark.parametrize(
    ("kind", "lie", "broken"), LIES, ids=[f"{kind}-{lie.__name__}" for kind, lie, _ in LIES]
)
def test_a_false_statement_is_refused_by_every_verifier(
    kind: str,
    lie: Callable[[Circuit], Lie],
    broken: set[str],
    circuits: Callable[[str], Circuit],
    verifiers: Verifiers,
) -> None:
    circuit = circuits(kind)
    told = lie(circuit)
    witness = recount(circuit.layout, told.witness)
    statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, told.inputs, told.outputs)

    # The lie is as small as it can be: it breaks this one thing and nothing else.
    committed = replace(witness, weights=circuit.witness().weights, public=statement.public)
    found = {name for name, _ in broken_constraints(circuit.layout, committed, theta=2**200 + 1)}
    assert found == broken

    forged = forge(circuit.prover, statement, witness).proof.to_bytes()
    assert verifiers.verdicts(circuit, told.inputs, told.outputs, forged) == REFUSED


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_tool_with_an_honest_witness_is_accepted(
    kind: str, circuits: Callable[[str], Circuit], verifiers: Verifiers
) -> None:
    circuit = circuits(kind)
    statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, INPUTS, circuit.outputs())
    witness = recount(circuit.layout, circuit.witness())
    proof = forge(circuit.prover, statement, witness).proof.to_bytes()
    assert verifiers.verdicts(circuit, INPUTS, circuit.outputs(), proof) == (None, None, None)


def test_weight_columns_of_the_witness_are_the_committed_ones(relu_circuit: Circuit) -> None:
    columns = weight_columns(relu_circuit.layout, relu_circuit.weights)
    assert np.array_equal(relu_circuit.witness().weights, columns)
