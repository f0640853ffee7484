"""The demo's options: its own data, a kept chain and its end, and refusals with one sentence."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from agent.demo.prices import INTERVAL_SECS, synthetic_prices
from strategies.recording import read_recording
from tests.e2e.support.live_demo import Commands

pytestmark = pytest.mark.timeout(3_600)  # the first test of a process waits for a whole demo

PATIENCE_SECS = 300
START = 1_700_000_000 // (4 * INTERVAL_SECS) * (4 * INTERVAL_SECS)


@pytest.fixture
def own_commands(tmp_path: Path) -> Commands:
    """The command line with a state folder for one test."""
    return Commands(tmp_path / "state")


def write_candles(path: Path, count: int, *, step_secs: int = INTERVAL_SECS) -> None:
    """Write candles along a seeded walk."""
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["unix", "open", "high", "low", "close", "volume"])
        for index, tick in enumerate(synthetic_prices(count, 5).ticks):
            price = f"{1.0001**tick:.4f}"
            rows.writerow([START + index * step_secs, price, price, price, price, 1])


def test_a_kept_chain_runs_on_until_it_is_stopped(own_commands: Commands, tmp_path: Path) -> None:
    candles = tmp_path / "own.csv"
    write_candles(candles, 80)
    done = own_commands.run("demo", "--json", "--keep", "--epochs", "1", "--data", str(candles))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["epochs"], document["data_source"]) == (2, "own.csv")
    ask = {"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": [document["vault"], "latest"]}
    try:
        code = requests.post(document["rpc_url"], json=ask, timeout=60).json()["result"]
        assert len(code) > 1_000
    finally:
        stopped = own_commands.run("demo", "--stop", "--json")
    assert json.loads(stopped.stdout) == {"stopped": [document["rpc_url"]]}
    with pytest.raises(requests.ConnectionError):
        requests.post(document["rpc_url"], json=ask, timeout=60)
    again = own_commands.run("demo", "--stop")
    assert (again.returncode, again.stdout) == (0, "no chain of a demo is running\n")
    recording = read_recording(own_commands.folder / "recording.json")
    assert recording.data_source == "own.csv"


def test_a_missing_file_is_refused_and_leaves_nothing(own_commands: Commands, tmp_path: Path) -> None:
    missing = tmp_path / "nothing.json"
    done = own_commands.run("demo", "--json", "--data", str(missing))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "error": {"name": "MissingFileError", "message": f"{missing} does not exist; check the path."}
    }
    assert not own_commands.folder.exists()


def test_a_missing_data_folder_that_was_named_is_refused(own_commands: Commands, tmp_path: Path) -> None:
    done = own_commands.run("demo", "--json", PROVAULT_DATA=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["name"] == "DataMissingError"
    assert not own_commands.folder.exists()


@pytest.mark.parametrize(
    ("count", "step_secs", "sentence"),
    [
        (30, INTERVAL_SECS, "own.csv holds no 35 consecutive hours."),
        (80, 4 * INTERVAL_SECS, "own.csv holds candles of 14400 s, hourly ones are needed."),
    ],
)
def test_candles_that_cannot_do_are_refused(
    own_commands: Commands, tmp_path: Path, count: int, step_secs: int, sentence: str
) -> None:
    candles = tmp_path / "own.csv"
    write_candles(candles, count, step_secs=step_secs)
    done = own_commands.run("demo", "--epochs", "1", "--data", str(candles))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"DemoPricesError: {sentence}\n"


def test_a_port_in_use_is_refused_before_anything_is_built(own_commands: Commands) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = own_commands.run("demo", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    sentence = f"port {port} is in use; name another with --port, or none to get a free one."
    assert done.stderr == f"PortInUseError: {sentence}\n"
    assert not own_commands.folder.exists()


def test_backtest_without_a_demo_says_what_to_do(own_commands: Commands) -> None:
    done = own_commands.run("backtest", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    recording = own_commands.folder / "recording.json"
    assert error == {
        "name": "MissingDemoError",
        "message": f"no demo has left {recording}; run `provault demo` first, or name a file with --data.",
    }


def test_a_missing_anvil_is_refused_with_what_to_do(own_commands: Commands, tmp_path: Path) -> None:
    candles = tmp_path / "own.csv"
    write_candles(candles, 80)
    absent = str(tmp_path / "anvil")
    done = own_commands.run("demo", "--json", "--data", str(candles), PROVAULT_ANVIL=absent)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["name"] == "ToolchainError"
    assert "PROVAULT_ANVIL" in error["message"]
    assert "Traceback" not in done.stderr
    assert [path.name for path in own_commands.folder.iterdir()] == []


def anvils_of(process_id: int) -> list[int]:
    """Return the children of a process that are anvil."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return [int(child) for child in children if Path(f"/proc/{child}/exe").readlink().name == "anvil"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_an_ended_demo_ends_its_chain_and_leaves_nothing(
    own_commands: Commands, tmp_path: Path, sign: signal.Signals
) -> None:
    candles = tmp_path / "own.csv"
    write_candles(candles, 80)
    words = (sys.executable, "-m", "agent", "demo", "--data", str(candles))
    environment = {**os.environ, "XDG_STATE_HOME": str(own_commands.state)}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "price history" in line:
                break
        (anvil,) = anvils_of(running.pid)
        running.send_signal(sign)
        said = running.stderr.read()
        assert running.wait(PATIENCE_SECS) == 130
    assert said.endswith("Interrupted.\n")
    assert "Traceback" not in said
    assert not Path(f"/proc/{anvil}").exists()
    assert list(own_commands.folder.iterdir()) == []


@pytest.mark.parametrize("words", [("--epochs", "0"), ("--epochs", "x"), ("--moon",)])
def test_wrong_usage_exits_2(own_commands: Commands, words: tuple[str, ...]) -> None:
    assert own_commands.run("demo", *words).returncode == 2
