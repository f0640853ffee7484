"""Run a strategy over candles by the vault's rules: one decision and one call of trade at each close."""

from __future__ import annotations

from dataclasses import dataclass

from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights
from strategies.backtest.candle_market import DECIMALS, ImpactModel
from strategies.backtest.epoch_loop import Progress, Run, first_epoch, run_epochs, strategy_market
from strategies.candles import Candles
from strategies.ticks import tick_of_price, tick_series

BALANCE = 1_000_000


@dataclass(frozen=True)
class CandleRun(Run):
    """Hold the outcome of a run over candles and what it assumed."""

    liquidity: int
    impact: ImpactModel
    base_decimals: int


def run_candles(
    candles: Candles,
    architecture: Architecture,
    weights: IntegerWeights,
    *,
    impact: ImpactModel,
    balance: int = BALANCE,
    vault_fee_a_year: float = 0.0,
    progress: Progress | None = None,
) -> CandleRun:
    """Decide and trade at every close whose input window is covered.

    Parameters: `balance` in whole units of base; `vault_fee_a_year` a fraction of supply.
    Raises: ArtefactError for a network that is no strategy; GapError when no window is covered.
    """
    market = strategy_market(architecture)
    series = tick_series(candles)
    rules = impact.rules(
        interval_secs=candles.interval_secs,
        window_ticks=market.window_ticks,
        previous_target=market.previous_target,
    )
    spots = _spot_ticks(candles)
    seed = balance * 10**DECIMALS
    liquidity = impact.liquidity(seed, spots[first_epoch(series, market.window_ticks)])
    run = run_epochs(
        series,
        lambda epoch: impact.view(spots[epoch], liquidity),
        architecture,
        weights,
        rules,
        seed=seed,
        vault_fee_a_year=vault_fee_a_year,
        progress=progress,
    )
    return CandleRun(run.epochs, run.rules, run.final, run.fee_e18, liquidity, impact, DECIMALS)


def _spot_ticks(candles: Candles) -> dict[int, int]:
    """Return the tick of each close by interval, not clamped: the market does not wait for the price log."""
    opens = candles.open_times_secs.tolist()
    return {
        open_time // candles.interval_secs + 1: tick_of_price(close)
        for open_time, close in zip(opens, candles.closes, strict=True)
    }
