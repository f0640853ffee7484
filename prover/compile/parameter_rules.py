"""Layout rules that follow from the public files alone, without columns (docs/protocol.md section 5.3)."""

from __future__ import annotations

from typing import Final

from prover.compile.architecture import Architecture
from prover.compile.cells import count_rows
from prover.compile.parameters import LayoutParameters
from prover.errors import LayoutError
from prover.field import SCALAR_MODULUS as R

MAX_BUS_SUMS: Final = 2
SUPPORTED_OPTIMISER: Final = 2
MAX_LIMB_BITS: Final = 12


def check_parameters(architecture: Architecture, parameters: LayoutParameters) -> None:
    """Rule `parameters`: n = 2^k, t (n + 4) <= N, L >= 6, wa <= min(L, t), lam = shift_bits, 4 M^4 < r."""
    n, t, lanes, weight_lanes = (
        parameters.rows,
        parameters.pack_columns,
        parameters.lanes,
        parameters.weight_lanes,
    )
    conditions = (
        (2 <= n <= 2**32 and n & (n - 1) == 0, "rows must be 2^k with 1 <= k <= 32"),
        (lanes >= 6, "lanes must be at least 6"),
        (1 <= weight_lanes <= min(lanes, t), "weight_lanes must lie in [1, min(lanes, pack_columns)]"),
        (t >= 2, "pack_columns must be at least 2"),
        (t * (n + 4) <= parameters.powers, "pack_columns (rows + 4) must not exceed powers"),
        (parameters.weight_packs >= 1, "weight_packs must be at least 1"),
        (1 <= parameters.limb_bits <= MAX_LIMB_BITS, f"limb_bits must lie in [1, {MAX_LIMB_BITS}]"),
        (parameters.limb_bits == architecture.shift_bits, "limb_bits must equal shift_bits"),
        (1 <= parameters.bus_sums <= MAX_BUS_SUMS, f"bus_sums must be 1 or {MAX_BUS_SUMS}"),
        (t > parameters.bus_sums, "pack_columns must hold phi, e and, with two bus sums, the helper"),
        (parameters.optimiser == SUPPORTED_OPTIMISER, f"optimiser must be {SUPPORTED_OPTIMISER}"),
    )
    for holds, detail in conditions:
        if not holds:
            raise LayoutError("parameters", detail)
    if 4 * parameters.modulus**4 >= R:
        raise LayoutError("parameters", "4 M^4 must be below r")


def check_bounds(architecture: Architecture) -> None:
    """Rule R4 `bounds`: V_l < M^4/2 - M for every layer."""
    modulus = 1 << architecture.shift_bits
    limit = modulus**4 // 2 - modulus
    for index, accumulator in enumerate(architecture.value_bounds().accumulators):
        if accumulator >= limit:
            detail = f"layer {index} can reach {accumulator}, the limbs hold less than {limit}"
            raise LayoutError("bounds", detail)


def check_row_counts(architecture: Architecture, parameters: LayoutParameters) -> None:
    """Rule `rows`, by arithmetic: refuse before anything is allocated."""
    if parameters.lanes > parameters.rows:
        raise LayoutError(
            "rows", f"the cells that {parameters.lanes} lanes read do not fit {parameters.rows} rows"
        )
    counts = count_rows(architecture, parameters)
    require_rows(parameters.rows, counts.accumulator, counts.requantisation, counts.provided_freely)


def require_rows(rows: int, accumulator: int, requantisation: int, freely: int) -> None:
    """Refuse row counts that do not fit: accumulator rows <= n - 1, enough rows that provide no output."""
    if accumulator > rows - 1:
        raise LayoutError("rows", f"{accumulator} accumulator rows, at most {rows - 1} fit")
    free = rows - requantisation
    if freely > free:
        raise LayoutError("rows", f"table, inputs and constants need {freely} free rows, there are {free}")
