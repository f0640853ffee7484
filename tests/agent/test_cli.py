"""The frame of the command line, run as a user runs it."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import typer

import agent.commands
from agent import cli
from agent.errors import AgentError, CommandGroupError
from agent.output import JsonOption, run_command


class ClosedError(AgentError):
    """Stand for a refusal."""


def provault(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process."""
    return subprocess.run(
        [sys.executable, "-m", "agent", *words], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give a folder in place of agent/commands, with a group that refuses, succeeds, and misbehaves."""
    (tmp_path / "sample.py").write_text("from tests_sample import add\nregister = add\n")
    sample = ModuleType("tests_sample")

    def add(app: typer.Typer) -> None:
        @app.command("refuse")
        def refuse(json: JsonOption = False) -> None:
            def action() -> dict[str, object]:
                raise ClosedError("The window is closed.")

            run_command(action, json=json)

        @app.command("succeed")
        def succeed(json: JsonOption = False) -> None:
            run_command(lambda: {"epoch": 7}, json=json, render=lambda document: f"epoch {document['epoch']}")

    sample.add = add  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_sample", sample)
    monkeypatch.setattr(agent.commands, "__path__", [str(tmp_path)])
    for name in [name for name in sys.modules if name.startswith("agent.commands.")]:
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    sys.modules.pop("agent.commands.sample", None)


def test_help_goes_to_stdout_and_lists_what_exists() -> None:
    done = provault("--help")
    assert done.returncode == 0
    assert "Usage: provault" in done.stdout
    assert "  setup" in done.stdout
    assert done.stderr == ""


def test_version_is_the_one_installed() -> None:
    done = provault("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"provault {version('provault')}\n", "")


@pytest.mark.parametrize("words", [["moon"], ["--moon"], ["setup", "--moon"], ["setup", "moon"]])
def test_wrong_usage_leaves_with_2_and_says_why_on_stderr(words: list[str]) -> None:
    done = provault(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: provault" in done.stderr
    assert "moon" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_under_json_is_one_document() -> None:
    done = provault("setup", "--moon", "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["name"] == "UsageError"
    assert "--moon" in error["message"]


def test_no_command_shows_the_help_and_leaves_with_2() -> None:
    done = provault()
    assert done.returncode == 2
    assert "Usage: provault" in done.stderr


def test_a_group_is_found_and_its_result_written(group: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["succeed"]) == 0
    assert capsys.readouterr().out == "epoch 7\n"
    assert cli.run(["succeed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"epoch": 7}


def test_a_refusal_leaves_with_1_and_a_named_reason(group: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["refuse"]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "ClosedError: The window is closed.\n")
    assert cli.run(["refuse", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": {"name": "ClosedError", "message": "The window is closed."}}
    assert captured.err == ""


def test_a_group_that_registers_nothing_is_refused_by_name(group: Path) -> None:
    (group / "silent.py").write_text("")
    with pytest.raises(CommandGroupError, match=r"agent\.commands\.silent has no register\(app\) function\."):
        cli.build()
    sys.modules.pop("agent.commands.silent", None)


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "agent", "--help"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
