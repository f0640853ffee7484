"""The repository as the rules see it: the files that git tracks or would track."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def list_files(root: Path) -> list[Path]:
    """Return the files of a checkout that git does not ignore, as paths relative to its root.

    Raises: RuntimeError when git is missing or the folder is not a checkout, so that no rule passes unseen.
    """
    git = shutil.which("git")
    if git is None:
        raise RuntimeError("git is not installed; the repository rules cannot be checked")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"git cannot list {root}: {done.stderr.decode().strip()}")
    names = {name for name in done.stdout.decode().split("\0") if name}
    return sorted(Path(name) for name in names if (root / name).is_file())


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def files(root: Path) -> list[Path]:
    """Give every file of the repository, relative to the root; there are always some."""
    found = list_files(root)
    assert Path("pyproject.toml") in found
    return found


@pytest.fixture(scope="session")
def python_files(files: list[Path]) -> list[Path]:
    """Give every Python file of the repository, relative to the root."""
    found = [path for path in files if path.suffix == ".py"]
    assert Path("agent/cli.py") in found
    return found


@pytest.fixture
def list_checkout() -> Callable[[Path], list[Path]]:
    """Give the function that lists a checkout, to be tested itself."""
    return list_files
