"""The measured process of `provault bench prover`: one committed strategy, loaded and proven.

It holds nothing but the prover, so that its peak memory is the prover's. Reads a request (JSON) from the
command line and writes one JSON document to stdout.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prover.protocol.prove import Prover
    from prover.protocol.verify import VerifierSetup

KIBIBYTE, MEGABYTE = 1024, 1_000_000


def measure_here(
    folder: Path, inputs: Sequence[Sequence[int]], runs: int, batches: Sequence[int]
) -> dict[str, Any]:
    """Prove `runs` times after one warm-up, then batches, then the profile and the floor."""
    started = time.perf_counter()
    from prover.artefacts import ProofFile, load_prover
    from prover.ceremony import load_ceremony
    from prover.compile.witness import fill_witness
    from prover.kernel.cache import write_atomic
    from prover.protocol.key import strategy_commitment
    from prover.protocol.shape import FIXED_COLUMN_COUNT, POINT_BYTES, SCALAR_BYTES
    from prover.protocol.statement import Context
    from prover.protocol.verify import VerifierSetup

    prover = load_prover(folder)
    load_seconds = time.perf_counter() - started
    single = _seconds_of(prover, [tuple(values) for values in inputs[: min(runs, 5) + 1]])
    started = time.perf_counter()
    prover = prover.for_many_proofs()
    prepare_seconds = time.perf_counter() - started
    key = prover.proving_key.key
    setup = VerifierSetup.load(prover.proving_key.kernel, load_ceremony(), key.to_bytes(), prover.commitment)
    context = Context()
    times: dict[str, list[float]] = {"prove": [], "cpu": [], "verify": []}
    for index in range(runs + 1):
        values = tuple(inputs[index % len(inputs)])
        processor, begun = time.process_time(), time.perf_counter()
        outputs, proof = prover.prove(context.digest(), values)
        proved, used = time.perf_counter(), time.process_time() - processor
        setup.verify(context.digest(), values, outputs, proof)
        verified = time.perf_counter()
        for name, value in (("prove", proved - begun), ("cpu", used), ("verify", verified - proved)):
            times[name].append(value)
    prove, cpu, verify = (values[1:] for values in times.values())
    peak = peak_bytes()
    digest = strategy_commitment(key.digest, prover.commitment)
    file = ProofFile(key.circuit_digest, digest, context, values, outputs, proof)
    write_atomic(folder / "proof.json", file.to_bytes())
    shape = key.shape
    basis = shape.pack_columns * (shape.rows + 4) * POINT_BYTES
    row: dict[str, Any] = {
        "runs": runs,
        "load_seconds": round(load_seconds, 4),
        "prepare_seconds": round(prepare_seconds, 4),
        "prove_unprepared_seconds": round(statistics.median(single), 4),
        "prove_seconds": round(statistics.median(prove), 4),
        "prove_seconds_min": round(min(prove), 4),
        "prove_seconds_max": round(max(prove), 4),
        "prove_cpu_seconds": round(statistics.median(cpu), 4),
        "verify_seconds": round(statistics.median(verify), 5),
        "verify_seconds_min": round(min(verify), 5),
        "peak_rss_mb": round(peak / MEGABYTE),
        "proof_bytes": len(proof),
        "proving_key_bytes": basis + FIXED_COLUMN_COUNT * shape.rows * SCALAR_BYTES + len(key.to_bytes()),
        "rows": shape.rows,
        "pack_columns": shape.pack_columns,
        "lanes": shape.lanes,
        "packs": shape.product_terms,
        "weight_packs": shape.weight_packs,
    }
    row["batches"] = [measure_batch(prover, setup, inputs, count) for count in batches]
    from agent.prover_floor import floor
    from agent.prover_profile import profile

    row["profile"] = profile(prover, context.digest(), [tuple(inputs[0])] * (min(runs, 5) + 1))
    parts = floor(prover, fill_witness(prover.proving_key.layout, prover.strategy.weights, inputs[0]))
    row["floor"] = parts
    row["floor_seconds"] = round(sum(part["seconds"] for part in parts), 4)
    row["over_floor"] = round(row["prove_seconds"] / row["floor_seconds"], 2)
    return row


def peak_bytes() -> int:
    """Return the most memory that this program has had resident since it started.

    getrusage counts what the parent held when it started this process, too; Linux's VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * KIBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE


def _seconds_of(prover: Prover, inputs: Sequence[tuple[int, ...]]) -> list[float]:
    """Prove each of `inputs` and return the seconds of all but the first, which warms up."""
    times = []
    for values in inputs:
        started = time.perf_counter()
        prover.prove(bytes(32), values)
        times.append(time.perf_counter() - started)
    return times[1:]


def measure_batch(
    prover: Prover, setup: VerifierSetup, inputs: Sequence[Sequence[int]], count: int
) -> dict[str, Any]:
    """Prove and verify `count` decisions as one batch; return seconds for each decision."""
    from prover.artefacts import ProofRequest
    from prover.proof_batch import prove_batch
    from prover.protocol.statement import Context
    from prover.protocol.verify_batch import Claim, verify_batch

    requests = [
        ProofRequest(tuple(inputs[index % len(inputs)]), Context(epoch=index)) for index in range(count)
    ]
    started = time.perf_counter()
    batch = prove_batch(prover, requests, lambda done, all_of_them: None)
    proved = time.perf_counter()
    claims = [Claim(one.context.digest(), one.inputs, one.outputs, one.proof) for one in batch.proofs]
    folded = time.perf_counter()
    verify_batch(setup, claims)
    verified = time.perf_counter()
    return {
        "decisions": count,
        "prove_seconds_each": round((proved - started) / count, 4),
        "verify_seconds_each": round((verified - folded) / count, 5),
    }


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    found = measure_here(Path(asked["folder"]), asked["inputs"], asked["runs"], asked["batches"])
    sys.stdout.write(json.dumps(found))
