"""docs/mutation-check.md holds a row for every guard that the parser finds; no survivor is unexplained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.catalogue import SUBJECTS
from tests.mutation.guards import Guard
from tests.mutation.run import run, trials_of
from tests.mutation.survivors import EXPLAINED
from tests.mutation.table import NOT_TRIED, ROOT, TABLE, Results, all_guards, render, row, verdict_of

RENEW = "python -m tests.mutation.run"
#: In the exhaustive version one recorded verdict in so many is tried again.
SAMPLE = 40


@pytest.fixture(scope="module")
def guards() -> list[Guard]:
    return all_guards()


def test_the_table_is_what_the_parser_and_the_verdicts_make(guards: list[Guard]) -> None:
    text = TABLE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and line.count("`") >= 4]
    assert len(rows) == len(guards), f"{RENEW} tries what is new and writes the table"
    assert text == render(guards, Results.read()), f"{RENEW} --table writes it again"


def test_every_contract_is_in_the_catalogue() -> None:
    folder = ROOT / "contracts"
    found = {path.stem for path in folder.glob("*.vy")}
    found |= {f"modules/{path.stem}" for path in folder.glob("modules/*.vy")}
    assert found == {subject.contract for subject in SUBJECTS}


def test_what_was_tried_was_noticed_or_is_explained(guards: list[Guard]) -> None:
    results = Results.read()
    left = [
        guard.key for guard in guards if verdict_of(guard, results) not in ("killed", "explained", NOT_TRIED)
    ]
    assert left == []


def test_every_verdict_and_explanation_belongs_to_a_guard(guards: list[Guard]) -> None:
    keys = {guard.key for guard in guards}
    assert set(EXPLAINED) <= keys and set(Results.read().verdicts) <= keys
    assert set(EXPLAINED) <= {
        key for key, found in Results.read().verdicts.items() if found["verdict"] != "killed"
    }


def test_a_row_shows_verdict_and_test(guards: list[Guard], tmp_path: Path) -> None:
    guard = guards[0]
    results = Results(tmp_path / "results.json", {})
    assert verdict_of(guard, results) == NOT_TRIED and not results.is_current(guard)
    results.keep(guard, {"verdict": "killed", "test": "tests/contracts/test_x.py::test_y", "says": "z"})
    assert Results.read(results.path).is_current(guard)
    assert row(guard, results).endswith("| killed | `test_x.py::test_y` |")


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
def test_every_guard_is_missed_by_a_test_that_names_it(guards: list[Guard], tmp_path: Path) -> None:
    kept = Results.read()
    results = Results(tmp_path / "results.json", dict(kept.verdicts))
    again = [guard for number, guard in enumerate(guards) if number % SAMPLE == 0]
    wanted = [guard for guard in guards if guard in again or not kept.is_current(guard)]
    run(results, trials_of(wanted), workers=2)
    left = {guard.key: verdict_of(guard, results) for guard in guards}
    assert {key: found for key, found in left.items() if found not in ("killed", "explained")} == {}
