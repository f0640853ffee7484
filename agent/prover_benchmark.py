"""Measure the prover, one network a process, and what its proofs cost to verify (`provault bench prover`).

The parent writes each network as ONNX and commits to it; a child process (agent/prover_benchmark_child.py)
proves and verifies; the parent verifies the last proof with py_ecc and on a node, and measures the peer.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import AgentError, BenchmarkError

if TYPE_CHECKING:
    from agent.benchmark_models import BenchmarkModel
    from contracts.node import Anvil

VERIFY_GAS_LIMIT = 5_000_000
INPUT_ROWS = 64
PEER_MODELS = ("r1", "r2")
COMMAND_RUNS = 5

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One row for each network that was measured, and the names of those that failed."""

    rows: list[dict[str, Any]]
    failed: list[str]


def measure_models(
    names: Sequence[str],
    runs: int,
    progress: Progress,
    *,
    batches: Sequence[int] = (),
    peer_models: Sequence[str] = (),
) -> Measured:
    """Measure networks by name; rows of `peer_models` hold EZKL's results too.

    One that fails is told of with the reason, and the others are measured all the same.
    Raises: BenchmarkError for an unknown name or a peer that cannot be installed; contracts errors by name.
    """
    from agent.benchmark_models import benchmark_model
    from agent.benchmark_report import compared, targets_of
    from audit.errors import AuditError
    from contracts.compile import compile_contract, deploy
    from contracts.errors import ContractsError
    from contracts.node import Anvil
    from prover.errors import ProverError

    models = [benchmark_model(name) for name in names]
    environment = None
    if peer_models:
        from agent import ezkl_environment

        environment = ezkl_environment.prepare(progress)
    rows, failed, peers = [], [], {}
    with Anvil() as node:
        verifier = deploy(node.web3, compile_contract("Verifier"), sender=node.accounts[0])
        for model in models:
            try:
                row = _measure(node, verifier, model, runs, batches, progress)
                if environment is not None and model.name in peer_models:
                    from agent.ezkl_peer import measure_peer, settings_for

                    row["peer"] = measure_peer(environment, node, model, settings_for(model), runs, progress)
                    peers[model.widths] = row["peer"]
            except (AgentError, AuditError, ContractsError, ProverError) as error:
                failed.append(model.name)
                progress(f"{model.name}: {type(error).__name__}: {error}")
                continue
            if model.widths in peers:  # the peer reads the same file, whatever layout we choose
                row["ratios"] = compared(row, peers[model.widths])
            row["targets"] = targets_of(row)
            rows.append(row)
    return Measured(rows, failed)


def _measure(
    node: Anvil,
    verifier: Any,  # noqa: ANN401
    model: BenchmarkModel,
    runs: int,
    batches: Sequence[int],
    progress: Progress,
) -> dict[str, Any]:
    from agent.benchmark_models import compile_onnx, drawn_inputs, write_onnx
    from prover.artefacts import create_strategy

    with tempfile.TemporaryDirectory(prefix="provault-bench-") as name:
        folder = Path(name)
        progress(f"{model.name}: committing to {model.params} parameters")
        inputs = drawn_inputs(model, INPUT_ROWS)
        write_onnx(model, folder / "model.onnx")
        made = compile_onnx(model, folder / "model.onnx", inputs)
        create_strategy(folder, made.architecture, made.parameters, made.weights)
        progress(f"{model.name}: proving {runs} times in a process of its own")
        row: dict[str, Any] = {
            "model": model.name,
            "params": model.params,
            "widths": "-".join(map(str, model.widths)),
            "chosen_by": model.chosen_by,
            "largest_difference": round(made.largest_difference, 4),
        }
        row |= _run_child(
            {"folder": name, "inputs": inputs.tolist(), "runs": runs, "batches": list(batches)}, model.name
        )
        row |= _measure_command(folder, inputs[0].tolist(), min(runs, COMMAND_RUNS))
        progress(f"{model.name}: verifying with py_ecc and on chain")
        row["verify_py_ecc_seconds"] = _verify_independently(folder)
        return row | _verify_on_chain(node, verifier, folder)


def _run_child(request: dict[str, Any], name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "agent.prover_benchmark_child", json.dumps(request)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        raise BenchmarkError(f"measuring {name} failed: {last}")
    row: dict[str, Any] = json.loads(finished.stdout)
    return row


def _measure_command(folder: Path, inputs: Sequence[int], runs: int) -> dict[str, float]:
    """Time what a warm `provault prove` takes beyond the proof: starting, reading, checking, writing."""
    given = {"inputs": [str(value) for value in inputs]}
    (folder / "inputs.json").write_text(json.dumps(given), "utf-8")
    command = [sys.executable, "-m", "agent", "prove", "--json", "--strategy", str(folder)]
    command += ["--input", str(folder / "inputs.json"), "--out", str(folder / "by-command.json")]
    beyond = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
        if finished.returncode != 0:
            said = finished.stdout.strip() or finished.stderr.strip()
            raise BenchmarkError(f"provault prove failed: {said}")
        beyond.append(took - json.loads(finished.stdout)["prove_seconds"])
    return {
        "command_beyond_seconds": round(statistics.median(beyond[1:]), 3),
        "command_beyond_seconds_min": round(min(beyond[1:]), 3),
    }


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
