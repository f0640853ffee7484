"""The rules that make a layout sound: section 5.3 of docs/protocol.md, one function a rule.

Every function reads the fixed columns as they are given. Where section 5.2 orders rows or cells, the order is
walked here a second time, so that a fault of the builder cannot hide in its own checker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from prover.compile.cells import IDLE, INPUT_START, TABLE, ceil_div, count_rows, map_cells
from prover.compile.parameter_rules import check_bounds, check_parameters, check_row_counts, require_rows
from prover.compile.parameters import circuit_digest
from prover.errors import LayoutError, LayoutRule

if TYPE_CHECKING:
    from prover.compile.layout import Layout

__all__ = ["check_bounds", "check_layout", "check_parameters", "check_row_counts"]

SELECTORS: Final = ("q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero")

Rows = npt.NDArray[np.bool_]


def check_layout(layout: Layout) -> None:
    """Refuse a layout that breaks any rule.

    Raises: LayoutError with the rule's name: parameters, bounds, rows, provider, base or operand.
    """
    check_parameters(layout.architecture, layout.parameters)
    check_public_count(layout)
    check_bounds(layout.architecture)
    check_row_counts(layout.architecture, layout.parameters)
    check_columns(layout)
    check_rows(layout)
    check_selectors(layout)
    check_table(layout)
    check_unique_providers(layout)
    check_constants(layout)
    check_inputs(layout)
    check_results(layout)
    check_base(layout)
    check_segments(layout)
    check_zero_selector(layout)
    check_fetches(layout)
    check_operands(layout)
    check_index(layout)


def check_public_count(layout: Layout) -> None:
    """Rule `parameters`: |pub| is a positive multiple of L, and the one of section 5.1."""
    expected = map_cells(layout.architecture, layout.parameters).public_count
    if layout.public_count <= 0 or layout.public_count % layout.parameters.lanes:
        raise LayoutError("parameters", "the public cell count must be a positive multiple of lanes")
    if layout.public_count != expected:
        raise LayoutError("parameters", f"expected {expected} public cells, found {layout.public_count}")


def check_rows(layout: Layout) -> None:
    """Rule `rows`, on the columns: accumulator rows <= n - 1; table, inputs, constants have room."""
    requantisation = _requantisation(layout)
    active = requantisation | (layout.q_pub != 0) | (layout.q_dot != 0)
    freely = count_rows(layout.architecture, layout.parameters).provided_freely
    require_rows(layout.parameters.rows, int(active.sum()), int(requantisation.sum()), freely)


def check_columns(layout: Layout) -> None:
    """Rule `rows`: nine int64 columns of n entries."""
    for column in layout.fixed_columns():
        if column.dtype != np.int64 or column.shape != (layout.parameters.rows,):
            raise LayoutError("rows", f"a fixed column is not int64 with {layout.parameters.rows} entries")


def check_selectors(layout: Layout) -> None:
    """Rule R1 `provider`: selectors are 0 or 1 and pairwise disjoint, save q_in on public and dot rows."""
    for name in SELECTORS:
        column = getattr(layout, name)
        _require(bool(((column == 0) | (column == 1)).all()), "provider", f"{name} must be 0 or 1")
    kinds = layout.q_dot + layout.q_pub + layout.q_rel + layout.q_sgn
    _require_none(kinds > 1, "provider", "more than one of q_dot, q_pub, q_rel, q_sgn")
    _require_none(_requantisation(layout) & (layout.q_in == 1), "provider", "q_in on a requantisation row")


def check_table(layout: Layout) -> None:
    """Rule R1 `provider`: exactly M rows provide address 0, with 0 .. M-1 once each; tab = 0 elsewhere."""
    table, modulus = layout.padr == TABLE, layout.parameters.modulus
    count = int(table.sum())
    _require(count == modulus, "provider", f"{count} rows provide address 0, expected {modulus}")
    values = np.sort(layout.tab[table])
    once_each = bool((values == np.arange(modulus)).all())
    _require(once_each, "provider", f"the table is not 0 .. {modulus - 1} once each")
    _require_none(~table & (layout.tab != 0), "provider", "tab is not 0 off the table")
    _require_none(table & _driven(layout), "provider", "q_in, q_rel or q_sgn on a table row")


def check_unique_providers(layout: Layout) -> None:
    """Rule R1 `provider`: every address other than 0 and IDLE is a cell and is provided at most once."""
    addresses = layout.padr[(layout.padr != TABLE) & (layout.padr != IDLE)]
    highest = map_cells(layout.architecture, layout.parameters).cell_count
    _require(
        bool(((addresses >= INPUT_START) & (addresses <= highest)).all()),
        "provider",
        "an address that is no cell is provided",
    )
    unique, counts = np.unique(addresses, return_counts=True)
    twice = unique[counts > 1]
    _require(not len(twice), "provider", f"address {twice[:1].tolist()} is provided more than once")


def check_inputs(layout: Layout) -> None:
    """Rule R1 `provider`: the q_in rows provide exactly the cells 1 .. n_in."""
    provided = np.sort(layout.padr[layout.q_in == 1])
    expected = INPUT_START + np.arange(layout.architecture.input_count)
    exact = bool(np.array_equal(provided, expected))
    _require(exact, "provider", "the q_in rows do not provide exactly the inputs")


def check_constants(layout: Layout) -> None:
    """Rule R1 `provider`: a constant's row has q_in = q_rel = q_sgn = 0; with tab = 0 its value is 0."""
    constants = map_cells(layout.architecture, layout.parameters).constants
    rows = np.isin(layout.padr, np.array(constants, dtype=np.int64))
    _require_none(rows & _driven(layout), "provider", "q_in, q_rel or q_sgn on a constant row")


