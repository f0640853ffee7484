"""Try mutants in a copy of the repository: compile each, and run tests until one notices.

Started by `tests.mutation.run` with the copy as its working folder and first in its path. What every mutant
needs is imported once; each mutant is tried in a fork of this process.

    in    {"key", "contract", "source", "number", "word", "function", "text", "likely", "compiled", "tests"}
    out   {"key", "verdict", "test", "says"}    one line of JSON each
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.schemata import MARK, choose

Action = Callable[[dict[str, Any]], dict[str, str]]
#: Failures that do not name the word before the search for one that does is given up.
MOST_FAILURES = 6
TRIAL_SECS = 1_800
#: Rank of tests that name neither the word nor the function of a guard.
OTHERS = 3
SAYS_CHARACTERS = 160
#: Imported once; none of them reads a contract's source while it is imported.
SHARED = (
    *("boa", "eth_account", "hypothesis", "vyper", "web3", "vyper.compiler", "vyper.compiler.output"),
    *("contracts.compile", "contracts.deploy", "contracts.node", "contracts.uniswap"),
    *("tests.contracts.support.evm", "tests.contracts.support.vault_world"),
)


class Watch:
    """A plugin that runs the likeliest tests first and stops at the one that names the refusal."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.word, self.function, self.likely = job["word"], job["function"], job["likely"]
        self.names_in_text = set(re.findall(r"[a-z_]{5,}", job["text"]))
        self.failures: list[dict[str, str]] = []
        self.killed: dict[str, str] | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.word:  # only these could notice it by its word
            items[:] = [item for item in items if self.rank(item) < OTHERS]
        items.sort(key=lambda item: (self.rank(item), not self.is_parameter(item)))

    def rank(self, item: pytest.Item) -> int:
        """Order tests: those that name word and function, word, function, any; stateful ones last."""
        text = _source(item)
        named = bool(self.word) and self.names(text)
        if _generated(item) and not named:
            return OTHERS + 1
        called = f".{self.function}(" in text or (bool(self.likely) and self.likely in item.nodeid)
        return OTHERS - 2 * named - called

    def is_parameter(self, item: pytest.Item) -> bool:
        """Say whether a test is run with a name that the guard has in it: `tolerance_ticks`."""
        return bool(self.names_in_text & set(re.findall(r"[a-z_]{5,}", item.name.partition("[")[2])))

    def names(self, text: str) -> bool:
        return f'"{self.word}"' in text or f"'{self.word}'" in text

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[Any]:
        report = yield
        if report.failed:
            said = str(report.longrepr)
            lines = [line[1:].strip() for line in said.splitlines() if line.startswith("E ")]
            failure = {"test": item.nodeid, "says": (lines or [said.strip()])[0][:SAYS_CHARACTERS]}
            self.failures.append(failure)
            if not self.word or self.names(_source(item) + said):
                self.killed = failure
                item.session.shouldstop = "noticed"
            elif len(self.failures) >= MOST_FAILURES:
                item.session.shouldstop = "noticed, by tests that do not name the word"
        return report


def _generated(item: pytest.Item) -> bool:
    return "hypothesis" in item.keywords or "stateful" in item.name or item.name == "runTest"


def _source(item: pytest.Item) -> str:
    """Return a test's source and the parameters that it is run with."""
    function = getattr(item, "function", None)
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    try:
        return (inspect.getsource(function) if function else "") + repr(parameters)
    except (OSError, TypeError):
        return repr(parameters)


def compile_only(job: dict[str, Any]) -> dict[str, str]:
    """Compile what stands in the copy, which keeps the result; no verdict when it compiles."""
    from contracts.compile import compile_contract
    from contracts.errors import CompileError

    try:
        compile_contract(job["compiled"])
    except CompileError as error:
        return {
            "verdict": "does not compile",
            "test": "",
            "says": " ".join(str(error).split())[:SAYS_CHARACTERS],
        }
    return {}


def contains_mark(name: str) -> bool:
    """Say whether what the tests will deploy still waits for a number."""
    from contracts.compile import compile_contract

    return MARK.to_bytes(32, "big") in compile_contract(name).bytecode


