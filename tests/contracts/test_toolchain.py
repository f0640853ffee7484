"""The local chain is found in a stated order and installed all or nothing."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from contracts import toolchain
from contracts.errors import ToolchainError

ANVIL = toolchain.ANVIL_PACKAGE


def write_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return path


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no anvil anywhere and an empty data folder."""
    monkeypatch.delenv("PROVAULT_ANVIL", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "data_folder", lambda: tmp_path / "data")
    return tmp_path


def fake_npm(machine: Path, *, anvil_version: str = "1.7.1", exit_code: int = 0) -> None:
    """Put an npm on PATH that leaves an anvil of some version, or fails half-way."""
    write_program(
        machine / "path" / "npm",
        f"""
if [ "$1" = --version ]; then echo 10.0.0; exit 0; fi
echo run >> {machine}/runs
mkdir -p node_modules/{ANVIL.parent}
printf '#!/bin/sh\\necho anvil Version: {anvil_version}\\n' > node_modules/{ANVIL}
chmod +x node_modules/{ANVIL}
if [ {exit_code} != 0 ]; then echo "npm error code ENOTFOUND" >&2; exit {exit_code}; fi
""",
    )


def runs(machine: Path) -> int:
    return (machine / "runs").read_text().count("run") if (machine / "runs").exists() else 0


def test_anvil_is_found_by_variable_then_path_then_data_folder(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolchainError, match=r"anvil.*not installed; run `make setup`"):
        toolchain.find_anvil()
    installed = write_program(toolchain.modules_folder() / ANVIL, "")
    assert toolchain.find_anvil() == installed
    on_path = write_program(empty / "path" / "anvil", "")
    assert toolchain.find_anvil() == on_path
    named = write_program(empty / "mine", "")
    monkeypatch.setenv("PROVAULT_ANVIL", str(named))
    assert toolchain.find_anvil() == named


@pytest.mark.parametrize("what", ["absent", "folder", "not executable"])
def test_a_variable_that_names_no_program_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    write_program(empty / "path" / "anvil", "")
    named = empty / "named"
    if what == "folder":
        named.mkdir()
    if what == "not executable":
        named.write_text("")
        named.chmod(0o644)
    monkeypatch.setenv("PROVAULT_ANVIL", str(named))
    with pytest.raises(ToolchainError, match=r"PROVAULT_ANVIL names .* not a program"):
        toolchain.find_anvil()


def test_install_happens_once_and_again_when_the_lock_changes(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(empty)
    lines: list[str] = []
    target = toolchain.install(lines.append)
    assert (target / ANVIL).is_file() and toolchain.is_installed() and runs(empty) == 1
    assert len(lines) >= 3
    toolchain.install(lines.append)
    assert runs(empty) == 1 and "already installed" in lines[-1]
    monkeypatch.setattr(toolchain, "lock_digest", lambda: "another lock")
    assert not toolchain.is_installed()
    toolchain.install()
    assert runs(empty) == 2 and toolchain.is_installed()


def test_a_failed_install_leaves_what_was_there(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(empty, exit_code=7)
    with pytest.raises(ToolchainError, match=r"npm could not install .*exit 7.*ENOTFOUND"):
        toolchain.install()
    assert not toolchain.is_installed() and not toolchain.modules_folder().exists()
    fake_npm(empty)
    toolchain.install()
    before = (toolchain.modules_folder() / ANVIL).read_text()
    fake_npm(empty, exit_code=7, anvil_version="9.9.9")
    monkeypatch.setattr(toolchain, "lock_digest", lambda: "another lock")
    with pytest.raises(ToolchainError, match="exit 7"):
        toolchain.install()
    assert (toolchain.modules_folder() / ANVIL).read_text() == before
    left = [path.name for path in toolchain.data_folder().iterdir()]
    assert sorted(left) == [".install.lock", "node_modules"]


def test_an_anvil_of_another_version_is_not_installed(empty: Path) -> None:
    fake_npm(empty, anvil_version="1.0.0")
    with pytest.raises(ToolchainError, match=r"does not run as version 1\.7\.1"):
        toolchain.install()
    assert not toolchain.modules_folder().exists()


def test_an_old_npm_gives_way_to_the_one_from_the_wheel(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(empty / "path" / "npm", "echo 6.14.0")
    called: list[Path] = []

    def wheel(folder: Path) -> tuple[int, str]:
        called.append(folder)
        return 1, "npm error from the wheel"

    monkeypatch.setattr(toolchain, "_run_npm_of_wheel", wheel)
    with pytest.raises(ToolchainError, match="from the wheel"):
        toolchain.install()
    assert len(called) == 1


def test_the_wheel_brings_a_working_npm(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    code, said = toolchain._run_npm_of_wheel(tmp_path)  # no lock: npm itself must say so
    assert code != 0 and "npm ci" in said


def test_another_machine_is_told_what_is_missing(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(empty)
    monkeypatch.setattr(toolchain.platform, "machine", lambda: "arm64")
    lines: list[str] = []
    toolchain.install(lines.append)
    assert any("only for Linux x86-64" in line and "PROVAULT_ANVIL" in line for line in lines)


def test_the_command_ends_with_one_sentence_when_npm_fails(empty: Path) -> None:
    fake_npm(empty, exit_code=3)
    environment = {**os.environ, "XDG_DATA_HOME": str(empty / "xdg")}
    command = [sys.executable, "-m", "contracts.toolchain"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: npm could not install the toolchain (exit 3)")


def test_the_lock_pins_contents_and_names_no_address() -> None:
    shipped = files("contracts")
    manifest = json.loads((shipped / "package.json").read_text())
    lock = json.loads((shipped / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    wanted = {**manifest["dependencies"], **manifest["optionalDependencies"]}
    assert wanted["@foundry-rs/anvil-linux-amd64"] == "1.7.1" and wanted["@uniswap/v3-core"] == "1.0.1"
    for name, number in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == number
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-") and "resolved" not in entry


def test_artefacts_are_refused_by_name(empty: Path) -> None:
    with pytest.raises(ToolchainError, match=r"X\.json is not installed"):
        toolchain.read_artifact("X.json")
    path = toolchain.modules_folder() / "X.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ToolchainError, match=r"X\.json is damaged"):
        toolchain.read_artifact("X.json")
    path.write_text('{"abi": [], "bytecode": "0x"}')
    with pytest.raises(ToolchainError, match="holds no compiled contract"):
        toolchain.read_artifact("X.json")


@pytest.mark.long
def test_a_real_install_gives_a_running_anvil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "data_folder", lambda: tmp_path)
    target = toolchain.install()
    done = subprocess.run([target / ANVIL, "--version"], capture_output=True, text=True, check=True)
    assert "1.7.1" in done.stdout