def check_results(layout: Layout) -> None:
    """Rule R1 `provider`: requantisation rows provide their neurons' cells, by their layer's activation."""
    cells = map_cells(layout.architecture, layout.parameters)
    rows = np.flatnonzero(_requantisation(layout))
    addresses, activations = [], []
    for layer, shape in enumerate(layout.architecture.layers):
        addresses.append(cells.vector_start[layer + 1] + np.arange(shape.outputs))
        activations.append(np.full(shape.outputs, shape.activation == "relu"))
    _require(
        bool(np.array_equal(layout.padr[rows], np.concatenate(addresses))),
        "provider",
        "the requantisation rows do not provide the hidden and output cells in order",
    )
    _require(
        bool(np.array_equal(layout.q_rel[rows] == 1, np.concatenate(activations))),
        "provider",
        "a requantisation row has not its layer's activation",
    )


def check_base(layout: Layout) -> None:
    """Rule R3 `base`: base = 0 exactly where q_c = 0; public row i has base 1 + i L; base + j < IDLE."""
    fetching = (layout.q_dot + layout.q_pub) == 1
    _require_none(fetching & (layout.base < 1), "base", "base is not positive on a public or dot row")
    _require_none(~fetching & (layout.base != 0), "base", "base is not 0 on a row that fetches nothing")
    lanes = layout.parameters.lanes
    _require_none(layout.base > IDLE - lanes, "base", "a fetched address reaches IDLE")
    public = np.flatnonzero(layout.q_pub == 1)
    count = layout.public_count // lanes
    first = bool(np.array_equal(public, np.arange(count)))
    _require(first, "base", f"the public rows are not the first {count} rows")
    stepped = bool(np.array_equal(layout.base[public], INPUT_START + lanes * np.arange(count)))
    _require(stepped, "base", "public row i has not base 1 + i L")


def check_segments(layout: Layout) -> None:
    """Rule R3 `base`: a segment is its dot rows, then its at most K requantisation rows; the rest is idle."""
    requantisation = _requantisation(layout)
    stop = layout.public_count // layout.parameters.lanes
    for layer, block, dot_rows, close_rows in _walk(layout):
        name = f"segment {block} of layer {layer}"
        stop = close_rows.stop
        dots = layout.q_dot[dot_rows.start : dot_rows.stop]
        closes = requantisation[close_rows.start : close_rows.stop]
        _require(bool(dots.all()), "base", f"{name} lacks a dot row")
        _require(bool(closes.all()), "base", f"{name} lacks a requantisation row")
    rest = (layout.q_dot + layout.q_pub != 0) | requantisation
    rest[:stop] = False
    _require_none(rest, "base", "an accumulator row after the last segment")


def check_zero_selector(layout: Layout) -> None:
    """Rule R3 `base`: q_zero on row 0, on the first row of a segment and on the row after the last one."""
    expected = np.zeros(layout.parameters.rows, dtype=np.int64)
    expected[0] = 1
    for _, _, dot_rows, close_rows in _walk(layout):
        expected[[dot_rows.start, close_rows.stop]] = 1
    _require_none(layout.q_zero < expected, "base", "q_zero is missing")
    _require_none(layout.q_zero > expected, "base", "q_zero stands inside a segment or on an idle row")


