"""Measure EZKL on the ONNX files that provault was measured on (`provault bench prover --peer ezkl`)."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.benchmark_models import BenchmarkModel, drawn_inputs, write_onnx
from agent.ezkl_environment import EzklEnvironment
from agent.ezkl_grid import DEFAULTS, GRID, WIDE_GRID, EzklSetting

if TYPE_CHECKING:
    from contracts.node import Anvil

KIBIBYTE, MEGABYTE = 1024, 1_000_000
STAGE_SECS: Final = 1800
GAS_LIMIT: Final = 30_000_000
#: Networks above this many parameters get the short grid.
WIDE_PARAMS: Final = 10_000


def settings_for(model: BenchmarkModel) -> tuple[EzklSetting, ...]:
    """Return the defaults and the grid for a network of this size."""
    return (*DEFAULTS, *(WIDE_GRID if model.params > WIDE_PARAMS else GRID))


def measure_peer(
    environment: EzklEnvironment,
    node: Anvil,
    model: BenchmarkModel,
    settings: Sequence[EzklSetting],
    runs: int,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Measure every setting on one network; return all results, the default's and the best one's.

    The best takes the fewest processor seconds among those with committed weights, which other load on the
    machine disturbs least. It is measured again, with `runs` proofs, after the grid, which gives each one.
    """
    from strategies.quantise import read_onnx

    results = []
    with tempfile.TemporaryDirectory(prefix="provault-ezkl-") as name:
        folder = Path(name)
        write_onnx(model, folder / "model.onnx")
        inputs = drawn_inputs(model, 1)
        expected = read_onnx(folder / "model.onnx").evaluate(inputs.astype(float))[0].tolist()
        given = {"input_data": [inputs[0].astype(float).tolist()]}
        for index, setting in enumerate(settings):
            progress(f"{model.name}: EZKL {index + 1} of {len(settings)}: {setting.label}")
            counted = runs if setting.calibrated else 1
            found = _measure(environment, node, folder, given, setting, counted)
            results.append(_described(setting, found, expected))
            progress(f"{model.name}: EZKL {_in_short(results[-1])}")
        best = _fastest(results)
        if best is not None:
            setting = settings[results.index(best)]
            progress(f"{model.name}: EZKL's best setting again, {runs} times: {setting.label}")
            again = _measure(environment, node, folder, given, setting, runs)
            best = _described(setting, again, expected)
    return {
        "peer": "ezkl",
        "model": model.name,
        "default": next((found for found in results if found["label"] == DEFAULTS[0].label), None),
        "best": best,
        "results": results,
    }


def _in_short(found: dict[str, Any]) -> str:
    if "failed" in found:
        return f"failed: {found['failed']}"
    return f"took {found['prove_seconds']} s, {found['prove_cpu_seconds']} s of processor time"


def _fastest(results: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    proven = [found for found in results if "prove_seconds" in found and found["visibility"] == "polycommit"]
    return min(proven, key=lambda found: float(found["prove_cpu_seconds"]), default=None)


def _described(setting: EzklSetting, found: dict[str, Any], expected: Sequence[float]) -> dict[str, Any]:
    if "outputs" in found:
        outputs = found.pop("outputs")
        differences = [abs(value - wanted) for value, wanted in zip(outputs, expected, strict=True)]
        found["largest_difference"] = round(max(differences), 4)
    return {"label": setting.label, **asdict(setting), **found}


def _measure(
    environment: EzklEnvironment,
    node: Anvil,
    folder: Path,
    given: dict[str, Any],
    setting: EzklSetting,
    runs: int,
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        (work / "input.json").write_text(json.dumps(given), "utf-8")
        request: dict[str, Any] = {
            "folder": name,
            "model": str(folder / "model.onnx"),
            "srs_folder": str(environment.srs_folder),
            "run_args": setting.run_args,
            "calibrate": setting.calibrated,
            "runs": runs,
        }
        made = environment.run({**request, "stage": "setup"}, work, STAGE_SECS)
        if "error" in made:
            return {"failed": f"set-up: {made['error']}"}
        used = made.pop("used")
        request["logrows"] = made["logrows"]
        proven = environment.run({**request, "stage": "prove"}, work, STAGE_SECS)
        if "error" in proven:
            return {**made, "failed": f"proving: {proven['error']}"}
        calldata = bytes.fromhex(proven.pop("calldata"))
        row = {
            **made,
            "used": {name: used[name] for name in ("decomp_base", "decomp_legs", "num_inner_cols", "logrows")}
            | {name: used[name] for name in ("input_scale", "param_scale")},
            "runs": runs,
            "prove_seconds": round(statistics.median(proven["prove"]), 4),
            "prove_seconds_min": round(min(proven["prove"]), 4),
            "prove_cpu_seconds": round(statistics.median(proven["prove_cpu"]), 4),
            "witness_seconds": round(statistics.median(proven["witness"]), 4),
            "verify_seconds": round(statistics.median(proven["verify"]), 5),
            "peak_rss_mb": round(proven["peak_rss_kib"] * KIBIBYTE / MEGABYTE),
            "proof_bytes": proven["proof_bytes"],
            "calldata_bytes": len(calldata),
            "outputs": proven["outputs"],
        }
        return row | _on_chain(environment, node, request, work, calldata)


def _on_chain(
    environment: EzklEnvironment, node: Anvil, request: dict[str, Any], work: Path, calldata: bytes
) -> dict[str, Any]:
    """Deploy the generated verifier and send it the proof as a transaction."""
    from contracts.compile import CODE_SIZE_LIMIT

    written = environment.run({**request, "stage": "contract"}, work, STAGE_SECS)
    if "error" in written:
        return {"contract_failed": written["error"]}
    code = environment.compile_solidity(Path(written["source"]))
    eth, sender = node.web3.eth, node.accounts[0]
    try:
        receipt = eth.wait_for_transaction_receipt(
            eth.send_transaction({"from": sender, "data": code, "gas": GAS_LIMIT})
        )
    except Exception as error:
        return {"contract_failed": f"creation of {len(code)} bytes refused: {error}"[:200]}
    address = receipt["contractAddress"]
    if receipt["status"] != 1 or address is None:
        return {"contract_failed": f"creation failed; {CODE_SIZE_LIMIT} bytes are the limit of a contract"}
    size = len(eth.get_code(address))
    call: Any = {"from": sender, "to": address, "data": calldata, "gas": GAS_LIMIT}
    answer = eth.call(call)
    verified = eth.wait_for_transaction_receipt(eth.send_transaction(call))
    if verified["status"] != 1 or int.from_bytes(answer[-32:], "big") != 1:
        return {"contract_bytes": size, "contract_failed": "the contract refuses EZKL's own proof"}
    return {"contract_bytes": size, "verify_tx_gas": int(verified["gasUsed"])}
