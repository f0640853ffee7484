"""Measure reading a ceremony transcript of the published size, made here with taus that everybody knows.

    .venv/bin/python -m benchmarks.ceremony [POWERS]

Prints seconds and peak resident memory of the first load (points uncompressed and checked) and of the next.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from prover import ceremony_transcript
from prover.ceremony_transcript import TranscriptPin, load_transcript
from prover.field import SCALAR_MODULUS
from prover.kernel import GENERATOR_G1, default_kernel

COUNTS: Final = (4096, 8192, 16384, 32768)
CONTRIBUTIONS: Final = 141_416
G2_COUNT: Final = 4


def main() -> None:
    """Make the file, then load it twice, each time in a process of its own."""
    powers = int(sys.argv[1]) if len(sys.argv) > 1 else 32768
    if len(sys.argv) > 2:
        measure(Path(sys.argv[2]), powers, Path(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transcript.json"
        write(path)
        print(f"{path.stat().st_size} bytes, {powers} powers")
        command = [sys.executable, "-m", "benchmarks.ceremony", str(powers), str(path), folder]
        for name in ("first load", "next load"):
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{name}: {found.stdout.strip()}")


def measure(path: Path, powers: int, folder: Path) -> None:
    """Load one set and print what it took."""
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    pin = TranscriptPin(path.stat().st_size, tuple((count, G2_COUNT) for count in COUNTS))
    ceremony_transcript.TRANSCRIPTS[digest.hexdigest()] = pin
    ceremony_transcript.cache_folder = lambda: folder
    kernel = default_kernel()
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    load_transcript(path, powers, kernel=kernel)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss >> 10
    print(
        f"{seconds:.1f} s ({processor:.1f} s of processor), peak {peak} MiB, {before.ru_maxrss >> 10} before"
    )


def write(path: Path) -> None:
    """Write four sets of powers and witnesses as long as those of the ceremony."""
    from py_ecc.bls.point_compression import compress_G2
    from py_ecc.optimized_bls12_381 import G2, multiply

    kernel = default_kernel()
    filler = {
        "runningProducts": ["0x" + "ab" * 48] * CONTRIBUTIONS,
        "potPubkeys": ["0x" + "cd" * 96] * CONTRIBUTIONS,
        "blsSignatures": ["0x" + "ef" * 48] * CONTRIBUTIONS,
    }
    sets = []
    for tau, count in enumerate(COUNTS, start=1_000_003):
        texts, power = [], 1
        for _ in range(count):
            point = kernel.mul_point(GENERATOR_G1, power)
            larger = int.from_bytes(point[48:], "big") * 2 > ceremony_transcript.BASE_MODULUS
            texts.append("0x" + bytes([point[0] | 0x80 | 0x20 * larger]).hex() + point[1:48].hex())
            power = power * tau % SCALAR_MODULUS
        halves = [compress_G2(multiply(G2, pow(tau, i, SCALAR_MODULUS))) for i in range(G2_COUNT)]
        in_g2 = ["0x" + "".join(int(half).to_bytes(48, "big").hex() for half in pair) for pair in halves]
        sets.append(
            {
                "numG1Powers": count,
                "numG2Powers": G2_COUNT,
                "powersOfTau": {"G1Powers": texts, "G2Powers": in_g2},
                "witness": filler,
            }
        )
    people = {"participantIds": ["eth|0x" + "12" * 20] * CONTRIBUTIONS}
    with path.open("w") as stream:
        json.dump({"transcripts": sets} | people, stream, separators=(",", ":"))


if __name__ == "__main__":
    main()
