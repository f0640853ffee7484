"""Let one process work with a journal, and find it to end it."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import IO

from agent.clock import Clock
from agent.errors import AgentError, AlreadyRunningError, NotRunningError

POLL_SECS = 0.1


class StopTimeoutError(AgentError):
    """Say that an agent was told to end and has not."""

    def __init__(self, process_id: int, secs: float) -> None:
        self.process_id = process_id
        super().__init__(
            f"the agent (process {process_id}) has not ended after {secs:.0f} s; it finishes its step first."
        )


class InstanceLock:
    """Hold `<journal>.lock` while the agent runs; the system lets go of it when the process dies, however.

    Raises: AlreadyRunningError.
    """

    def __init__(self, journal: Path) -> None:
        path = lock_path(journal)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise AlreadyRunningError(journal) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Let go of the lock."""
        self._file.truncate(0)
        self._file.close()


def lock_path(journal: Path) -> Path:
    """Return the lock file of a journal."""
    return journal.with_name(journal.name + ".lock")


def holder(journal: Path) -> int | None:
    """Return the process that works with a journal, None when there is none."""
    try:
        with lock_path(journal).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                text = file.read().strip()
                return int(text) if text.isdigit() else None
    except OSError:
        return None
    return None


def stop(journal: Path, clock: Clock, wait_secs: float) -> int:
    """Tell the agent of a journal to finish its step and leave; return its process id once it has.

    Raises: NotRunningError, StopTimeoutError.
    """
    process_id = holder(journal)
    if process_id is None:
        raise NotRunningError(journal)
    try:
        os.kill(process_id, signal.SIGTERM)
    except ProcessLookupError:
        raise NotRunningError(journal) from None
    until = clock.lap_secs() + wait_secs
    while holder(journal) == process_id:
        if clock.lap_secs() > until:
            raise StopTimeoutError(process_id, wait_secs)
        clock.wait(POLL_SECS)
    return process_id
