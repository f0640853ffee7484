"""Measure again, on a local chain, the gas that the layout cost model's literals stand for.

The price of a product and of a byte of calldata are the chain's, and are read off single transactions. What
the contract spends beside those two is fitted to whole verifications of R1 in fifteen layouts:

    gas - product(k) - calldata byte * proof bytes = base + point k + evaluation e + general g + chunks c

with k points, e evaluations, g = 1 where the contract works with loops, c = 1 where T has several chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.errors import BenchmarkError

if TYPE_CHECKING:
    from contracts.node import Anvil

#: n, t, L, wa, K and bus sums: 9 to 21 points, 25 to 35 evaluations, with and without loops and chunks.
FIT_LAYOUTS: Final = (
    (256, 9, 6, 4, 2, 1),
    (256, 10, 8, 8, 1, 1),
    (256, 12, 10, 6, 2, 1),
    (256, 9, 6, 4, 4, 1),
    (256, 14, 12, 8, 1, 1),
    (256, 10, 8, 4, 2, 2),
    (256, 12, 10, 8, 3, 2),
    (256, 5, 6, 4, 2, 1),
    (256, 4, 6, 4, 2, 2),
    (256, 3, 6, 3, 8, 1),
    (256, 13, 11, 2, 10, 2),
    (512, 7, 7, 4, 2, 1),
    (512, 5, 9, 5, 4, 1),
    (512, 7, 9, 7, 2, 2),
    (512, 4, 8, 2, 8, 1),
)
FITTED: Final = ("point_gas", "evaluation_gas", "general_path_gas", "chunks_gas")
TRANSACTION_GAS: Final = 21_000
ZERO_BYTE_GAS: Final = 4  # EIP-2028
GAS_LIMIT: Final = 5_000_000
G1_MSM: Final = "0x000000000000000000000000000000000000000C"
EXTRA_BYTES: Final = 512


@dataclass(frozen=True)
class Verification:
    """What one verification consists of, and its whole gas, a zero byte of its proof counted as any other."""

    points: int
    evaluations: int
    proof_bytes: int
    loops: bool
    chunks: bool
    gas: int


@dataclass(frozen=True)
class Fit:
    """Gas of each part by least squares, and the largest difference that is left."""

    found: dict[str, float]
    residual: float


def measure_gas_constants(progress: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Measure the gas literals of prover/compile/cost_model.py, beside the literals.

    Raises: BenchmarkError when a transaction fails; prover and contracts errors by name.
    """
    from contracts.node import Anvil
    from prover.compile import cost_model

    with Anvil() as node:
        progress("products of 1 to 60 points")
        products = [product_gas(node, points) for points in range(1, len(cost_model.G1_DISCOUNT) + 1)]
        rows, byte_gas = _verifications(node, progress)
    discounts = [round(1000 * gas / (products[0] * points)) for points, gas in enumerate(products, start=1)]
    alike = sum(abs(a - b) <= 1 for a, b in zip(discounts, cost_model.G1_DISCOUNT, strict=True))
    fit = fit_verifications(rows, products, byte_gas)
    progress(f"largest residual of the fit: {fit.residual:.0f} gas in {len(rows)} layouts")
    literals = {
        "point_gas": cost_model.POINT_GAS,
        "evaluation_gas": cost_model.EVALUATION_GAS,
        "general_path_gas": cost_model.GENERAL_PATH_GAS,
        "chunks_gas": cost_model.CHUNKS_GAS,
    }
    beside = {
        "g1_msm_gas": (cost_model.G1_MSM_GAS, products[0]),
        "g1_discount_entries": (len(cost_model.G1_DISCOUNT), alike),
        "calldata_byte_gas": (cost_model.CALLDATA_BYTE_GAS, byte_gas),
        **{name: (literals[name], fit.found[name]) for name in FITTED},
    }
    return {
        name: {"literal": literal, "measured": round(found, 2)} for name, (literal, found) in beside.items()
    }


