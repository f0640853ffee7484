"""One EZKL setting on one ONNX file: `setup` or `prove`, each in a process of its own.

Runs in the environment that agent/ezkl_environment.py makes and imports nothing of provault. Reads a request
(JSON) from the file named first and writes its answer beside it, because EZKL prints to stdout.
"""

import asyncio
import importlib
import json
import math
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

ezkl: Any = importlib.import_module("ezkl")

#: Rows that blinding takes at least; a circuit that needs more is tried again with twice the rows.
BLINDING_ROWS = 8
LAST_LOGROWS = 20


def run_args(request: dict[str, Any], **more: Any) -> Any:  # noqa: ANN401
    """Return EZKL's run arguments with what the request sets; everything else is EZKL's default."""
    arguments = ezkl.PyRunArgs()
    for name, value in (request["run_args"] | more).items():
        setattr(arguments, name, value)
    return arguments


def read_settings(folder: Path) -> dict[str, Any]:
    """Read settings.json."""
    found: dict[str, Any] = json.loads((folder / "settings.json").read_text("utf-8"))
    return found


def make_srs(folder: Path, logrows: int) -> str:
    """Make the reference string for 2^logrows rows here, once: a trusted set-up good for measuring only."""
    path = folder / f"srs-{logrows}"
    if not path.exists():
        partial = folder / f".srs-{logrows}.partial"
        ezkl.gen_srs(str(partial), logrows)
        partial.replace(path)
    return str(path)


def set_up(request: dict[str, Any]) -> dict[str, Any]:
    """Choose the number of rows, compile, make both keys and the Solidity source."""
    folder, model, srs_folder = (Path(request[name]) for name in ("folder", "model", "srs_folder"))
    settings, circuit = str(folder / "settings.json"), str(folder / "circuit")
    keys = [str(folder / "verifying-key"), str(folder / "proving-key")]
    ezkl.gen_settings(str(model), settings, run_args(request))
    if request["calibrate"]:
        ezkl.calibrate_settings(str(folder / "input.json"), str(model), settings, "resources")
        logrows = read_settings(folder)["run_args"]["logrows"]
        seconds = build_keys(model, circuit, settings, keys, make_srs(srs_folder, logrows))
    else:
        found = read_settings(folder)
        ranges = [high - low + 1 for low, high in found["required_range_checks"]]
        rows = max([found["num_rows"], *found["module_sizes"]["polycommit"], *ranges])
        logrows = math.ceil(math.log2(rows + BLINDING_ROWS))
        while True:
            ezkl.gen_settings(str(model), settings, run_args(request, logrows=logrows))
            try:
                seconds = build_keys(model, circuit, settings, keys, make_srs(srs_folder, logrows))
                break
            except RuntimeError:
                logrows += 1
                if logrows > LAST_LOGROWS:
                    raise
    found = read_settings(folder)
    return {
        "logrows": logrows,
        "num_rows": found["num_rows"],
        "setup_seconds": round(seconds, 3),
        "proving_key_bytes": Path(keys[1]).stat().st_size,
        "used": found["run_args"],
    }


def build_keys(model: Path, circuit: str, settings: str, keys: list[str], srs: str) -> float:
    """Compile the circuit, make the keys and return the seconds of the latter."""
    ezkl.compile_circuit(str(model), circuit, settings)
    started = time.perf_counter()
    ezkl.setup(circuit, *keys, srs)
    return time.perf_counter() - started


def prove(request: dict[str, Any]) -> dict[str, Any]:
    """Prove `runs` times after one warm-up and verify each proof."""
    folder = Path(request["folder"])
    settings, circuit, witness, proof = (
        str(folder / name) for name in ("settings.json", "circuit", "witness.json", "proof.json")
    )
    key, proving_key = str(folder / "verifying-key"), str(folder / "proving-key")
    srs = str(Path(request["srs_folder"]) / f"srs-{request['logrows']}")
    times: dict[str, list[float]] = {"witness": [], "prove": [], "prove_cpu": [], "verify": []}
    for _ in range(request["runs"] + 1):
        marks = [time.perf_counter()]
        found = ezkl.gen_witness(str(folder / "input.json"), circuit, witness, key, srs)
        marks.append(time.perf_counter())
        processor = time.process_time()
        ezkl.prove(witness, circuit, proving_key, proof, srs)
        processor = time.process_time() - processor
        marks.append(time.perf_counter())
        if not ezkl.verify(proof, settings, key, srs):
            raise RuntimeError("EZKL refuses its own proof")
        marks.append(time.perf_counter())
        for name, (begun, ended) in zip(("witness", "prove", "verify"), pairwise(marks), strict=True):
            times[name].append(ended - begun)
        times["prove_cpu"].append(processor)
    document = json.loads(Path(proof).read_text("utf-8"))
    calldata = ezkl.encode_evm_calldata(proof, str(folder / "calldata"))
    return {
        **{name: values[1:] for name, values in times.items()},
        "peak_rss_kib": peak_kib(),
        "proof_bytes": len(document["hex_proof"]) // 2 - 1,
        "calldata": bytes(calldata).hex(),
        "outputs": [
            ezkl.felt_to_int(value) / 2**scale
            for values, scale in zip(
                found["outputs"], read_settings(folder)["model_output_scales"], strict=True
            )
            for value in values
        ],
    }


def peak_kib() -> int:
    """Return the most memory resident since this program started; getrusage would count the parent's too."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def write_contract(request: dict[str, Any]) -> dict[str, Any]:
    """Write the Solidity verifier; that EZKL then asks the network for a compiler in vain is expected."""
    folder = Path(request["folder"])
    source = folder / "verifier.sol"

    async def write() -> str:
        try:
            await ezkl.create_evm_verifier(
                str(folder / "verifying-key"),
                str(folder / "settings.json"),
                str(source),
                str(folder / "abi.json"),
                str(Path(request["srs_folder"]) / f"srs-{request['logrows']}"),
            )
        except RuntimeError as error:
            return str(error)
        return ""

    said = asyncio.run(write())
    if not source.is_file():
        raise RuntimeError(said)
    return {"source": str(source)}


STAGES = {"setup": set_up, "prove": prove, "contract": write_contract}

if __name__ == "__main__":
    asked = Path(sys.argv[1])
    task = json.loads(asked.read_text("utf-8"))
    try:
        answer = STAGES[task["stage"]](task)
    except Exception as error:  # EZKL raises RuntimeError; a panic of its library is a BaseException
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    asked.with_suffix(".answer").write_text(json.dumps(answer), "utf-8")
