"""Coverage-guided fuzzing of every decoder, from seeds that are honest files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prover.compile.layout import Layout
from tests.attacks.circuits import Circuit
from tests.attacks.claims import Claim

SECONDS = 60
FEWEST_RUNS = 10_000
NO_WHEEL = pytest.mark.skipif(sys.version_info >= (3, 14), reason="atheris has no wheel for this Python")


def write_seeds(folder: Path, circuit: Circuit) -> None:
    """Write one honest input for each decoder, behind the byte that chooses it."""
    claim = Claim.honest(circuit)
    layout: Layout = circuit.layout
    architecture, parameters = layout.architecture.to_bytes(), layout.parameters.to_bytes()
    key, commitment = claim.key, claim.commitment
    contents = (
        key,
        claim.proof,
        key,
        key + claim.proof,
        architecture,
        parameters,
        circuit.weights.to_bytes(),
        parameters,
        architecture,
        b"\x00\x01" + key + commitment,
    )
    for index, content in enumerate(contents):
        (folder / f"seed-{index}").write_bytes(bytes([index]) + content)


@pytest.mark.long
@NO_WHEEL
def test_decoders_survive_a_minute_of_fuzzing(relu_circuit: Circuit, tmp_path: Path) -> None:
    """A missing atheris fails here: it belongs to the development packages."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    write_seeds(corpus, relu_circuit)
    command = [
        sys.executable,
        "-m",
        "tests.attacks.fuzz_decoder",
        f"-max_total_time={SECONDS}",
        "-max_len=4096",
        f"-artifact_prefix={tmp_path}/",
        str(corpus),
    ]
    root = Path(__file__).parents[2]
    found = subprocess.run(
        command, cwd=root, check=False, capture_output=True, text=True, timeout=4 * SECONDS
    )
    assert found.returncode == 0, found.stderr[-3000:]
    runs = re.search(r"Done (\d+) runs", found.stderr)
    assert runs is not None, found.stderr[-3000:]
    assert int(runs.group(1)) >= FEWEST_RUNS
