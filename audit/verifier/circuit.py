"""The circuit of an architecture under a layout: cells, rows and fixed columns (protocol, 5.1 and 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.errors import CircuitError
from audit.verifier.architecture import Architecture
from audit.verifier.layout import LayoutParameters

TABLE_ADDRESS: Final = 0
IDLE_ADDRESS: Final = 1 << 39
CELL_LIMIT: Final = 1 << 32
FIXED_COLUMNS: Final = ("base", "padr", "tab", "q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero")

Column = tuple[int, ...]


@dataclass(frozen=True)
class Segment:
    """Locate the rows of K neurons of a layer: dot rows, then one requantisation row a neuron."""

    layer: int
    block: int
    dot_rows: range
    close_rows: range


@dataclass(frozen=True)
class Shape:
    """Count and place everything that needs no column.

    public_count : |pub|.
    output_start : address of the first output cell.
    vector_starts : address of the operand vector of every layer, then that of the outputs.
    constants : addresses of the padding and zero cells, ascending.
    used_rows : public, dot and requantisation rows together.
    """

    public_count: int
    output_start: int
    vector_starts: tuple[int, ...]
    constants: tuple[int, ...]
    used_rows: int


@dataclass(frozen=True)
class Circuit:
    """Hold a network's fixed columns, each a tuple of n integers in the order of FIXED_COLUMNS."""

    architecture: Architecture
    layout: LayoutParameters
    shape: Shape
    segments: tuple[Segment, ...]
    columns: dict[str, Column]

    def fixed_columns(self) -> list[Column]:
        """Return the nine columns in key order."""
        return [self.columns[name] for name in FIXED_COLUMNS]


def round_up(value: int, multiple: int) -> int:
    """Return the least multiple that is not below value."""
    return -(-value // multiple) * multiple


def public_cell_count(input_count: int, output_count: int, lanes: int, weight_lanes: int) -> int:
    """Return |pub| = L ceil((ceil(n_in / wa) wa + n_out) / L)."""
    return round_up(round_up(input_count, weight_lanes) + output_count, lanes)


def measure(architecture: Architecture, layout: LayoutParameters) -> Shape:
    """Place cells and count rows.

    Raises
    ------
    CircuitError : parameters, rows (the rules of section 5.3 that need no column).
    """
    fault = layout.fault()
    if fault is not None:
        raise CircuitError("parameters", fault)
    if layout.limb_bits != architecture.shift_bits:
        raise CircuitError(
            "parameters", f"lam = {layout.limb_bits} is not shift_bits = {architecture.shift_bits}"
        )
    lanes, width, packs = layout.lanes, layout.weight_lanes, layout.weight_packs
    if lanes > layout.rows:
        raise CircuitError("rows", f"{lanes} lanes fetch more public cells than {layout.rows} rows provide")
    input_count, output_count = architecture.input_count, architecture.output_count
    public_count = public_cell_count(input_count, output_count, lanes, width)
    used_rows = public_count // lanes + sum(
        -(-layer.outputs // packs) * -(-layer.inputs // width) + layer.outputs
        for layer in architecture.layers
    )
    if used_rows > layout.rows - 1:
        raise CircuitError("rows", f"{used_rows} rows are used, {layout.rows - 1} are there")
    output_start = 1 + round_up(input_count, width)
    constants = [*range(1 + input_count, output_start), *range(output_start + output_count, 1 + public_count)]
    vector_starts = [1]
    address = 1 + public_count
    for layer in architecture.layers[:-1]:
        vector_starts.append(address)
        padded = round_up(layer.outputs, width)
        constants.extend(range(address + layer.outputs, address + padded))
        address += padded
    if width < lanes:
        constants.extend(range(address, address + lanes))
        address += lanes
    provided = layout.limb + input_count + len(constants)
    free_rows = layout.rows - sum(layer.outputs for layer in architecture.layers)
    if provided > free_rows:
        raise CircuitError("rows", f"{provided} cells to provide on {free_rows} free rows")
    return Shape(public_count, output_start, (*vector_starts, output_start), tuple(constants), used_rows)


def build_circuit(architecture: Architecture, layout: LayoutParameters) -> Circuit:
    """Fill the fixed columns row by row.

    Raises
    ------
    CircuitError : parameters, rows.
    """
    shape = measure(architecture, layout)
    count, lanes = layout.rows, layout.lanes
    columns = {name: [0] * count for name in FIXED_COLUMNS}
    columns["padr"] = [IDLE_ADDRESS] * count
    row = 0
    for i in range(shape.public_count // lanes):
        columns["base"][row] = 1 + i * lanes
        columns["q_pub"][row] = 1
        row += 1
    segments = []
    for index, layer in enumerate(architecture.layers):
        selector = "q_rel" if layer.activation == "relu" else "q_sgn"
        operand, result = shape.vector_starts[index], shape.vector_starts[index + 1]
        for block, first in enumerate(range(0, layer.outputs, layout.weight_packs)):
            start = row
            for group in range(-(-layer.inputs // layout.weight_lanes)):
                columns["base"][row] = operand + group * layout.weight_lanes
                columns["q_dot"][row] = 1
                row += 1
            middle = row
            for neuron in range(first, min(first + layout.weight_packs, layer.outputs)):
                columns["padr"][row] = result + neuron
                columns[selector][row] = 1
                row += 1
            segments.append(Segment(index, block, range(start, middle), range(middle, row)))
    for marked in (0, *(segment.dot_rows.start for segment in segments), row):
        columns["q_zero"][marked] = 1
    _provide(columns, architecture.input_count, layout.limb, shape.constants)
    return Circuit(
        architecture,
        layout,
        shape,
        tuple(segments),
        {name: tuple(column) for name, column in columns.items()},
    )


def _provide(columns: dict[str, list[int]], input_count: int, limb: int, constants: tuple[int, ...]) -> None:
    """Let the free rows, ascending, provide the table, the inputs and the constants."""
    free = (row for row, address in enumerate(tuple(columns["padr"])) if address == IDLE_ADDRESS)
    for value in range(limb):
        row = next(free)
        columns["padr"][row] = TABLE_ADDRESS
        columns["tab"][row] = value
    for address in range(1, 1 + input_count):
        row = next(free)
        columns["padr"][row] = address
        columns["q_in"][row] = 1
    for address in constants:
        columns["padr"][next(free)] = address
