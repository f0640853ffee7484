"""One step while it runs: its epoch's row, the view it works on, and the report that grows with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from agent.chain import Receipt
from agent.clock import Clock
from agent.gate import describe
from agent.journal import CommandKind, EpochRow, EpochState, Journal, Outcome
from agent.step_report import StepOutcome, StepReport
from agent.transactions import Sent
from agent.vault_access import VaultAccess, VaultView
from strategies.decision import IdleReason

log = structlog.get_logger(__name__)

OUTCOMES = {
    Outcome.REJECTED: StepOutcome.REJECTED,
    Outcome.DENIED: StepOutcome.DENIED,
    Outcome.UNRESOLVED: StepOutcome.UNRESOLVED,
    Outcome.SUPERSEDED: StepOutcome.UNRESOLVED,
}


@dataclass
class RunningStep:
    """What a step works on, and what it has to say so far."""

    journal: Journal
    clock: Clock
    access: VaultAccess
    sender: str
    epoch: int
    row: EpochRow
    view: VaultView
    report: StepReport

    def save(self, state: EpochState) -> None:
        """Write the row in its new state."""
        self.row.state = state
        self.row.updated_secs = self.clock.now_secs()
        self.journal.save(self.row)

    def report_row(self) -> None:
        """Put into the report what the row holds of the decision."""
        row = self.row
        self.report = replace(
            self.report,
            inputs=tuple(row.inputs or ()),
            previous_bps=row.previous_bps,
            target_bps=row.target_bps,
            prove_secs=row.prove_secs,
            proof=row.proof,
            decided_by=row.decided_by,
            decision_tx=row.decision_tx,
        )

    def note(self, reason: str, outcome: StepOutcome | None = None) -> None:
        """Write down why the step stops here; a later one goes on."""
        self.row.reason = reason
        self.journal.save(self.row)
        self.report = replace(self.report, reason=reason, outcome=outcome or self.report.outcome)

    def deny(self, reason: str) -> None:
        """Write down that nothing was sent, and why."""
        self.note(reason, StepOutcome.DENIED)
        log.warning("denied", vault=self.row.vault, epoch=self.epoch, reason=reason)

    def unresolved(self, reason: str) -> None:
        """Say that the chain has not told yet."""
        self.report = replace(self.report, outcome=StepOutcome.UNRESOLVED, reason=reason)

    def end(self, state: EpochState, outcome: StepOutcome, reason: str) -> None:
        """End the epoch without a decision."""
        before = self.row.reason
        self.row.reason = reason if before is None else f"{reason}; before: {before}"
        self.save(state)
        self.report = replace(self.report, outcome=outcome, reason=self.row.reason)
        log.error("epoch ended without a decision", vault=self.row.vault, epoch=self.epoch, reason=reason)

    def finish(self, reason: str | None) -> None:
        """End a decided epoch."""
        self.row.reason = reason
        self.save(EpochState.DONE)
        self.report = replace(self.report, idle_reason=self.row.idle_reason, reason=reason or "")

    def wait_to_trade(self, idle: IdleReason | None, reason: str) -> None:
        """Leave the rest of the trade to a later step of the same epoch."""
        self.row.idle_reason = int(idle) if idle is not None else None
        self.note(reason)
        self.report = replace(self.report, idle_reason=self.row.idle_reason)

    def take_sent(self, sent: Sent) -> bool:
        """Enter a transaction of this epoch; tell whether it was confirmed."""
        if sent.outcome is not Outcome.CONFIRMED:
            outcome = None if sent.row.kind == CommandKind.TRADE else OUTCOMES[sent.outcome]
            self.note(describe(sent), outcome)
            return False
        receipt = sent.receipt
        if receipt is None or sent.row.kind == CommandKind.DECIDE:
            return True  # a decision is entered when its event is found
        self._add_cost(receipt)
        if sent.row.kind == CommandKind.PUSH:
            self.report = replace(self.report, push_gas=(*self.report.push_gas, receipt.gas_used))
        else:
            self.report = replace(self.report, trade_gas=(*self.report.trade_gas, receipt.gas_used))
            self._take_events(receipt)
        return True

    def take_decision(self, receipt: Receipt, tick: int) -> None:
        """Enter the transaction that carried the decision, whoever sent it."""
        self.report = replace(self.report, tick=tick, decide_gas=receipt.gas_used)
        if self.row.decided_by == self.sender:
            self._add_cost(receipt)
        self._take_events(receipt)

    def _take_events(self, receipt: Receipt) -> None:
        traded, idle = self.access.trade_events(receipt)
        trades = tuple(one for one in traded if one.epoch == self.epoch)
        reasons = [one.reason for one in idle if one.epoch == self.epoch]
        if trades or reasons:
            self.row.idle_reason = reasons[-1] if reasons else None
            self.journal.save(self.row)
            self.report = replace(
                self.report, trades=(*self.report.trades, *trades), idle_reason=self.row.idle_reason
            )

    def _add_cost(self, receipt: Receipt) -> None:
        cost = receipt.gas_used * receipt.gas_price_wei
        self.report = replace(self.report, gas_wei=self.report.gas_wei + cost)
