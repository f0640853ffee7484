"""The verdicts of the mutation check and the table made of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.catalogue import SUBJECTS
from tests.mutation.guards import Guard, find_guards
from tests.mutation.survivors import EXPLAINED

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "mutation-check.md"
RESULTS = Path(__file__).with_name("results.json")
NOT_TRIED = "not tried"
INTRODUCTION = """\
# Mutation check

Every guard of the contracts is removed or inverted, one at a time; the mutant is compiled, and the tests of
its contract run until one fails that names the refusal. The guards are found by parsing the contracts;
`tests/mutation/guards.py` says what counts as one. `make test` fails when this table and the parser disagree;
`make test-long` tries every guard that has no verdict yet, or whose function has changed.

    python -m tests.mutation.run

tries the same and writes this page again. "Killed" means: a test failed that has the word of the refusal in
its source, parameters or message, and that passes without the mutation; a guard without a word is killed
by any such test. "Killed without its word" means that tests failed and none of them named it.
"""


@dataclass
class Results:
    """Verdicts by guard, kept in a file of the repository."""

    path: Path
    verdicts: dict[str, dict[str, str]]

    @classmethod
    def read(cls, path: Path = RESULTS) -> Results:
        """Read the kept verdicts."""
        return cls(path, json.loads(path.read_text("utf-8")) if path.is_file() else {})

    def is_current(self, guard: Guard) -> bool:
        """Say whether a guard needs no trial: noticed or explained, and its function has not changed."""
        found = self.verdicts.get(guard.key)
        if found is None or found["context"] != guard.context:
            return False
        return found["verdict"] == "killed" or guard.key in EXPLAINED

    def forget(self, guards: list[Guard]) -> None:
        """Drop the verdicts of guards that are there no more."""
        keys = {guard.key for guard in guards}
        if not set(self.verdicts) <= keys:
            self.verdicts = {key: found for key, found in self.verdicts.items() if key in keys}
            self.write()

    def keep(self, guard: Guard, answer: dict[str, str]) -> None:
        """Add a verdict and write the file."""
        entry = {name: answer[name] for name in ("verdict", "test")}
        self.verdicts[guard.key] = {"context": guard.context, **entry}
        self.write()

    def write(self) -> None:
        """Write the file."""
        text = json.dumps(dict(sorted(self.verdicts.items())), indent=1) + "\n"
        self.path.write_text(text, encoding="utf-8")


def all_guards() -> list[Guard]:
    """Return the guards of every contract of the catalogue."""
    return [guard for subject in SUBJECTS for guard in find_guards(subject.contract, ROOT / "contracts")]


def render(guards: list[Guard], results: Results) -> str:
    """Return the page: a summary, and one row a guard."""
    verdicts = [verdict_of(guard, results) for guard in guards]
    lines = [INTRODUCTION, "| contract | guards | " + " | ".join(columns(verdicts)) + " |"]
    lines.append("| --- |" + " ---: |" * (1 + len(columns(verdicts))))
    for subject in SUBJECTS:
        mine = [v for v, guard in zip(verdicts, guards, strict=True) if guard.contract == subject.contract]
        lines.append(_counts(subject.contract, mine, columns(verdicts)))
    lines.append(_counts("all", verdicts, columns(verdicts)))
    for subject in SUBJECTS:
        lines += ["", f"## {subject.contract}.vy", ""]
        lines += ["| function | kind | word | guard | becomes | verdict | noticed by |", "| --- " * 7 + "|"]
        lines += [row(guard, results) for guard in guards if guard.contract == subject.contract]
    return "\n".join(lines) + "\n"


def columns(verdicts: list[str]) -> list[str]:
    """Return the verdicts that occur, killed first."""
    return sorted(set(verdicts), key=lambda verdict: (verdict != "killed", verdict))


def _counts(name: str, verdicts: list[str], wanted: list[str]) -> str:
    count = Counter(verdicts)
    return f"| {name} | {len(verdicts)} | " + " | ".join(str(count[verdict]) for verdict in wanted) + " |"


def verdict_of(guard: Guard, results: Results) -> str:
    """Return a guard's verdict; a survivor with an explanation is told apart."""
    found = results.verdicts.get(guard.key)
    if found is None:
        return NOT_TRIED
    if found["verdict"] != "killed" and guard.key in EXPLAINED:
        return "explained"
    return found["verdict"]


def row(guard: Guard, results: Results) -> str:
    """Return the table row of a guard."""
    verdict = verdict_of(guard, results)
    found = results.verdicts.get(guard.key, {"test": ""})
    noticed = found["test"].removeprefix("tests/contracts/")
    by = EXPLAINED[guard.key] if verdict == "explained" else f"`{noticed}`" if noticed else ""
    cells = (guard.function, guard.kind, guard.word, f"`{guard.text}`", f"`{guard.becomes}`", verdict, by)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
