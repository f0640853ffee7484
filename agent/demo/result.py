"""What a demo found out: one line for each epoch, the frauds, and the vault beside holding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from agent.demo.frauds import Refusal
from strategies.tick_math import Q128, q_ratio_at_tick, value_in_base

IN_BAND = 0
IDLE_REASONS = {
    0: "in band",
    1: "thin market",
    2: "no room",
    3: "other side",
}


@dataclass(frozen=True)
class Fill:
    """One swap of the vault; amounts in raw units, prices in whole base per whole risky."""

    buy: bool
    paid: int
    got: int
    price: float
    spot: float  # before the swap

    @property
    def slippage_bps(self) -> float:
        """Return how much worse than the spot before it the swap was, pool fee included."""
        return 1e4 * ((self.price / self.spot - 1) if self.buy else (self.spot / self.price - 1))


@dataclass(frozen=True)
class EpochLine:
    """One epoch: what was decided, traded, and paid."""

    epoch: int
    starts_secs: int
    target_bps: int
    tick: int  # oriented, raw units, of the epoch's interval
    fills: tuple[Fill, ...]
    idle_reason: int | None  # when nothing was swapped
    mark: float  # price at `tick`, whole base per whole risky
    prove_secs: float
    verify_gas: int
    decide_gas: int  # of the transaction as mined, a trade inside it included
    trade_gas: int | None  # what the trade took of it, or of its own transaction
    base: int  # after the trade
    risky: int
    after_frauds: bool

    @property
    def executed(self) -> bool:
        """Tell whether a swap happened."""
        return bool(self.fills)

    def value(self, tick: int | None = None) -> int:
        """Return base + value(risky, tick) after the epoch, in base units; at its own tick unless named."""
        return self.base + value_in_base(self.risky, q_ratio_at_tick(self.tick if tick is None else tick))


@dataclass(frozen=True)
class DemoResult:
    """Everything that table, page and JSON show."""

    lines: tuple[EpochLine, ...]
    refusals: tuple[Refusal, ...]
    start_base: int  # before the first trade
    start_risky: int
    base_decimals: int
    data_source: str
    rpc_url: str
    vault: str
    report_path: Path
    recording_path: Path
    chain_kept: bool

    @property
    def executed(self) -> int:
        """Return in how many epochs a swap happened."""
        return sum(line.executed for line in self.lines)

    @property
    def held(self) -> int:
        """Return in how many epochs none did."""
        return len(self.lines) - self.executed

    @property
    def held_in_band(self) -> int:
        """Return in how many epochs the holdings were near enough to the target."""
        return sum(line.idle_reason == IN_BAND for line in self.lines if not line.executed)

    @property
    def sides(self) -> tuple[int, int]:
        """Return in how many epochs the vault bought, and sold."""
        bought = sum(line.executed and line.fills[0].buy for line in self.lines)
        return bought, self.executed - bought

    @property
    def last_tick(self) -> int:
        """Return the tick that every final value is taken at."""
        return self.lines[-1].tick

    @property
    def hold_risky(self) -> int:
        """Return what holding has: all base swapped at the first epoch's tick, without cost."""
        return self.start_risky + self.start_base * Q128 // q_ratio_at_tick(self.lines[0].tick)

    def hold_value(self, tick: int) -> int:
        """Return what holding is worth at a tick, in base units."""
        return value_in_base(self.hold_risky, q_ratio_at_tick(tick))

    @property
    def start_value(self) -> int:
        """Return what the vault held before the first trade, at the last tick."""
        return self.start_base + value_in_base(self.start_risky, q_ratio_at_tick(self.last_tick))

    @property
    def end_value(self) -> int:
        """Return what the vault holds at the end, at the last tick."""
        return self.lines[-1].value()

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints; amounts are integers in base units of the base asset."""
        trades = [line.trade_gas for line in self.lines if line.trade_gas is not None and line.executed]
        return {
            "epochs": len(self.lines),
            "executed": self.executed,
            "held": self.held,
            "frauds": {refusal.fraud: refusal.reason for refusal in self.refusals},
            "prove_seconds_median": round(median(line.prove_secs for line in self.lines), 4),
            "verify_gas_median": _whole_median([line.verify_gas for line in self.lines]),
            "decide_gas_median": _whole_median([line.decide_gas for line in self.lines]),
            "trade_gas_median": _whole_median(trades),
            "vault_value_start": self.start_value,
            "vault_value_end": self.end_value,
            "hold_value_end": self.hold_value(self.last_tick),
            "base_decimals": self.base_decimals,
            "data_source": self.data_source,
            "rpc_url": self.rpc_url,
            "vault": self.vault,
            "report_path": self.report_path,
        }


def _whole_median(values: list[int]) -> int | None:
    return int(median(values)) if values else None
