"""The agent's only sources of time, passed in so that live run, demo and tests differ in nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tell the time and wait."""

    def now_secs(self) -> int:
        """Return the unix time that block times are compared with."""
        ...

    def lap_secs(self) -> float:
        """Return a monotonic reading for measuring spans."""
        ...

    def wait(self, secs: float) -> bool:
        """Wait for this long; return False when the wait was cut short because the agent is to stop."""
        ...


class SystemClock:
    """Read the machine's clock; `stop` cuts waits short."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()

    def now_secs(self) -> int:
        """Return the machine's unix time."""
        return int(time.time())

    def lap_secs(self) -> float:
        """Return the machine's monotonic reading."""
        return time.perf_counter()

    def wait(self, secs: float) -> bool:
        """Wait unless told to stop."""
        return not self._stop.wait(secs)


class ChainClock(SystemClock):
    """Take the latest block's time as now: for local chains whose time is moved by hand."""

    def __init__(self, block_time: Callable[[], int], stop: threading.Event | None = None) -> None:
        super().__init__(stop)
        self._block_time = block_time

    def now_secs(self) -> int:
        """Return the time of the latest block."""
        return self._block_time()
