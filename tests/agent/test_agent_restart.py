"""SIGKILL the real agent at each write of its journal: every due epoch is decided once, none twice or never.

One vault lives through all of it: the process that recovers from one kill is the one that the next kill hits.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import config_template
from agent.errors import JournalError
from agent.journal import Journal
from tests.agent.support.dying_agent import steps_file
from tests.agent.support.live_vault import GWEI, LiveVault, write_light_keystore

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "correct horse"
PATIENCE_SECS = 1_500.0
MOST_WRITES = 16
CHAIN_ID = 31337

pytestmark = pytest.mark.timeout(3_600)  # some thirty processes start one after the other


class Agents:
    """Agent processes of one configuration, one at a time."""

    def __init__(self, live: LiveVault, folder: Path, *, rpc_url: str | None = None) -> None:
        self.live = live
        self.journal = folder / "journal.sqlite"
        self.config = folder / "agent.yaml"
        self.said = folder / "stderr.txt"
        write_light_keystore(folder / "key.json", live.operator, PASSPHRASE)
        values = {
            ("chain", "rpc_url"): rpc_url or live.node.rpc_url,
            ("chain", "chain_id"): CHAIN_ID,
            ("chain", "local_time"): True,
            ("vault", "address"): live.vault.address,
            ("vault", "strategy_folder"): live.strategy_folder,
            ("account", "keystore_file"): "key.json",
            ("fees", "confirm_wait_secs"): 0.2,
            ("state", "journal_file"): "journal.sqlite",
            ("schedule", "poll_secs"): 0.1,
        }
        self.config.write_text(config_template(values))
        self.environment = {**os.environ, "PROVAULT_PASSPHRASE": PASSPHRASE, "PYTHONPATH": str(ROOT)}
        self.nursery: subprocess.Popen[bytes] | None = None
        self.process_id: int | None = None  # of an agent that has not been seen to end

    def start(self, epoch: int, write: int, moment: str = "after") -> None:
        """Start an agent that dies at a write about an epoch."""
        assert self.process_id is None, "one at a time"
        if self.nursery is None:
            words = [sys.executable, "-m", "tests.agent.support.dying_agent", str(self.config)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
            with self.said.open("ab") as stderr:
                self.nursery = subprocess.Popen(words, env=self.environment, cwd=ROOT, stderr=stderr, **pipes)
        steps_file(self.config).unlink(missing_ok=True)
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        self.nursery.stdin.write(f"{epoch} {write} {moment}\n".encode())
        self.process_id = int(self.nursery.stdout.readline())

    def status(self) -> int | None:
        """Return how the agent ended, None while it lives."""
        assert self.nursery is not None and self.nursery.stdout is not None
        if not select.select([self.nursery.stdout], [], [], 0)[0]:
            return None
        status = int(self.nursery.stdout.readline())
        self.process_id = None
        return status

    def state(self, epoch: int) -> str | None:
        """Return how far an epoch has come, as the journal has it."""
        try:
            journal = Journal(self.journal, read_only=True)
        except JournalError:  # not made yet, or half made
            return None
        try:
            row = journal.epoch(CHAIN_ID, self.live.vault.address, epoch)
            return row.state if row is not None else None
        finally:
            journal.close()

    def until_finished(self, epoch: int) -> bool:
        """Wait until an epoch is decided and traded; False when the agent was killed before."""
        return self._until(lambda: self.state(epoch) == "done")

    def until_dead(self) -> None:
        """Wait until the agent has killed itself."""
        assert not self._until(lambda: False)

    def survives(self) -> bool:
        """Wait until the agent has finished two more steps, the running one included; False when it dies."""
        before = self.steps()
        return self._until(lambda: self.steps() >= before + 2)

    def steps(self) -> int:
        """Return how many steps the agent has finished."""
        file = steps_file(self.config)
        return int(file.read_text() or 0) if file.is_file() else 0

    def _until(self, reached: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < end:
            if reached():
                return True
            code = self.status()
            if code is not None:
                assert code == -signal.SIGKILL, self.said.read_text()
                return False
            time.sleep(0.02)
        raise AssertionError(f"nothing happened in {PATIENCE_SECS:.0f} s")

    def end(self) -> None:
        """End the agent if it still lives, and what it was forked from."""
        if self.nursery is None:
            return
        if self.process_id is not None:
            os.kill(self.process_id, signal.SIGKILL)
        self.nursery.communicate()


@pytest.fixture
def agents(live: LiveVault, tmp_path: Path) -> Iterator[Agents]:
    """Give the means to run and kill agents."""
    agents = Agents(live, tmp_path)
    yield agents
    agents.end()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_each_write_loses_and_repeats_nothing(live: LiveVault, agents: Agents, moment: str) -> None:
    due, kills = [], 0
    survived = False
    for write in range(1, MOST_WRITES):
        epoch = live.epoch + 1
        agents.start(epoch, write, moment)
        if due:
            assert agents.until_finished(due[-1]), "the next agent takes up what the last one left"
        assert live.next_epoch((-1) ** write * 50) == epoch
        due.append(epoch)
        survived = agents.until_finished(epoch)
        survived = survived and agents.survives()
        if survived:
            break
        kills += 1
    assert survived, "an agent that is killed at no write finishes"
    assert kills >= 7, "due, observed, decided, proven, signed, settled and confirmed are writes of their own"
    decisions = live.decisions()
    assert set(decisions) == set(due)
    assert set(decisions.values()) == {live.operator.address}
    assert sorted(decide_nonces(live)) == sorted(set(decide_nonces(live)))
    assert len(decide_nonces(live)) == len(due), "no epoch was sent twice"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_around_the_broadcast_while_a_stranger_copies_the_proof(
    live: LiveVault, agents: Agents, moment: str
) -> None:
    """The fifth write is the signed decision, the sixth what became of it; a stranger's copy is first."""
    epoch = live.epoch + 1
    agents.start(epoch, 6 if moment == "before" else 5, moment)
    wait_for_start(agents)
    live.node.request("evm_setAutomine", False)
    live.next_epoch_held()
    if moment == "after":
        agents.until_dead()  # signed and written down, not broadcast
        assert live.pending() == []
        agents.start(epoch, MOST_WRITES)  # broadcasts it
    waiting = wait_for_pending(live)
    live.copy_call(waiting, tip_wei=5 * GWEI)
    live.node.mine()
    if moment == "before":
        agents.until_dead()  # mined, and nothing about it written down
        agents.start(epoch, MOST_WRITES)
    assert agents.until_finished(epoch)
    assert live.decisions() == {epoch: live.stranger}
    live.node.request("evm_setAutomine", True)


def decide_nonces(live: LiveVault) -> list[int]:
    """Return the nonces of every mined decision of the agent's account, reverted ones included."""
    selector = bytes(live.vault.encode_abi("decide", [0, 0, b"", False])[2:10], "ascii")
    nonces = []
    for number in range(live.node.web3.eth.block_number + 1):
        for one in live.node.web3.eth.get_block(number, full_transactions=True)["transactions"]:
            if one["from"] == live.operator.address and bytes(one["input"])[:4].hex().encode() == selector:
                nonces.append(one["nonce"])
    return nonces


def wait_for_start(agents: Agents) -> None:
    """Wait until the agent has made its journal."""
    end = time.monotonic() + PATIENCE_SECS
    while not agents.journal.is_file() and time.monotonic() < end:
        time.sleep(0.02)


def wait_for_pending(live: LiveVault) -> dict[str, object]:
    """Wait until the agent's transaction is in the pool, and return it."""
    end = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < end:
        waiting = live.pending()
        if waiting:
            return waiting[0]
        time.sleep(0.02)
    raise AssertionError("nothing was broadcast")
