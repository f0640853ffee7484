"""A layout that breaks a rule is refused by the rule's name, whatever else of it still agrees."""

import dataclasses

import numpy as np
import pytest

from prover.compile import rules
from prover.compile.cells import IDLE, TABLE
from prover.compile.layout import RowKind, build_layout
from prover.errors import LayoutError

COLUMNS = ("base", "padr", "tab", "q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero")


@pytest.fixture(scope="module")
def layout(small, small_parameters):
    return build_layout(small, small_parameters)


def tamper(layout, **changes):
    """Change column entries, {row: value} a column, and make the repeating fields agree again."""
    arrays = {}
    for name, entries in changes.items():
        arrays[name] = getattr(layout, name).copy()
        for row, value in entries.items():
            arrays[name][row] = value
    changed = dataclasses.replace(layout, **arrays)
    kinds = changed.q_pub + 2 * changed.q_dot + 3 * changed.q_rel + 4 * changed.q_sgn
    cells = np.flatnonzero((changed.padr != TABLE) & (changed.padr != IDLE))
    provider = {int(changed.padr[row]): int(row) for row in cells}
    return dataclasses.replace(changed, row_kind=kinds.astype(np.int8), cell_provider=provider)


def refusal(layout):
    with pytest.raises(LayoutError) as caught:
        rules.check_layout(layout)
    return caught.value


def row_of(layout, kind, nth=0):
    return int(np.flatnonzero(layout.row_kind == kind)[nth])


def table_row(layout, value):
    return int(np.flatnonzero((layout.padr == TABLE) & (layout.tab == value))[0])


def idle_row(layout):
    """Give a row that is idle and provides nothing."""
    return int(np.flatnonzero((layout.padr == IDLE) & (layout.row_kind == RowKind.IDLE))[0])


def free_constant(layout):
    """Give an idle row that provides a constant."""
    constant = np.isin(layout.padr, layout.constants)
    return int(np.flatnonzero(constant & (layout.row_kind == RowKind.IDLE))[0])


def input_row(layout):
    return int(np.flatnonzero(layout.q_in)[0])


def output_row(layout):
    return layout.cell_provider[layout.output_start]


PROVIDER = {
    "table value M": (lambda s: {"tab": {table_row(s, 7): 8}}, "once each"),
    "table value missing, another twice": (lambda s: {"tab": {table_row(s, 7): 6}}, "once each"),
    "table value negative": (lambda s: {"tab": {table_row(s, 0): -1}}, "once each"),
    "table short of a row": (
        lambda s: {"padr": {table_row(s, 7): IDLE}, "tab": {table_row(s, 7): 0}},
        "address 0",
    ),
    "address 0 provided by an idle row": (lambda s: {"padr": {idle_row(s): TABLE}}, "address 0"),
    "address 0 provided by an output row": (lambda s: {"padr": {output_row(s): TABLE}}, "address 0"),
    "an address provided twice": (lambda s: {"padr": {idle_row(s): 1}}, "more than once"),
    "an output provided twice": (lambda s: {"padr": {idle_row(s): s.output_start}}, "more than once"),
    "an address that is no cell": (lambda s: {"padr": {idle_row(s): 999}}, "no cell"),
    "a negative address": (lambda s: {"padr": {idle_row(s): -1}}, "no cell"),
    "an address beyond IDLE": (lambda s: {"padr": {idle_row(s): IDLE + 1}}, "no cell"),
    "tab on an idle row": (lambda s: {"tab": {idle_row(s): 1}}, "off the table"),
    "tab on a constant row": (lambda s: {"tab": {free_constant(s): 1}}, "off the table"),
    "tab on an input row": (lambda s: {"tab": {input_row(s): 1}}, "off the table"),
    "tab on an output row": (lambda s: {"tab": {output_row(s): 1}}, "off the table"),
    "selector 2": (lambda s: {"q_dot": {row_of(s, RowKind.DOT): 2}}, "0 or 1"),
    "selector -1": (lambda s: {"q_rel": {row_of(s, RowKind.RELU): -1}}, "0 or 1"),
    "q_in 2": (lambda s: {"q_in": {input_row(s): 2}}, "0 or 1"),
    "q_zero 2": (lambda s: {"q_zero": {0: 2}}, "0 or 1"),
    "q_in on a relu row": (lambda s: {"q_in": {row_of(s, RowKind.RELU): 1}}, "requantisation row"),
    "q_in on a signed row": (lambda s: {"q_in": {row_of(s, RowKind.SIGNED): 1}}, "requantisation row"),
    "dot and public at once": (lambda s: {"q_dot": {0: 1}}, "more than one"),
    "relu and signed at once": (lambda s: {"q_sgn": {row_of(s, RowKind.RELU): 1}}, "more than one"),
    "q_in on a table row": (lambda s: {"q_in": {table_row(s, 3): 1}}, "on a table row"),
    "q_in on a constant row": (lambda s: {"q_in": {free_constant(s): 1}}, "on a constant row"),
    "q_in on an idle row": (lambda s: {"q_in": {idle_row(s): 1}}, "exactly the inputs"),
    "an input without q_in": (lambda s: {"q_in": {input_row(s): 0}}, "exactly the inputs"),
    "relu made signed": (
        lambda s: {"q_rel": {row_of(s, RowKind.RELU): 0}, "q_sgn": {row_of(s, RowKind.RELU): 1}},
        "activation",
    ),
    "two results exchanged": (
        lambda s: {"padr": {output_row(s): s.output_start + 1, output_row(s) + 1: s.output_start}},
        "in order",
    ),
    "an output by an idle row": (
        lambda s: {"padr": {output_row(s): IDLE, idle_row(s): s.output_start}},
        "in order",
    ),
    "relu on an idle row": (lambda s: {"q_rel": {idle_row(s): 1}}, "in order"),
}

