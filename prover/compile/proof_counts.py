"""What a proof in a layout consists of, counted from the public files alone (docs/protocol.md section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prover.compile.architecture import Architecture
from prover.compile.cells import ceil_div, map_cells
from prover.compile.parameters import LayoutParameters

FIXED_COLUMN_COUNT: Final = 9


@dataclass(frozen=True)
class ProofCounts:
    """Packs, chunks, points and evaluations of one layout."""

    public: int  # |pub|
    witness_packs: int  # a
    fixed_packs: int  # f
    sum_columns: int  # phi, e and, with two bus sums, g
    degree_bound: int  # D
    chunks: int  # c
    evaluations: int  # scalars of message 4
    proof_bytes: int
    product_points: int  # of the verifier's multi-scalar product


def count_proof(architecture: Architecture, parameters: LayoutParameters) -> ProofCounts:
    """Count: a = ceil((L + 2) / t), f = ceil(9 / t), D = (L - h + 1) n + L - h + 4, c as D and N say."""
    lanes, width, powers = parameters.lanes, parameters.pack_columns, parameters.powers
    witness_packs, fixed_packs = ceil_div(lanes + 2, width), ceil_div(FIXED_COLUMN_COUNT, width)
    factors = lanes - (lanes // 2 if parameters.bus_sums == 2 else 0)
    degree = (factors + 1) * parameters.rows + factors + 4
    chunks = 1 if degree < powers else ceil_div(degree + 1, powers - 1)
    sum_columns = 1 + parameters.bus_sums
    evaluations = lanes + 2 + parameters.weight_lanes + FIXED_COLUMN_COUNT + 2 * sum_columns
    return ProofCounts(
        public=map_cells(architecture, parameters).public_count,
        witness_packs=witness_packs,
        fixed_packs=fixed_packs,
        sum_columns=sum_columns,
        degree_bound=degree,
        chunks=chunks,
        evaluations=evaluations,
        proof_bytes=96 * (witness_packs + chunks + 4) + 32 * evaluations,
        product_points=witness_packs + parameters.weight_packs + fixed_packs + chunks + 5,
    )
