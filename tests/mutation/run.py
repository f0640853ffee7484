"""Remove the guards of the contracts one by one and record which test notices.

    python -m tests.mutation.run [--only CONTRACT]... [--kind KIND]... [--most N] [--workers N]
    python -m tests.mutation.run --table

Guards with a recorded verdict are left out as long as the function that holds them is the same, so an
interrupted run goes on where it stopped. `--table` only writes docs/mutation-check.md again.
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.catalogue import LIKELY, SUBJECTS, subject_of
from tests.mutation.guards import Guard, find_guards, mutate
from tests.mutation.schemata import fits, group, switched
from tests.mutation.table import TABLE, Results, all_guards, render
from tests.mutation.trees import ROOT, Tree

KINDS = ("refusal", "call", "member", "leave", "clamp", "condition", "branch", "bits", "term")


def pending(results: Results, only: list[str], kinds: list[str]) -> list[Guard]:
    """Return the guards without a verdict, in the order of the catalogue and of the kinds."""
    found = []
    for subject in SUBJECTS:
        if not only or subject.contract in only:
            guards = find_guards(subject.contract, ROOT / "contracts")
            wanted = [g for g in guards if (not kinds or g.kind in kinds) and not results.is_current(g)]
            found += sorted(wanted, key=lambda guard: KINDS.index(guard.kind))
    return found


@dataclass(frozen=True)
class Trial:
    """A mutant: its source, and the number that switches it on where several share a compilation."""

    guard: Guard
    source: str
    number: int = 0

    def job(self) -> dict[str, object]:
        """Return what a worker is told."""
        subject = subject_of(self.guard.contract)
        return {
            "key": self.guard.key,
            "contract": self.guard.contract,
            "source": self.source,
            "number": self.number,
            "word": self.guard.word,
            "function": self.guard.function,
            "text": self.guard.text,
            "likely": LIKELY.get(self.guard.function, ""),
            "compiled": subject.compiled,
            "tests": subject.tests,
        }


def trials_of(wanted: list[Guard]) -> list[Trial]:
    """Return the mutants of guards, those of one compilation together.

    What shares a compilation depends on the contract alone, so that later runs find it compiled.
    """
    found = []
    for contract in dict.fromkeys(guard.contract for guard in wanted):
        subject, source = subject_of(contract), (ROOT / "contracts" / f"{contract}.vy").read_text("utf-8")
        kinds = subject.kinds or KINDS
        guards = sorted(find_guards(contract, ROOT / "contracts"), key=lambda guard: KINDS.index(guard.kind))
        shared = [g for g in guards if subject.together and g.kind in kinds and fits(g)]
        for members in group(shared, subject.together):
            together = switched(source, members)
            numbered = enumerate(members, start=1)
            found += [Trial(guard, together, number) for number, guard in numbered if guard in wanted]
        alone = [guard for guard in guards if guard in wanted and guard not in shared]
        found += [Trial(guard, mutate(source, guard)) for guard in alone]
    return found


def run(
    results: Results, trials: list[Trial], workers: int, kept: Callable[[Results], object] = lambda _: None
) -> None:
    """Try mutants on several copies of the repository at once; each verdict is kept as it comes."""
    waiting: queue.SimpleQueue[Trial] = queue.SimpleQueue()
    for trial in trials:
        waiting.put(trial)
    lock, done, failed = threading.Lock(), [0], threading.Event()

    def serve(tree: Tree) -> None:
        while not failed.is_set():
            try:
                trial = waiting.get_nowait()
            except queue.Empty:
                return
            started = time.monotonic()
            try:
                answer = tree.attempt(trial.job())
                if trial.number and answer["verdict"] in ("does not compile", "error"):
                    say(f"tried alone, for together it {answer['verdict']}: {answer['says']}")
                    source = (ROOT / "contracts" / f"{trial.guard.contract}.vy").read_text("utf-8")
                    answer = tree.attempt(Trial(trial.guard, mutate(source, trial.guard)).job())
            except BaseException:
                failed.set()
                raise
            with lock:
                done[0] += 1
                results.keep(trial.guard, answer)
                kept(results)
                secs = time.monotonic() - started
                place, said = f"{done[0]}/{len(trials)}", answer["test"] or answer["says"]
                say(f"{place} {secs:.0f}s {answer['verdict']}: {trial.guard.key} [{said}]")

    with tempfile.TemporaryDirectory(prefix="provault-mutation-") as folder:
        trees = [Tree(Path(folder) / str(index)) for index in range(workers)]
        threads = [threading.Thread(target=serve, args=(tree,)) for tree in trees]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            failed.set()
            for tree in trees:
                tree.close()


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    """Run what the arguments name and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.run", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="CONTRACT")
    parser.add_argument("--kind", action="append", default=[], choices=KINDS)
    parser.add_argument("--most", type=int, default=None, metavar="N")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2))
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    results, everything = Results.read(), all_guards()
    results.forget(everything)

    def write_table(found: Results) -> None:
        TABLE.write_text(render(everything, found), encoding="utf-8")

    if not arguments.table:
        guards = pending(results, arguments.only, arguments.kind)[: arguments.most]
        say(f"{len(guards)} mutants to try")
        if guards:
            run(results, trials_of(guards), min(arguments.workers, len(guards)), write_table)
    write_table(results)


if __name__ == "__main__":
    main()
