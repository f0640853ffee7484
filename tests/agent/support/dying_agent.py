"""Run the agent of a configuration until it kills itself at one write of its journal.

    python -m tests.agent.support.dying_agent CONFIG EPOCH WRITE before|after

Only writes about EPOCH count. Without dying it goes on until it is told to end. Beside the configuration it
keeps the number of steps that it has survived.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from sqlalchemy.orm import Session

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


def main() -> None:
    config_file, epoch, write, moment = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    kind = dying_journal(epoch, write, moment)
    config = load_config(config_file, os.environ)
    with assemble(
        config_file, config, live=True, environment=os.environ, stop=stop, journal_type=kind
    ) as assembly:
        steps = 0
        while not stop.is_set():
            assembly.agent.step()
            steps += 1
            steps_file(config_file).write_text(str(steps))
            stop.wait(POLL_SECS)


if __name__ == "__main__":
    main()
