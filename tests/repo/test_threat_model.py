"""The table of faults in docs/threat-model.md: all 38, each with tests, and every name in it exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
FAULTS = 38


@pytest.fixture(scope="module")
def rows(root: Path) -> dict[int, list[str]]:
    """Give the quoted names of each row by its number."""
    text = (root / "docs" / "threat-model.md").read_text()
    return {int(number): re.findall(r"`([^`]+)`", tests) for number, tests in ROW.findall(text)}


@pytest.fixture(scope="module")
def sources(root: Path) -> dict[Path, str]:
    return {path.relative_to(root): path.read_text() for path in (root / "tests").rglob("*.py")}


def test_every_fault_has_a_row_and_every_row_a_test(rows: dict[int, list[str]]) -> None:
    assert sorted(rows) == list(range(1, FAULTS + 1))
    assert all(rows.values())


def test_every_name_in_the_table_exists(rows: dict[int, list[str]], sources: dict[Path, str]) -> None:
    define = re.compile(r"^def (\w+)\(", re.MULTILINE)
    functions = {name for text in sources.values() for name in define.findall(text)}
    for number, names in rows.items():
        for name in names:
            if name.endswith(".py"):
                found = {Path(name), Path("tests/attacks") / name} & set(sources)
            else:
                pattern = re.compile(name.replace("*", r"\w*"))
                found = {function for function in functions if pattern.fullmatch(function)}
            assert found, f"fault {number} names {name}"


def test_every_test_named_after_a_fault_stands_in_its_row(
    rows: dict[int, list[str]], sources: dict[Path, str]
) -> None:
    for path, text in sources.items():
        for name, number in re.findall(r"^def (test_fault_(\d\d)_\w+)\(", text, re.MULTILINE):
            named = rows[int(number)]
            wild = any(re.fullmatch(each.replace("*", r"\w*"), name) for each in named)
            assert wild or str(path) in named, f"{name} of {path} is not in the row of fault {number}"
