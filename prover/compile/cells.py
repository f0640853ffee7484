"""Addresses of the machine's cells and the counts that follow from them (docs/protocol.md section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prover.compile.architecture import Architecture
from prover.compile.parameters import LayoutParameters

#: Address of the range table, provided by 2^lam rows.
TABLE: Final = 0
#: Address provided by rows with nothing to provide; never fetched.
IDLE: Final = 2**39
#: Address of the first input, and so of the public vector.
INPUT_START: Final = 1


def ceil_div(numerator: int, denominator: int) -> int:
    """Return ceil(numerator / denominator) for a positive denominator."""
    return -(-numerator // denominator)


@dataclass(frozen=True)
class CellMap:
    """Where every value of a network lives.

    The public vector stands at 1 .. public_count, then the hidden vectors in layer order, each padded to a
    multiple of wa, then L zero cells if wa < L.
    """

    public_count: int  # |pub|
    output_start: int  # address of the first output
    vector_start: tuple[int, ...]  # first operand cell of every layer, then the first output cell
    vector_width: tuple[int, ...]  # values in each of these vectors, without padding
    constants: tuple[int, ...]  # addresses of padding and zero cells, ascending
    cell_count: int  # the highest address


def map_cells(architecture: Architecture, parameters: LayoutParameters) -> CellMap:
    """Allocate all cells: |pub| = L ceil((ceil(n_in / wa) wa + n_out) / L)."""
    lanes, weight_lanes = parameters.lanes, parameters.weight_lanes
    inputs, outputs = architecture.input_count, architecture.output_count
    output_start = INPUT_START + ceil_div(inputs, weight_lanes) * weight_lanes
    public_count = ceil_div(output_start - INPUT_START + outputs, lanes) * lanes
    constants = [*range(INPUT_START + inputs, output_start), *range(output_start + outputs, public_count + 1)]
    starts, free = [INPUT_START], public_count + 1
    for layer in architecture.layers[:-1]:
        padded = ceil_div(layer.outputs, weight_lanes) * weight_lanes
        constants.extend(range(free + layer.outputs, free + padded))
        starts.append(free)
        free += padded
    if weight_lanes < lanes:
        constants.extend(range(free, free + lanes))
        free += lanes
    return CellMap(
        public_count=public_count,
        output_start=output_start,
        vector_start=(*starts, output_start),
        vector_width=(inputs, *(layer.outputs for layer in architecture.layers)),
        constants=tuple(constants),
        cell_count=free - 1,
    )


@dataclass(frozen=True)
class RowCounts:
    """How many rows of each kind a network takes, and how many rows its cells need."""

    public: int
    dot: int
    requantisation: int
    provided_freely: int  # table values, inputs and constants: each needs a row that provides no output

    @property
    def accumulator(self) -> int:
        """Return the rows that carry an accumulator rule; at most n - 1 are permitted."""
        return self.public + self.dot + self.requantisation

    @property
    def needed(self) -> int:
        """Return the fewest rows that hold this network."""
        return max(self.accumulator + 1, self.requantisation + self.provided_freely)


def count_rows(architecture: Architecture, parameters: LayoutParameters) -> RowCounts:
    """Count rows without laying them out: a block of K neurons takes ceil(inputs / wa) dot rows."""
    cells = map_cells(architecture, parameters)
    dot = sum(
        ceil_div(layer.inputs, parameters.weight_lanes) * ceil_div(layer.outputs, parameters.weight_packs)
        for layer in architecture.layers
    )
    return RowCounts(
        public=cells.public_count // parameters.lanes,
        dot=dot,
        requantisation=sum(layer.outputs for layer in architecture.layers),
        provided_freely=parameters.modulus + architecture.input_count + len(cells.constants),
    )
