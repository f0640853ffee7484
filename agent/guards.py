"""Guards: each looks at the facts of a step and may refuse it or withhold the trade; none can add anything.

A refused decision is tried again until its window closes. Withholding the trade leaves the decision: it is
owed, and the bond pays for it when it is left out. There is no switch to turn a guard off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

BPS = 10_000


class Verdict(IntEnum):
    """What a guard leaves of a step; the strictest of all guards holds."""

    PASS = 0
    WITHHOLD_TRADE = 1
    REFUSE = 2


@dataclass(frozen=True)
class Facts:
    """What is known just before a transaction is signed; prices are base per risky, as ticks oriented."""

    clock_secs: int
    block_secs: int
    head: int  # last interval in the price log
    epoch: int
    base_fee_wei: int
    max_fee_wei: int  # what would be offered
    priority_fee_wei: int
    gas_limit: int
    balance_wei: int
    recent_tick: int | None  # oriented mean of the pool over the vault's recent span
    exchange_tick: int | None  # oriented tick of the exchanges' median; None when none was asked
    exchange_asked: bool


@dataclass(frozen=True)
class Finding:
    """One guard's verdict, and a sentence when it is not to pass."""

    guard: str
    verdict: Verdict
    reason: str = ""


class Guard(Protocol):
    """Look at the facts of one step."""

    def check(self, facts: Facts) -> Finding:
        """Return the verdict."""
        ...


@dataclass(frozen=True)
class ChainLag:
    """Refuse while the node's latest block is old, or ahead of the clock: the chain or the clock is wrong."""

    most_secs: int

    def check(self, facts: Facts) -> Finding:
        """Compare the latest block's time with the clock."""
        lag = facts.clock_secs - facts.block_secs
        if abs(lag) <= self.most_secs:
            return Finding("chain_lag", Verdict.PASS)
        side = "behind" if lag > 0 else "ahead of"
        reason = f"the latest block is {abs(lag)} s {side} the clock, allowed are {self.most_secs} s"
        return Finding("chain_lag", Verdict.REFUSE, reason)


@dataclass(frozen=True)
class DataAge:
    """Withhold the trade when the price log was not kept up: its pinned price has not been watched."""

    most_intervals: int

    def check(self, facts: Facts) -> Finding:
        """Count the intervals that nobody had pushed."""
        behind = facts.epoch - facts.head
        if behind <= self.most_intervals:
            return Finding("data_age", Verdict.PASS)
        reason = f"the price log was {behind} intervals behind, allowed are {self.most_intervals}"
        return Finding("data_age", Verdict.WITHHOLD_TRADE, reason)


@dataclass(frozen=True)
class GasCeiling:
    """Refuse while the next block costs more than the ceiling."""

    most_wei: int

    def check(self, facts: Facts) -> Finding:
        """Compare the least fee that gets in, and the offer, with the ceiling."""
        least = facts.base_fee_wei + facts.priority_fee_wei
        if least <= self.most_wei and facts.max_fee_wei <= self.most_wei:
            return Finding("gas_ceiling", Verdict.PASS)
        wanted = max(least, facts.max_fee_wei)
        reason = f"gas costs {wanted} wei, the ceiling is {self.most_wei}"
        return Finding("gas_ceiling", Verdict.REFUSE, reason)


@dataclass(frozen=True)
class GasBalance:
    """Refuse what the account cannot pay for in the worst case."""

    def check(self, facts: Facts) -> Finding:
        """Compare the balance with gas limit times offered fee."""
        needed = facts.gas_limit * facts.max_fee_wei
        if facts.balance_wei >= needed:
            return Finding("gas_balance", Verdict.PASS)
        reason = f"the account holds {facts.balance_wei} wei, the call may take {needed}"
        return Finding("gas_balance", Verdict.REFUSE, reason)


@dataclass(frozen=True)
class ExchangePrice:
    """Withhold the trade while the pool and the exchanges disagree, or the exchanges do not answer."""

    most_bps: int

    def check(self, facts: Facts) -> Finding:
        """Compare the pool's recent mean with the exchanges' median: one tick is one basis point."""
        if not facts.exchange_asked:
            return Finding("exchange_price", Verdict.PASS)
        if facts.exchange_tick is None:
            return Finding("exchange_price", Verdict.WITHHOLD_TRADE, "no exchange gives a price")
        if facts.recent_tick is None:
            return Finding("exchange_price", Verdict.WITHHOLD_TRADE, "the pool has no recent price")
        apart = abs(facts.recent_tick - facts.exchange_tick)
        if apart <= self.most_bps:
            return Finding("exchange_price", Verdict.PASS)
        reason = f"pool and exchanges are {apart} bps apart, allowed are {self.most_bps}"
        return Finding("exchange_price", Verdict.WITHHOLD_TRADE, reason)


@dataclass(frozen=True)
class Guards:
    """All guards of an agent; their order does not matter."""

    guards: tuple[Guard, ...]

    @classmethod
    def of(
        cls, *, chain_lag_secs: int, data_age_intervals: int, max_fee_wei: int, exchange_bps: int
    ) -> Guards:
        """Set up every guard with its bound."""
        return cls(
            (
                ChainLag(chain_lag_secs),
                DataAge(data_age_intervals),
                GasCeiling(max_fee_wei),
                GasBalance(),
                ExchangePrice(exchange_bps),
            )
        )

    def check(self, facts: Facts) -> tuple[Verdict, tuple[Finding, ...]]:
        """Return the strictest verdict, and every finding that is not to pass."""
        findings = tuple(guard.check(facts) for guard in self.guards)
        raised = tuple(finding for finding in findings if finding.verdict is not Verdict.PASS)
        return max((finding.verdict for finding in findings), default=Verdict.PASS), raised


def sentence(findings: Sequence[Finding]) -> str:
    """Put findings into one line."""
    return "; ".join(f"{finding.guard}: {finding.reason}" for finding in findings)
