"""Run a strategy over candles by the vault's rules: one decision and one call of trade at each close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prover.compile.architecture import Architecture, Market
from prover.compile.integer_model import IntegerWeights, evaluate, evaluate_many
from strategies.backtest.candle_market import DECIMALS, ImpactModel
from strategies.backtest.result import EpochResult, decided_epoch, traded_epoch
from strategies.candles import Candles
from strategies.decision import decide, decision_inputs, trade
from strategies.errors import ArtefactError, GapError
from strategies.features import difference_matrix
from strategies.ticks import TickSegment, tick_of_price, tick_series
from strategies.vault_rules import ONE, YEAR_SECS, VaultRules, VaultState, open_vault

BALANCE = 1_000_000


@dataclass(frozen=True)
class CandleRun:
    """Hold the outcome of a run over candles and what it assumed."""

    epochs: tuple[EpochResult, ...]
    rules: VaultRules
    final: VaultState
    liquidity: int
    impact: ImpactModel
    base_decimals: int
    fee_e18: int


def run_candles(
    candles: Candles,
    architecture: Architecture,
    weights: IntegerWeights,
    *,
    impact: ImpactModel,
    balance: int = BALANCE,
    vault_fee_a_year: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> CandleRun:
    """Decide and trade at every close whose input window is covered; a gap leaves epochs without a decision.

    Parameters: `balance` in whole units of base; `vault_fee_a_year` a fraction of supply, by decision.
    Raises: ArtefactError for a network that is no strategy; GapError when no window is covered.
    """
    market = architecture.market
    if market is None:
        raise ArtefactError("architecture.json", "market is null: this network is no trading strategy")
    series = tick_series(candles)
    window_ticks = market.window_ticks
    rules = impact.rules(
        interval_secs=candles.interval_secs,
        window_ticks=window_ticks,
        previous_target=market.previous_target,
    )
    decided = [s for s in series.segments if len(s.ticks) >= window_ticks]
    if not decided:
        raise GapError(series.segments[-1].last_interval, window_ticks)
    spots = _spot_ticks(candles)
    first = decided[0].first_interval + window_ticks - 1
    seed = balance * 10**DECIMALS
    liquidity = impact.liquidity(seed, spots[first])
    fee_e18 = int(vault_fee_a_year * ONE) * candles.interval_secs // YEAR_SECS
    state = open_vault(
        rules,
        seed=seed,
        bond=rules.cut_base + rules.bounty_base,
        fee_e18=fee_e18,
        now=first * rules.interval_secs - 1,
    )
    total = sum(len(s.ticks) - window_ticks + 1 for s in decided)
    epochs: list[EpochResult] = []
    for segment in decided:
        targets = None if market.previous_target else _targets(architecture, weights, segment, market)
        for row in range(len(segment.ticks) - window_ticks + 1):
            epoch = segment.first_interval + window_ticks - 1 + row
            window = segment.ticks[row : row + window_ticks].tolist()
            if targets is None:
                target = evaluate(architecture, weights, decision_inputs(rules, state, window))[0]
            else:
                target = targets[row]
            now = epoch * rules.interval_secs
            decision, state = decide(rules, state, epoch=epoch, now=now, target_bps=target, window=window)
            outcome, after, _ = trade(rules, state, impact.view(spots[epoch], liquidity), now)
            result = decided_epoch(decision, state, now)
            state = after
            epochs.append(traded_epoch(result, outcome, state))
            if progress is not None:
                progress(len(epochs), total)
    return CandleRun(tuple(epochs), rules, state, liquidity, impact, DECIMALS, fee_e18)


def _targets(
    architecture: Architecture, weights: IntegerWeights, segment: TickSegment, market: Market
) -> list[int]:
    """Return the targets of a whole run at once: they depend on prices alone."""
    rows = np.ascontiguousarray(difference_matrix(segment.ticks, market.window_ticks))
    targets: list[int] = evaluate_many(architecture, weights, rows)[:, 0].tolist()
    return targets


def _spot_ticks(candles: Candles) -> dict[int, int]:
    """Return the tick of each close by interval, not clamped: the market does not wait for the price log."""
    opens = candles.open_times_secs.tolist()
    return {
        open_time // candles.interval_secs + 1: tick_of_price(close)
        for open_time, close in zip(opens, candles.closes, strict=True)
    }