BASE = {
    "base 0 on a dot row": (lambda s: {"base": {row_of(s, RowKind.DOT): 0}}, "not positive"),
    "base 0 on a public row": (lambda s: {"base": {0: 0}}, "not positive"),
    "a negative base": (lambda s: {"base": {row_of(s, RowKind.DOT): -1}}, "not positive"),
    "base on a relu row": (lambda s: {"base": {row_of(s, RowKind.RELU): 1}}, "fetches nothing"),
    "base on an idle row": (lambda s: {"base": {idle_row(s): 1}}, "fetches nothing"),
    "a lane that reaches IDLE": (lambda s: {"base": {row_of(s, RowKind.DOT): IDLE - 5}}, "reaches IDLE"),
    "a public row that repeats another": (lambda s: {"base": {1: 1}}, "1 + i L"),
    "a public row made idle": (lambda s: {"q_pub": {1: 0}, "base": {1: 0}}, "not the first"),
    "a public row too many": (
        lambda s: {"q_pub": {idle_row(s): 1}, "base": {idle_row(s): 1}},
        "not the first",
    ),
    "a dot row made idle": (
        lambda s: {"q_dot": {row_of(s, RowKind.DOT, 1): 0}, "base": {row_of(s, RowKind.DOT, 1): 0}},
        "lacks a dot row",
    ),
    "a dot row after the last segment": (
        lambda s: {"q_dot": {idle_row(s): 1}, "base": {idle_row(s): 1}},
        "after the last segment",
    ),
    "q_zero missing on row 0": (lambda s: {"q_zero": {0: 0}}, "missing"),
    "q_zero missing at a segment": (lambda s: {"q_zero": {s.segments[1].dot_rows.start: 0}}, "missing"),
    "q_zero missing after the last": (lambda s: {"q_zero": {s.segments[-1].close_rows.stop: 0}}, "missing"),
    "q_zero inside a segment": (lambda s: {"q_zero": {s.segments[0].dot_rows.start + 1: 1}}, "inside"),
    "q_zero on a public row": (lambda s: {"q_zero": {1: 1}}, "inside"),
}

