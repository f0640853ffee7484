"""The vault's threat model is complete, and every test that it names exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "threat-model-vault.md"
THREATS = 35


def defined_tests(root: Path) -> set[str]:
    """Return the names of all test functions and of all files that hold them."""
    names: set[str] = set()
    for path in (root / "tests").rglob("test_*.py"):
        names.add(path.name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                names.add(node.name)
    return names


def rows_of(page: str) -> dict[int, list[str]]:
    """Return the cells of each numbered row."""
    rows: dict[int, list[str]] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0].isdigit():
            assert int(cells[0]) not in rows, line
            rows[int(cells[0])] = cells[1:]
    return rows


def test_every_threat_has_a_row_with_what_stops_it_and_a_test() -> None:
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert list(rows) == list(range(1, THREATS + 1))
    for number, cells in rows.items():
        assert len(cells) == 3 and all(cells), number
        assert re.search(r"`test_\w+(\.py)?`", cells[2]), number


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(?:[\w/]+/)?(test_\w+(?:\.py)?)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 60
    assert sorted(named - defined_tests(ROOT)) == []
