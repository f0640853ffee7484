"""The Makefile and the CI script do what README says, and refuse the rest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make; an absent make fails the test."""
    program = shutil.which("make")
    assert program is not None, "make is not installed"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        [program, *arguments], cwd=root, capture_output=True, text=True, env=environment, check=False
    )


def test_help_lists_the_targets(root: Path) -> None:
    done = make(root, "help")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert listed >= {"setup", "check", "test", "test-long"}
    for target in listed - {"help"}:
        assert make(root, "-n", target).returncode == 0, target


def test_an_unknown_target_is_refused_with_a_sentence(root: Path) -> None:
    done = make(root, "moon")
    assert done.returncode == 2
    assert "there is no target or file 'moon'" in done.stderr


@pytest.mark.parametrize("tool", ["ruff", "mypy", "pytest"])
def test_check_runs_every_tool_from_the_environment(root: Path, tool: str) -> None:
    done = make(root, "-n", "check")
    assert [line for line in done.stdout.splitlines() if line.startswith(f".venv/bin/{tool}")]


def test_a_missing_tool_fails_the_check(root: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    (tmp_path / ".setup").mkdir()
    for stamp in ("base", "dev", "train"):
        (tmp_path / ".setup" / stamp).touch()
    done = make(tmp_path, "check")
    assert done.returncode == 2
    assert ".venv/bin/ruff" in done.stderr


def test_an_unsupported_python_is_refused_with_a_sentence(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "Makefile", tmp_path / "Makefile")
    done = make(tmp_path, ".venv/bin/python", "PYTHON=false")
    assert done.returncode == 2
    assert "false is not Python 3.11 to 3.14" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_ci_runs_the_two_targets_and_nothing_else(root: Path) -> None:
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").splitlines() == [
        "#!/bin/sh",
        "set -eu",
        'cd "$(dirname "$0")/.."',
        "make check",
        "make test",
    ]