def attempt(job: dict[str, Any], only: str = "") -> dict[str, str]:
    """Compile what stands in the copy and run its tests, or only one; return the verdict."""
    if refused := compile_only(job):
        return refused
    if job["number"] and contains_mark(job["compiled"]):
        return {"verdict": "error", "test": "", "says": "the mutant was not switched on"}
    watch = Watch(job)
    files = [only] if only else [f"tests/contracts/{name}.py" for name in job["tests"]]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not long", "--timeout=900"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins are imported before the fork
    status = pytest.main([*options, *files], plugins=[watch])
    if watch.killed:
        return {"verdict": "killed", **watch.killed}
    if watch.failures:
        return {"verdict": "killed without its word", **watch.failures[0]}
    if status == pytest.ExitCode.OK:
        return {"verdict": "survived", "test": "", "says": ""}
    return {"verdict": "error", "test": "", "says": f"pytest ended with status {int(status)}"}


@cache
def prove_once() -> None:
    """Make the proofs that most tests of the verifier share, so that every fork has them."""
    from tests.contracts.support.verifier_cases import case

    for name in ("single", "chunks"):
        case(name)


class Trials:
    """The copy of the repository, what has been compiled in it, and which tests pass there unharmed."""

    def __init__(self, copy: Path, shared: Path) -> None:
        self.copy = copy
        self.original: dict[str, str] = {}
        self.shared = shared  # what sources compile to, kept from run to run
        self.sound: set[tuple[str, str]] = set()  # source and test that passes with no mutation

    def verdict(self, job: dict[str, Any]) -> dict[str, str]:
        """Try a mutant; a test that notices it must pass when nothing is mutated."""
        path = self.copy / "contracts" / f"{job['contract']}.vy"
        original = self.original.setdefault(job["contract"], path.read_text(encoding="utf-8"))
        if job["contract"] == "Verifier":
            prove_once()
        try:
            self.install(job, path, job["source"], job["number"])
            answer = self.fork(job, attempt)
            if not answer["verdict"].startswith("killed"):
                return answer
            unharmed = job["source"] if job["number"] else original
            known = (unharmed, answer["test"])
            if known not in self.sound:
                self.install(job, path, unharmed, 0)
                control = self.fork(job, partial(attempt, only=answer["test"]))
                if control["verdict"] != "survived":
                    said = f"{answer['test']} also fails with nothing mutated: {control['says']}"
                    return {"verdict": "error", "test": "", "says": said}
                self.sound.add(known)
            return answer
        finally:
            path.write_text(original, encoding="utf-8")

    def install(self, job: dict[str, Any], path: Path, source: str, number: int) -> None:
        """Put a source in its place, and beside it what it compiles to with one mutant switched on."""
        from contracts.compile import _kept_path

        path.write_text(source, encoding="utf-8")
        place = _kept_path(job["compiled"])
        shared = self.shared / f"{self.digest()}-{place.name}"
        if not shared.is_file():
            place.unlink(missing_ok=True)
            self.fork(job, compile_only)
            if not place.is_file():
                return
            self.shared.mkdir(parents=True, exist_ok=True)
            shared.write_bytes(place.read_bytes())
        entry = json.loads(shared.read_text(encoding="utf-8"))
        if job["number"]:
            body = entry["body"]
            body["bytecode"] = choose(bytes.fromhex(body["bytecode"]), number).hex()
            entry["sha256"] = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        place.write_text(json.dumps(entry), encoding="utf-8")

    def digest(self) -> str:
        """Digest every source of the copy."""
        folder = self.copy / "contracts"
        found = sha256()
        for path in sorted(folder.rglob("*.vy*")):
            found.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
        return found.hexdigest()[:32]

    def fork(self, job: dict[str, Any], action: Action) -> dict[str, str]:
        """Do something with a mutant in a child process, whose output goes to a file."""
        answer, output = self.copy.parent / "answer.json", self.copy.parent / "output.txt"
        answer.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            try:
                answer.write_text(json.dumps(action(job)))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
        until = time.monotonic() + TRIAL_SECS
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return {"verdict": "no end", "test": "", "says": f"nothing after {TRIAL_SECS} s"}
            time.sleep(0.1)
        try:
            result: dict[str, str] = json.loads(answer.read_text())
        except (OSError, ValueError):
            lines = [line for line in output.read_text(errors="replace").splitlines() if line.strip()]
            return {"verdict": "error", "test": "", "says": (lines or ["the trial left no answer"])[-1]}
        return result


def main() -> None:
    """Serve trials until the input ends."""
    for name in SHARED:
        importlib.import_module(name)
    trials = Trials(Path.cwd(), Path(sys.argv[1]))
    for line in sys.stdin:
        job = json.loads(line)
        answer = trials.verdict(job)
        sys.stdout.write(json.dumps({"key": job["key"], **answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
