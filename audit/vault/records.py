"""What an audit keeps of each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.vault.arithmetic import ONE, q_ratio_at_tick, value_at_down


@dataclass(frozen=True)
class TradeRecord:
    """Hold one swap of a decision, amounts in raw units."""

    buy: bool
    paid: int
    got: int
    wanted: int
    limit_tick: int
    block: int


@dataclass
class EpochRecord:
    """Hold what was decided in an epoch, and what it was decided from."""

    epoch: int
    time_secs: int
    block: int
    tx_hash: bytes
    strategy: bytes
    target: int  # bps
    tick: int  # oriented
    base: int
    risky: int
    supply: int
    fee_shares: int
    proof_hash: bytes
    inputs: tuple[int, ...] | None  # None when the price log holds no such window
    proof: bytes | None = None
    proof_holds: bool | None = None  # None until it is checked
    trades: list[TradeRecord] = field(default_factory=list)
    idles: list[int] = field(default_factory=list)

    @property
    def nav(self) -> int:
        """Return the net asset value in raw base, base + value(risky, tick)."""
        return self.base + value_at_down(self.risky, q_ratio_at_tick(self.tick))

    @property
    def nav_per_share(self) -> int:
        """Return the net asset value of 1e18 shares in raw base, rounded down."""
        return self.nav * ONE // self.supply if self.supply else 0


@dataclass(frozen=True)
class MissRecord:
    """Hold a claimed miss, amounts in raw base."""

    epoch: int
    time_secs: int
    cut: int
    bounty: int
    bond: int
