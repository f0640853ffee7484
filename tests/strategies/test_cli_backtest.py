"""`provault backtest`: recordings and candles, one document under --json, refusals by name."""

import json

import pytest

from agent.cli import run
from strategies.recording import read_recording
from tests.contracts.support.vault_world import Market, unopened
from tests.strategies.support.recorder import DIGEST, drive, small_strategy


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    strategy = small_strategy(6)
    with unopened(Market(risky_is_token0=True)) as world:
        recording = drive(world, strategy, 6, 6).recording()
    (folder / "recording.json").write_bytes(recording.to_bytes())
    (folder / "strategy" / "public").mkdir(parents=True)
    (folder / "strategy" / "secret").mkdir()
    (folder / "strategy" / "public" / "architecture.json").write_bytes(strategy.architecture.to_bytes())
    (folder / "strategy" / "public" / "commitment.json").write_text(
        json.dumps({"strategy_commitment": DIGEST})
    )
    (folder / "strategy" / "secret" / "weights.bin").write_bytes(strategy.weights.to_bytes())
    return folder


def document(capsys, *words):
    """Run a command; return its exit code and its one document."""
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_recording_gives_its_own_decisions_and_trades(recorded, capsys):
    code, found = document(
        capsys,
        "backtest",
        "--data",
        str(recorded / "recording.json"),
        "--strategy",
        str(recorded / "strategy"),
    )
    assert code == 0
    recording = read_recording(recorded / "recording.json")
    decided = [event for event in recording.events if event.kind == "decided"]
    assert [epoch["target_bps"] for epoch in found["epochs"]] == [event.target_bps for event in decided]
    paid = [t["paid"] for epoch in found["epochs"] for t in epoch["trades"] if "paid" in t]
    outcomes = [event.outcome for event in recording.events if event.kind == "trade"]
    assert paid == [str(outcome.paid) for outcome in outcomes if outcome.kind == "traded"]
    assert found["final"]["base"] == str(recording.final.base)


def test_the_demos_folder_is_the_default(recorded, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    demo = tmp_path / "provault" / "demo"
    demo.mkdir(parents=True)
    (demo / "strategy").symlink_to(recorded / "strategy")
    code, _ = document(capsys, "backtest", "--data", str(recorded / "recording.json"))
    assert code == 0


def test_another_strategy_is_refused(recorded, capsys, tmp_path):
    other = tmp_path / "other"
    for name in ("public/architecture.json", "secret/weights.bin"):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes((recorded / "strategy" / name).read_bytes())
    (other / "public" / "commitment.json").write_text(json.dumps({"strategy_commitment": "0x" + "11" * 32}))
    code, found = document(
        capsys, "backtest", "--data", str(recorded / "recording.json"), "--strategy", str(other)
    )
    assert code == 1
    assert found["error"]["name"] == "StrategyDigestError"


def test_a_bent_recording_is_refused(recorded, capsys, tmp_path):
    bent = json.loads((recorded / "recording.json").read_text())
    decided = [event for event in bent["events"] if event["kind"] == "decided"]
    decided[2]["target_bps"] += 1
    (tmp_path / "bent.json").write_text(json.dumps(bent))
    code, found = document(
        capsys, "backtest", "--data", str(tmp_path / "bent.json"), "--strategy", str(recorded / "strategy")
    )
    assert code == 1
    assert found["error"]["name"] == "ReplayError"
    assert "target_bps" in found["error"]["message"]


def test_candles_give_figures_and_a_page(price_data, capsys, tmp_path):
    page = tmp_path / "report.html"
    code, found = document(
        capsys,
        "backtest",
        "--data",
        str(price_data / "binance" / "ETH_USDT-1h.json"),
        "--timerange",
        "20220701-20220714",
        "--report",
        str(page),
        "--starting-balance",
        "5000",
    )
    assert code == 0
    assert found["metrics"]["decisions"] == 14 * 24 - 32
    assert found["metrics"]["value_start"] == 5000 * 10**18
    assert page.stat().st_size > 1_000_000


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--data", "absent.json"], "MissingFileError"),
        (["--data", "{candles}", "--timerange", "2021"], "InvalidOptionError"),
        (["--data", "{candles}", "--timerange", "20211301-"], "InvalidOptionError"),
        (["--data", "{candles}", "--timerange", "20300101-"], "InvalidOptionError"),
        (["--data", "{candles}", "--timerange", "-"], "InvalidOptionError"),
        (["--data", "{candles}", "--strategy", "absent"], "ArtefactError"),
        (["--data", "{candles}", "--impact-bps", "0"], "RulesError"),
    ],
)
def test_bad_input_is_refused_by_name(price_data, capsys, words, name):
    candles = str(price_data / "binance" / "ETH_USDT-1h.json")
    code, found = document(capsys, "backtest", *(word.format(candles=candles) for word in words))
    assert code == 1
    assert found["error"]["name"] == name


def test_the_table_names_what_was_assumed(price_data, capsys):
    candles = str(price_data / "binance" / "ETH_USDT-1h.json")
    assert run(["backtest", "--data", candles, "--timerange", "20220701-20220707"]) == 0
    out = capsys.readouterr().out
    assert "constant liquidity" in out
    assert "Sharpe" in out
