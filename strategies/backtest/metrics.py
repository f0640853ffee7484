"""Measure a backtest: returns and risk beside holding, what trading cost, and how often it was right.

Values are those of one share, so that entries and exits change nothing: nav / supply at the tick of each
decision's interval, before its trades. Returns are simple, between neighbouring decisions. Annual figures
count intervals of the vault's length, 365 days a year; growth a year uses the time that really passed.

    sharpe  = mean(r) / std(r) * sqrt(intervals a year)
    sortino = mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(intervals a year)
    calmar  = growth a year / maximum drawdown

Holding swaps all base at the first decision's tick, at no cost; the half of it is held and never rebalanced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strategies.backtest.result import EpochResult
from strategies.decision import Idle, IdleReason, Traded
from strategies.errors import RulesError
from strategies.tick_math import Q128, q_ratio_at_tick, value_in_base
from strategies.vault_rules import YEAR_SECS, VaultRules

Floats = NDArray[np.float64]

RESAMPLES = 1000
BLOCK_INTERVALS = 24
LEAST_BLOCKS = 10
#: A shorter run says nothing about a year.
LEAST_SECS = 30 * 86_400
INTERVAL_LEVEL = (2.5, 97.5)


@dataclass(frozen=True)
class Series:
    """Hold the curves of a run: times, and values of what one base unit became."""

    times: NDArray[np.int64]
    share: Floats
    hold: Floats
    half: Floats
    exposure: Floats  # risky share of the value, after the epoch's trades
    targets: Floats  # as fractions


@dataclass(frozen=True)
class Costs:
    """Hold what trading cost in base units; `slippage` is against the tick of the epoch's interval."""

    pool_fee: int
    slippage: int
    operator_fee: int
    gas: int


@dataclass(frozen=True)
class Metrics:
    """Hold the figures of a run; fractions unless the name says otherwise."""

    decisions: int
    buys: int
    sells: int
    held: int
    waited: int
    total_return: float
    growth_a_year: float | None  # None for a run too short to say it
    volatility: float
    sharpe: float
    sharpe_low: float
    sharpe_high: float
    sortino: float
    calmar: float | None
    max_drawdown: float
    max_drawdown_secs: int
    turnover_a_year: float
    exposure: float
    hit_rate: float
    profit_factor: float
    alpha_a_year: float
    beta: float
    hold_return: float
    half_return: float
    hold_max_drawdown: float
    hold_sharpe: float
    value_start: int  # base units of the whole vault
    value_end: int
    costs: Costs


def curves(epochs: Sequence[EpochResult]) -> Series:
    """Return the curves of a run.

    Raises: RulesError for fewer than two decisions.
    """
    if len(epochs) < 2:
        raise RulesError("decisions", len(epochs), "at least two")
    share = np.array([epoch.nav_before / epoch.supply for epoch in epochs])
    ticks = np.array([epoch.tick for epoch in epochs], dtype=np.float64)
    hold = np.exp((ticks - ticks[0]) * np.log(1.0001))
    exposure = [
        value_in_base(epoch.risky, q_ratio_at_tick(epoch.tick)) / epoch.nav if epoch.nav else 0.0
        for epoch in epochs
    ]
    return Series(
        np.array([epoch.time for epoch in epochs], dtype=np.int64),
        share / share[0],
        hold,
        0.5 + 0.5 * hold,
        np.array(exposure),
        np.array([epoch.target_bps / 10_000 for epoch in epochs]),
    )


def measure_run(epochs: Sequence[EpochResult], rules: VaultRules, *, seed: int, gas_base: int = 0) -> Metrics:
    """Measure a run.

    Parameters: `seed` of the bootstrap; `gas_base` base units that one decided epoch costs the operator.
    Raises: RulesError for fewer than two decisions.
    """
    series = curves(epochs)
    year = YEAR_SECS / rules.interval_secs
    returns, market = _returns(series.share), _returns(series.hold)
    elapsed = int(series.times[-1] - series.times[0])
    total = float(series.share[-1] - 1)
    growth = float(series.share[-1]) ** (YEAR_SECS / elapsed) - 1 if elapsed >= LEAST_SECS else None
    drawdown, longest = drawdown_of(series.share, series.times)
    low, high = sharpe_interval(returns, year, seed)
    outcomes = [outcome for epoch in epochs for outcome in epoch.trades]
    trades = [outcome for outcome in outcomes if isinstance(outcome, Traded)]
    idle = [outcome for outcome in outcomes if isinstance(outcome, Idle)]
    held = sum(outcome.reason is IdleReason.IN_BAND for outcome in idle)
    variance = float(market.var())
    beta = (
        float(np.mean((returns - returns.mean()) * (market - market.mean()))) / variance if variance else 0.0
    )
    return Metrics(
        decisions=len(epochs),
        buys=sum(trade.buy for trade in trades),
        sells=sum(not trade.buy for trade in trades),
        held=held,
        waited=len(idle) - held,
        total_return=total,
        growth_a_year=growth,
        volatility=float(returns.std(ddof=1)) * float(np.sqrt(year)) if len(returns) > 1 else 0.0,
        sharpe=sharpe_of(returns, year),
        sharpe_low=low,
        sharpe_high=high,
        sortino=_sortino(returns, year),
        calmar=None if growth is None or not drawdown else growth / drawdown,
        max_drawdown=drawdown,
        max_drawdown_secs=longest,
        turnover_a_year=_turnover(epochs) * YEAR_SECS / elapsed,
        exposure=float(series.exposure.mean()),
        hit_rate=_hit_rate(epochs),
        profit_factor=_profit_factor(returns),
        alpha_a_year=(float(returns.mean()) - beta * float(market.mean())) * year,
        beta=beta,
        hold_return=float(series.hold[-1] - 1),
        half_return=float(series.half[-1] - 1),
        hold_max_drawdown=drawdown_of(series.hold, series.times)[0],
        hold_sharpe=sharpe_of(market, year),
        value_start=epochs[0].nav_before,
        value_end=epochs[-1].nav,
        costs=costs_of(epochs, rules, gas_base=gas_base),
    )