OPERAND = {
    "a fetched address nobody provides": (
        lambda s: {"padr": {s.cell_provider[s.constants[0]]: IDLE}},
        "nobody",
    ),
    "a lane past the last cell": (
        lambda s: {"base": {row_of(s, RowKind.DOT): s.constants[-1]}},
        "nobody",
    ),
    "a dot row that reads its own result": (
        lambda s: {"base": {s.segments[0].dot_rows[-1]: s.vector_start[1] - 3}},
        "outside its operand",
    ),
    "a dot row that reads a later layer": (
        lambda s: {"base": {s.segments[0].dot_rows[0]: s.vector_start[2]}},
        "outside its operand",
    ),
    "a dot row that reads the inputs again": (
        lambda s: {"base": {s.segments[-1].dot_rows[0]: 1}},
        "outside its operand",
    ),
    "a dot row that reads the outputs": (
        lambda s: {"base": {s.segments[0].dot_rows[-1]: s.output_start - 3}},
        "outside its operand",
    ),
    "two groups of an operand exchanged": (
        lambda s: {"base": {s.segments[0].dot_rows[0]: 5, s.segments[0].dot_rows[1]: 1}},
        "another group",
    ),
}

CASES = [
    pytest.param(rule, change, detail, id=name)
    for rule, cases in (("provider", PROVIDER), ("base", BASE), ("operand", OPERAND))
    for name, (change, detail) in cases.items()
]


@pytest.mark.parametrize(("rule", "change", "detail"), CASES)
def test_a_tampered_column_is_refused_by_the_rules_name(layout, rule, change, detail):
    found = refusal(tamper(layout, **change(layout)))
    assert found.rule == rule
    assert detail in found.detail


def test_the_honest_layout_is_accepted(layout):
    rules.check_layout(layout)
    rules.check_layout(tamper(layout))


def test_every_single_changed_entry_is_refused(layout):
    """Try on every row of every column the values an attacker would."""
    highest = max(layout.cell_provider)
    for name in COLUMNS:
        column = getattr(layout, name)
        for row, value in enumerate(column.tolist()):
            for other in {0, 1, 2, value + 1, value - 1, layout.output_start, highest, IDLE} - {value}:
                array = column.copy()
                array[row] = other
                refusal(dataclasses.replace(layout, **{name: array}))


def test_an_operand_computed_later_is_refused(layout):
    """The order of results is a rule of its own, so this one is shown alone."""
    first, later = layout.cell_provider[layout.vector_start[1]], layout.cell_provider[layout.vector_start[2]]
    changed = tamper(layout, padr={first: layout.vector_start[2], later: layout.vector_start[1]})
    with pytest.raises(LayoutError, match="not computed before it") as caught:
        rules.check_operands(changed)
    assert caught.value.rule == "operand"


def test_an_input_that_a_segment_provides_is_refused(layout):
    changed = tamper(layout, q_in={input_row(layout): 0})
    with pytest.raises(LayoutError, match="not computed before it") as caught:
        rules.check_operands(changed)
    assert caught.value.rule == "operand"


def test_too_many_accumulator_rows_are_refused(layout):
    rows = np.flatnonzero(layout.row_kind == RowKind.IDLE)
    found = refusal(tamper(layout, q_dot=dict.fromkeys(rows.tolist(), 1)))
    assert found.rule == "rows"
    assert "accumulator rows" in found.detail


def test_too_few_free_rows_are_refused(layout):
    rows = np.flatnonzero(layout.row_kind == RowKind.IDLE)[:-1]
    found = refusal(tamper(layout, q_sgn=dict.fromkeys(rows.tolist(), 1)))
    assert found.rule == "rows"
    assert "free rows" in found.detail


def test_columns_of_another_shape_or_type_are_refused(layout):
    for column in (layout.tab[:-1], layout.tab.astype(np.float64), layout.tab.reshape(1, -1)):
        found = refusal(dataclasses.replace(layout, tab=column))
        assert (found.rule, "int64" in found.detail) == ("rows", True)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"public_count": 0}, "parameters"),
        ({"public_count": 13}, "parameters"),
        ({"public_count": 18}, "parameters"),
        ({"circuit_digest": bytes(32)}, "parameters"),
        ({"cell_provider": {}}, "provider"),
        ({"constants": ()}, "provider"),
        ({"vector_start": (1, 1, 1, 1)}, "provider"),
        ({"output_start": 1}, "provider"),
        ({"row_kind": np.zeros(64, dtype=np.int8)}, "base"),
        ({"segments": ()}, "base"),
    ],
)
def test_fields_that_differ_from_the_columns_are_refused(layout, change, rule):
    assert refusal(dataclasses.replace(layout, **change)).rule == rule
