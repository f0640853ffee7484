"""Wake the pipeline every few seconds until told to stop; what is due is decided by chain and journal.

A step that fails because the node does not serve is repeated after a pause that doubles. A step that finds
something it must not trade on halts the agent: it stays up, so that it can be asked and stopped, and does
nothing more. SIGTERM and SIGINT let the running step finish.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from agent.clock import Clock
from agent.errors import AgentError, ChainError
from agent.pipeline import Agent
from agent.step_report import StepReport

log = structlog.get_logger(__name__)

Listener = Callable[[StepReport], None]


class Daemon:
    """One agent, woken up again and again."""

    def __init__(
        self,
        agent: Agent,
        clock: Clock,
        *,
        poll_secs: float,
        retry_first_secs: float,
        retry_most_secs: float,
        stop: threading.Event,
        listener: Listener | None = None,
    ) -> None:
        self._agent = agent
        self._clock = clock
        self._poll_secs = poll_secs
        self._retry_first_secs = retry_first_secs
        self._retry_most_secs = retry_most_secs
        self._stop = stop
        self._listener = listener
        self._failures = 0
        self._quiet_until = 0.0
        self.halted: Exception | None = None
        self.steps = 0  # that reported something

    def run(self) -> None:
        """Run until the stop event is set, by a signal or by somebody else."""
        previous = {sign: signal.signal(sign, self._on_signal) for sign in (signal.SIGTERM, signal.SIGINT)}
        scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
        scheduler.add_job(
            self.wake,
            "interval",
            seconds=self._poll_secs,
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it reports every wake-up
        scheduler.start()
        try:
            self._stop.wait()
        finally:
            scheduler.shutdown(wait=True)
            for sign, handler in previous.items():
                signal.signal(sign, handler)

    def wake(self) -> None:
        """Run one step unless the agent is halted or pausing after a failure."""
        if self.halted is not None or self._stop.is_set() or self._clock.lap_secs() < self._quiet_until:
            return
        try:
            report = self._agent.step()
        except ChainError as error:
            pause = min(self._retry_first_secs * 2**self._failures, self._retry_most_secs)
            self._failures = min(self._failures + 1, 30)
            self._quiet_until = self._clock.lap_secs() + pause
            log.warning("the node does not serve", error=str(error), again_in_secs=pause)
            return
        except Exception as error:  # whatever it is, trading on is wrong
            self.halted = error
            log.critical("halted", name=type(error).__name__, error=str(error))
            try:
                self._agent.halt(error)
            except AgentError as second:  # the journal itself may be what fails
                log.critical("the halt is not in the journal", error=str(second))
            return
        self._failures = 0
        if report is not None:
            self.steps += 1
            if self._listener is not None:
                self._listener(report)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._stop.set()