def check_fetches(layout: Layout) -> None:
    """Rule R2 `operand`: every fetched address is provided."""
    rows = np.flatnonzero(layout.q_dot + layout.q_pub)
    fetched = layout.base[rows, None] + np.arange(layout.parameters.lanes)
    missing = ~np.isin(fetched, layout.padr[layout.padr != IDLE])
    if missing.any():
        row, lane = np.argwhere(missing)[0]
        raise LayoutError("operand", f"row {rows[row]} fetches {fetched[row, lane]}, which nobody provides")


def check_operands(layout: Layout) -> None:
    """Rule R2 `operand`: a dot row multiplies constants or its layer's operand vector, computed before it.

    Without it a padded lane could read the result itself, and the outputs would no longer be a function.
    """
    cells = map_cells(layout.architecture, layout.parameters)
    provider = {int(address): row for row, address in enumerate(layout.padr) if address != IDLE}
    constants = frozenset(cells.constants)
    for layer, _, dot_rows, _ in _walk(layout):
        start = cells.vector_start[layer]
        operand = range(start, start + cells.vector_width[layer])
        for group, row in enumerate(dot_rows):
            first = int(layout.base[row])
            for address in range(first, first + layout.parameters.weight_lanes):
                if address in constants:
                    continue
                if address not in operand:
                    raise LayoutError("operand", f"row {row} multiplies cell {address}, outside its operand")
                source = provider[address]
                earlier = source < dot_rows.start and bool(_requantisation(layout)[source])
                if not (layout.q_in[source] == 1 if layer == 0 else earlier):
                    raise LayoutError(
                        "operand", f"row {row} multiplies cell {address}, not computed before it"
                    )
            if first != start + group * layout.parameters.weight_lanes:
                raise LayoutError("operand", f"row {row} of layer {layer} reads another group of its operand")


def check_index(layout: Layout) -> None:
    """Refuse a layout whose handier fields differ from its columns, by the rule that the field repeats."""
    cells = map_cells(layout.architecture, layout.parameters)
    rows = np.flatnonzero((layout.padr != TABLE) & (layout.padr != IDLE))
    provider = {int(layout.padr[row]): int(row) for row in rows}
    _require(dict(layout.cell_provider) == provider, "provider", "cell_provider differs from the column padr")
    addresses = (layout.constants, layout.vector_start, layout.output_start)
    expected = (cells.constants, cells.vector_start, cells.output_start)
    _require(addresses == expected, "provider", "the cell addresses are not those of section 5.1")
    digest = circuit_digest(layout.architecture, layout.parameters)
    _require(layout.circuit_digest == digest, "parameters", "circuit_digest is that of another circuit")
    kinds = layout.q_pub + 2 * layout.q_dot + 3 * layout.q_rel + 4 * layout.q_sgn
    _require(bool(np.array_equal(layout.row_kind, kinds)), "base", "row_kind differs from the selectors")
    listed = [(item.layer, item.block, item.dot_rows, item.close_rows) for item in layout.segments]
    _require(listed == list(_walk(layout)), "base", "segments differ from section 5.2")


def _walk(layout: Layout) -> Iterator[tuple[int, int, range, range]]:
    """Yield (layer, block, dot rows, requantisation rows) as section 5.2 orders them."""
    row = layout.public_count // layout.parameters.lanes
    for layer, shape in enumerate(layout.architecture.layers):
        dots = ceil_div(shape.inputs, layout.parameters.weight_lanes)
        for block in range(ceil_div(shape.outputs, layout.parameters.weight_packs)):
            closes = min(
                layout.parameters.weight_packs, shape.outputs - block * layout.parameters.weight_packs
            )
            yield layer, block, range(row, row + dots), range(row + dots, row + dots + closes)
            row += dots + closes


def _requantisation(layout: Layout) -> Rows:
    rows: Rows = (layout.q_rel != 0) | (layout.q_sgn != 0)
    return rows


def _driven(layout: Layout) -> Rows:
    rows: Rows = (layout.q_in != 0) | _requantisation(layout)
    return rows


def _require(holds: bool, rule: LayoutRule, detail: str) -> None:
    if not holds:
        raise LayoutError(rule, detail)


def _require_none(offending: Rows, rule: LayoutRule, detail: str) -> None:
    if offending.any():
        raise LayoutError(rule, f"{detail} (row {int(np.flatnonzero(offending)[0])})")
