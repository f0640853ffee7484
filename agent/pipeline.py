"""The epoch pipeline: observe, decide, prove, submit, confirm, trade; one vault, one epoch at a time.

`Agent.step` does whatever is due at the latest block's time and returns. Every part writes its row before it
acts, so the step after a crash goes on where the journal stops. It reads no clock but the one passed in and
never sleeps: demo, tests and daemon drive the same object.

    due -> observed -> decided -> proven -> confirmed -> done          missed, skipped: ended without a decision
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from agent.chain import Block, Call, Chain, Receipt
from agent.clock import Clock
from agent.errors import CallRefusedError, HaltedError, StrategyMismatchError
from agent.guards import Facts, Guards, Verdict, sentence
from agent.journal import FINAL, CommandKind, EpochRow, EpochState, HaltRow, Journal, Outcome
from agent.keystore import Signer
from agent.step_report import StepOutcome, StepReport
from agent.strategy_prover import DecisionProver
from agent.trade_plan import plan_trade
from agent.transactions import Fees, FeeSettings, Sent, Transactions, with_reason
from agent.vault_access import DecisionEvent, VaultAccess, VaultView
from prover.protocol.statement import Context
from strategies.decision import IdleReason
from strategies.features import model_inputs
from strategies.vault_rules import BPS

log = structlog.get_logger(__name__)

NOBODY = "0x0000000000000000000000000000000000000001"  # simulates a dry run's calls
MOST_PUSHES = 16  # in one step: 256 intervals, as many as the log keeps


class ExchangePrices(Protocol):
    """Give the exchanges' price of the pair."""

    def tick(self) -> int | None:
        """Return base per risky as an oriented tick in raw units, None when no venue answers."""
        ...


@dataclass(frozen=True)
class AgentSettings:
    """What the operator chooses about one vault."""

    chain_id: int
    fees: FeeSettings
    max_decide_attempts: int = 3  # reverted ones, per epoch
    max_trade_calls: int = 4  # per epoch
    least_trade_bps: int = 5  # of net asset value, the least fill worth a call of trade


