"""A test that needs price data fails under CI when there is none, and is named loudly elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS_DATA = "def test_prices(price_data):\n    assert price_data.name == 'data'\n"


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """Give a clone with the shared fixtures and one test that needs price data."""
    tests = tmp_path / "clone" / "tests"
    tests.mkdir(parents=True)
    shutil.copyfile(root / "tests" / "conftest.py", tests / "conftest.py")
    (tests / "test_sample.py").write_text(NEEDS_DATA)
    return tests.parent


def pytest_in(clone: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a clone with these variables and without those of this run."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "PROVAULT_DATA")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests"]
    environment = {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables}
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def test_without_data_the_test_fails_under_ci(clone: Path) -> None:
    done = pytest_in(clone, CI="true")
    assert done.returncode == 1
    assert "needs price data" in done.stdout
    assert "1 failed" in done.stdout or "1 error" in done.stdout


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n2")], ids=["one-process", "two-processes"])
def test_without_data_the_test_is_named_loudly_elsewhere(clone: Path, options: tuple[str, ...]) -> None:
    done = pytest_in(clone, *options)
    assert done.returncode == 0
    assert "1 tests left out: no price data" in done.stdout
    assert "test_sample.py::test_prices needs price data" in done.stdout


@pytest.mark.parametrize("named", [True, False])
def test_data_is_found_beside_the_clone_or_as_named(clone: Path, tmp_path: Path, named: bool) -> None:
    folder = tmp_path / ("elsewhere" if named else "shared") / "data"
    folder.mkdir(parents=True)
    done = pytest_in(clone, CI="true", **({"PROVAULT_DATA": str(folder)} if named else {}))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