def sharpe_of(returns: Floats, year_intervals: float) -> float:
    """Return mean / std * sqrt(intervals a year), 0 where nothing moves."""
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / deviation * float(np.sqrt(year_intervals)) if deviation else 0.0


def sharpe_interval(returns: Floats, year_intervals: float, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the Sharpe ratio by a circular block bootstrap.

    Blocks are 24 intervals long, shorter where there would be fewer than ten of them.
    """
    draw = np.random.default_rng(seed)
    length = max(1, min(BLOCK_INTERVALS, len(returns) // LEAST_BLOCKS))
    blocks = -(-len(returns) // length)
    offsets = np.arange(length)
    found = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        starts = draw.integers(0, len(returns), blocks)
        rows = (starts[:, None] + offsets).reshape(-1)[: len(returns)] % len(returns)
        found[i] = sharpe_of(returns[rows], year_intervals)
    low, high = np.percentile(found, INTERVAL_LEVEL)
    return float(low), float(high)


def drawdown_of(values: Floats, times: NDArray[np.int64]) -> tuple[float, int]:
    """Return the largest fall from a peak as a fraction, and the longest time below a peak in seconds."""
    peaks = np.maximum.accumulate(values)
    at_peak = np.where(values >= peaks, times, -1)
    return float((1 - values / peaks).max()), int((times - np.maximum.accumulate(at_peak)).max())


def costs_of(epochs: Sequence[EpochResult], rules: VaultRules, *, gas_base: int = 0) -> Costs:
    """Split what the run cost; trades are valued at their epoch's tick, as exact integers.

    A trade's whole cost is what it paid less the value of what it got; the pool's fee is part of it.
    """
    fee = whole = shares_cost = 0
    for epoch in epochs:
        q = q_ratio_at_tick(epoch.tick)
        for trade in epoch.trades:
            if isinstance(trade, Idle):
                continue
            paid = trade.paid if trade.buy else trade.paid * q // Q128
            worth = trade.got * q // Q128 if trade.buy else trade.got
            fee += paid * rules.pool_fee_pips // 1_000_000
            whole += paid - worth
        shares_cost += epoch.nav_before * epoch.fee_shares // epoch.supply
    return Costs(pool_fee=fee, slippage=whole - fee, operator_fee=shares_cost, gas=gas_base * len(epochs))


def _returns(values: Floats) -> Floats:
    returns: Floats = values[1:] / values[:-1] - 1
    return returns


def _sortino(returns: Floats, year: float) -> float:
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))
    return float(returns.mean()) / downside * float(np.sqrt(year)) if downside else 0.0


def _profit_factor(returns: Floats) -> float:
    """Return gains over losses, 0 where there is no loss to compare with."""
    losses = float(-returns[returns < 0].sum())
    return float(returns[returns > 0].sum()) / losses if losses else 0.0


def _turnover(epochs: Sequence[EpochResult]) -> float:
    """Return the sum of what each trade moved as a fraction of the value then."""
    moved = 0.0
    for epoch in epochs:
        q = q_ratio_at_tick(epoch.tick)
        for trade in epoch.trades:
            if isinstance(trade, Traded) and epoch.nav_before:
                moved += (trade.paid if trade.buy else value_in_base(trade.paid, q)) / epoch.nav_before
    return moved


def _hit_rate(epochs: Sequence[EpochResult]) -> float:
    """Return the share of trading epochs after which the next decision's tick lay on the trade's side."""
    hits = count = 0
    for epoch, after in pairwise(epochs):
        side = next((trade.buy for trade in epoch.trades if isinstance(trade, Traded)), None)
        if side is not None and after.tick != epoch.tick:
            count += 1
            hits += (after.tick > epoch.tick) == side
    return hits / count if count else 0.0
