"""What a vault was constructed with, read from its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from audit.vault.sources import CompiledSource

WORD: Final = 32
RULES: Final = (
    "window",
    "previous_target",
    "decide_secs",
    "recent_secs",
    "tolerance_ticks",
    "deviation_ticks",
    "band_bps",
    "budget",
    "period_secs",
    "liquidity",
    "cut",
    "bounty",
    "drip_secs",
    "unbond_secs",
    "timelock_secs",
    "fee",
    "seed_min",
    "max_shares",
)


@dataclass(frozen=True)
class Rules:
    """Hold the numbers of a vault; amounts in raw base, fractions with 1e18 = 1, ticks log base 1.0001."""

    window: int
    previous_target: bool
    decide_secs: int
    recent_secs: int
    tolerance_ticks: int
    deviation_ticks: int
    band_bps: int
    budget: int
    period_secs: int
    liquidity: int
    cut: int
    bounty: int
    drip_secs: int
    unbond_secs: int
    timelock_secs: int
    fee: int
    seed_min: int
    max_shares: int


@dataclass(frozen=True)
class Parameters:
    """Hold the immutables of a vault and of its price log."""

    vault: bytes
    base: bytes
    risky: bytes
    pool: bytes
    price_log: bytes
    verifier: bytes
    sequencer: bytes
    interval_secs: int
    risky_is_token0: bool
    shares_per_base: int
    worst_cost: int
    rules: Rules

    def oriented(self, tick: int) -> int:
        """Turn a raw tick into base per risky, or back."""
        return tick if self.risky_is_token0 else -tick

    def epoch_of(self, secs: int) -> int:
        """Return the epoch that runs at a time."""
        return secs // self.interval_secs

    def closes_at(self, epoch: int) -> int:
        """Return the last second in which an epoch can be decided."""
        return epoch * self.interval_secs + self.rules.decide_secs


def read_parameters(vault: bytes, compiled: CompiledSource, code: bytes) -> Parameters:
    """Take the immutables out of code that `compiled` matches."""

    def word(name: str) -> int:
        return int.from_bytes(compiled.immutable(code, name), "big")

    def address(name: str) -> bytes:
        return compiled.immutable(code, name)[WORD - 20 :]

    packed = compiled.immutable(code, "R")
    numbers = [int.from_bytes(packed[i : i + WORD], "big") for i in range(0, len(packed), WORD)]
    values: dict[str, Any] = dict(zip(RULES, numbers, strict=True))
    values["previous_target"] = bool(values["previous_target"])
    return Parameters(
        vault=vault,
        base=address("BASE"),
        risky=address("RISKY"),
        pool=address("POOL"),
        price_log=address("PRICE_LOG"),
        verifier=address("VERIFIER"),
        sequencer=address("SEQUENCER"),
        interval_secs=word("INTERVAL"),
        risky_is_token0=bool(word("RISKY_IS_TOKEN0")),
        shares_per_base=word("SHARES_PER_BASE"),
        worst_cost=word("WORST_COST"),
        rules=Rules(**values),
    )
