"""What one step of the agent did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.vault_access import TradedEvent


class StepOutcome(StrEnum):
    """How a step ended."""

    CONFIRMED = "confirmed"  # the epoch's decision is on the chain
    REJECTED = "rejected"  # mined and reverted, and nobody else's decision stands
    DENIED = "denied"  # refused here: by a guard, the simulation or the node, before it was broadcast
    UNRESOLVED = "unresolved"  # broadcast, and neither receipt nor nonce tell yet
    DRY_RUN = "dry_run"  # proven and simulated, not signed
    MISSED = "missed"  # the epoch's window closed without a decision
    SKIPPED = "skipped"  # no decision is possible in this epoch


@dataclass(frozen=True)
class StepReport:
    """What a step did for one epoch; amounts in base units of the tokens, gas in units."""

    epoch: int
    outcome: StepOutcome
    reason: str = ""
    inputs: tuple[int, ...] = ()
    previous_bps: int | None = None
    target_bps: int | None = None
    tick: int | None = None  # oriented, of the epoch's interval
    proof: bytes | None = None
    prove_secs: float | None = None
    decided_by: str | None = None  # the account whose transaction the chain took
    decision_tx: bytes | None = None
    decide_gas: int | None = None
    trades: tuple[TradedEvent, ...] = ()
    idle_reason: int | None = None  # of strategies.decision.IdleReason, when something was left untraded
    trade_gas: tuple[int, ...] = ()  # of each call of trade, the decision's own trade not included
    push_gas: tuple[int, ...] = ()  # of each push sent by itself
    gas_wei: int = 0  # what the agent's own transactions of this step cost
    missed: tuple[int, ...] = ()  # earlier epochs found to have passed without a decision
