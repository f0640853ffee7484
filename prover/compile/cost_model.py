"""Choose layout parameters by a cost model of literal integers (docs/protocol.md section 4, `optimiser` 1).

The cost of a layout is what a whole verification costs in gas plus a price on the prover's time. Nothing is
measured when it runs, so every machine chooses the same layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from prover.compile.architecture import Architecture
from prover.compile.cells import ceil_div, count_rows
from prover.compile.parameter_rules import check_bounds
from prover.compile.parameters import LayoutParameters
from prover.errors import LayoutError

Objective = Literal["time", "gas", "balanced"]

FIXED_COLUMN_COUNT: Final = 9
MAX_LANES: Final = 12

#: EIP-2537, G1 multi-scalar product of k points: 12000 k discount(k) / 1000; the table for k = 1 .. 32.
G1_MSM_GAS: Final = 12_000
G1_DISCOUNT: Final = (
    1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677,
    673, 669, 665, 661, 658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627,
)  # fmt: skip
#: EIP-2028: a byte of calldata that is not zero.
CALLDATA_BYTE_GAS: Final = 16
#: Hashing, copying and arithmetic for one point or one evaluation in the contract: what the
#: measured 287,520 and 288,986 gas of two R1 layouts leave between them after products and calldata.
HANDLING_GAS: Final = 650
#: Prover time of a product in microseconds, a full-width term: 145 ms were measured for R1's 7,000 terms.
FULL_TERM_MICROS: Final = 20
#: The same for a term of a small-valued column: 5 ms were measured for 4,096 terms of 16 bits.
SMALL_TERM_MICROS: Final = 1
#: The prover's field work a coset point and a column, in nanoseconds: 25 ms for 12 columns on 2,048 points.
COSET_POINT_NANOS: Final = 1000
#: What a millisecond of proving is worth.
GAS_PER_MILLISECOND: Final = 100


@dataclass(frozen=True)
class Estimate:
    """What a layout is expected to cost."""

    gas: int  # of a verification, without what all layouts share
    prove_micros: int  # of one proof


@dataclass(frozen=True)
class Candidate:
    """A layout that fits, its estimate, and the cost by the objective it was ranked for."""

    parameters: LayoutParameters
    estimate: Estimate
    cost: int


def choose_parameters(
    architecture: Architecture, *, powers: int = 4096, objective: Objective = "balanced"
) -> LayoutParameters:
    """Return the cheapest parameters whose rules hold; ties go to the smallest (n, t, L, wa, K).

    Raises: LayoutError `bounds` when no limb size helps, `rows` when the network fits no permitted n.
    """
    return rank_parameters(architecture, powers=powers, objective=objective)[0].parameters


def rank_parameters(
    architecture: Architecture, *, powers: int = 4096, objective: Objective = "balanced"
) -> list[Candidate]:
    """Return every layout considered, the cheapest first.

    Raises: LayoutError `bounds` or `rows`, as `choose_parameters`.
    """
    check_bounds(architecture)
    candidates = [
        Candidate(parameters, estimate(parameters), cost(parameters, objective))
        for parameters in _candidates(architecture, powers)
    ]
    if not candidates:
        raise LayoutError("rows", f"no layout within {powers} powers has enough rows for this network")
    return sorted(candidates, key=lambda candidate: (candidate.cost, _order(candidate.parameters)))


def cost(parameters: LayoutParameters, objective: Objective = "balanced") -> int:
    """Return what the objective minimises, an integer.

    gas:       gas; proving time where gas is equal
    time:      microseconds of proving; gas where they are equal
    balanced:  gas + 100 gas for each millisecond of proving
    """
    found = estimate(parameters)
    if objective == "gas":
        return found.gas * 10**9 + found.prove_micros
    if objective == "time":
        return found.prove_micros * 10**9 + found.gas
    return found.gas + GAS_PER_MILLISECOND * found.prove_micros // 1000


def estimate(parameters: LayoutParameters) -> Estimate:
    """Simulate a layout: count points, terms and transforms, and price them by the literals above."""
    n, t, lanes = parameters.rows, parameters.pack_columns, parameters.lanes
    witness_packs = ceil_div(lanes + 2, t)
    fixed_packs = ceil_div(FIXED_COLUMN_COUNT, t)
    degree = (lanes + 1) * n + lanes + 4
    chunks = 1 if degree < parameters.powers else ceil_div(degree + 1, parameters.powers - 1)
    proof_points = witness_packs + chunks + 4
    points = proof_points + parameters.weight_packs + fixed_packs + 1
    evaluations = lanes + 2 + parameters.weight_lanes + FIXED_COLUMN_COUNT + 4
    gas = (
        G1_MSM_GAS * points * _discount(points) // 1000
        + CALLDATA_BYTE_GAS * (96 * proof_points + 32 * evaluations)
        + HANDLING_GAS * (points + evaluations)
    )
    full_terms = 2 * n + degree + 2 * max(t * (n + 4), degree)
    small_terms = (lanes + 2) * n
    micros = FULL_TERM_MICROS * full_terms + SMALL_TERM_MICROS * small_terms
    micros += COSET_POINT_NANOS * (1 << degree.bit_length()) * (lanes + 2 + parameters.weight_lanes) // 1000
    return Estimate(gas, micros)


def _candidates(architecture: Architecture, powers: int) -> Iterator[LayoutParameters]:
    """Yield every parameter set whose rules hold, with the fewest weight packs that fit its rows."""
    for log_rows in range(1, 33):
        rows = 1 << log_rows
        for pack_columns in range(2, powers // (rows + 4) + 1):
            if pack_columns > FIXED_COLUMN_COUNT + MAX_LANES:
                break
            for lanes in range(6, MAX_LANES + 1):
                for weight_lanes in range(1, min(lanes, pack_columns) + 1):
                    packs = _fewest_packs(architecture, rows, lanes, weight_lanes)
                    if packs is not None:
                        yield LayoutParameters(
                            rows, pack_columns, lanes, weight_lanes, packs, architecture.shift_bits, powers
                        )


def _fewest_packs(architecture: Architecture, rows: int, lanes: int, weight_lanes: int) -> int | None:
    """Return the smallest K that fits; more packs never take more rows."""
    low, high = 1, max(layer.outputs for layer in architecture.layers)

    def fits(packs: int) -> bool:
        trial = LayoutParameters(rows, 2, lanes, weight_lanes, packs, architecture.shift_bits)
        return count_rows(architecture, trial).needed <= rows

    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _discount(points: int) -> int:
    """Return the discount of k points; beyond the table its last entry, a little too dear."""
    return G1_DISCOUNT[min(points, len(G1_DISCOUNT)) - 1]


def _order(parameters: LayoutParameters) -> tuple[int, ...]:
    return (
        parameters.rows,
        parameters.pack_columns,
        parameters.lanes,
        parameters.weight_lanes,
        parameters.weight_packs,
    )
