"""Run a strategy over a pool's own minutes: its ticks, its liquidity, its fee tier.

Ticks of intervals and the recent price are means of the minutes' closing ticks, the spot is the last closing
tick, and liquidity is the pool's own in range, taken to be the same up to the trade's limit. What a trade
moves is gone by the next epoch.
"""

from __future__ import annotations

from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights
from strategies.backtest.epoch_loop import Progress, Run, run_epochs, strategy_market
from strategies.decision import MarketView
from strategies.pool import PoolState
from strategies.pool_minutes import PoolMinutes, interval_ticks
from strategies.tick_math import sqrt_ratio_at_tick
from strategies.vault_rules import VaultRules

HOUR_SECS = 3600
TICK_SPACING = {100: 1, 500: 10, 3000: 60, 10_000: 200}


def pool_rules(
    architecture: Architecture, *, risky_is_token0: bool, base_decimals: int, pool_fee_pips: int
) -> VaultRules:
    """Return the vault's rules for a pool, everything else at its shipped value.

    Raises: ArtefactError for a network that is no strategy.
    """
    market = strategy_market(architecture)
    return VaultRules(
        risky_is_token0=risky_is_token0,
        base_decimals=base_decimals,
        pool_fee_pips=pool_fee_pips,
        window_ticks=market.window_ticks,
        previous_target=market.previous_target,
    )


def run_pool(
    minutes: PoolMinutes,
    architecture: Architecture,
    weights: IntegerWeights,
    rules: VaultRules,
    *,
    balance: int,
    vault_fee_a_year: float = 0.0,
    progress: Progress | None = None,
) -> Run:
    """Decide and trade at the beginning of every hour whose input window is covered.

    Parameters: `balance` in whole units of base; `vault_fee_a_year` a fraction of supply.
    Raises: GapError when no window is covered.
    """

    def market_at(epoch: int) -> MarketView:
        now = epoch * rules.interval_secs
        at = minutes.index(now)
        tick = int(minutes.ticks[at])
        spacing = TICK_SPACING[rules.pool_fee_pips]
        root = sqrt_ratio_at_tick(tick)
        pool = PoolState(root, tick, minutes.liquidity[at], rules.pool_fee_pips, spacing)
        return MarketView(
            True,
            minutes.mean_tick(now, rules.recent_secs),
            minutes.harmonic_liquidity(now, rules.recent_secs),
            pool,
        )

    return run_epochs(
        interval_ticks(minutes, rules.interval_secs),
        market_at,
        architecture,
        weights,
        rules,
        seed=balance * 10**rules.base_decimals,
        vault_fee_a_year=vault_fee_a_year,
        progress=progress,
    )
