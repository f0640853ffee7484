"""`provault bench gas`: the figures are those of the snapshot, under the limits, and of every contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from agent.gas_benchmark import BLINDED, TOLERANCE_GAS, differences, tolerance_of
from contracts.compile import CODE_SIZE_LIMIT, compile_contract, source_folder

SNAPSHOT = Path(__file__).parents[2] / "benchmarks" / "gas.json"
#: What the three steps of an epoch may cost in one transaction with a proof of R1.
MOST_AT_ONCE = 700_000
WANTED = {
    *("deploy price log", "deploy verifier", "deploy strategy commitment", "deploy circuit publication"),
    *("deploy vault", "deploy zap", "open", "push, no swap since", "push, swaps since"),
    *("push, swaps since, fresh slot", "decide", "trade", "trade, idle", "decide, push and trade"),
    *("mint", "redeem", "zap enter", "zap leave", "miss"),
}


def kept() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return rows


def test_the_figures_are_those_of_the_snapshot(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written = tmp_path / "gas.json"
    assert run(["bench", "gas", "--json", "--write", str(written)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert json.loads(written.read_text(encoding="utf-8")) == rows
    renew = "provault bench gas --write benchmarks/gas.json"
    assert differences(rows, kept()) == [], f"if that is meant, renew the snapshot: {renew}"


def test_the_snapshot_holds_every_operation_under_its_limit() -> None:
    gas = {row["operation"]: row["gas"] for row in kept()}
    assert set(gas) == WANTED
    assert gas["decide, push and trade"] < MOST_AT_ONCE
    assert gas["push, no swap since"] < gas["push, swaps since"] < gas["push, swaps since, fresh slot"]
    assert gas["trade, idle"] < gas["trade"]
    assert {row["operation"] for row in kept() if row["tolerance"]} == BLINDED


def test_a_snapshot_that_cannot_be_written_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.gas_benchmark.measure_gas", lambda progress: kept())
    assert run(["bench", "gas", "--json", "--write", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "UnreadableFileError"


def test_differences_are_named() -> None:
    rows = [{"operation": name, "gas": 1_000} for name in ("trade", "decide", "mint")]
    assert differences(rows, rows) == []
    assert tolerance_of("decide") == TOLERANCE_GAS and tolerance_of("trade") == 0
    found = [
        {"operation": "trade", "gas": 1_001},
        {"operation": "decide", "gas": 1_000 + TOLERANCE_GAS},
        {"operation": "open", "gas": 7},
    ]
    assert differences(found, rows) == [
        "trade: 1001 gas, the snapshot says 1000 +- 0",
        "open: 7 gas, not in the snapshot",
        "mint: in the snapshot, not measured",
    ]
    found[1]["gas"] += 1
    assert any(line.startswith("decide: ") for line in differences(found, rows))


def deployable() -> list[str]:
    return sorted(path.stem for path in source_folder().glob("*.vy"))


def test_the_contracts_are_found() -> None:
    assert {"PriceLog", "Vault", "Verifier", "Zap"} <= set(deployable())


@pytest.mark.parametrize("name", deployable())
def test_every_contract_fits_the_code_size_limit(name: str) -> None:
    assert 0 < compile_contract(name).runtime_size < CODE_SIZE_LIMIT
