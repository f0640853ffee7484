"""The parser finds the guards that are there, and every mutant is what it says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.mutation.catalogue import SUBJECTS
from tests.mutation.guards import Guard, find_guards, mutate
from tests.mutation.schemata import MARK, choose, fits, group, switched
from tests.mutation.table import ROOT

CONTRACT = """\
# pragma version 0.4.3
from .modules import refusal

interface Checker:
    def check(x: uint256): nonpayable
    def ask(x: uint256) -> bool: nonpayable

LIMIT: immutable(uint256)
total: uint256


@deploy
def __init__(limit: uint256):
    assert limit > 0 and limit < 9, "limit"
    LIMIT = limit


@internal
@view
def _only(who: address):
    refusal.check(who not in [empty(address), self], "auth")


@internal
@pure
def _bad():
    refusal.check(False, "bad")


@internal
def _take(x: uint256):
    refusal.check(x != 0, "amount")
    self.total += x


@external
def act(x: uint256, checker: address) -> uint256:
    self._only(msg.sender)
    refusal.check(extcall Checker(checker).ask(x), "asked")
    extcall Checker(checker).check(x)
    if x > 5 or not (x < 9):
        self._bad()
    if x == 2:
        return 0
    if x != 3:
        self._take(x)
    y: uint256 = min(x, 7) if x > 1 else 0
    z: bool = x == 1 and y == 1
    return y
"""

FOUND = [
    ("refusal", "limit", "limit > 0", "True"),
    ("refusal", "limit", "limit < 9", "True"),
    ("refusal", "auth", "who not in [empty(address), self]", "True"),
    ("member", "auth", "[empty(address), self]", "[empty(address)]"),
    ("member", "auth", "[empty(address), self]", "[self]"),
    ("refusal", "amount", "x != 0", "True"),
    ("call", "auth", "self._only(msg.sender)", "pass"),
    ("refusal", "asked", "extcall Checker(checker).ask(x)", "True"),
    ("call", "", "extcall Checker(checker).check(x)", "pass"),
    ("refusal", "bad", "x > 5", "False"),
    ("refusal", "bad", "x < 9", "True"),
    ("leave", "", "x == 2", "False"),
    ("branch", "", "x != 3", "inverted"),
    ("call", "", "self._take(x)", "pass"),
    ("clamp", "", "min(x, 7) if x > 1 else 0", "min(x, 7)"),
    ("clamp", "", "min(x, 7)", "7"),
    ("clamp", "", "min(x, 7)", "x"),
    ("condition", "", "x == 1", "True"),
    ("condition", "", "y == 1", "True"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Subject.vy").write_text(CONTRACT, encoding="utf-8")
    return tmp_path


def test_every_kind_of_guard_is_found(folder: Path) -> None:
    guards = find_guards("Subject", folder)
    assert [(guard.kind, guard.word, guard.text, guard.becomes) for guard in guards] == FOUND


def test_a_mutant_differs_in_its_guard_alone(folder: Path) -> None:
    for guard in find_guards("Subject", folder):
        mutant = mutate(CONTRACT, guard)
        assert mutant != CONTRACT
        assert mutant[: guard.start] == CONTRACT[: guard.start]
        assert mutant[guard.start + len(guard.replacement) :] == CONTRACT[guard.stop :]


def test_a_call_in_a_removed_condition_still_happens(folder: Path) -> None:
    (asked,) = (guard for guard in find_guards("Subject", folder) if guard.word == "asked")
    assert "refusal.check((extcall Checker(checker).ask(x) or True), " in mutate(CONTRACT, asked)


def test_guards_of_one_compilation_do_not_overlap(folder: Path) -> None:
    guards = [guard for guard in find_guards("Subject", folder) if fits(guard)]
    groups = group(guards, 5)
    assert sorted(guard.key for members in groups for guard in members) == sorted(g.key for g in guards)
    for members in groups:
        assert len(members) <= 5
        places = sorted((guard.start, guard.stop) for guard in members)
        assert all(before[1] <= after[0] for before, after in pairwise(places))


def test_a_number_chooses_the_mutant(folder: Path) -> None:
    guards = [guard for guard in find_guards("Subject", folder) if fits(guard)]
    (first, *_) = group(guards, 40)
    source = switched(CONTRACT, first)
    assert source.count("MUTANT: immutable(uint256)") == 1
    assert f"    MUTANT = {MARK}\n    assert (MUTANT == 1 or (limit > 0))" in source
    for number in range(1, len(first) + 1):
        assert (
            source.count(f"MUTANT == {number} ")
            + source.count(f"MUTANT == {number})")
            + source.count(f"MUTANT != {number} ")
            + source.count(f"MUTANT != {number}:")
            == 1
        )
    code = b"\x7f" + MARK.to_bytes(32, "big") + b"\x00"
    assert choose(code, 3) == b"\x7f" + (3).to_bytes(32, "big") + b"\x00"
    with pytest.raises(ValueError, match="2 times"):
        choose(code + code, 3)


def test_the_number_is_set_behind_a_docstring(folder: Path) -> None:
    head = "def __init__(limit: uint256):\n"
    text = CONTRACT.replace(head, head + '    """\n    @notice Limit.\n    """\n')
    assert f'    """\n    MUTANT = {MARK}\n    assert ' in switched(text, find_guards("Subject", folder)[:0])


def test_a_contract_without_a_constructor_gets_one(tmp_path: Path) -> None:
    text = "# pragma version 0.4.3\n\n\n@external\n@pure\ndef f(x: uint256):\n    assert x < 3, 'x'\n"
    (tmp_path / "Subject.vy").write_text(text, encoding="utf-8")
    source = switched(text, find_guards("Subject", tmp_path))
    assert f"@deploy\ndef __init__():\n    MUTANT = {MARK}\n" in source
    assert "@view\ndef f" in source and "assert (MUTANT == 1 or (x < 3)), 'x'" in source


@pytest.mark.parametrize("contract", [subject.contract for subject in SUBJECTS])
def test_no_two_guards_of_a_contract_have_one_name(contract: str) -> None:
    guards: list[Guard] = find_guards(contract, ROOT / "contracts")
    assert len({guard.key for guard in guards}) == len(guards) > 0