def fit_verifications(rows: Sequence[Verification], products: Sequence[int], byte_gas: float) -> Fit:
    """Fit what the contract spends beside products and calldata; `products[k - 1]` is that of k points."""
    import numpy as np

    parts = np.array([[1, row.points, row.evaluations, row.loops, row.chunks] for row in rows], dtype=float)
    rest = np.array([row.gas - products[row.points - 1] - byte_gas * row.proof_bytes for row in rows])
    solution = np.linalg.lstsq(parts, rest, rcond=None)[0]
    residual = float(np.abs(parts @ solution - rest).max())
    return Fit(dict(zip(FITTED, map(float, solution[1:]), strict=True)), residual)


def product_gas(node: Anvil, points: int) -> int:
    """Return what the chain's precompile takes for a product of so many points."""
    from prover.kernel import GENERATOR_G1

    padded = bytes(16) + GENERATOR_G1[:48] + bytes(16) + GENERATOR_G1[48:]
    data = (padded + b"\xff" * 32) * points
    return _gas_of(node, G1_MSM, data) - TRANSACTION_GAS - _calldata_gas(data)


def _verifications(node: Anvil, progress: Callable[[str], None]) -> tuple[list[Verification], float]:
    """Verify R1 in every layout; return the rows, and the gas of a byte more of calldata."""
    from agent.layout_benchmark import Trial
    from contracts.compile import compile_contract, deploy
    from contracts.registration import deploy_data_contract
    from prover.compile.cost_model import takes_loops
    from prover.compile.parameters import LayoutParameters
    from prover.compile.proof_counts import count_proof
    from prover.compile.reference import SHIFT_BITS, reference_architecture

    verifier = deploy(node.web3, compile_contract("Verifier"), sender=node.accounts[0])
    architecture = reference_architecture("r1")
    rows, byte_gas = [], 0.0
    for number, (n, t, lanes, wa, packs, sums) in enumerate(FIT_LAYOUTS, start=1):
        parameters = LayoutParameters(n, t, lanes, wa, packs, SHIFT_BITS["r1"], bus_sums=sums)
        trial = Trial(architecture, parameters)
        progress(f"verification {number} of {len(FIT_LAYOUTS)}: {trial.describe()}")
        trial.prove()
        key, commitment, context, public, proof = trial.last()
        strategy = deploy_data_contract(node.web3, key, commitment, sender=node.accounts[0])
        call = verifier.functions.verify(strategy, context, list(public), proof)
        data = bytes.fromhex(call._encode_transaction_data().removeprefix("0x"))
        gas = _gas_of(node, verifier.address, data)
        if not byte_gas:  # the contract reads nothing behind its arguments
            byte_gas = (_gas_of(node, verifier.address, data + b"\xff" * EXTRA_BYTES) - gas) / EXTRA_BYTES
        found = count_proof(architecture, parameters)
        whole = gas + round((byte_gas - ZERO_BYTE_GAS) * proof.count(0))
        rows.append(
            Verification(
                found.product_points,
                found.evaluations,
                found.proof_bytes,
                takes_loops(parameters, found),
                found.chunks > 1,
                whole,
            )
        )
    return rows, byte_gas


def _gas_of(node: Anvil, target: str, data: bytes) -> int:
    from web3.types import TxParams

    transaction: TxParams = {
        "from": node.accounts[0],
        "to": node.web3.to_checksum_address(target),
        "data": data,
        "gas": GAS_LIMIT,
    }
    receipt: Any = node.web3.eth.wait_for_transaction_receipt(node.web3.eth.send_transaction(transaction))
    if receipt["status"] != 1:
        raise BenchmarkError(f"a call of {target} with {len(data)} bytes failed")
    return int(receipt["gasUsed"])


def _calldata_gas(data: bytes) -> int:
    """EIP-2028: 4 a zero byte, 16 another."""
    zeros = data.count(0)
    return ZERO_BYTE_GAS * zeros + 16 * (len(data) - zeros)
