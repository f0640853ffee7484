"""Choose layout parameters by a cost model of literal integers (docs/protocol.md section 4, `optimiser` 2).

The cost of a layout is what a whole verification costs in gas plus a price on the prover's time. Nothing is
measured when it runs, so every machine chooses the same layout. Searched are n, t, L, wa, the bus sums, and
the fewest K that fit; lam is no choice, for M = 2^lam is what the network divides by in every layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from prover.compile.architecture import Architecture
from prover.compile.cells import count_rows
from prover.compile.contract_limits import contract_refuses
from prover.compile.parameter_rules import check_bounds
from prover.compile.parameters import LayoutParameters
from prover.compile.proof_counts import FIXED_COLUMN_COUNT, ProofCounts, count_proof
from prover.errors import LayoutError

Objective = Literal["time", "gas", "balanced"]

MAX_LANES: Final = 12

#: EIP-2537, G1 multi-scalar product of k points: 12000 k discount(k) / 1000; the table for k = 1 .. 60.
G1_MSM_GAS: Final = 12_000
G1_DISCOUNT: Final = (
    1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665, 661,
    658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615, 613, 611,
    609, 608, 606, 604, 603, 601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581,
)  # fmt: skip
#: EIP-2028: a byte of calldata that is not zero.
CALLDATA_BYTE_GAS: Final = 16
#: What the contract spends beside products and calldata, fitted to 15 layouts of R1: a point, an evaluation,
#: the loops that replace straight-line code, and the powers of y that several chunks need.
POINT_GAS: Final = 700
EVALUATION_GAS: Final = 650
GENERAL_PATH_GAS: Final = 20_400
CHUNKS_GAS: Final = 2_700
#: Circuits that the contract serves without loops have at most this many weight packs and public cells.
STRAIGHT_WEIGHT_PACKS: Final = 4
STRAIGHT_PUBLIC: Final = 48
#: Processor time, in microseconds, of a product of full-width scalars with 1024 and with 4096 terms; the cost
#: of any other is on the straight line through the two.
SHORT_PRODUCT: Final = 1024
LONG_PRODUCT: Final = 4096
SHORT_PRODUCT_MICROS: Final = 14_500
LONG_PRODUCT_MICROS: Final = 47_000
#: Processor time, in nanoseconds, of a term of a small-valued column.
SMALL_TERM_NANOS: Final = 600
#: The prover's field work a coset point and a column: its transform and its share of the constraints.
COSET_POINT_NANOS: Final = 300
#: The prover's field work a cell of a weight column: theta^k s, once in coefficients and once in values.
WEIGHT_CELL_NANOS: Final = 150
#: What a millisecond of proving is worth in a balance, and what gas a microsecond is worth to who wants time.
GAS_PER_MILLISECOND: Final = 100
GAS_PER_MICROSECOND: Final = 50


@dataclass(frozen=True)
class Estimate:
    """What a layout is expected to cost."""

    gas: int  # of a verification, without what all layouts share
    prove_micros: int  # processor time of one proof, without what all layouts share


@dataclass(frozen=True)
class Candidate:
    """A layout that fits, its estimate, and the cost by the objective it was ranked for."""

    parameters: LayoutParameters
    estimate: Estimate
    cost: int
    refused_on_chain: str  # what the verifier contract has no room for, or nothing


def choose_parameters(
    architecture: Architecture,
    *,
    powers: int = 4096,
    objective: Objective = "balanced",
    off_chain: bool = False,
) -> LayoutParameters:
    """Return the cheapest parameters whose rules hold; ties go to the smallest (n, t, L, wa, K, bus sums).

    Raises: LayoutError `bounds` when no limb size helps, `rows` when the network fits no permitted n.
    """
    ranked = rank_parameters(architecture, powers=powers, objective=objective, off_chain=off_chain)
    return ranked[0].parameters


def rank_parameters(
    architecture: Architecture,
    *,
    powers: int = 4096,
    objective: Objective = "balanced",
    off_chain: bool = False,
) -> list[Candidate]:
    """Return every layout considered, the cheapest first.

    Layouts that the verifier contract refuses come after all others, unless they are `off_chain`.

    Raises: LayoutError `bounds` or `rows`, as `choose_parameters`.
    """
    check_bounds(architecture)
    candidates = []
    for parameters in _candidates(architecture, powers):
        counts = count_proof(architecture, parameters)
        found = _estimate(parameters, counts)
        refused = contract_refuses(architecture, parameters, counts)
        candidates.append(Candidate(parameters, found, _price(found, objective), refused))
    if not candidates:
        raise LayoutError("rows", f"no layout within {powers} powers has enough rows for this network")
    return sorted(
        candidates,
        key=lambda found: (
            bool(found.refused_on_chain) and not off_chain,
            found.cost,
            _order(found.parameters),
        ),
    )


def cost(architecture: Architecture, parameters: LayoutParameters, objective: Objective = "balanced") -> int:
    """Return what the objective minimises, an integer.

    gas:       gas; proving time where gas is equal
    time:      microseconds of proving, and one for each 50 gas: less than what the model can tell
    balanced:  gas + 100 gas for each millisecond of proving
    """
    return _price(estimate(architecture, parameters), objective)


def _price(found: Estimate, objective: Objective) -> int:
    if objective == "gas":
        return found.gas * 10**9 + found.prove_micros
    if objective == "time":
        return found.prove_micros + found.gas // GAS_PER_MICROSECOND
    return found.gas + GAS_PER_MILLISECOND * found.prove_micros // 1000


def estimate(architecture: Architecture, parameters: LayoutParameters) -> Estimate:
    """Simulate a layout: count points, terms and transforms, and price them by the literals above."""
    return _estimate(parameters, count_proof(architecture, parameters))


def _estimate(parameters: LayoutParameters, counts: ProofCounts) -> Estimate:
    n, t, lanes = parameters.rows, parameters.pack_columns, parameters.lanes
    points, degree = counts.product_points, counts.degree_bound
    gas = (
        G1_MSM_GAS * points * _discount(points) // 1000
        + CALLDATA_BYTE_GAS * counts.proof_bytes
        + POINT_GAS * points
        + EVALUATION_GAS * counts.evaluations
        + CHUNKS_GAS * (counts.chunks > 1)
    )
    if takes_loops(parameters, counts):
        gas += GENERAL_PATH_GAS
    # F; T in its chunks; W and W', as long as the longest claim: a pack, or the chunks of T folded into one
    longest = max(t * (n + 4), min(degree + 1, parameters.powers))
    full_terms = counts.sum_columns * n + degree + 1 + 2 * longest
    nanos = _products_nanos(3 + counts.chunks, full_terms)
    nanos += SMALL_TERM_NANOS * (lanes + 2) * n
    columns = lanes + 2 + parameters.weight_lanes + counts.sum_columns
    nanos += COSET_POINT_NANOS * (1 << degree.bit_length()) * columns
    nanos += WEIGHT_CELL_NANOS * parameters.weight_lanes * parameters.weight_packs * n
    return Estimate(gas, nanos // 1000)


def takes_loops(parameters: LayoutParameters, counts: ProofCounts) -> bool:
    """Tell whether the contract serves a layout with loops: several packs of a kind, or many terms."""
    packs = counts.witness_packs + counts.fixed_packs + counts.chunks
    return packs > 3 or parameters.weight_packs > STRAIGHT_WEIGHT_PACKS or counts.public > STRAIGHT_PUBLIC


def _products_nanos(products: int, terms: int) -> int:
    """Price some products of full-width scalars that have so many terms together."""
    slope = 1000 * (LONG_PRODUCT_MICROS - SHORT_PRODUCT_MICROS) // (LONG_PRODUCT - SHORT_PRODUCT)
    return 1000 * SHORT_PRODUCT_MICROS * products + slope * (terms - SHORT_PRODUCT * products)


def _candidates(architecture: Architecture, powers: int) -> Iterator[LayoutParameters]:
    """Yield every parameter set whose rules hold, with the fewest weight packs that fit its rows."""
    fewest = cache(lambda rows, lanes, width: _fewest_packs(architecture, rows, lanes, width))
    for log_rows in range(1, 33):
        rows = 1 << log_rows
        for pack_columns in range(2, powers // (rows + 4) + 1):
            if pack_columns > FIXED_COLUMN_COUNT + MAX_LANES:
                break
            for lanes in range(6, MAX_LANES + 1):
                for weight_lanes in range(1, min(lanes, pack_columns) + 1):
                    packs = fewest(rows, lanes, weight_lanes)
                    if packs is None:
                        continue
                    for bus_sums in range(1, min(2, pack_columns - 1) + 1):
                        yield LayoutParameters(
                            rows,
                            pack_columns,
                            lanes,
                            weight_lanes,
                            packs,
                            architecture.shift_bits,
                            powers,
                            bus_sums,
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
        parameters.bus_sums,
    )
