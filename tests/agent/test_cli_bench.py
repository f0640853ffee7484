"""`provault bench`: the document has the agreed keys, and bad options are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent import prover_benchmark
from agent.benchmark_report import END, START
from agent.cli import run
from agent.errors import BenchmarkError

KEYS = {
    "model",
    "params",
    "prove_seconds",
    "verify_seconds",
    "verify_py_ecc_seconds",
    "peak_rss_mb",
    "proof_bytes",
    "calldata_bytes",
    "proving_key_bytes",
    "verify_tx_gas",
    "rows",
    "lanes",
    "packs",
}


def test_the_prover_is_measured_for_r1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "prover", "--model", "r1", "--runs", "1", "--batches", "1,2", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert set(row) >= KEYS
    assert (row["model"], row["params"], row["proof_bytes"], row["rows"]) == ("r1", 1601, 1376, 256)
    assert row["verify_tx_gas"] < 300_000
    assert row["proving_key_bytes"] < 2_000_000
    assert [batch["decisions"] for batch in row["batches"]] == [1, 2]
    assert [step["step"] for step in row["profile"] if step["products"] > 0] == [
        "round_1",
        "round_2",
        "round_3",
        "round_5",
        "round_6",
    ]
    assert row["floor_seconds"] == pytest.approx(sum(part["seconds"] for part in row["floor"]), abs=1e-3)
    assert {target["field"] for target in row["targets"]} >= {"prove_seconds", "peak_rss_mb"}


def test_a_network_that_fails_leaves_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was measured is printed, the other is named with the reason, and no document is written."""
    honest = prover_benchmark._run_child

    def refuse_1k(request: dict[str, Any], name: str) -> dict[str, Any]:
        if name == "1k":
            raise BenchmarkError("measuring 1k failed: no room")
        return honest(request, name)

    monkeypatch.setattr(prover_benchmark, "_run_child", refuse_1k)
    document = tmp_path / "figures.md"
    document.write_text(f"{START}\nas before\n{END}\n", "utf-8")
    words = ["--model", "1k", "--model", "r1", "--runs", "1", "--batches", "1", "--markdown", str(document)]
    assert run(["bench", "prover", *words, "--json"]) == 1
    printed = capsys.readouterr()
    assert [row["model"] for row in json.loads(printed.out)] == ["r1"]
    assert "1k: BenchmarkError: measuring 1k failed: no room" in printed.err
    assert "Not measured: 1k." in printed.err
    assert "as before" in document.read_text("utf-8")


def test_candidates_are_shown_with_the_choice_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "candidates", "32-32-16-1", "--json", "--count", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    first = document["candidates"][0]
    assert [first[name] for name in ("rows", "pack_columns", "lanes", "weight_lanes", "weight_packs")] == [
        256,
        9,
        6,
        4,
        2,
    ]
    assert document["considered"] > 100 and len(document["candidates"]) == 3
    assert (first["bus_sums"], first["refused_on_chain"]) == (1, "")
    assert run(["bench", "candidates", "32-32-16-1", "--objective", "time", "--off-chain", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["candidates"][0]["bus_sums"] == 2
    assert run(["bench", "candidates", "32-32-16-1"]) == 0
    assert "sums" in capsys.readouterr().out.replace("┃", " ")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["prover", "--model", "r9"], "BenchmarkError"),
        (["prover", "--batches", "1,x"], "InvalidOptionError"),
        (["prover", "--batches", "0"], "InvalidOptionError"),
        (["prover", "--peer", "halo"], "InvalidOptionError"),
        (["prover", "--markdown", "absent.md"], "BenchmarkError"),
        (["constants", "--only", "space"], "InvalidOptionError"),
        (["candidates", "32-x"], "InvalidOptionError"),
        (["candidates", "32"], "InvalidOptionError"),
        (["candidates", "32-1", "--objective", "fast"], "InvalidOptionError"),
        (["candidates", "9000-1"], "LayoutError"),
    ],
)
def test_bad_options_are_refused(words: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == name


def test_constants_are_measured_beside_their_literals(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "constants", "--only", "time", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert all(set(entry) == {"literal", "measured"} for entry in document.values())
    assert all(entry["measured"] > 0 for entry in document.values())
