"""The pipeline against real contracts on a real node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from agent.chain import Chain
from agent.clock import ChainClock, SystemClock
from agent.errors import ChainIdError, HaltedError, MissingCodeError, StrategyMismatchError, UnreachableError
from agent.guards import Guards
from agent.journal import EpochState, Journal
from agent.keystore import KeystoreSigner
from agent.pipeline import Agent
from agent.step_report import StepOutcome
from agent.strategy_prover import StrategyProver
from agent.vault_access import VaultAccess
from prover.artefacts import create_strategy
from prover.compile.cost_model import choose_parameters
from prover.errors import VerificationError
from prover.protocol.statement import Context
from strategies.artefacts import load_model, shipped_model
from strategies.decision import IdleReason
from tests.agent.support.live_vault import (
    GAS,
    GWEI,
    INTERVAL,
    WINDOW,
    LiveVault,
    agent_for,
    settings_for,
    state_of,
)

REVERT_ALWAYS = bytes.fromhex("5f5ffd")
CHAIN_ID = 31337


def test_every_epoch_is_decided_once_and_traded(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    agent.reconcile()
    assert agent.step() is None, "the vault's first epoch has not begun"
    for step in range(3):
        epoch = live.next_epoch((-1) ** step * 50)
        report = agent.step()
        assert report is not None
        assert (report.epoch, report.outcome) == (epoch, StepOutcome.CONFIRMED)
        assert report.decided_by == live.operator.address
        assert report.target_bps == live.vault.functions.target().call()
        window = live.stack.price_log.functions.window(epoch, WINDOW).call()
        assert report.inputs == tuple(a - b for a, b in pairwise(window))
        assert report.target_bps == live.prover.target(report.inputs)
        assert report.prove_secs is not None
        assert report.prove_secs > 0
        if report.idle_reason != IdleReason.IN_BAND:
            assert sum(trade.paid for trade in report.trades) > 0
        assert state_of(journal, live, epoch) is EpochState.DONE
        assert agent.step() is None
    assert list(live.decisions()) == [epoch - 2, epoch - 1, epoch]
    assert live.sent() == 3
    assert report.previous_bps is not None


def test_a_dry_run_proves_and_signs_nothing(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal, dry=True)
    agent.reconcile()
    epoch = live.next_epoch()
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.DRY_RUN
    assert report.proof is not None
    assert (live.sent(), live.decisions()) == (0, {})
    assert journal.commands(CHAIN_ID, live.vault.address, epoch) == []
    assert agent.step() is None, "it says so once"
    sent = agent_for(live, journal).step()
    assert sent is not None
    assert (sent.outcome, sent.proof) == (StepOutcome.CONFIRMED, report.proof), "the proof is taken up"


def test_a_late_epoch_is_missed_and_reported(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    epoch = live.next_epoch(offset=1_201)
    report = agent.step()
    assert report is not None
    assert (report.epoch, report.outcome) == (epoch, StepOutcome.MISSED)
    assert state_of(journal, live, epoch) is EpochState.MISSED
    assert live.sent() == 0


def test_epochs_that_passed_while_away_are_reported(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    first = live.next_epoch()
    agent.step()
    live.next_epoch()
    live.next_epoch()
    epoch = live.next_epoch()
    report = agent.step()
    assert report is not None
    assert report.missed == (first + 1, first + 2)
    assert report.outcome is StepOutcome.CONFIRMED
    assert set(live.decisions()) == {first, epoch}
    assert state_of(journal, live, first + 1) is EpochState.MISSED


def test_an_ended_vault_is_owed_nothing(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    first = live.next_epoch()
    agent.step()
    guardian = live.node.accounts[1]
    live.vault.functions.shut().transact({"from": guardian})
    for _ in range(3):
        live.next_epoch()
        assert agent.step() is None
    states = {row.epoch: row.state for row in journal.epochs(CHAIN_ID, live.vault.address, last=9)}
    assert states == {first: "done", first + 1: "skipped", first + 2: "skipped"}
    assert list(live.decisions()) == [first]


def test_a_log_far_behind_is_pushed_by_itself_first(live: LiveVault, journal: Journal) -> None:
    for _ in range(18):
        live.next_epoch()
    epoch = live.next_epoch()
    report = agent_for(live, journal).step()
    assert report is not None
    assert len(report.push_gas) == 1
    assert report.outcome is StepOutcome.CONFIRMED
    assert set(live.decisions()) == {epoch}


def test_lost_history_is_recorded_on_the_chain_and_the_epoch_skipped(
    live: LiveVault, journal: Journal
) -> None:
    live.next_epoch()
    for step in range(310):  # more writes than the pool keeps observations
        live.market.move_to_tick(live.market.slot0().tick + (-1) ** step * 5)
    live.node.mine((live.epoch + 1) * INTERVAL + 24)
    report = agent_for(live, journal).step()
    assert report is not None
    assert report.outcome is StepOutcome.SKIPPED
    assert len(report.push_gas) == 1
    restarted = live.stack.price_log.events.Restarted().get_logs(from_block=0)
    assert len(restarted) == 1
    assert live.decisions() == {}


def test_a_decision_goes_without_its_trade_when_the_trade_fails(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    live.next_epoch()
    live.node.set_code(live.market.base.address, REVERT_ALWAYS)
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert report.trades == ()
    assert "simulation of trade" in report.reason
    assert live.sent() == 1, "the trade was tried in simulation only"


def test_what_the_market_refuses_is_traded_later_in_the_epoch(live: LiveVault, journal: Journal) -> None:
    epoch = live.next_epoch()
    there = live.market.slot0().tick
    live.market.move_to_tick(there - 400)  # risky dearer than any purchase may pay
    agent = agent_for(live, journal)
    report = agent.step()
    assert report is not None
    assert (report.outcome, report.trades) == (StepOutcome.CONFIRMED, ())
    assert report.idle_reason == IdleReason.NO_ROOM
    assert agent.step() is None, "nothing has changed"
    assert state_of(journal, live, epoch) is EpochState.CONFIRMED
    live.market.move_to_tick(there)
    report = agent.step()
    assert report is not None
    assert len(report.trades) == 1
    assert report.trades[0].buy
    assert len(report.trade_gas) == 1
    assert live.sent() == 2


def test_a_low_ceiling_denies_until_gas_is_cheaper(live: LiveVault, journal: Journal) -> None:
    epoch = live.next_epoch()
    chain = Chain(live.node.rpc_url)
    access = VaultAccess(chain, live.vault.address, GAS)

    def agent_with(ceiling: int) -> Agent:
        return Agent(
            access,
            clock=ChainClock(lambda: chain.latest().time_secs),
            journal=journal,
            prover=live.prover,
            guards=Guards.of(
                chain_lag_secs=60, data_age_intervals=48, max_fee_wei=ceiling, exchange_bps=100
            ),
            settings=settings_for(max_fee_wei=ceiling),
            signer=KeystoreSigner(live.operator),
        )

    report = agent_with(GWEI).step()
    assert report is not None
    assert report.outcome is StepOutcome.DENIED
    assert "gas_ceiling" in report.reason
    assert live.sent() == 0
    report = agent_with(100 * GWEI).step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert state_of(journal, live, epoch) is EpochState.DONE


def test_an_account_without_ether_is_denied(live: LiveVault, journal: Journal) -> None:
    live.next_epoch()
    live.node.set_balance(live.operator.address, 1000)
    report = agent_for(live, journal).step()
    assert report is not None
    assert report.outcome is StepOutcome.DENIED
    assert "gas_balance" in report.reason
    assert live.sent() == 0


def test_deeper_confirmations_are_waited_for(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal, confirmations=3, confirm_wait_secs=0.01)
    epoch = live.next_epoch()
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.UNRESOLVED
    live.wait_until_mined()
    assert state_of(journal, live, epoch) is EpochState.PROVEN
    (command,) = journal.commands(CHAIN_ID, live.vault.address, epoch)
    assert command.outcome == "unresolved", "what may still be undone is not settled"
    live.node.mine()
    live.node.mine()
    report = agent.step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert live.sent() == 1


def test_a_proof_that_does_not_hold_is_never_sent(live: LiveVault, journal: Journal) -> None:
    class BentProver(StrategyProver):
        def prove(self, context: Context, inputs: Sequence[int]) -> tuple[int, bytes]:
            target, proof = super().prove(context, inputs)
            return target, proof[:-1] + bytes([proof[-1] ^ 1])

    epoch = live.next_epoch()
    bent = replace(live, prover=BentProver(live.prover.prover, live.prover.setup))
    with pytest.raises(VerificationError):
        agent_for(bent, journal).step()
    assert live.sent() == 0
    assert state_of(journal, live, epoch) is EpochState.DECIDED
    report = agent_for(live, journal).step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED


@pytest.mark.parametrize("far_bps", [0, 5_000])
def test_trades_are_withheld_while_pool_and_exchanges_disagree(
    live: LiveVault, journal: Journal, far_bps: int
) -> None:
    class Exchange:
        def tick(self) -> int | None:
            return -live.market.slot0().tick + far_bps

    live.next_epoch()
    report = agent_for(live, journal, exchange=Exchange()).step()
    assert report is not None
    assert report.outcome is StepOutcome.CONFIRMED
    assert (report.trades == ()) == (far_bps > 0)
    assert ("exchange_price" in report.reason) == (far_bps > 0)
    assert live.sent() == 1


@pytest.mark.parametrize("lag_secs", [-121, 121])
def test_nothing_is_sent_while_chain_and_clock_disagree(
    live: LiveVault, journal: Journal, lag_secs: int
) -> None:
    class OffClock(SystemClock):
        def now_secs(self) -> int:
            return live.now + lag_secs

    live.next_epoch()
    report = agent_for(live, journal, clock=OffClock()).step()
    assert report is not None
    assert report.outcome is StepOutcome.DENIED
    assert "chain_lag" in report.reason
    assert live.sent() == 0


def test_a_decision_that_the_chain_undoes_is_sent_again_as_it_was(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal, confirmations=2, confirm_wait_secs=0.01)
    epoch = live.next_epoch()
    before = live.node.snapshot()
    agent.step()
    live.wait_until_mined()
    (first,) = journal.commands(CHAIN_ID, live.vault.address, epoch)
    assert live.sent() == 1
    live.node.revert(before)
    assert live.sent() == 0
    agent.step()
    live.wait_until_mined()
    live.node.mine()
    report = agent.step()
    assert report is not None
    assert (report.outcome, report.decision_tx) == (StepOutcome.CONFIRMED, first.tx_hash)
    assert live.sent() == 1
    (command,) = journal.commands(CHAIN_ID, live.vault.address, epoch)
    assert command.outcome == "confirmed"


def test_another_strategy_than_the_pinned_one_is_refused(
    live: LiveVault, journal: Journal, tmp_path: Path
) -> None:
    model = load_model(shipped_model("eth_mlp"))
    create_strategy(
        tmp_path / "other", model.architecture, choose_parameters(model.architecture), model.weights
    )
    twin = replace(live, prover=StrategyProver.load(tmp_path / "other"))  # same weights, other blinding
    with pytest.raises(StrategyMismatchError, match="is not the one in"):
        agent_for(twin, journal).reconcile()


def test_another_chain_is_refused(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    agent.settings = replace(agent.settings, chain_id=1)
    with pytest.raises(ChainIdError, match="serves chain 31337, expected 1"):
        agent.reconcile()


def test_an_address_without_a_vault_is_refused(live: LiveVault) -> None:
    with pytest.raises(MissingCodeError, match="there is no vault at"):
        VaultAccess(Chain(live.node.rpc_url), live.stranger, GAS)


def test_a_decision_that_the_model_does_not_give_halts_the_agent(live: LiveVault, journal: Journal) -> None:
    """Swap the verifier for one that accepts everything and let a stranger choose a target."""
    live.next_epoch()
    live.node.set_code(live.stack.verifier.address, b"\x00")
    live.send_as_stranger(live.vault.functions.decide(live.epoch, 77, b"\x01", False))
    with pytest.raises(HaltedError, match="took target 77"):
        agent_for(live, journal).step()


def test_a_node_that_does_not_answer_leaves_nothing_behind(live: LiveVault, journal: Journal) -> None:
    agent = agent_for(live, journal)
    agent.access.chain.web3.provider.endpoint_uri = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    with pytest.raises(UnreachableError, match="does not answer"):
        agent.step()
    assert journal.vaults() == []
