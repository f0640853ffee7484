"""A stranger sends the same decision: whoever comes first, the epoch is decided once and confirmed."""

from __future__ import annotations

from agent.chain import Chain
from agent.journal import Journal
from agent.step_report import StepOutcome
from tests.agent.support.live_vault import (
    GWEI,
    LiveVault,
    agent_for,
)

CHAIN_ID = 31337


def test_a_stranger_with_the_same_proof_comes_first_in_the_block(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal, confirm_wait_secs=0.01)
    epoch = live.next_epoch()
    live.node.request("evm_setAutomine", False)
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.UNRESOLVED
    (waiting,) = live.pending()
    live.copy_call(waiting, tip_wei=5 * GWEI)
    live.node.mine()
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert report.decided_by == live.stranger
    (command,) = journal.commands(CHAIN_ID, live.vault.address, epoch)
    assert command.outcome == "rejected"
    assert live.decisions() == {epoch: live.stranger}


def test_a_stranger_gets_in_between_simulation_and_broadcast(live: LiveVault, journal: Journal) -> None:
    class RacedChain(Chain):
        def broadcast(self, raw: bytes) -> None:
            row = journal.epoch(CHAIN_ID, live.vault.address, live.epoch)
            assert row is not None
            live.send_as_stranger(live.vault.functions.decide(row.epoch, row.target_bps, row.proof, True))
            super().broadcast(raw)

    epoch = live.next_epoch()
    report = agent_for(live, journal, chain=RacedChain(live.node.rpc_url)).step()
    assert report is not None
    assert (report.outcome, report.decided_by) == (StepOutcome.CONFIRMED, live.stranger)
    assert len(report.trades) == 1, "the stranger's call traded for the vault"
    (command,) = journal.commands(CHAIN_ID, live.vault.address, epoch)
    assert (command.outcome, command.reason) == ("rejected", "decided")
    assert (live.sent(), live.decisions()) == (1, {epoch: live.stranger})


def test_a_stranger_decides_before_the_agent_looks(live: LiveVault, journal: Journal) -> None:
    epoch = live.next_epoch()
    other = Journal(journal.path.with_name("other.sqlite"))
    stranger = live.stranger_agent(other)
    stranger.step()
    other.close()
    report = agent_for(live, journal).step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert report.decided_by != live.operator.address
    assert live.sent() == 0
    assert list(live.decisions()) == [epoch]
