"""Measure what the layout optimiser gains over one fixed layout, and re-measure its constants."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prover.compile.architecture import Architecture
    from prover.compile.cost_model import Objective
    from prover.compile.parameters import LayoutParameters

#: Widths and shift bits: narrow, square, wide at the input, deep, wide at the output, large.
SHAPES: Final = (
    ((8, 8, 1), 7),
    ((32, 32, 16, 1), 7),
    ((64, 16, 1), 7),
    ((16, 16, 16, 16, 1), 7),
    ((16, 32, 8), 7),
    ((32, 64, 32, 1), 8),
    ((64, 128, 64, 1), 8),
)
#: The fixed layout: rows, lanes and weight lanes of R2, which every shape fits; K as few as possible.
FIXED_ROWS, FIXED_PACK_COLUMNS, FIXED_LANES, FIXED_WEIGHT_LANES = 1024, 3, 6, 3


def fixed_parameters(architecture: Architecture) -> LayoutParameters:
    """Return the fixed layout with the fewest weight packs that fit.

    Raises: prover.errors.LayoutError `rows` when the network does not fit it.
    """
    from prover.compile.cost_model import rank_parameters
    from prover.errors import LayoutError

    fixed = (FIXED_ROWS, FIXED_PACK_COLUMNS, FIXED_LANES, FIXED_WEIGHT_LANES)
    for candidate in rank_parameters(architecture, objective="gas"):
        found = candidate.parameters
        place = (found.rows, found.pack_columns, found.lanes, found.weight_lanes)
        if place == fixed and found.bus_sums == 1:
            return found
    raise LayoutError("rows", "the network does not fit the fixed layout")


def measure_layouts(objective: Objective, runs: int, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """Prove and verify every shape in the chosen and in the fixed layout, in turns, and compare.

    Raises: prover and contracts errors by name.
    """
    from agent.prover_benchmark import gas_of_verification
    from contracts.compile import compile_contract, deploy
    from contracts.node import Anvil
    from prover.compile.cost_model import choose_parameters
    from prover.compile.reference import dense_architecture, parameter_count

    rows = []
    with Anvil() as node:
        verifier = deploy(node.web3, compile_contract("Verifier"), sender=node.accounts[0])
        for widths, shift_bits in SHAPES:
            architecture = dense_architecture(widths, shift_bits)
            name = "-".join(map(str, widths))
            progress(f"{name}: chosen and fixed layout, {runs} proofs each")
            trials = {
                "chosen": Trial(architecture, choose_parameters(architecture, objective=objective)),
                "fixed": Trial(architecture, fixed_parameters(architecture)),
            }
            for _ in range(runs + 1):
                for trial in trials.values():
                    trial.prove()
            row: dict[str, Any] = {"widths": name, "params": parameter_count(architecture)}
            for label, trial in trials.items():
                row[f"{label}_layout"] = trial.describe()
                row[f"{label}_prove_seconds"] = trial.median_seconds()
                row[f"{label}_verify_tx_gas"] = gas_of_verification(node, verifier, *trial.last())
            row["time_ratio"] = round(row["fixed_prove_seconds"] / row["chosen_prove_seconds"], 2)
            row["gas_ratio"] = round(row["fixed_verify_tx_gas"] / row["chosen_verify_tx_gas"], 3)
            rows.append(row)
    return rows


class Trial:
    """One committed network in one layout, proven again and again."""

    def __init__(self, architecture: Architecture, parameters: LayoutParameters) -> None:
        from prover.compile.demo_weights import random_weights
        from prover.compile.layout import build_layout
        from prover.protocol.prove import Prover
        from prover.protocol.proving_key import build_proving_key
        from prover.protocol.registration import register

        proving_key = build_proving_key(build_layout(architecture, parameters))
        strategy, _ = register(proving_key, random_weights(architecture, 1))
        self.parameters = parameters
        self.prover = Prover.of(proving_key, strategy)
        self.inputs = tuple((index * 379) % 4001 - 2000 for index in range(architecture.input_count))
        self.seconds: list[float] = []
        self.outputs: tuple[int, ...] = ()
        self.proof = b""

    def prove(self) -> None:
        started = time.perf_counter()
        self.outputs, self.proof = self.prover.prove(bytes(32), self.inputs)
        self.seconds.append(time.perf_counter() - started)

    def median_seconds(self) -> float:
        """Return the median without the first, which warms up."""
        return round(statistics.median(self.seconds[1:]), 4)

    def last(self) -> tuple[bytes, bytes, bytes, tuple[int, ...], bytes]:
        """Return key, commitment, context, public integers and proof of the last run."""
        key = self.prover.proving_key.key.to_bytes()
        return key, self.prover.commitment, bytes(32), (*self.inputs, *self.outputs), self.proof

    def describe(self) -> str:
        found = self.parameters
        return (
            f"n={found.rows} t={found.pack_columns} L={found.lanes} wa={found.weight_lanes}"
            f" K={found.weight_packs} lam={found.limb_bits} sums={found.bus_sums}"
        )


def measure_constants() -> dict[str, Any]:
    """Measure again what the literals of prover/compile/cost_model.py say, beside the literals.

    Processor time of all threads, the least of several runs, so that other work on the machine counts little.
    The optimiser never reads a measurement: changing a literal is a commit.
    """
    import secrets

    import numpy as np

    from prover.ceremony import load_ceremony
    from prover.compile import cost_model
    from prover.field import SCALAR_MODULUS
    from prover.kernel import default_kernel

    kernel, rows = default_kernel(), 256
    short, long = cost_model.SHORT_PRODUCT, cost_model.LONG_PRODUCT
    points = kernel.points(load_ceremony().powers_g1)
    few = kernel.slice_points(points, 0, short)
    full = kernel.vector([secrets.randbelow(SCALAR_MODULUS) for _ in range(long)])
    fewer = kernel.segment(full, 0, short)
    small = np.random.default_rng(1).integers(0, 2**7, long)
    column = kernel.segment(full, 0, rows)
    cells = small[:rows]

    def micros(action: Callable[[], object]) -> float:
        action()
        least = float("inf")
        for _ in range(15):
            started = time.process_time()
            action()
            least = min(least, time.process_time() - started)
        return least * 1e6

    def constraint_share() -> None:
        # a column's share of the constraints: about five products a point
        for _ in range(5):
            kernel.mul(full, full)

    column_micros = micros(lambda: kernel.coset_ntt(column, long, 7)) + micros(constraint_share)
    cell_micros = micros(lambda: kernel.axpy(column, 3, kernel.from_int64(cells)))
    measured = {
        "short_product_micros": (cost_model.SHORT_PRODUCT_MICROS, micros(lambda: kernel.msm(few, fewer))),
        "long_product_micros": (cost_model.LONG_PRODUCT_MICROS, micros(lambda: kernel.msm(points, full))),
        "small_term_nanos": (
            cost_model.SMALL_TERM_NANOS,
            micros(lambda: kernel.msm_small(points, small)) * 1000 / long,
        ),
        "coset_point_nanos": (cost_model.COSET_POINT_NANOS, column_micros * 1000 / long),
        "weight_cell_nanos": (cost_model.WEIGHT_CELL_NANOS, 2 * cell_micros * 1000 / rows),
    }
    return {
        name: {"literal": literal, "measured": round(found, 2)} for name, (literal, found) in measured.items()
    }
