"""Measure the prover, one model a process, and what its proofs cost to verify (`provault bench prover`).

The child process makes a strategy, proves and verifies, and reports its own times and peak memory; the parent
verifies the last proof with py_ecc and on a local node.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import BenchmarkError

if TYPE_CHECKING:
    from contracts.node import Anvil

KIBIBYTE = 1024
MEGABYTE = 1_000_000
VERIFY_GAS_LIMIT = 5_000_000


def measure_models(names: Sequence[str], runs: int, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """Measure reference networks by name and return one row each.

    Raises: BenchmarkError when a measurement fails; prover, audit and contracts errors by name.
    """
    from contracts.compile import compile_contract, deploy
    from contracts.node import Anvil

    rows = []
    with Anvil() as node:
        verifier = deploy(node.web3, compile_contract("Verifier"), sender=node.accounts[0])
        for name in names:
            with tempfile.TemporaryDirectory(prefix="provault-bench-") as folder:
                progress(f"{name}: proving {runs} times in its own process")
                row = _run_child(name, runs, Path(folder))
                progress(f"{name}: verifying with py_ecc and on chain")
                row["verify_py_ecc_seconds"] = _verify_independently(Path(folder))
                row |= _verify_on_chain(node, verifier, Path(folder))
                rows.append(row)
    return rows


def _run_child(name: str, runs: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "agent.prover_benchmark", name, str(runs), str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        raise BenchmarkError(f"measuring {name} failed: {last}")
    row: dict[str, Any] = json.loads(finished.stdout)
    return row


def _verify_independently(folder: Path) -> float:
    from audit.verifier.verify import verify
    from prover.artefacts import ProofFile, read_commitment

    proof = ProofFile.read(folder / "proof.json")
    commitment, _ = read_commitment(folder / "public" / "commitment.json")
    key = (folder / "public" / "key.bin").read_bytes()
    started = time.perf_counter()
    verify(key, commitment, proof.context.digest(), proof.inputs, proof.outputs, proof.proof)
    return round(time.perf_counter() - started, 4)


def _verify_on_chain(node: Anvil, verifier: Any, folder: Path) -> dict[str, int]:  # noqa: ANN401
    from prover.artefacts import ProofFile, read_commitment

    file = ProofFile.read(folder / "proof.json")
    commitment, _ = read_commitment(folder / "public" / "commitment.json")
    key = (folder / "public" / "key.bin").read_bytes()
    public = (*file.inputs, *file.outputs)
    context = file.context.digest()
    calldata = verifier.encode_abi("verify", args=[node.accounts[0], context, list(public), file.proof])
    gas = gas_of_verification(node, verifier, key, commitment, context, public, file.proof)
    return {"verify_tx_gas": gas, "calldata_bytes": (len(calldata) - 2) // 2}


def gas_of_verification(
    node: Anvil,
    verifier: Any,  # noqa: ANN401
    key: bytes,
    commitment: bytes,
    context: bytes,
    public: Sequence[int],
    proof: bytes,
) -> int:
    """Register a strategy and send one verification as a transaction; return its whole gas.

    Raises: BenchmarkError when the contract refuses the proof.
    """
    from contracts.registration import deploy_data_contract

    sender = node.accounts[0]
    strategy = deploy_data_contract(node.web3, key, commitment, sender=sender)
    call = verifier.functions.verify(strategy, context, list(public), proof)
    receipt = node.web3.eth.wait_for_transaction_receipt(
        call.transact({"from": sender, "gas": VERIFY_GAS_LIMIT})
    )
    if receipt["status"] != 1:
        raise BenchmarkError("the verifier contract refused an honest proof")
    return int(receipt["gasUsed"])


def measure_here(name: str, runs: int, folder: Path) -> dict[str, Any]:
    """Commit to a reference network in `folder`, prove `runs` times after one warm-up, and time it."""
    from prover.artefacts import ProofFile, create_strategy, load_prover
    from prover.ceremony import load_ceremony
    from prover.compile.demo_weights import random_weights
    from prover.compile.reference import LAYOUTS, parameter_count, reference_architecture
    from prover.kernel.cache import write_atomic
    from prover.protocol.key import strategy_commitment
    from prover.protocol.shape import FIXED_COLUMN_COUNT, POINT_BYTES, SCALAR_BYTES
    from prover.protocol.statement import Context
    from prover.protocol.verify import VerifierSetup

    architecture = reference_architecture(name)
    create_strategy(folder, architecture, LAYOUTS[name], random_weights(architecture, 1))
    prover = load_prover(folder)
    key = prover.proving_key.key
    kernel = prover.proving_key.kernel
    setup = VerifierSetup.load(kernel, load_ceremony(), key.to_bytes(), prover.commitment)
    context = Context()
    prove_seconds, verify_seconds = [], []
    for run, inputs in enumerate(_inputs(architecture.input_bounds, runs + 1)):
        started = time.perf_counter()
        outputs, proof = prover.prove(context.digest(), inputs)
        proved = time.perf_counter()
        setup.verify(context.digest(), inputs, outputs, proof)
        verified = time.perf_counter()
        if run > 0:
            prove_seconds.append(proved - started)
            verify_seconds.append(verified - proved)
    digest = strategy_commitment(key.digest, prover.commitment)
    file = ProofFile(key.circuit_digest, digest, context, tuple(inputs), outputs, proof)
    write_atomic(folder / "proof.json", file.to_bytes())
    shape = key.shape
    basis_bytes = shape.pack_columns * (shape.rows + 4) * POINT_BYTES
    return {
        "model": name,
        "params": parameter_count(architecture),
        "runs": runs,
        "prove_seconds": round(statistics.median(prove_seconds), 4),
        "prove_seconds_min": round(min(prove_seconds), 4),
        "prove_seconds_max": round(max(prove_seconds), 4),
        "verify_seconds": round(statistics.median(verify_seconds), 5),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE / MEGABYTE),
        "proof_bytes": len(proof),
        "proving_key_bytes": basis_bytes
        + FIXED_COLUMN_COUNT * shape.rows * SCALAR_BYTES
        + len(key.to_bytes()),
        "rows": shape.rows,
        "lanes": shape.lanes,
        "packs": shape.product_terms,
    }


def _inputs(bounds: Sequence[tuple[int, int]], count: int) -> Iterator[tuple[int, ...]]:
    """Draw inputs within their bounds from a fixed seed."""
    import random

    generator = random.Random(1)
    for _ in range(count):
        yield tuple(generator.randint(low, high) for low, high in bounds)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_here(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
