"""Columns against tables worked out by hand, and every layout rule broken by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.errors import CircuitError
from audit.verifier.circuit import IDLE_ADDRESS, Circuit
from audit.verifier.key_build import rebuild_circuit
from audit.verifier.rules import check_operand, check_rules
from tests.audit.support.cases import (
    R1_ARCHITECTURE,
    R1_LAYOUT,
    TINY_ARCHITECTURE,
    TINY_LAYOUT,
    architecture_json,
    dense,
    layout_json,
)

IDLE = IDLE_ADDRESS


@pytest.fixture
def tiny_circuit() -> Circuit:
    return rebuild_circuit(TINY_ARCHITECTURE, TINY_LAYOUT)


def test_the_tiny_network_has_the_columns_of_the_hand_made_table(tiny_circuit: Circuit) -> None:
    """Cells: inputs 1..3, padding 4, output 5, padding 6, hidden 7 and 8, zeros 9..14.

    row  0 public   1 dot      2 dot      3 relu  4 relu  5 dot     6 signed  7 after the last segment
    """
    rest = 32 - 18
    columns = tiny_circuit.columns
    assert columns["base"] == (1, 1, 3, 0, 0, 7, 0, *[0] * 25)
    assert columns["padr"] == (
        *(0, 0, 0, 7, 8, 0, 5),
        *(1, 2, 3),
        *(4, 6, 9, 10, 11, 12, 13, 14),
        *[IDLE] * rest,
    )
    assert columns["tab"] == (0, 1, 2, 0, 0, 3, *[0] * 26)
    assert columns["q_in"] == (*[0] * 7, 1, 1, 1, *[0] * 22)
    assert columns["q_dot"] == (0, 1, 1, 0, 0, 1, *[0] * 26)
    assert columns["q_pub"] == (1, *[0] * 31)
    assert columns["q_rel"] == (0, 0, 0, 1, 1, *[0] * 27)
    assert columns["q_sgn"] == (*[0] * 6, 1, *[0] * 25)
    assert columns["q_zero"] == (1, 1, 0, 0, 0, 1, 0, 1, *[0] * 24)
    assert tiny_circuit.shape.public_count == 6
    assert tiny_circuit.shape.constants == (4, 6, 9, 10, 11, 12, 13, 14)


def test_a_block_with_fewer_neurons_and_full_lanes() -> None:
    """Five inputs, three neurons in blocks of two, wa = L = 6: no zero cells, vectors padded to six."""
    architecture = architecture_json([(5, 0, 1)], [dense(5, 3, "signed", 1, 1)], 2)
    circuit = rebuild_circuit(architecture, layout_json(32, 6, 6, 6, 2, 2))
    assert circuit.shape.public_count == 12
    assert circuit.shape.output_start == 7
    assert circuit.shape.constants == (6, 10, 11, 12)
    assert circuit.columns["base"][:9] == (1, 7, 1, 0, 0, 1, 0, 0, 0)
    assert circuit.columns["padr"][:9] == (0, 0, 0, 7, 8, 0, 9, 1, 2)
    assert circuit.columns["q_zero"][:9] == (1, 0, 1, 0, 0, 1, 0, 1, 0)
    assert [(segment.layer, segment.block, len(segment.close_rows)) for segment in circuit.segments] == [
        (0, 0, 2),
        (0, 1, 1),
    ]


def test_r1_uses_251_rows_of_256() -> None:
    circuit = rebuild_circuit(R1_ARCHITECTURE, R1_LAYOUT)
    columns = circuit.columns
    assert circuit.shape.used_rows == 251
    assert (circuit.shape.public_count, circuit.shape.output_start) == (36, 33)
    assert sum(columns["q_pub"]) == 6
    assert sum(columns["q_dot"]) == 16 * 8 + 8 * 8 + 4
    assert sum(columns["q_rel"]) == 32 + 16 + 1
    assert sum(columns["q_zero"]) == 1 + 25 + 1
    assert columns["q_zero"][251] == 1
    assert columns["padr"].count(0) == 128
    assert sum(columns["q_in"]) == 32
    assert circuit.shape.constants == (34, 35, 36, *range(85, 91))


def altered(circuit: Circuit, name: str, row: int, value: int) -> Circuit:
    column = list(circuit.columns[name])
    column[row] = value
    return replace(circuit, columns={**circuit.columns, name: tuple(column)})


def test_the_columns_as_built_break_no_rule(tiny_circuit: Circuit) -> None:
    check_rules(tiny_circuit)


@pytest.mark.parametrize(
    ("rule", "name", "row", "value", "says"),
    [
        ("provider", "tab", 5, 4, "address 0"),
        ("provider", "tab", 5, 2, "address 0"),
        ("provider", "padr", 5, IDLE, "address 0"),
        ("provider", "padr", 31, 0, "address 0"),
        ("provider", "padr", 31, 7, "provided by the rows"),
        ("provider", "padr", 31, 15, "cells are provided"),
        ("provider", "padr", 31, 1 << 32, "no cell"),
        ("provider", "padr", 31, -1, "no cell"),
        ("provider", "padr", 10, IDLE, "constant cell"),
        ("provider", "padr", 7, IDLE, "input rows"),
        ("provider", "padr", 3, IDLE, "result"),
        ("provider", "tab", 31, 1, "no table row"),
        ("provider", "tab", 10, 1, "no table row"),
        ("provider", "tab", 7, 1, "no table row"),
        ("provider", "tab", 6, 1, "no table row"),
        ("provider", "q_dot", 1, 2, "q_dot = 2"),
        ("provider", "q_zero", 1, -1, "q_zero = -1"),
        ("provider", "q_in", 31, 1, "input rows"),
        ("provider", "q_in", 3, 1, "several selectors"),
        ("provider", "q_sgn", 3, 1, "several selectors"),
        ("provider", "q_rel", 1, 1, "several selectors"),
        ("provider", "q_rel", 10, 1, "under a selector"),
        ("provider", "q_rel", 31, 1, "no neuron"),
        ("base", "base", 1, 0, "base = 0"),
        ("base", "base", 3, 1, "base = 1"),
        ("base", "base", 31, 1, "base = 1"),
        ("base", "base", 0, 2, "public row 0"),
        ("base", "base", 5, (1 << 32) - 5, "beyond the cells"),
        ("base", "base", 5, -7, "beyond the cells"),
        ("base", "q_zero", 1, 0, "q_zero = 0"),
        ("base", "q_zero", 7, 0, "q_zero = 0"),
        ("base", "q_zero", 0, 0, "q_zero = 0"),
        ("base", "q_zero", 2, 1, "q_zero = 1"),
        ("base", "q_zero", 31, 1, "q_zero = 1"),
        ("operand", "base", 5, 9 + 1, "nobody provides"),
        ("operand", "base", 5, 8, "does not read"),
        ("operand", "base", 2, 4, "multiplies cell 5"),
        ("operand", "base", 1, 7, "multiplies cell 7"),
        ("operand", "base", 1, 2, "does not read"),
    ],
)
def test_one_altered_cell_breaks_a_rule(
    tiny_circuit: Circuit, rule: str, name: str, row: int, value: int, says: str
) -> None:
    with pytest.raises(CircuitError) as caught:
        check_rules(altered(tiny_circuit, name, row, value))
    assert (caught.value.rule, says in str(caught.value)) == (rule, True), str(caught.value)


def test_a_row_that_loses_its_kind_breaks_a_rule(tiny_circuit: Circuit) -> None:
    for name, row in (("q_dot", 1), ("q_pub", 0), ("q_dot", 5)):
        circuit = altered(altered(tiny_circuit, name, row, 0), "base", row, 0)
        with pytest.raises(CircuitError) as caught:
            check_rules(circuit)
        assert caught.value.rule == "base"


def test_an_idle_row_that_becomes_a_dot_row_breaks_a_rule(tiny_circuit: Circuit) -> None:
    with pytest.raises(CircuitError) as caught:
        check_rules(altered(altered(tiny_circuit, "q_dot", 20, 1), "base", 20, 7))
    assert (caught.value.rule, "after the last segment" in str(caught.value)) == ("base", True)


def test_an_idle_row_that_becomes_a_public_row_breaks_a_rule(tiny_circuit: Circuit) -> None:
    with pytest.raises(CircuitError) as caught:
        check_rules(altered(altered(tiny_circuit, "q_pub", 20, 1), "base", 20, 1))
    assert (caught.value.rule, "row 20 has q_pub = 1" in str(caught.value)) == ("base", True)


def test_a_relu_that_becomes_signed_breaks_a_rule(tiny_circuit: Circuit) -> None:
    with pytest.raises(CircuitError) as caught:
        check_rules(altered(altered(tiny_circuit, "q_rel", 3, 0), "q_sgn", 3, 1))
    assert caught.value.rule == "base"


def test_swapped_results_break_a_rule(tiny_circuit: Circuit) -> None:
    with pytest.raises(CircuitError) as caught:
        check_rules(altered(altered(tiny_circuit, "padr", 3, 8), "padr", 4, 7))
    assert (caught.value.rule, "expected the result" in str(caught.value)) == ("provider", True)


def test_an_operand_that_a_later_row_provides_breaks_a_rule(tiny_circuit: Circuit) -> None:
    """The rule stands by itself: row 6 of the second layer provides what row 5 of that layer reads."""
    late = altered(altered(tiny_circuit, "padr", 3, IDLE), "padr", 6, 7)
    late = altered(late, "padr", 20, 5)
    with pytest.raises(CircuitError) as caught:
        check_operand(late)
    assert (caught.value.rule, "cell 7 of layer 1 is provided by row 6" in str(caught.value)) == (
        "operand",
        True,
    )


def test_a_first_operand_that_no_input_row_provides_breaks_a_rule(tiny_circuit: Circuit) -> None:
    with pytest.raises(CircuitError) as caught:
        check_operand(altered(tiny_circuit, "q_in", 8, 0))
    assert (caught.value.rule, "cell 2 of layer 0" in str(caught.value)) == ("operand", True)


def test_a_column_of_another_length_breaks_a_rule(tiny_circuit: Circuit) -> None:
    short = replace(tiny_circuit, columns={**tiny_circuit.columns, "tab": tiny_circuit.columns["tab"][:-1]})
    with pytest.raises(CircuitError) as caught:
        check_rules(short)
    assert caught.value.rule == "provider"


@pytest.mark.parametrize(
    ("says", "layout"),
    [
        ("power of two", layout_json(48, 4, 6, 2, 2, 2)),
        ("power of two", layout_json(1, 4, 6, 2, 2, 2)),
        ("power of two", layout_json(0, 4, 6, 2, 2, 2)),
        ("t = 1", layout_json(32, 1, 6, 1, 2, 2)),
        ("L = 5", layout_json(32, 4, 5, 2, 2, 2)),
        ("wa = 0", layout_json(32, 4, 6, 0, 2, 2)),
        ("wa = 5", layout_json(32, 4, 6, 5, 2, 2)),
        ("wa = 7", layout_json(32, 8, 6, 7, 2, 2)),
        ("K = 0", layout_json(32, 4, 6, 2, 0, 2)),
        ("lam = 0", layout_json(32, 4, 6, 2, 2, 0)),
        ("lam = 13", layout_json(32, 4, 6, 2, 2, 13)),
        ("t (n + 4)", layout_json(1024, 4, 6, 2, 2, 2)),
        ("optimiser = 1", TINY_LAYOUT.replace(b'"optimiser":2', b'"optimiser":1')),
        ("optimiser = 3", TINY_LAYOUT.replace(b'"optimiser":2', b'"optimiser":3')),
        ("t = 2 is below 3", layout_json(32, 2, 6, 2, 2, 2, bus_sums=2)),
        ("N = 8192", layout_json(32, 4, 6, 2, 2, 2, powers=8192)),
        ("shift_bits", layout_json(32, 4, 6, 2, 2, 3)),
    ],
)
def test_parameters_outside_their_ranges_are_refused(says: str, layout: bytes) -> None:
    with pytest.raises(CircuitError) as caught:
        rebuild_circuit(TINY_ARCHITECTURE, layout)
    assert (caught.value.rule, says in str(caught.value)) == ("parameters", True), str(caught.value)


def test_the_row_after_the_last_segment_must_exist() -> None:
    """Seven accumulator rows fit n = 8 for the count, but the table does not; eight do not fit at all."""
    with pytest.raises(CircuitError) as caught:
        rebuild_circuit(TINY_ARCHITECTURE, layout_json(8, 4, 6, 2, 2, 2))
    assert (caught.value.rule, "free rows" in str(caught.value)) == ("rows", True)
    with pytest.raises(CircuitError) as caught:
        rebuild_circuit(TINY_ARCHITECTURE, layout_json(8, 4, 6, 2, 1, 2))
    assert (caught.value.rule, "are used" in str(caught.value)) == ("rows", True)


def test_a_network_that_is_far_too_large_is_refused_before_anything_is_built() -> None:
    architecture = architecture_json([((1 << 32) - 1, 0, 1)], [dense((1 << 32) - 1, 1, "relu", 1, 1)], 2)
    with pytest.raises(CircuitError) as caught:
        rebuild_circuit(architecture, TINY_LAYOUT)
    assert caught.value.rule == "rows"


def test_an_accumulator_at_its_limit_is_refused() -> None:
    """M = 4: V < 4^4 / 2 - 4 = 124; one input up to 1 with weight 1 leaves 122 for the bias."""
    layout = layout_json(32, 4, 6, 2, 2, 2)
    rebuild_circuit(architecture_json([(1, 0, 1)], [dense(1, 1, "relu", 1, 122)], 2), layout)
    with pytest.raises(CircuitError) as caught:
        rebuild_circuit(architecture_json([(1, 0, 1)], [dense(1, 1, "relu", 1, 123)], 2), layout)
    assert caught.value.rule == "bounds"


def test_a_layout_below_100_bits_after_2_to_the_100_hashes_is_refused(tiny_circuit: Circuit) -> None:
    weak = replace(tiny_circuit, layout=replace(tiny_circuit.layout, powers=1 << 51))
    with pytest.raises(CircuitError) as caught:
        check_rules(weak)
    assert caught.value.rule == "soundness"
    check_rules(replace(tiny_circuit, layout=replace(tiny_circuit.layout, powers=1 << 48)))
