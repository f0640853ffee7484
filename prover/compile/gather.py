"""Index arrays that turn cell values into witness columns, computed once a layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from prover.compile.cells import IDLE, TABLE

if TYPE_CHECKING:
    from prover.compile.layout import Layout

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerRows:
    """Rows of one layer."""

    dot_rows: Index  # [blocks, groups]
    close_rows: Index  # [outputs]


@dataclass(frozen=True, eq=False)
class GatherPlan:
    """Everything about the witness that depends on the layout alone."""

    fetch_rows: Index  # [F] public and dot rows
    fetch_addresses: Index  # [L, F]
    check_rows: Index  # [n - F] rows whose lanes are range checked
    table_rows: Index  # [M] row that provides the table value i
    input_rows: Index  # [n_in]
    layers: tuple[LayerRows, ...]
    requantisation_rows: Index  # every requantisation row, ascending
    cell_fetches: Index  # [n] how often the cell provided by a row is fetched by public and dot rows
    address_count: int  # one more than the highest address in use
    input_low: Index  # [n_in] declared bounds
    input_high: Index  # [n_in]


def build_gather_plan(layout: Layout) -> GatherPlan:
    """Read the index arrays off the columns."""
    lanes = layout.parameters.lanes
    fetching = (layout.q_dot + layout.q_pub) != 0
    fetch_rows = np.flatnonzero(fetching)
    fetch_addresses = layout.base[fetch_rows] + np.arange(lanes, dtype=np.int64)[:, None]
    cells = np.flatnonzero((layout.padr != TABLE) & (layout.padr != IDLE))
    address_count = 1 + int(max(fetch_addresses.max(), layout.padr[cells].max()))
    fetches = np.bincount(fetch_addresses.reshape(-1), minlength=address_count)
    cell_fetches = np.zeros(layout.parameters.rows, dtype=np.int64)
    cell_fetches[cells] = fetches[layout.padr[cells]]
    table = np.flatnonzero(layout.padr == TABLE)
    inputs = np.flatnonzero(layout.q_in)
    bounds = np.array(layout.architecture.input_bounds, dtype=np.int64)
    layers = []
    for index in range(len(layout.architecture.layers)):
        segments = [segment for segment in layout.segments if segment.layer == index]
        layers.append(
            LayerRows(
                np.array([segment.dot_rows for segment in segments], dtype=np.int64),
                np.concatenate([np.asarray(segment.close_rows, dtype=np.int64) for segment in segments]),
            )
        )
    return GatherPlan(
        fetch_rows=fetch_rows,
        fetch_addresses=fetch_addresses,
        check_rows=np.flatnonzero(~fetching),
        table_rows=table[np.argsort(layout.tab[table], kind="stable")],
        input_rows=inputs[np.argsort(layout.padr[inputs], kind="stable")],
        layers=tuple(layers),
        requantisation_rows=np.flatnonzero(layout.q_rel + layout.q_sgn),
        cell_fetches=cell_fetches,
        address_count=address_count,
        input_low=bounds[:, 0],
        input_high=bounds[:, 1],
    )
