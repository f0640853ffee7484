"""What Python sources may not contain, be called, or grow to."""

import ast
from pathlib import Path

import pytest

PACKAGES = ("agent", "audit", "contracts", "prover", "strategies")
BANNED_NAMES = frozenset({"base", "common", "helper", "helpers", "misc", "util", "utilities", "utils"})

LONGEST_LINES = 400
# Files that may be longer, each with the reason.
MAY_BE_LONGER: dict[str, str] = {}


def asserts(source: str, path: Path) -> list[str]:
    """Return where a file uses `assert`, which `python -O` removes."""
    return [f"{path}:{node.lineno}" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


def prints(source: str, path: Path) -> list[str]:
    """Return where a file calls `print`."""
    return [
        f"{path}:{node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def banned_parts(path: Path) -> list[str]:
    """Return the parts of a path that name no concept."""
    return [part for part in path.parts if Path(part).stem.lower().lstrip("_") in BANNED_NAMES]


def too_long(source: str, path: Path) -> list[str]:
    """Return the length of a file that is over the limit and not excepted."""
    lines = len(source.splitlines())
    return [f"{path} has {lines} lines"] if lines > LONGEST_LINES and str(path) not in MAY_BE_LONGER else []


def test_no_assert_outside_tests(root: Path, python_files: list[Path]) -> None:
    checked = [path for path in python_files if path.parts[0] != "tests"]
    assert {path.parts[0] for path in checked} >= set(PACKAGES)
    assert [line for path in checked for line in asserts((root / path).read_text("utf-8"), path)] == []


def test_no_print_in_packages(root: Path, python_files: list[Path]) -> None:
    checked = [path for path in python_files if path.parts[0] in PACKAGES]
    assert {path.parts[0] for path in checked} == set(PACKAGES)
    assert [line for path in checked for line in prints((root / path).read_text("utf-8"), path)] == []


def test_files_are_named_by_their_concept(files: list[Path]) -> None:
    assert [str(path) for path in files if banned_parts(path)] == []


def test_files_stay_short(root: Path, python_files: list[Path]) -> None:
    assert [line for path in python_files for line in too_long((root / path).read_text("utf-8"), path)] == []


def test_every_exception_to_the_length_is_used_and_has_a_reason(root: Path) -> None:
    for name, reason in MAY_BE_LONGER.items():
        assert len((root / name).read_text("utf-8").splitlines()) > LONGEST_LINES, name
        assert reason, name


def test_an_assert_is_found() -> None:
    assert asserts("def f(x):\n    assert x\n", Path("agent/x.py")) == ["agent/x.py:2"]
    assert asserts("# assert x\ntext = 'assert x'\n", Path("agent/x.py")) == []


def test_a_print_is_found() -> None:
    assert prints("if True:\n    print('x')\n", Path("agent/x.py")) == ["agent/x.py:2"]
    assert prints("console.print('x')\ntext = 'print(x)'\n", Path("agent/x.py")) == []


@pytest.mark.parametrize("name", ["agent/utils.py", "prover/helpers/x.py", "contracts/_common.py", "Base.md"])
def test_a_name_without_a_concept_is_found(name: str) -> None:
    assert banned_parts(Path(name))


@pytest.mark.parametrize("name", ["agent/database.py", "prover/field.py", "tests/repo/test_common_prefix.py"])
def test_a_name_with_a_concept_is_left_alone(name: str) -> None:
    assert banned_parts(Path(name)) == []


def test_a_long_file_is_found() -> None:
    assert too_long("x = 1\n" * LONGEST_LINES, Path("agent/x.py")) == []
    found = too_long("x = 1\n" * (LONGEST_LINES + 1), Path("agent/x.py"))
    assert found == [f"agent/x.py has {LONGEST_LINES + 1} lines"]
