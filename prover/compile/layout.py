"""Lay a network out over the rows of the machine (docs/protocol.md sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from prover.compile.architecture import Architecture
from prover.compile.cells import IDLE, INPUT_START, TABLE, CellMap, ceil_div, map_cells
from prover.compile.cost_model import choose_parameters
from prover.compile.gather import GatherPlan, build_gather_plan
from prover.compile.parameter_rules import check_bounds, check_parameters, check_row_counts
from prover.compile.parameters import LayoutParameters, circuit_digest
from prover.compile.rules import check_layout

__all__ = ["Layout", "LayoutParameters", "RowKind", "Segment", "build_layout", "choose_parameters"]

Column = npt.NDArray[np.int64]


class RowKind(IntEnum):
    """What a row does to the accumulator."""

    IDLE = 0
    PUBLIC = 1
    DOT = 2
    RELU = 3
    SIGNED = 4


@dataclass(frozen=True)
class Segment:
    """One block of at most K neurons: its dot rows, then one requantisation row a neuron."""

    layer: int
    block: int
    dot_rows: range
    close_rows: range


@dataclass(frozen=True, eq=False)
class Layout:
    """Fixed columns of a circuit and the indices that fill its witness.

    The columns alone decide what is proven. The other fields repeat them in a handier form, and
    `check_layout` refuses a layout in which the two differ.
    """

    architecture: Architecture
    parameters: LayoutParameters
    base: Column
    padr: Column
    tab: Column
    q_in: Column
    q_dot: Column
    q_pub: Column
    q_rel: Column
    q_sgn: Column
    q_zero: Column
    row_kind: npt.NDArray[np.int8]
    segments: tuple[Segment, ...]
    public_count: int  # |pub|
    output_start: int  # address of the first output cell
    vector_start: tuple[int, ...]  # first operand cell of every layer, then the first output cell
    cell_provider: Mapping[int, int]  # address -> row, without the range table and IDLE
    constants: tuple[int, ...]  # addresses of the cells that are always 0
    circuit_digest: bytes

    def fixed_columns(self) -> list[Column]:
        """Return the nine fixed columns in key order, int64 [n] each."""
        return [
            self.base,
            self.padr,
            self.tab,
            self.q_in,
            self.q_dot,
            self.q_pub,
            self.q_rel,
            self.q_sgn,
            self.q_zero,
        ]

    @cached_property
    def gather_plan(self) -> GatherPlan:
        """Return the witness's index arrays, computed once."""
        return build_gather_plan(self)


def build_layout(architecture: Architecture, parameters: LayoutParameters) -> Layout:
    """Lay the network out; the result depends on the two arguments alone.

    Raises: LayoutError by the name of the rule of section 5.3 that cannot be met.
    """
    check_parameters(architecture, parameters)
    check_bounds(architecture)
    check_row_counts(architecture, parameters)
    cells = map_cells(architecture, parameters)
    names = ("base", "padr", "tab", "q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero")
    columns = {name: np.zeros(parameters.rows, dtype=np.int64) for name in names}
    segments = _place_accumulators(columns, architecture, parameters, cells)
    _place_free_cells(columns, architecture, parameters, cells)
    row_kind = (
        RowKind.PUBLIC * columns["q_pub"]
        + RowKind.DOT * columns["q_dot"]
        + RowKind.RELU * columns["q_rel"]
        + RowKind.SIGNED * columns["q_sgn"]
    ).astype(np.int8)
    for column in columns.values():
        column.flags.writeable = False
    row_kind.flags.writeable = False
    padr = columns["padr"]
    layout = Layout(
        architecture=architecture,
        parameters=parameters,
        **columns,
        row_kind=row_kind,
        segments=segments,
        public_count=cells.public_count,
        output_start=cells.output_start,
        vector_start=cells.vector_start,
        cell_provider={int(padr[row]): int(row) for row in np.flatnonzero((padr != TABLE) & (padr != IDLE))},
        constants=cells.constants,
        circuit_digest=circuit_digest(architecture, parameters),
    )
    check_layout(layout)
    return layout


def _place_accumulators(
    columns: Mapping[str, Column], architecture: Architecture, parameters: LayoutParameters, cells: CellMap
) -> tuple[Segment, ...]:
    """Place public, dot and requantisation rows from row 0 on, the last providing their neurons' cells."""
    columns["padr"][:] = IDLE
    public_rows = cells.public_count // parameters.lanes
    columns["q_pub"][:public_rows] = 1
    columns["base"][:public_rows] = INPUT_START + parameters.lanes * np.arange(public_rows)
    columns["q_zero"][0] = 1
    row = public_rows
    segments = []
    for layer, block, neurons in _blocks(architecture, parameters.weight_packs):
        shape = architecture.layers[layer]
        dot_rows = range(row, row + ceil_div(shape.inputs, parameters.weight_lanes))
        close_rows = range(dot_rows.stop, dot_rows.stop + len(neurons))
        row = close_rows.stop
        dot, close = slice(dot_rows.start, dot_rows.stop), slice(close_rows.start, close_rows.stop)
        columns["q_zero"][dot_rows.start] = 1
        columns["q_dot"][dot] = 1
        columns["base"][dot] = cells.vector_start[layer] + parameters.weight_lanes * np.arange(len(dot_rows))
        columns["q_rel" if shape.activation == "relu" else "q_sgn"][close] = 1
        columns["padr"][close] = cells.vector_start[layer + 1] + np.arange(neurons.start, neurons.stop)
        segments.append(Segment(layer, block, dot_rows, close_rows))
    columns["q_zero"][row] = 1
    return tuple(segments)


def _blocks(architecture: Architecture, weight_packs: int) -> Iterator[tuple[int, int, range]]:
    """Yield (layer, block, its neurons) in row order."""
    for layer, shape in enumerate(architecture.layers):
        for block, start in enumerate(range(0, shape.outputs, weight_packs)):
            yield layer, block, range(start, min(start + weight_packs, shape.outputs))


def _place_free_cells(
    columns: Mapping[str, Column], architecture: Architecture, parameters: LayoutParameters, cells: CellMap
) -> None:
    """Provide table, inputs, constants, in this order, on the rows that provide no output, ascending."""
    free = np.flatnonzero(columns["q_rel"] + columns["q_sgn"] == 0)
    table, inputs, constants = np.split(
        free[: parameters.modulus + architecture.input_count + len(cells.constants)],
        [parameters.modulus, parameters.modulus + architecture.input_count],
    )
    columns["padr"][table] = TABLE
    columns["tab"][table] = np.arange(parameters.modulus)
    columns["padr"][inputs] = INPUT_START + np.arange(architecture.input_count)
    columns["q_in"][inputs] = 1
    columns["padr"][constants] = np.array(cells.constants, dtype=np.int64)
