"""The epoch pipeline: observe, decide, prove, submit, confirm, trade; one vault, one epoch at a time.

`Agent.step` does whatever is due at the latest block's time and returns. Every part writes its row before it
acts, so the step after a crash goes on where the journal stops. It reads no clock but the one passed in and
never sleeps: demo, tests and daemon drive the same object.

    due -> observed -> decided -> proven -> confirmed -> done        missed, skipped: ended without a decision
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from agent.chain import Call, Chain
from agent.clock import Clock
from agent.errors import HaltedError, StrategyMismatchError
from agent.gate import ExchangePrices, Gate
from agent.guards import Guards, Verdict
from agent.journal import FINAL, CommandKind, EpochRow, EpochState, HaltRow, Journal, Outcome
from agent.keystore import Signer
from agent.running_step import RunningStep
from agent.step_report import StepOutcome, StepReport
from agent.strategy_prover import DecisionProver
from agent.trade_plan import plan_trade
from agent.transactions import FeeSettings
from agent.vault_access import DecisionEvent, VaultAccess, VaultView
from prover.protocol.statement import Context
from strategies.decision import IdleReason
from strategies.features import model_inputs
from strategies.vault_rules import BPS

log = structlog.get_logger(__name__)

MOST_PUSHES = 16  # in one step: 256 intervals, as many as the log keeps
MISSED_REASON = "its decision window passed"


@dataclass(frozen=True)
class AgentSettings:
    """What the operator chooses about one vault."""

    chain_id: int
    fees: FeeSettings
    max_decide_attempts: int = 3  # reverted ones, per epoch
    max_trade_calls: int = 4  # per epoch
    least_trade_bps: int = 5  # of net asset value, the least fill worth a call of trade


class Agent:
    """Run one strategy for one vault.

    Parameters: `signer` None is a dry run, which signs nothing; `exchange` None asks no exchange.
    """

    def __init__(
        self,
        access: VaultAccess,
        *,
        clock: Clock,
        journal: Journal,
        prover: DecisionProver,
        guards: Guards,
        settings: AgentSettings,
        signer: Signer | None = None,
        exchange: ExchangePrices | None = None,
    ) -> None:
        self.access = access
        self.settings = settings
        self._chain: Chain = access.chain
        self._clock = clock
        self._journal = journal
        self._prover = prover
        self._known_strategy: str | None = None
        self._gate = Gate(
            access.chain,
            settings.chain_id,
            journal=journal,
            clock=clock,
            guards=guards,
            fees=settings.fees,
            signer=signer,
            exchange=exchange,
        )

    @property
    def vault(self) -> str:
        """Return the vault's address."""
        return self.access.facts.address

    @property
    def dry_run(self) -> bool:
        """Tell whether nothing is signed."""
        return self._gate.dry_run

    def reconcile(self) -> None:
        """Compare journal, strategy and chain before the first step; the agent does not trade when it fails.

        Raises: ChainIdError, MissingPrecompileError, StrategyMismatchError, and ChainError for the node.
        """
        self._chain.check_id(self.settings.chain_id)
        self._chain.check_precompiles()
        rules = self.access.facts.rules
        expected = rules.window_ticks - 1 + int(rules.previous_target)
        if self._prover.input_count != expected:
            raise StrategyMismatchError(
                f"the strategy takes {self._prover.input_count} inputs, the vault gives {expected};"
                " check vault.strategy_folder."
            )
        self._check_strategy(self.access.view(self._chain.latest().time_secs // rules.interval_secs))
        self._gate.settle()
        self._journal.resume(self.settings.chain_id, self.vault)

    def halt(self, error: Exception) -> None:
        """Remember why the agent stopped; `reconcile` forgets it."""
        row = HaltRow(
            chain_id=self.settings.chain_id,
            vault=self.vault,
            name=type(error).__name__,
            message=str(error),
            at_secs=self._clock.now_secs(),
        )
        self._journal.halt(row)

    def step(self) -> StepReport | None:
        """Do everything that is due now; return what was done, None when there was nothing new to say.

        Raises: HaltedError when the agent must not go on; ChainError when the node does not serve, after
        which another step goes on.
        """
        block = self._chain.latest()
        epoch = block.time_secs // self.access.facts.rules.interval_secs
        settled = self._gate.settle()
        missed = self._close_before(epoch, block.number)
        row = self._journal.epoch(self.settings.chain_id, self.vault, epoch)
        if row is not None and row.state in FINAL:
            return _only_missed(missed)
        view = self.access.view(epoch)
        if row is None:
            if not view.opened or epoch < view.state.first_epoch or not view.live:
                return _only_missed(missed)
            row = self._new_row(epoch, block.number)
            self._journal.save(row)
        report = StepReport(epoch, StepOutcome.DENIED, missed=missed)
        sender = self._gate.sender
        step = RunningStep(self._journal, self._clock, self.access, sender, epoch, row, view, report)
        before = (row.state, row.reason, row.idle_reason)
        for sent in settled:
            if (sent.row.vault, sent.row.epoch) == (self.vault, epoch) and sent.outcome is Outcome.CONFIRMED:
                step.take_sent(sent)
        self._advance(step)
        waits = row.state in (EpochState.CONFIRMED, EpochState.PROVEN)
        news = before != (row.state, row.reason, row.idle_reason) or step.report.trades or missed
        return None if waits and not news else step.report

    # -- the stages

    def _advance(self, step: RunningStep) -> None:
        """Go from the row's state as far as possible."""
        row, rules = step.row, self.access.facts.rules
        if row.state != EpochState.CONFIRMED:
            if not step.view.decided:
                if not step.view.live:
                    return step.end(EpochState.SKIPPED, StepOutcome.SKIPPED, "the vault has ended")
                if step.view.time_secs > step.epoch * rules.interval_secs + rules.decide_secs:
                    return step.end(EpochState.MISSED, StepOutcome.MISSED, MISSED_REASON)
                if not (self._observe(step) and self._prove(step) and self._submit(step)):
                    return None
            if not self._confirm(step):
                return None
        step.report_row()
        step.report = replace(step.report, outcome=StepOutcome.CONFIRMED, reason="")
        return self._trade(step)

    def _observe(self, step: RunningStep) -> bool:
        """Read the input window; push the log by itself when a decision could not do it on its way."""
        row, rules = step.row, self.access.facts.rules
        for _ in range(MOST_PUSHES):
            if step.view.window is not None or step.view.head_after_push == step.view.head:
                break
            if self.dry_run:
                step.deny("the price log must be pushed by itself first, which a dry run does not do")
                return False
            if not self._guarded(step, CommandKind.PUSH, self.access.push_call(step.epoch)):
                return False
            step.view = self.access.view(step.epoch)
        if step.view.window is None:
            step.end(EpochState.SKIPPED, StepOutcome.SKIPPED, "the price log has no whole window for it")
            return False
        previous = step.view.state.target_bps
        inputs = list(
            model_inputs(
                step.view.window,
                sign=rules.orientation,
                previous_target_bps=previous if rules.previous_target else None,
            )
        )
        if row.state == EpochState.DUE or row.inputs != inputs:
            row.window, row.inputs, row.previous_bps = list(step.view.window), inputs, previous
            row.target_bps, row.proof, row.prove_secs = None, None, None
            step.save(EpochState.OBSERVED)
        return True

    def _prove(self, step: RunningStep) -> bool:
        """Evaluate the model, prove its output, and verify the proof before anybody else sees it."""
        row = step.row
        inputs = tuple(row.inputs or ())
        self._check_strategy(step.view)
        if row.state == EpochState.OBSERVED:
            row.target_bps = self._prover.target(inputs)
            if not 0 <= row.target_bps <= BPS:
                raise StrategyMismatchError(f"the model's output {row.target_bps} lies outside 0..{BPS}.")
            step.save(EpochState.DECIDED)
        if row.state == EpochState.DECIDED:
            facts = self.access.facts
            context = Context(
                self.settings.chain_id, int(facts.address, 16), step.epoch, int(facts.verifier, 16)
            )
            started = self._clock.lap_secs()
            target, proof = self._prover.prove(context, inputs)
            row.prove_secs = self._clock.lap_secs() - started
            if target != row.target_bps:
                raise StrategyMismatchError("the proof is about another target than the model's.")
            self._prover.verify(context, inputs, target, proof)
            row.proof = proof
            step.save(EpochState.PROVEN)
        return True

    def _submit(self, step: RunningStep) -> bool:
        """Send the decision; True when the chain has one now."""
        row = step.row
        step.report_row()
        commands = self._journal.commands(self.settings.chain_id, self.vault, step.epoch)
        lost = (CommandKind.DECIDE, Outcome.REJECTED)
        reverted = [one for one in commands if (one.kind, one.outcome) == lost]
        if len(reverted) >= self.settings.max_decide_attempts:
            step.deny(f"{len(reverted)} decisions were reverted: {reverted[-1].reason or 'no reason'}")
            return False
        judged = self._gate.judge(self.access.facts.rules, step.view, self.access.gas.decide)
        if judged.verdict is Verdict.REFUSE:
            step.deny(judged.said)
            return False
        if judged.said:
            log.warning("trade withheld", vault=self.vault, epoch=step.epoch, reason=judged.said)
        and_trade = judged.verdict is Verdict.PASS and not step.view.paused
        call, refused = self._passing_decision(step, and_trade=and_trade)
        if call is None:
            if refused != "decided":
                step.deny(f"simulation: {refused}")
            return refused == "decided"
        if self.dry_run:
            step.note("dry run: the decision would be sent", StepOutcome.DRY_RUN)
            return False
        sent = self._gate.send(CommandKind.DECIDE, self.vault, step.epoch, call, judged.fees)
        if sent.outcome is Outcome.REJECTED and self.access.is_decided(step.epoch):
            return True  # somebody else's decision came first, with the same target: it was proven
        confirmed = step.take_sent(sent)
        if confirmed:
            row.reason = None
        return confirmed

    def _passing_decision(self, step: RunningStep, *, and_trade: bool) -> tuple[Call | None, str]:
        """Return the decision that passes a simulation, without its trade when only that fails."""
        row, refused = step.row, ""
        if row.proof is None or row.target_bps is None:
            raise HaltedError(f"the journal holds no proof for epoch {step.epoch}, which it calls proven.")
        for with_trade in (True, False) if and_trade else (False,):
            call = self.access.decide_call(step.epoch, row.target_bps, row.proof, and_trade=with_trade)
            answer = self._gate.refusal(call)
            if answer is None:
                return call, ""
            refused = answer
            if refused == "decided":
                break
        return None, refused

    def _confirm(self, step: RunningStep) -> bool:
        """Find the decision on the chain, whoever sent it, as deep as the settings ask."""
        row, epoch, depth = step.row, step.epoch, self.settings.fees.confirmations
        if depth > 1:
            block = max(self._chain.latest().number - depth + 1, 0)
            if not self.access.is_decided(epoch, block=block):
                step.unresolved(f"the decision waits for {depth} confirmations")
                return False
        # Blocks are at least a second apart, so the epoch's decision is at most that many blocks back.
        event = self.access.decision(epoch, row.first_block - self.access.facts.rules.interval_secs)
        receipt = self._chain.receipt(event.tx_hash) if event is not None else None
        if event is None or receipt is None:
            step.unresolved("the node does not show the Decision event yet")
            return False
        self._check_against_model(step, event)
        row.target_bps, row.previous_bps = event.target_bps, event.previous_bps
        row.decision_tx, row.reason = event.tx_hash, None
        row.decided_by = self._chain.sender_of(event.tx_hash)
        step.save(EpochState.CONFIRMED)
        step.take_decision(receipt, event.tick)
        by = "this agent" if row.decided_by == self._gate.sender else row.decided_by
        log.info("decision confirmed", vault=self.vault, epoch=epoch, target_bps=event.target_bps, by=by)
        return True

    def _trade(self, step: RunningStep) -> None:
        """Call trade until nothing is left that is worth a call."""
        row, rules = step.row, self.access.facts.rules
        if self.dry_run:
            return step.finish("dry run: no trade is sent")
        if row.idle_reason == IdleReason.IN_BAND:
            return step.finish(None)
        while True:
            view = step.view = self.access.view(step.epoch)
            if view.time_secs // rules.interval_secs != step.epoch or not view.live:
                return step.finish("the epoch is over")
            if view.paused:
                return step.wait_to_trade(None, "the vault is paused")
            plan = plan_trade(rules, view, least_bps=self.settings.least_trade_bps)
            if plan.idle is IdleReason.IN_BAND:
                return step.finish(None)
            if plan.order is None:
                return step.wait_to_trade(plan.idle, "")
            commands = self._journal.commands(self.settings.chain_id, self.vault, step.epoch)
            mined = (Outcome.CONFIRMED, Outcome.REJECTED)
            calls = sum(one.kind == CommandKind.TRADE and one.outcome in mined for one in commands)
            if calls >= self.settings.max_trade_calls:
                return step.finish(f"{calls} calls of trade were made")
            if not self._guarded(step, CommandKind.TRADE, self.access.trade_call()):
                return None

    def _guarded(self, step: RunningStep, kind: CommandKind, call: Call) -> bool:
        """Send a push or a trade; tell whether it was confirmed."""
        sent = self._gate.guarded(kind, self.access.facts.rules, step.view, self.vault, call)
        if isinstance(sent, str):
            step.note(sent)
            return False
        return step.take_sent(sent)

    # -- around the stages

    def _new_row(self, epoch: int, block: int) -> EpochRow:
        return EpochRow(
            chain_id=self.settings.chain_id,
            vault=self.vault,
            epoch=epoch,
            state=EpochState.DUE,
            first_block=block,
            updated_secs=self._clock.now_secs(),
        )

    def _close_before(self, epoch: int, block: int) -> tuple[int, ...]:
        """End earlier epochs, those that passed unseen included, in one write; return the missed ones."""
        rows = self._journal.open_epochs(self.settings.chain_id, self.vault, before=epoch)
        last = self._journal.epochs(self.settings.chain_id, self.vault, last=1)
        if last:
            rows += [self._new_row(unseen, block) for unseen in range(last[0].epoch + 1, epoch)]
        missed = []
        rules = self.access.facts.rules
        end_at = self.access.view(epoch).state.end_at if rows else 0
        for row in rows:
            row.updated_secs = self._clock.now_secs()
            if row.state == EpochState.CONFIRMED:
                row.state, row.reason = EpochState.DONE, row.reason or "the epoch is over"
            elif self.access.is_decided(row.epoch):
                row.state, row.reason = EpochState.DONE, "decided; this agent did not see it in time to trade"
            elif row.epoch * rules.interval_secs + rules.decide_secs >= end_at:
                row.state, row.reason = EpochState.SKIPPED, "the vault had ended"
            else:
                row.state, row.reason = EpochState.MISSED, row.reason or MISSED_REASON
                missed.append(row.epoch)
                log.error("epoch missed", vault=self.vault, epoch=row.epoch, reason=row.reason)
        if rows:
            self._journal.save(*rows)
        return tuple(missed)

    def _check_strategy(self, view: VaultView) -> None:
        """Refuse a vault that pins other code than this strategy's key and commitment."""
        if view.strategy == self._known_strategy:
            return
        if self._chain.code(view.strategy) != self._prover.data_code:
            raise StrategyMismatchError(
                f"the vault pins the strategy at {view.strategy}, which is not the one in"
                " vault.strategy_folder; name the folder of the committed strategy."
            )
        self._known_strategy = view.strategy

    def _check_against_model(self, step: RunningStep, event: DecisionEvent) -> None:
        """Compare a decision on the chain with the model: a difference means that a proof did not bind."""
        window, rules = step.view.window, self.access.facts.rules
        if window is None:
            return
        previous = event.previous_bps if rules.previous_target else None
        inputs = model_inputs(window, sign=rules.orientation, previous_target_bps=previous)
        expected = self._prover.target(inputs)
        if event.target_bps != expected:
            raise HaltedError(
                f"the chain took target {event.target_bps} for epoch {event.epoch}, the model says"
                f" {expected}; do not trade, and look at the proof."
            )


def _only_missed(missed: tuple[int, ...]) -> StepReport | None:
    return StepReport(missed[-1], StepOutcome.MISSED, MISSED_REASON, missed=missed) if missed else None
