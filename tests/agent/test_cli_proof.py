"""`provault strategy random`, `prove` and `verify`: exit codes, names of refusals, nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import run


@pytest.fixture(scope="module")
def strategy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """R1 with random weights, committed."""
    folder = tmp_path_factory.mktemp("r1")
    assert run(["strategy", "random", "--reference", "r1", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"inputs": [str(value) for value in range(-16, 16)]}))
    return path


@pytest.fixture
def proof(strategy: Path, inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "proof.json"
    words = ["prove", "--strategy", str(strategy), "--input", str(inputs), "--out", str(path)]
    assert run([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["proof_bytes"] == 1376 and document["prove_seconds"] > 0
    return path


def error_of(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    found: dict[str, str] = json.loads(captured.out)["error"]
    return found


def test_a_proof_verifies_and_exits_0(
    strategy: Path, proof: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", "--strategy", str(strategy / "public"), "--proof", str(proof)]) == 0
    assert capsys.readouterr().out.startswith("valid: outputs ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["outputs"].__setitem__(0, str(int(d["outputs"][0]) + 1)), "opening"),
        (lambda d: d["inputs"].__setitem__(3, "2001"), "input"),
        (lambda d: d["context"].__setitem__("epoch", "1"), "opening"),
        (lambda d: d.__setitem__("proof", d["proof"][:-2]), "length"),
        (lambda d: d["inputs"].pop(), "count"),
        (lambda d: d.__setitem__("circuit_digest", "0x" + "00" * 32), "key"),
    ],
)
def test_a_bent_proof_file_exits_1_and_names_the_reason(
    change: object, reason: str, strategy: Path, proof: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(proof.read_text())
    change(document)  # type: ignore[operator]
    proof.write_text(json.dumps(document))
    assert run(["verify", "--strategy", str(strategy / "public"), "--proof", str(proof), "--json"]) == 1
    error = error_of(capsys)
    assert error["name"] == "VerificationError" and error["message"].startswith(f"{reason}: ")


def test_inputs_out_of_bounds_exit_1_and_write_nothing(
    strategy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "input.json", tmp_path / "proof.json"
    path.write_text(json.dumps({"inputs": ["2001"] + ["0"] * 31}))
    words = ["prove", "--strategy", str(strategy), "--input", str(path), "--out", str(out), "--json"]
    assert run(words) == 1
    assert error_of(capsys)["name"] == "WitnessError"
    assert not out.exists()


def test_missing_files_exit_1(strategy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "missing.json")
    assert run(["verify", "--strategy", str(strategy / "public"), "--proof", missing, "--json"]) == 1
    assert error_of(capsys)["name"] == "MissingFileError"
    words = ["prove", "--strategy", str(tmp_path), "--input", missing, "--out", missing, "--json"]
    assert run(words) == 1
    assert error_of(capsys)["name"] == "MissingFileError"


def test_an_unknown_reference_network_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["strategy", "random", "--reference", "r9", "--out", str(tmp_path / "s"), "--json"]
    assert run(words) == 1
    assert "r9" in error_of(capsys)["message"]
    assert not (tmp_path / "s").exists()


def test_an_occupied_folder_is_left_alone(strategy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (strategy / "secret" / "blinding.bin").read_bytes()
    assert run(["strategy", "random", "--out", str(strategy), "--json"]) == 1
    assert "already holds" in error_of(capsys)["message"]
    assert (strategy / "secret" / "blinding.bin").read_bytes() == before


@pytest.fixture
def batch(strategy: Path, tmp_path: Path) -> Path:
    """Three decisions proven into one file."""
    decisions = [
        {
            "inputs": [str(value + epoch) for value in range(32)],
            "context": {"chain_id": "1", "vault": "2", "epoch": str(epoch), "verifier": "3"},
        }
        for epoch in range(3)
    ]
    requests, path = tmp_path / "requests.json", tmp_path / "batch.json"
    requests.write_text(json.dumps({"decisions": decisions}))
    words = ["prove", "--batch", "--strategy", str(strategy), "--input", str(requests), "--out", str(path)]
    assert run(words) == 0
    return path


def test_a_batch_verifies_and_exits_0(
    strategy: Path, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["verify", "--batch", "--strategy", str(strategy / "public"), "--proof", str(batch)]
    capsys.readouterr()
    assert run(words) == 0
    assert capsys.readouterr().out == "valid: 3 decisions\n"


def test_a_bent_batch_names_the_decision(
    strategy: Path, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(batch.read_text())
    document["decisions"][1]["context"]["epoch"] = "2"
    batch.write_text(json.dumps(document))
    capsys.readouterr()
    words = ["verify", "--batch", "--strategy", str(strategy / "public"), "--proof", str(batch), "--json"]
    assert run(words) == 1
    error = error_of(capsys)
    assert error["name"] == "BatchRefusedError"
    assert "1 of the batch refused: proof 1: opening" in error["message"]


def test_a_single_proof_is_no_batch(strategy: Path, proof: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "--batch", "--strategy", str(strategy / "public"), "--proof", str(proof), "--json"]
    assert run(words) == 1
    assert error_of(capsys)["name"] == "FileFormatError"


def test_a_warm_proof_imports_neither_a_compiler_nor_a_logger(
    strategy: Path, inputs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "proof.json"
    words = ["prove", "--json", "--strategy", str(strategy), "--input", str(inputs), "--out", str(out)]
    program = (
        f"import sys; from agent.cli import run; code = run({words!r});"
        " sys.stderr.write(repr({'numba', 'structlog', 'asyncio'} & set(sys.modules)));"
        " sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True
    )
    assert ran.stderr == "set()"
    assert out.is_file()
