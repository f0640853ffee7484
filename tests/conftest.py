"""Settings and fixtures that every test folder shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = pytest.StashKey[list[str]]()

# Machines differ in speed: a slow example is not a failure. Under CI every run tries the same examples.
settings.register_profile("provault", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("provault")


def pytest_configure(config: pytest.Config) -> None:
    """Start the list of tests that are left out for want of data."""
    config.stash[LEFT_OUT] = []


@pytest.fixture
def price_data(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give the folder of price data: `PROVAULT_DATA`, else `../shared/data` beside the clone.

    Without it the test fails under CI; elsewhere it is skipped and named in the summary.
    """
    named = os.environ.get("PROVAULT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        sentence = f"{request.node.nodeid} needs price data and {folder} does not exist; set PROVAULT_DATA"
        if os.environ.get("CI"):
            pytest.fail(sentence, pytrace=False)
        request.config.stash[LEFT_OUT].append(sentence)
        pytest.skip(sentence)
    yield folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly which tests were left out for want of data."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        terminalreporter.section(f"{len(left_out)} tests left out: no price data", red=True, bold=True)
        for sentence in left_out:
            terminalreporter.line(sentence)
