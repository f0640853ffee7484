"""Drive the agent through epochs while the chain's time moves, and let the frauds try in the last one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.chain import Chain
from agent.clock import ChainClock
from agent.demo.frauds import DecideCall, Fraudster, Refusal
from agent.demo.prices import INTERVAL_SECS
from agent.demo.world import World
from agent.errors import DemoError
from agent.guards import Guards
from agent.journal import Journal
from agent.keystore import KeystoreSigner
from agent.pipeline import Agent, AgentSettings
from agent.step_report import StepOutcome, StepReport
from agent.strategy_prover import StrategyProver
from agent.transactions import FeeSettings
from agent.vault_access import GasLimits, VaultAccess
from prover.protocol.prove import Prover

GWEI = 10**9
GAS_LIMITS = GasLimits(push=3_000_000, decide=4_000_000, trade=1_000_000)
FEES = FeeSettings(
    max_fee_wei=100 * GWEI,
    priority_fee_wei=GWEI,
    replace_after_secs=120,
    confirm_wait_secs=10.0,
    confirmations=1,
)


@dataclass
class TradingRun:
    """The agent of a world, and what it reported.

    `rehearsal` is the same agent without a signer, on the same journal: what it has proven, the agent sends.
    """

    world: World
    agent: Agent
    rehearsal: Agent
    fraudster: Fraudster
    reports: list[StepReport] = field(default_factory=list)

    def trade(self, epochs: int, advance: Callable[[int], None]) -> None:
        """Trade this many epochs, one after the other.

        Raises: DemoError when an epoch ends without the agent's decision.
        """
        for epoch in range(self.world.first_epoch, self.world.first_epoch + epochs):
            self._begin(epoch)
            self._step(epoch)
            advance(epoch)

    def suffer_frauds(self, advance: Callable[[str], None]) -> tuple[Refusal, ...]:
        """Let every fraud try in the next epoch, before the agent decides it.

        Raises: FraudAcceptedError; DemoError when the honest proof is not accepted afterwards.
        """
        last = self.reports[-1]
        if last.target_bps is None or last.proof is None:
            raise DemoError(f"the report of epoch {last.epoch} holds no proof.")
        epoch = last.epoch + 1
        self._begin(epoch)
        proven = self.rehearsal.step()
        if proven is None or proven.target_bps is None or proven.proof is None:
            raise DemoError(f"the agent proved nothing in epoch {epoch}.")
        honest = DecideCall(epoch, proven.target_bps, proven.proof)
        previous = DecideCall(last.epoch, last.target_bps, last.proof)
        refusals = []
        for name, call in self.fraudster.frauds(honest, previous, proven.inputs):
            refusals.append(self.fraudster.send(name, call))
            advance(name)
        if self._step(epoch).proof != honest.proof:
            raise DemoError(f"the agent sent another proof of epoch {epoch} than the frauds departed from.")
        return tuple(refusals)

    def _begin(self, epoch: int) -> None:
        """Move the market through the interval before an epoch, and time to its beginning."""
        self.world.maker.walk(self.world.tick_of(epoch))
        self.world.chain.mine(epoch * INTERVAL_SECS)

    def _step(self, epoch: int) -> StepReport:
        report = self.agent.step()
        if report is None:
            raise DemoError(f"the agent found nothing to do in epoch {epoch}.")
        own = report.decided_by == self.world.operator.address
        if report.epoch != epoch or report.outcome is not StepOutcome.CONFIRMED or not own:
            raise DemoError(f"the agent did not decide epoch {epoch}: {report.outcome}, {report.reason}.")
        self.reports.append(report)
        return report


def start_agent(
    world: World, prover: StrategyProver, chain: Chain, journal: Journal, *, dry_run: bool = False
) -> Agent:
    """Set up the agent as the daemon does, on the chain's own clock, and let it reconcile.

    Raises: agent.errors.HaltedError when chain, vault and strategy do not fit together.
    """
    agent = Agent(
        VaultAccess(chain, world.stack.vault.address, GAS_LIMITS),
        clock=ChainClock(lambda: chain.latest().time_secs),
        journal=journal,
        prover=prover,
        guards=Guards.of(
            chain_lag_secs=60, data_age_intervals=2, max_fee_wei=FEES.max_fee_wei, exchange_bps=100
        ),
        settings=AgentSettings(chain_id=chain.chain_id(), fees=FEES),
        signer=None if dry_run else KeystoreSigner(world.operator),
    )
    agent.reconcile()
    return agent


def start_run(world: World, prover: Prover, chain: Chain, journal_path: Path) -> tuple[TradingRun, Journal]:
    """Return a run ready to trade, and its journal, which the caller closes."""
    journal = Journal(journal_path)
    try:
        strategy = StrategyProver.of(prover)
        agent = start_agent(world, strategy, chain, journal)
        rehearsal = start_agent(world, strategy, chain, journal, dry_run=True)
    except BaseException:
        journal.close()
        raise
    fraudster = Fraudster(world.stack, prover, world.stranger, agent.settings.chain_id)
    return TradingRun(world, agent, rehearsal, fraudster), journal
