"""Stand in for a pool where only candles are known: constant liquidity around each close.

The pool's price before each trade is that of the close's tick, as is the recent price; its liquidity is one
constant, chosen so that a swap of the starting balance moves the price by `impact_bps` at the first close:

    L = balance * 2^96 / (s * (sqrt(1 + impact / 10000) - 1)),  s the square-root price times 2^96

A trade pays the pool's fee and moves along that curve until its limit: never a price that nobody could get.
What it moves is gone by the next close. Base and risky have 18 decimals, risky is token0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

from strategies.decision import MarketView
from strategies.errors import RulesError
from strategies.pool import PoolState
from strategies.tick_math import Q96, sqrt_ratio_at_tick
from strategies.vault_rules import VaultRules

DECIMALS = 18
TICK_SPACING = 10


@dataclass(frozen=True)
class ImpactModel:
    """State how a swap moves the price, and the pool's fee in millionths."""

    impact_bps: Decimal = Decimal(20)
    pool_fee_pips: int = 500

    def liquidity(self, balance: int, first_tick: int) -> int:
        """Return the pool's constant liquidity for a starting balance in base units.

        Raises: RulesError for an impact that is not positive.
        """
        if self.impact_bps <= 0:
            raise RulesError("impact_bps", self.impact_bps, "more than 0")
        context = Context(prec=50)
        step = context.sqrt(1 + self.impact_bps / 10_000) - 1
        return int(Decimal(balance * Q96) / (sqrt_ratio_at_tick(first_tick) * step))

    def view(self, tick: int, liquidity: int) -> MarketView:
        """Return the market at a close."""
        pool = PoolState(sqrt_ratio_at_tick(tick), tick, liquidity, self.pool_fee_pips, TICK_SPACING)
        return MarketView(True, tick, liquidity, pool)

    def rules(self, *, interval_secs: int, window_ticks: int, previous_target: bool) -> VaultRules:
        """Return the vault's rules for such a market, everything else at its shipped value."""
        return VaultRules(
            risky_is_token0=True,
            base_decimals=DECIMALS,
            pool_fee_pips=self.pool_fee_pips,
            interval_secs=interval_secs,
            window_ticks=window_ticks,
            previous_target=previous_target,
            decide_secs=interval_secs // 3,
            cut_base=25 * 10**DECIMALS,
            bounty_base=10**DECIMALS,
            seed_min_base=10**DECIMALS,
        )