@dataclass
class _Step:
    """What the running step has gathered for its report."""

    block: Block
    epoch: int
    row: EpochRow
    view: VaultView
    report: StepReport
    trade_calls: int = 0
    said: str = field(default="")


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
        self._guards = guards
        self._exchange = exchange
        self._known_strategy: str | None = None
        self._sender = signer.address if signer is not None else NOBODY
        self._transactions = (
            Transactions(self._chain, settings.chain_id, journal, clock, signer, settings.fees)
            if signer is not None
            else None
        )

    @property
    def vault(self) -> str:
        """Return the vault's address."""
        return self.access.facts.address

    @property
    def dry_run(self) -> bool:
        """Tell whether nothing is signed."""
        return self._transactions is None

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
        epoch = self._chain.latest().time_secs // rules.interval_secs
        self._check_strategy(self.access.view(epoch))
        if self._transactions is not None:
            self._transactions.settle()
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
        """Do everything that is due now; return what was done, None when there was nothing.

        Raises: HaltedError when the agent must not go on; ChainError when the node does not serve, after
        which another step goes on.
        """
        block = self._chain.latest()
        epoch = block.time_secs // self.access.facts.rules.interval_secs
        settled = self._settle()
        missed = self._close_before(epoch)
        row = self._journal.epoch(self.settings.chain_id, self.vault, epoch)
        if row is not None and row.state in FINAL:
            return self._only_missed(missed)
        view = self.access.view(epoch)
        if row is None:
            if not view.opened or epoch < view.state.first_epoch or not view.live:
                return self._only_missed(missed)
            row = self._open(epoch, block)
        step = _Step(block, epoch, row, view, StepReport(epoch, StepOutcome.DENIED, missed=missed))
        for sent in settled:
            if sent.row.epoch == epoch and sent.row.kind != CommandKind.DECIDE:
                self._add_gas(step, sent)
        before = (row.state, row.reason, row.idle_reason)
        self._advance(step)
        after = (row.state, row.reason, row.idle_reason)
        silent = before == after and not step.report.trades and not missed
        if silent and row.state in (EpochState.CONFIRMED, EpochState.PROVEN):
            return None
        return step.report

    # -- the stages

    def _advance(self, step: _Step) -> None:
        """Go from the row's state as far as possible."""
        row = step.row
        if row.state != EpochState.CONFIRMED and not step.view.decided:
            if not step.view.live:
                return self._end(step, EpochState.SKIPPED, StepOutcome.SKIPPED, "the vault has ended")
            if step.view.time_secs > self._deadline(step.epoch):
                return self._end(step, EpochState.MISSED, StepOutcome.MISSED, "its decision window is over")
            if not (self._observe(step) and self._prove(step)):
                return None
            if not self._submit(step):
                return None
        if row.state != EpochState.CONFIRMED and not self._confirm(step):
            return None
        step.report = replace(
            step.report,
            outcome=StepOutcome.CONFIRMED,
            reason="",
            target_bps=row.target_bps,
            previous_bps=row.previous_bps,
            prove_secs=row.prove_secs,
            proof=row.proof,
            inputs=tuple(row.inputs or ()),
            decided_by=row.decided_by,
            decision_tx=row.decision_tx,
        )
        self._trade(step)
        return None

    def _observe(self, step: _Step) -> bool:
        """Read the input window; push the log by itself when it cannot give one."""
        row, rules = step.row, self.access.facts.rules
        for _ in range(MOST_PUSHES):
            if step.view.window is not None or step.view.head_after_push == step.view.head:
                break
            if self.dry_run:
                self._deny(step, "the price log must be pushed by itself first, which a dry run does not do")
                return False
            sent = self._guarded(step, CommandKind.PUSH, self.access.push_call(step.epoch))
            if sent is None or sent.outcome is not Outcome.CONFIRMED:
                return False
            step.view = self.access.view(step.epoch)
        if step.view.window is None:
            reason = "the price log has no whole window for it"
            self._end(step, EpochState.SKIPPED, StepOutcome.SKIPPED, reason)
            return False
        previous = step.view.state.target_bps
        inputs = model_inputs(
            step.view.window,
            sign=rules.orientation,
            previous_target_bps=previous if rules.previous_target else None,
        )
        if row.state == EpochState.DUE or row.inputs != list(inputs):
            row.window, row.inputs, row.previous_bps = list(step.view.window), list(inputs), previous
            row.target_bps, row.proof, row.prove_secs = None, None, None
            self._save(row, EpochState.OBSERVED)
        return True

    def _prove(self, step: _Step) -> bool:
        """Evaluate the model, prove its output, and verify the proof before anybody else sees it."""
        row = step.row
        inputs = tuple(row.inputs or ())
        self._check_strategy(step.view)
        if row.state == EpochState.OBSERVED:
            row.target_bps = self._prover.target(inputs)
            if not 0 <= row.target_bps <= BPS:
                raise StrategyMismatchError(f"the model's output {row.target_bps} lies outside 0..{BPS}.")
            self._save(row, EpochState.DECIDED)
        if row.state == EpochState.DECIDED:
            context = self._context(step.epoch)
            started = self._clock.lap_secs()
            target, proof = self._prover.prove(context, inputs)
            row.prove_secs = self._clock.lap_secs() - started
            if target != row.target_bps:
                raise StrategyMismatchError("the proof is about another target than the model's.")
            self._prover.verify(context, inputs, target, proof)
            row.proof = proof
            self._save(row, EpochState.PROVEN)
        return True

    def _submit(self, step: _Step) -> bool:
        """Send the decision; True when the chain may have one now."""
        row = step.row
        if row.proof is None or row.target_bps is None:
            raise HaltedError(f"the journal holds no proof for epoch {step.epoch}, which it calls proven.")
        attempts = self._journal.commands(self.settings.chain_id, self.vault, step.epoch)
        reverted = [one for one in attempts if one.kind == CommandKind.DECIDE and one.outcome == Outcome.REJECTED]
        if len(reverted) >= self.settings.max_decide_attempts:
            self._deny(step, f"{len(reverted)} decisions were reverted: {reverted[-1].reason or 'no reason'}")
            return False
        step.report = replace(
            step.report, inputs=tuple(row.inputs or ()), previous_bps=row.previous_bps,
            target_bps=row.target_bps, prove_secs=row.prove_secs, proof=row.proof,
        )  # fmt: skip
        fees, verdict, said = self._judge(step, self.access.gas.decide)
        if verdict is Verdict.REFUSE:
            self._deny(step, said)
            return False
        and_trade = verdict is Verdict.PASS and not step.view.paused
        call = self._simulated_decision(step, and_trade=and_trade)
        if call is None:
            return step.report.reason == "decided"
        if self.dry_run:
            row.reason = f"dry run: decide {'and trade ' if and_trade else ''}would be sent"
            self._journal.save(row)
            step.report = replace(step.report, outcome=StepOutcome.DRY_RUN, reason=row.reason)
            return False
        sent = self._send(step, CommandKind.DECIDE, call, fees)
        if sent.outcome is Outcome.REJECTED and self.access.is_decided(step.epoch):
            return True
        return sent.outcome is Outcome.CONFIRMED

    def _simulated_decision(self, step: _Step, *, and_trade: bool) -> Call | None:
        """Return the decision that passes a simulation, without its trade when only that fails."""
        row = step.row
        for with_trade in (True, False) if and_trade else (False,):
            call = self.access.decide_call(
                step.epoch, row.target_bps or 0, row.proof or b"", and_trade=with_trade
            )
            try:
                self._chain.simulate(call, self._sender)
            except CallRefusedError as refusal:
                reason = refusal.reason or "the call runs out of gas or reverts without a word"
            else:
                return call
            if reason == "decided":
                step.report = replace(step.report, reason=reason)
                return None
        self._deny(step, f"simulation: {reason}")
        return None

    def _confirm(self, step: _Step) -> bool:
        """Find the decision on the chain, whoever sent it, as deep as the settings ask."""
        row, epoch = step.row, step.epoch
        latest = self._chain.latest().number
        depth = self.settings.fees.confirmations
        if depth > 1 and not self.access.is_decided(epoch, block=max(latest - depth + 1, 0)):
            step.report = replace(
                step.report, outcome=StepOutcome.UNRESOLVED, reason=f"waits for {depth} confirmations"
            )
            return False
        # Blocks are at least a second apart, so the epoch's decision is at most that many blocks back.
        first = row.first_block - self.access.facts.rules.interval_secs
        event = self.access.decision(epoch, first)
        if event is None:
            step.report = replace(
                step.report, outcome=StepOutcome.UNRESOLVED, reason="the Decision event is not there yet"
            )
            return False
        self._check_against_model(step, event)
        row.target_bps, row.previous_bps = event.target_bps, event.previous_bps
        row.decision_tx = event.tx_hash
        row.decided_by = self._chain.sender_of(event.tx_hash)
        row.reason = None
        receipt = self._chain.receipt(event.tx_hash)
        self._save(row, EpochState.CONFIRMED)
        step.report = replace(
            step.report, tick=event.tick, decide_gas=receipt.gas_used if receipt is not None else None
        )
        if receipt is not None:
            self._take_events(step, receipt)
        log.info(
            "decision confirmed", vault=self.vault, epoch=epoch, target_bps=event.target_bps,
            by=row.decided_by, own=row.decided_by == self._sender,
        )  # fmt: skip
        return True

    def _trade(self, step: _Step) -> None:
        """Call trade until nothing is left that is worth a call."""
        row, rules = step.row, self.access.facts.rules
        if self.dry_run:
            return self._finish(step, "dry run: no trade is sent")
        if row.idle_reason == IdleReason.IN_BAND:
            return self._finish(step, None)
        for _ in range(self.settings.max_trade_calls + 1):
            step.view = self.access.view(step.epoch)
            view = step.view
            if view.time_secs // rules.interval_secs != step.epoch or not view.live:
                return self._finish(step, "the epoch is over")
            if view.paused:
                return self._wait_to_trade(step, None, "the vault is paused")
            plan = plan_trade(rules, view, least_bps=self.settings.least_trade_bps)
            if plan.idle is IdleReason.IN_BAND:
                return self._finish(step, None)
            if plan.order is None:
                return self._wait_to_trade(step, plan.idle, "")
            commands = self._journal.commands(self.settings.chain_id, self.vault, step.epoch)
            sent_before = [
                one for one in commands if one.kind == CommandKind.TRADE and one.outcome != Outcome.UNRESOLVED
            ]
            if len(sent_before) >= self.settings.max_trade_calls:
                return self._finish(step, f"{len(sent_before)} calls of trade were made")
            sent = self._guarded(step, CommandKind.TRADE, self.access.trade_call())
            if sent is None or sent.outcome is not Outcome.CONFIRMED:
                return None
        return None

    # -- sending

    def _guarded(self, step: _Step, kind: CommandKind, call: Call) -> Sent | None:
        """Send a push or a trade when guards and simulation let it pass; None when they do not."""
        fees, verdict, said = self._judge(step, call.gas_limit)
        if verdict is Verdict.REFUSE or (verdict is Verdict.WITHHOLD_TRADE and kind == CommandKind.TRADE):
            self._note(step, said)
            return None
        try:
            self._chain.simulate(call, self._sender)
        except CallRefusedError as refusal:
            self._note(step, f"simulation of {kind}: {refusal.reason or 'no reason given'}")
            return None
        return self._send(step, kind, call, fees)

    def _judge(self, step: _Step, gas_limit: int) -> tuple[Fees, Verdict, str]:
        """Let every guard look at what would be signed now."""
        block = self._chain.latest()
        settings = self.settings.fees
        if self._transactions is not None:
            fees = self._transactions.offer(block.base_fee_wei)
            balance = self._chain.balance_wei(self._sender)
        else:
            most = min(2 * block.base_fee_wei + settings.priority_fee_wei, settings.max_fee_wei)
            fees, balance = Fees(most, min(settings.priority_fee_wei, most)), gas_limit * most
        market = step.view.market
        facts = Facts(
            clock_secs=self._clock.now_secs(),
            block_secs=block.time_secs,
            head=step.view.head,
            epoch=step.epoch,
            base_fee_wei=block.base_fee_wei,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
            gas_limit=gas_limit,
            balance_wei=balance,
            recent_tick=(
                self.access.facts.rules.orientation * market.recent_tick if market.recent_known else None
            ),
            exchange_tick=self._exchange.tick() if self._exchange is not None else None,
            exchange_asked=self._exchange is not None,
        )
        verdict, findings = self._guards.check(facts)
        if findings:
            log.warning("guard", vault=self.vault, epoch=step.epoch, said=sentence(findings))
        return fees, verdict, sentence(findings)

    def _send(self, step: _Step, kind: CommandKind, call: Call, fees: Fees) -> Sent:
        """Send a call, or go on with the same one that is in flight already."""
        if self._transactions is None:
            raise HaltedError("a dry run signs nothing.")
        sent: Sent | None = None
        for row in self._transactions.unresolved():
            same = (row.vault, row.epoch, row.kind) == (self.vault, step.epoch, kind)
            if same and not self._transactions.is_late(row):
                sent = self._transactions.resume(row)
        if sent is None:
            sent = self._transactions.send(kind, self.vault, step.epoch, call, fees)
        sent = with_reason(
            sent, self._journal, lambda block: self._chain.refusal_of(call, self._sender, block)
        )
        log.info(
            "transaction", vault=self.vault, epoch=step.epoch, kind=str(kind), outcome=str(sent.outcome),
            tx=sent.row.tx_hash, nonce=sent.row.nonce, reason=sent.row.reason,
        )  # fmt: skip
        if sent.outcome is Outcome.CONFIRMED:
            self._add_gas(step, sent)
        else:
            outcome = StepOutcome.DENIED if sent.outcome is Outcome.DENIED else StepOutcome(str(sent.outcome)) \
                if sent.outcome in (Outcome.REJECTED, Outcome.UNRESOLVED) else StepOutcome.UNRESOLVED
            self._note(step, f"{kind} {sent.outcome}" + (f": {sent.row.reason}" if sent.row.reason else ""))
            if kind != CommandKind.TRADE:
                step.report = replace(step.report, outcome=outcome)
        return sent

    def _settle(self) -> list[Sent]:
        return self._transactions.settle() if self._transactions is not None else []

    # -- bookkeeping

    def _open(self, epoch: int, block: Block) -> EpochRow:
        row = EpochRow(
            chain_id=self.settings.chain_id, vault=self.vault, epoch=epoch, first_block=block.number
        )
        self._save(row, EpochState.DUE)
        return row

    def _close_before(self, epoch: int) -> tuple[int, ...]:
        """End the rows of earlier epochs and make rows for those that passed unseen; return the missed ones."""
        chain_id, missed = self.settings.chain_id, []
        rows = self._journal.open_epochs(chain_id, self.vault, before=epoch)
        last = self._journal.epochs(chain_id, self.vault, last=1)
        if last and last[0].epoch < epoch - 1:
            block = self._chain.latest().number
            for unseen in range(last[0].epoch + 1, epoch):
                rows.append(
                    EpochRow(chain_id=chain_id, vault=self.vault, epoch=unseen, first_block=block, state="due")
                )
        for row in rows:
            if row.state == EpochState.CONFIRMED:
                row.reason = row.reason or "the epoch is over"
                self._save(row, EpochState.DONE)
            elif self.access.is_decided(row.epoch):
                row.reason = "decided; nothing was traded by this agent"
                self._save(row, EpochState.DONE)
            else:
                row.reason = row.reason or "its decision window passed"
                self._save(row, EpochState.MISSED)
                missed.append(row.epoch)
                log.error("epoch missed", vault=self.vault, epoch=row.epoch, reason=row.reason)
        return tuple(missed)

    def _only_missed(self, missed: tuple[int, ...]) -> StepReport | None:
        if not missed:
            return None
        return StepReport(missed[-1], StepOutcome.MISSED, "its decision window passed", missed=missed)

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

    def _check_against_model(self, step: _Step, event: DecisionEvent) -> None:
        """Compare a decision on the chain with the model: a difference means that a proof did not bind."""
        window, rules = step.view.window, self.access.facts.rules
        if window is None:
            return
        previous = event.previous_bps if rules.previous_target else None
        inputs = model_inputs(window, sign=rules.orientation, previous_target_bps=previous)
        expected = self._prover.target(inputs)
        if event.target_bps != expected:
            raise HaltedError(
                f"the chain took target {event.target_bps} for epoch {event.epoch}, the model says {expected};"
                " do not trade, and look at the proof."
            )

    def _take_events(self, step: _Step, receipt: Receipt) -> None:
        traded, idle = self.access.trade_events(receipt)
        traded = tuple(one for one in traded if one.epoch == step.epoch)
        reasons = [one.reason for one in idle if one.epoch == step.epoch]
        step.report = replace(step.report, trades=(*step.report.trades, *traded))
        if reasons or traded:
            step.row.idle_reason = reasons[-1] if reasons else None
            step.report = replace(step.report, idle_reason=step.row.idle_reason)
            self._journal.save(step.row)
        if receipt.tx_hash == step.row.decision_tx and step.row.decided_by == self._sender:
            cost = receipt.gas_used * receipt.gas_price_wei
            step.report = replace(step.report, gas_wei=step.report.gas_wei + cost)

    def _add_gas(self, step: _Step, sent: Sent) -> None:
        """Enter a settled push or trade; a decision is entered when it is confirmed."""
        receipt = sent.receipt
        if receipt is None or sent.row.kind == CommandKind.DECIDE:
            return
        gas = step.report.gas_wei + receipt.gas_used * receipt.gas_price_wei
        step.report = replace(step.report, gas_wei=gas)
        if sent.row.kind == CommandKind.PUSH:
            step.report = replace(step.report, push_gas=(*step.report.push_gas, receipt.gas_used))
        else:
            step.report = replace(step.report, trade_gas=(*step.report.trade_gas, receipt.gas_used))
            self._take_events(step, receipt)

    def _note(self, step: _Step, reason: str) -> None:
        step.row.reason = reason
        self._journal.save(step.row)
        step.report = replace(step.report, reason=reason)

    def _deny(self, step: _Step, reason: str) -> None:
        self._note(step, reason)
        step.report = replace(step.report, outcome=StepOutcome.DENIED)
        log.warning("denied", vault=self.vault, epoch=step.epoch, reason=reason)

    def _end(self, step: _Step, state: EpochState, outcome: StepOutcome, reason: str) -> None:
        step.row.reason = reason if step.row.reason is None else f"{reason}; before: {step.row.reason}"
        self._save(step.row, state)
        step.report = replace(step.report, outcome=outcome, reason=step.row.reason)
        log.error("epoch ended without a decision", vault=self.vault, epoch=step.epoch, reason=reason)

    def _finish(self, step: _Step, reason: str | None) -> None:
        step.row.reason = reason
        self._save(step.row, EpochState.DONE)
        step.report = replace(step.report, idle_reason=step.row.idle_reason, reason=reason or "")

    def _wait_to_trade(self, step: _Step, idle: IdleReason | None, reason: str) -> None:
        """Leave the rest of the trade to a later step of the same epoch."""
        step.row.idle_reason = int(idle) if idle is not None else None
        self._note(step, reason)
        step.report = replace(step.report, idle_reason=step.row.idle_reason)

    def _save(self, row: EpochRow, state: EpochState) -> None:
        row.state = state
        row.updated_secs = self._clock.now_secs()
        self._journal.save(row)

    def _deadline(self, epoch: int) -> int:
        rules = self.access.facts.rules
        return epoch * rules.interval_secs + rules.decide_secs

    def _context(self, epoch: int) -> Context:
        facts = self.access.facts
        return Context(self.settings.chain_id, int(facts.address, 16), epoch, int(facts.verifier, 16))
