"""Run the agent of a configuration until it kills itself at one write of its journal, again and again.

    python -m tests.agent.support.dying_agent CONFIG
        in    EPOCH WRITE before|after     starts an agent in a process of its own
        out   its process id, and when it has ended its exit status as `subprocess` gives it

The programs are loaded once and each agent is a fork: nothing but them is shared. Only writes about EPOCH
count. Without dying an agent goes on. Beside the configuration it keeps the number of steps it has survived.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from sqlalchemy.orm import Session

import agent.exchange
import agent.pipeline
import agent.strategy_prover  # noqa: F401  (loaded before the first fork)
from agent.assembly import assemble
from agent.config import load_config
from agent.journal import CommandRow, EpochRow, Journal

POLL_SECS = 0.05


def dying_journal(epoch: int, write: int, moment: str) -> type[Journal]:
    """Return a journal that ends its process, without notice, at one write."""

    class DyingJournal(Journal):
        seen = 0

        def commit(self, session: Session) -> None:
            rows = [*session.new, *session.dirty]
            counts = any(isinstance(row, EpochRow | CommandRow) and row.epoch == epoch for row in rows)
            self.seen += counts
            if counts and self.seen == write and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            super().commit(session)
            if counts and self.seen == write and moment == "after":
                os.kill(os.getpid(), signal.SIGKILL)

    return DyingJournal


def steps_file(config_file: Path) -> Path:
    """Return where the number of finished steps is kept."""
    return config_file.with_name("steps.txt")


def run(config_file: Path, epoch: int, write: int, moment: str) -> None:
    """Run one agent until it dies."""
    stop = threading.Event()
    kind = dying_journal(epoch, write, moment)
    config = load_config(config_file, os.environ)
    with assemble(
        config_file, config, live=True, environment=os.environ, stop=stop, journal_type=kind
    ) as assembly:
        steps = 0
        while True:
            assembly.agent.step()
            steps += 1
            steps_file(config_file).write_text(str(steps))
            stop.wait(POLL_SECS)


def main() -> None:
    config_file = Path(sys.argv[1])
    for line in sys.stdin:
        epoch, write, moment = line.split()
        process_id = os.fork()
        if process_id == 0:
            os.dup2(2, 1)  # what it logs is no exit status
            try:
                run(config_file, int(epoch), int(write), moment)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        print(process_id, flush=True)
        _, status = os.waitpid(process_id, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
