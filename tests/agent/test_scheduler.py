"""Wake-ups: when a step runs, what a failure does to the next one, and how the daemon ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.errors import HaltedError, JournalError, UnreachableError
from agent.instance_lock import holder, stop
from agent.scheduler import Daemon
from agent.step_report import StepOutcome, StepReport
from tests.agent.support.live_vault import LiveVault, write_light_keystore
from tests.agent.test_agent_restart import PASSPHRASE, PATIENCE_SECS, Agents

ROOT = Path(__file__).resolve().parents[2]


class SteppedClock(SystemClock):
    """A clock that a test moves."""

    lap = 0.0

    def lap_secs(self) -> float:
        return self.lap


class ScriptedAgent:
    """An agent whose steps answer or fail as told."""

    def __init__(self, *answers: StepReport | Exception | None) -> None:
        self.answers = list(answers)
        self.steps = 0
        self.halts: list[Exception] = []

    def step(self) -> StepReport | None:
        self.steps += 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def halt(self, error: Exception) -> None:
        self.halts.append(error)


def daemon_of(agent: ScriptedAgent, clock: SystemClock, stop: threading.Event) -> Daemon:
    """Build the daemon around a scripted agent."""
    return Daemon(
        agent,  # type: ignore[arg-type]
        clock,
        poll_secs=0.02,
        retry_first_secs=2.0,
        retry_most_secs=5.0,
        stop=stop,
    )


def test_failures_of_the_node_double_the_pause() -> None:
    gone = [UnreachableError("http://node", "gone") for _ in range(4)]
    clock, agent = SteppedClock(), ScriptedAgent(*gone, StepReport(1, StepOutcome.CONFIRMED), gone[0])
    daemon = daemon_of(agent, clock, threading.Event())
    for pause in (2.0, 4.0, 5.0, 5.0):
        steps = agent.steps
        daemon.wake()
        clock.lap += pause - 0.1
        daemon.wake()
        assert agent.steps == steps + 1, f"a step came before {pause} s had passed"
        clock.lap += 0.1
    daemon.wake()
    assert daemon.steps == 1
    daemon.wake()
    clock.lap += 2.0
    daemon.wake()
    assert agent.steps == 7, "a success ends the doubling"
    assert agent.halts == []


@pytest.mark.parametrize("error", [HaltedError("the chain took another target."), RuntimeError("a defect")])
def test_what_must_not_be_traded_on_halts_for_good(error: Exception) -> None:
    agent = ScriptedAgent(error)
    daemon = daemon_of(agent, SystemClock(), threading.Event())
    daemon.wake()
    daemon.wake()
    assert agent.steps == 1
    assert agent.halts == [error]
    assert daemon.halted is error


def test_a_journal_that_fails_halts_too() -> None:
    class Unwritable(ScriptedAgent):
        def halt(self, error: Exception) -> None:
            raise JournalError("the disk is full.")

    error = JournalError("the disk is full.")
    daemon = daemon_of(Unwritable(error), SystemClock(), threading.Event())
    daemon.wake()
    assert daemon.halted is error


def test_it_wakes_until_told_to_stop_and_restores_the_signals() -> None:
    class ToldToStop(ScriptedAgent):
        def step(self) -> StepReport | None:
            if self.steps == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().step()

    event = threading.Event()
    agent = ToldToStop()
    handler = signal.getsignal(signal.SIGTERM)
    daemon_of(agent, SystemClock(event), event).run()
    assert agent.steps >= 4
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_signal_lets_the_running_step_finish() -> None:
    event, finished = threading.Event(), threading.Event()

    class SlowAgent(ScriptedAgent):
        def step(self) -> StepReport | None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.3)
            finished.set()
            return None

    daemon_of(SlowAgent(), SystemClock(event), event).run()
    assert finished.is_set()


@pytest.mark.timeout(3_600)
def test_the_daemon_decides_and_ends_when_it_is_told(live: LiveVault, tmp_path: Path) -> None:
    agents = Agents(live, tmp_path)
    write_light_keystore(tmp_path / "key.json", live.operator, PASSPHRASE)
    words = [sys.executable, "-m", "agent", "agent", "run", "--live", "--json"]
    with subprocess.Popen(
        [*words, "--config", str(agents.config)],
        env=agents.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until = time.monotonic() + PATIENCE_SECS
            while holder(agents.journal) is None and time.monotonic() < until:
                time.sleep(0.05)
            epoch = live.next_epoch()
            while agents.state(epoch) != "done" and time.monotonic() < until:
                time.sleep(0.05)
            assert stop(agents.journal, SystemClock(), PATIENCE_SECS) == process.pid
            out, err = process.communicate(timeout=PATIENCE_SECS)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert b'"halted": null' in out
    assert list(live.decisions()) == [epoch]
    assert holder(agents.journal) is None
