"""Strategies for a larger ceremony file: compiled, proven and checked by commands, and kept off every chain.

The file is made here in the published form, with the published number of powers and a tau that everybody
knows, and read by the code that reads the published one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from agent.errors import OffChainStrategyError
from agent.public_strategy import read_pinned_strategy
from agent.strategy_prover import StrategyProver
from audit.errors import VerificationError as AuditRefusal
from audit.verifier.proof_file import verify_proof_file as audit_verify_file
from contracts.errors import RegistrationError
from prover.artefacts import load_prover
from prover.ceremony_transcript import ENVIRONMENT_VARIABLE
from prover.compile.parameters import LayoutParameters
from tests.prover.own_transcript import OwnTranscript

POWERS = 8192
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pin a transcript of 8192 powers for this file, and name it in the environment."""
    with OwnTranscript.make((0xB0B,), (POWERS,)).named(tmp_path_factory.mktemp("own")) as path:
        yield path


@pytest.fixture(scope="module")
def strategy(transcript: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the shipped model for 8192 powers by command, and commit to it."""
    folder = tmp_path_factory.mktemp("large") / "strategy"
    words = ["--model", "eth_mlp", "--powers", str(POWERS), "--off-chain", "--out", str(folder)]
    assert run(["strategy", "compile", *words]) == 0
    assert run(["strategy", "commit", "--strategy", str(folder)]) == 0
    return folder


def document(capsys: Captured, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command; return its code and its one document."""
    capsys.readouterr()
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def without_transcript() -> pytest.MonkeyPatch:
    """Take the transcript away until `undo`."""
    patch = pytest.MonkeyPatch()
    patch.delenv(ENVIRONMENT_VARIABLE)
    return patch


def test_a_decision_is_proven_and_checked_by_commands(
    strategy: Path, tmp_path: Path, capsys: Captured
) -> None:
    """From --powers to the verdicts of both verifiers; without the transcript both refuse."""
    layout = LayoutParameters.from_bytes((strategy / "public" / "layout.json").read_bytes())
    assert layout.powers == POWERS
    inputs, proof = tmp_path / "inputs.json", tmp_path / "proof.json"
    inputs.write_text(json.dumps({"inputs": [str((-1) ** i * (7 * i % 60)) for i in range(32)]}))
    words = ("--strategy", str(strategy), "--input", str(inputs), "--out", str(proof))
    code, proven = document(capsys, "prove", *words)
    assert code == 0
    check = ("verify", "--strategy", str(strategy / "public"), "--proof", str(proof))
    code, verdict = document(capsys, *check)
    assert (code, verdict["valid"], verdict["outputs"]) == (0, True, proven["outputs"])
    audit_verify_file(strategy / "public", proof, fast=True)

    patch = without_transcript()
    code, refused = document(capsys, *check)
    assert (code, refused["error"]["name"]) == (1, "CeremonyError")
    assert ENVIRONMENT_VARIABLE in refused["error"]["message"]
    patch.undo()

    changed = json.loads(proof.read_text())
    changed["outputs"][0] = str(int(changed["outputs"][0]) + 1)
    proof.write_text(json.dumps(changed))
    code, refused = document(capsys, *check)
    assert (code, refused["error"]["message"].split(":")[0]) == (1, "opening")
    with pytest.raises(AuditRefusal, match="opening"):
        audit_verify_file(strategy / "public", proof, fast=True)


def test_a_batch_is_proven_and_checked_by_commands(strategy: Path, tmp_path: Path, capsys: Captured) -> None:
    inputs, proof = tmp_path / "inputs.json", tmp_path / "proofs.json"
    context = {"chain_id": "0", "vault": "0", "epoch": "0", "verifier": "0"}
    decisions = [{"inputs": [str(number)] * 32, "context": context} for number in range(2)]
    inputs.write_text(json.dumps({"decisions": decisions}))
    words = ("--strategy", str(strategy), "--input", str(inputs), "--out", str(proof))
    assert document(capsys, "prove", "--batch", *words)[0] == 0
    words = ("--strategy", str(strategy / "public"), "--proof", str(proof))
    code, verdict = document(capsys, "verify", "--batch", *words)
    assert (code, verdict["valid"], verdict["decisions"]) == (0, True, 2)


@pytest.mark.parametrize(
    "entry",
    [StrategyProver.load, lambda folder: read_pinned_strategy(folder / "public")],
    ids=["agent", "deploy-and-publish"],
)
def test_no_way_on_chain_loads_it(entry: Callable[[Path], object], strategy: Path) -> None:
    """Before anything else is read: the sentence is about the chain also where the transcript is missing."""
    patch = without_transcript()
    with pytest.raises(OffChainStrategyError, match=r"8192 powers .* takes 4096 only") as refusal:
        entry(strategy)
    patch.undo()
    assert refusal.value.powers == POWERS


def test_it_has_no_data_contract(strategy: Path) -> None:
    with pytest.raises(RegistrationError, match="8192 powers, the verifier contract takes 4096 only"):
        _ = StrategyProver.of(load_prover(strategy)).data_code


def test_compiling_for_a_vault_says_which_powers_it_takes(tmp_path: Path, capsys: Captured) -> None:
    words = ("strategy", "compile", "--model", "eth_mlp", "--out", str(tmp_path / "s"), "--powers", "8192")
    code, refused = document(capsys, *words)
    assert (code, refused["error"]["name"]) == (1, "InvalidOptionError")
    assert (
        "--powers is 8192, expected 4096 for a strategy that a vault can use" in refused["error"]["message"]
    )
    assert not (tmp_path / "s").exists()
    code, found = document(capsys, *words, "--off-chain")
    assert (code, found["layout"]["powers"]) == (0, POWERS)
    assert {each["refused_on_chain"] for each in found["choice"]["candidates"]} == {"powers"}


@pytest.mark.parametrize(
    "words", [("strategy", "compile", "--model", "eth_mlp"), ("bench", "candidates", "8-8-1")]
)
def test_a_size_that_no_file_has_is_refused(words: tuple[str, ...], tmp_path: Path, capsys: Captured) -> None:
    out = ("--out", str(tmp_path / "s"), "--off-chain") if words[0] == "strategy" else ()
    code, refused = document(capsys, *words, *out, "--powers", "5000")
    assert (code, refused["error"]["name"]) == (1, "InvalidOptionError")
    assert refused["error"]["message"] == "--powers is 5000, expected 4096, 8192, 16384 or 32768."


def test_candidates_for_a_larger_file_are_shown(capsys: Captured) -> None:
    """R2 needs 32 weight packs within 4096 powers; a larger file holds it with fewer, and cheaper."""
    words = ("bench", "candidates", "64-256-128-1", "--shift-bits", "8", "--count", "1")
    _, small = document(capsys, *words)
    found = {4096: small["candidates"][0]}
    for powers in (8192, 16384, 32768):
        code, large = document(capsys, *words, "--powers", str(powers))
        assert (code, large["powers"]) == (0, powers)
        found[powers] = large["candidates"][0]
        assert (found[powers]["powers"], found[powers]["refused_on_chain"]) == (powers, "powers")
    assert found[4096]["weight_packs"] == 32
    assert all(found[powers]["weight_packs"] < 32 for powers in (8192, 16384, 32768))
    assert run(["bench", "candidates", "8-8-1", "--powers", "8192"]) == 0
    assert "within 8192 powers" in " ".join(capsys.readouterr().out.split())
