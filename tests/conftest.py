"""Settings and fixtures that every test folder shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
NO_PRICE_DATA = "needs price data"

# Machines differ in speed: a slow example is not a failure. Under CI every run tries the same examples.
settings.register_profile("provault", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("provault")


@pytest.fixture
def price_data(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give the folder of price data: `PROVAULT_DATA`, else `../shared/data` beside the clone.

    Without it the test fails under CI; elsewhere it is skipped and named in the summary.
    """
    named = os.environ.get("PROVAULT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        sentence = f"{request.node.nodeid} {NO_PRICE_DATA} and {folder} does not exist; set PROVAULT_DATA"
        if os.environ.get("CI"):
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    yield folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which tests were left out for want of data; their reports come from every process."""
    skipped = (report.longrepr for report in terminalreporter.stats.get("skipped", []))
    reasons = (longrepr[2] for longrepr in skipped if isinstance(longrepr, tuple))
    left_out = [reason.removeprefix("Skipped: ") for reason in reasons if NO_PRICE_DATA in reason]
    if left_out:
        terminalreporter.section(f"{len(left_out)} tests left out: no price data", red=True, bold=True)
        for sentence in left_out:
            terminalreporter.line(sentence)
