"""`provault setup` brings what pip cannot, once, and says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def setup(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `provault setup` in its own process, with these environment variables besides."""
    command = [sys.executable, "-m", "agent", "setup", *words]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)


def test_set_up_leaves_an_anvil_that_runs() -> None:
    done = setup("--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ceremony_powers"] == 4096
    assert Path(document["modules"]).is_dir()
    version = subprocess.run([document["anvil"], "--version"], capture_output=True, text=True, check=True)
    assert "anvil" in version.stdout
    assert "kernel: loading" in done.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_an_anvil_that_is_not_there_is_refused_by_name(as_json: bool) -> None:
    done = setup(*(["--json"] if as_json else []), PROVAULT_ANVIL="no/such/anvil")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    shown = json.loads(done.stdout)["error"] if as_json else done.stderr
    assert "ToolchainError" in (shown["name"] if as_json else shown)
    assert "no/such/anvil" in (shown["message"] if as_json else shown)


def test_a_data_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = setup("--json", XDG_DATA_HOME=str(tmp_path / "file"))
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["name"] == "ToolchainError"
    assert "Traceback" not in done.stderr
