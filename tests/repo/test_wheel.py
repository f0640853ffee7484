"""The wheel holds everything that runs: it is installed elsewhere and used without the clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("agent", "audit", "contracts", "prover", "strategies")

COMPILE = """
import pathlib, sys
import agent, audit, contracts, prover, strategies
for package in (agent, audit, contracts, prover, strategies):
    if not pathlib.Path(package.__file__).is_relative_to(sys.argv[1]):
        sys.exit(f"{package.__name__} comes from {package.__file__}")
from contracts.compile import compile_contract
compiled = compile_contract("PriceLog")
sys.stdout.write(f"{len(compiled.runtime_bytecode)} {len(compiled.abi)}")
"""


def run(*command: str | Path, folder: Path, home: Path | None = None) -> str:
    """Run a program outside the clone, with nothing of its environment leading back; return its stdout."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PROVAULT", "VIRTUAL_ENV", "XDG_"))
    }
    if home is not None:
        environment["HOME"] = str(home)
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{command[0]} left with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what git tracks, so that no left-over of the clone gets into it."""
    copy = tmp_path_factory.mktemp("source")
    for path in files:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copy / path)
    built = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", built, copy, folder=built)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty environment that sees this one's dependencies, and not its provault.

    The line in the .pth file adds the folder of the dependencies to the path without reading the .pth files
    in it, and the clone is reached by such a file only. So our packages can come from the wheel alone.
    """
    environment = tmp_path_factory.mktemp("empty") / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=environment.parent)
    python = environment / "bin" / "python"
    with pytest.raises(AssertionError, match="No module named 'agent'"):
        run(python, "-c", "import agent", folder=environment.parent)
    run(
        sys.executable,
        *("-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)),
        folder=environment.parent,
    )
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = run(python, "-c", ask, folder=environment.parent)
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own.strip()) / "dependencies.pth").write_text("\n".join(sorted(dependencies)) + "\n")
    return environment


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
    ours = {path for path in files if path.parts[0] in PACKAGES}
    assert {path.parts[0] for path in ours} == set(PACKAGES)
    assert ours - names == set()
    others = {path for path in names - ours if not path.parts[0].endswith(".dist-info")}
    assert others == set()
    assert {"LICENSE", "NOTICE"} <= {path.name for path in names}


def test_the_installed_command_runs_without_the_clone(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "bin" / "provault", "--help", folder=tmp_path, home=tmp_path)
    assert "Usage: provault" in shown
    assert "setup" in shown
    version = run(installed / "bin" / "provault", "--version", folder=tmp_path, home=tmp_path)
    assert version.startswith("provault ")


def test_the_installed_package_compiles_a_contract_without_the_clone(installed: Path, tmp_path: Path) -> None:
    python = installed / "bin" / "python"
    sizes = run(python, "-c", COMPILE, installed, folder=tmp_path, home=tmp_path)
    assert all(int(size) > 0 for size in sizes.split())
