"""Every cell of a small witness is changed in turn: only cells without meaning may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prover.compile.layout import Layout, RowKind
from prover.compile.witness import Witness
from prover.errors import VerificationError
from prover.protocol import constraints
from prover.protocol.rounds import AfterSums, Session
from prover.protocol.statement import Statement
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, recount, with_cell
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge


def accepted(circuit: Circuit, statement: Statement, witness: Witness, **options: object) -> bool:
    """Forge a proof with this witness and ask the fast verifier."""
    forged = forge(circuit.prover, statement, witness, **options)  # type: ignore[arg-type]
    try:
        circuit.setup.verify(CONTEXT, INPUTS, circuit.outputs(), forged.proof.to_bytes())
    except VerificationError as refusal:
        assert refusal.reason == "opening"
        return False
    return True


BOTH = pytest.mark.parametrize("kind", ["relu", "relu-two"])


def statement_of(circuit: Circuit) -> Statement:
    return Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, INPUTS, circuit.outputs())


def free_lanes(layout: Layout, witness: Witness) -> set[tuple[int, int]]:
    """Lanes that say nothing: of idle rows, x_4.. of signed rows, x_6.. of relu rows, x_3 where d = 0."""
    free = set()
    for row, kind in enumerate(layout.row_kind):
        for lane in range(layout.parameters.lanes):
            unused = {
                RowKind.IDLE: True,
                RowKind.RELU: lane >= 6 or (lane == 3 and witness.lanes[5, row] == 0),
                RowKind.SIGNED: lane >= 4,
            }.get(RowKind(kind), False)
            if unused:
                free.add((lane, row))
    return free


@pytest.mark.parametrize("kind", ["relu", "signed", "relu-two"])
def test_lanes_have_meaning_unless_unused(kind: str, circuits: Callable[[str], Circuit]) -> None:
    """The adversary recounts m after each change, and stays in the range table where that is all it takes."""
    circuit = circuits(kind)
    witness, statement = circuit.witness(), statement_of(circuit)
    size = circuit.layout.parameters.modulus
    found = set()
    for lane, row in np.ndindex(witness.lanes.shape):
        value = int(witness.lanes[lane, row])
        changed = with_cell(
            witness, "lanes", (lane, row), (value + 1) % size if 0 <= value < size else value + 1
        )
        if accepted(circuit, statement, recount(circuit.layout, changed)):
            found.add((lane, row))
    assert found == free_lanes(circuit.layout, witness)
    assert found, "a circuit without idle rows would not test acceptance"


@pytest.mark.parametrize(
    ("kind", "column"),
    [("relu", "lanes"), ("relu", "o"), ("relu", "m"), ("relu-two", "o"), ("relu-two", "m")],
)
def test_no_cell_can_change_alone(column: str, kind: str, circuits: Callable[[str], Circuit]) -> None:
    circuit = circuits(kind)
    witness, statement = circuit.witness(), statement_of(circuit)
    for index in np.ndindex(getattr(witness, column).shape):
        changed = with_cell(witness, column, index, int(getattr(witness, column)[index]) + 1)
        assert not accepted(circuit, statement, changed), index


@BOTH
def test_outputs_have_meaning_even_when_recounted(kind: str, circuits: Callable[[str], Circuit]) -> None:
    """Every o is fixed by its row: input cells through their public lane, the others by c3."""
    circuit = circuits(kind)
    witness, statement = circuit.witness(), statement_of(circuit)
    for row in range(len(witness.o)):
        changed = with_cell(witness, "o", (row,), int(witness.o[row]) + 1)
        assert not accepted(circuit, statement, recount(circuit.layout, changed)), row


def test_weights_other_than_those_committed_are_refused_in_every_cell(relu_circuit: Circuit) -> None:
    """The prover interpolates other weight columns than the commitment holds, one cell at a time."""
    witness, statement = relu_circuit.witness(), statement_of(relu_circuit)
    proving_key, columns = relu_circuit.prover.proving_key, relu_circuit.prover.weight_columns
    kernel = proving_key.kernel
    for pack, lane, row in np.ndindex(len(columns.packs), len(columns.packs[0]), witness.o.shape[0]):
        cell = np.zeros(witness.o.shape[0], dtype=np.int64)
        cell[row] = 1
        delta = kernel.pad(kernel.intt(kernel.from_int64(cell)), witness.o.shape[0] + 1)
        bent = [list(pack_columns) for pack_columns in columns.packs]
        bent[pack][lane] = kernel.add(bent[pack][lane], delta)
        prover = replace(relu_circuit.prover, weight_columns=replace(columns, packs=tuple(map(tuple, bent))))
        assert not accepted(replace(relu_circuit, prover=prover), statement, witness), (pack, lane, row)


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("relu", "sums"),
        ("relu", "accumulator"),
        ("relu-two", "sums"),
        ("relu-two", "accumulator"),
        ("relu-two", "helper"),
    ],
)
def test_second_round_columns_have_meaning_except_the_accumulator_of_idle_rows(
    kind: str, column: str, circuits: Callable[[str], Circuit]
) -> None:
    """phi and g are tied on every row; e is free on idle rows, save the one that closes the last segment."""
    circuit = circuits(kind)
    witness, statement, layout = circuit.witness(), statement_of(circuit), circuit.layout
    rows = layout.parameters.rows
    found = set()
    for row in range(rows):
        cell = np.zeros(rows, dtype=np.int64)
        cell[row] = 1

        def bend(session: Session, after: AfterSums, cell: np.ndarray = cell) -> AfterSums:
            kernel = session.proving_key.kernel
            delta = kernel.intt(kernel.from_int64(cell))
            altered = kernel.add(getattr(after, column), kernel.pad(delta, rows + 4))
            return replace(after, **{column: altered})

        if accepted(circuit, statement, witness, alter_sums=bend):
            found.add(row)
    idle = {int(row) for row in np.flatnonzero((layout.row_kind == RowKind.IDLE) & (layout.q_zero == 0))}
    assert found == (idle if column == "accumulator" else set())


def move_between_sums(session: Session, after: AfterSums) -> AfterSums:
    """Add 1 to g on row 3 and take it off on row 5; phi follows, so that c0 holds on every row."""
    kernel, rows = session.proving_key.kernel, session.proving_key.key.shape.rows
    helper, sums = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    helper[3], helper[5] = 1, -1
    sums[4:6] = 1
    bent = {}
    for name, cells in (("helper", helper), ("sums", sums)):
        delta = kernel.pad(kernel.intt(kernel.from_int64(cells)), rows + 4)
        bent[name] = kernel.add(getattr(after, name), delta)
    return replace(after, **bent)


def test_the_helper_is_held_by_its_own_constraint(
    circuits: Callable[[str], Circuit], verifiers: Verifiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is moved between the two sums closes the bus and is refused; without c6 it would pass."""
    circuit = circuits("relu-two")
    witness, statement = circuit.witness(), statement_of(circuit)
    forged = forge(circuit.prover, statement, witness, alter_sums=move_between_sums).proof.to_bytes()
    assert verifiers.verdicts(circuit, INPUTS, circuit.outputs(), forged) == ("opening",) * 3

    honest_constraints = constraints.bus_constraints
    monkeypatch.setattr(constraints, "bus_constraints", lambda *given: honest_constraints(*given)[:1])
    constraints._quotient_program.cache_clear()
    try:
        assert accepted(circuit, statement, witness, alter_sums=move_between_sums)
    finally:
        constraints._quotient_program.cache_clear()
