"""Measure a sequence of targets on a sequence of ticks: growth after costs, loss, movement, kinds of trades.

Target k is held over interval k + 1 and rebalanced at every decision, at the interval's own price:

    growth_k = log(1 + w_k r_(k+1)) + log(1 - cost |w_k - held_k|)
    held_k   = w_(k-1) (1 + r_k) / (1 + w_(k-1) r_k)
    loss     = -mean(growth) / std(growth) * sqrt(intervals a year): minus the annualised Sharpe ratio

These are statistics on floats. The vault's own arithmetic is in `decision.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.errors import TrainingError
from strategies.features import difference_matrix
from strategies.ticks import TickSeries
from strategies.vault_rules import BPS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOLD_BAND = 0.005
DAY_INTERVALS = 24


@dataclass(frozen=True)
class Samples:
    """Hold one row for each decision that has a next interval.

    inputs    [samples, W - 1] tick differences, oldest first
    returns   [samples] simple return of the next interval
    starts    [samples] True where no decision of the interval before is known
    intervals [samples] the decision's interval
    """

    inputs: Integers
    returns: Floats
    starts: NDArray[np.bool_]
    intervals: Integers


def samples_of(series: TickSeries, window_ticks: int) -> Samples:
    """Build the samples of every run of a series.

    Raises: TrainingError when no run is longer than a window.
    """
    inputs, returns, starts, intervals = [], [], [], []
    for segment in series.segments:
        rows = difference_matrix(segment.ticks, window_ticks)[:-1]
        if len(rows) == 0:
            continue
        inputs.append(rows)
        returns.append(1.0001 ** np.diff(segment.ticks)[window_ticks - 1 :].astype(np.float64) - 1.0)
        start = np.zeros(len(rows), dtype=np.bool_)
        start[0] = True
        starts.append(start)
        intervals.append(segment.first_interval + window_ticks - 1 + np.arange(len(rows), dtype=np.int64))
    if not inputs:
        raise TrainingError(f"no run of candles is longer than {window_ticks} intervals")
    return Samples(
        np.concatenate(inputs), np.concatenate(returns), np.concatenate(starts), np.concatenate(intervals)
    )


def net_growth(weights: Floats, samples: Samples, cost: float) -> tuple[Floats, Floats]:
    """Return the log growth of each interval after costs, and the change of weight traded before it."""
    held = weights * (1 + samples.returns) / (1 + weights * samples.returns)
    change = np.zeros_like(weights)
    change[1:] = np.where(samples.starts[1:], 0.0, weights[1:] - held[:-1])
    return np.log1p(weights * samples.returns) + np.log1p(-cost * np.abs(change)), change


def sharpe_loss(growth: Floats, intervals_a_year: float) -> float:
    """Return minus the annualised Sharpe ratio of log growth, 0 when nothing moves."""
    deviation = float(growth.std(ddof=1))
    return 0.0 if deviation == 0.0 else -float(growth.mean()) / deviation * float(np.sqrt(intervals_a_year))


def trade_signs(weights: Floats, samples: Samples, band: float = HOLD_BAND) -> NDArray[np.int8]:
    """Return +1 buy, -1 sell, 0 hold for each decision when a change within the band is not traded."""
    signs = np.zeros(len(weights), dtype=np.int8)
    held = 0.0
    for i, (target, start, gain) in enumerate(
        zip(weights.tolist(), samples.starts.tolist(), samples.returns.tolist(), strict=True)
    ):
        if start:
            held = target
        elif abs(target - held) > band:
            signs[i] = 1 if target > held else -1
            held = target
        held = held * (1 + gain) / (1 + held * gain)
    return signs


@dataclass(frozen=True)
class Activity:
    """Hold how often decisions trade, and in which share of day-long stretches all three kinds occur."""

    buys: float
    sells: float
    holds: float
    days_with_all: float  # share of stretches with at least 3 buys, 3 sells and 1 hold
    stretches: int


def activity(weights: Floats, samples: Samples, length: int = DAY_INTERVALS) -> Activity:
    """Count kinds of trades over every stretch of `length` consecutive decisions without a gap inside.

    Raises: TrainingError when no stretch is that long.
    """
    signs = trade_signs(weights, samples)
    totals = [np.concatenate([[0], np.cumsum(signs == kind)]) for kind in (1, -1, 0)]
    buys, sells, holds = ((total[length:] - total[:-length]) for total in totals)
    gaps = np.concatenate([[0], np.cumsum(samples.starts)])
    unbroken = gaps[length:] - gaps[1 : len(gaps) - length + 1] == 0
    if not unbroken.any():
        raise TrainingError(f"no {length} consecutive decisions to count over")
    good = (buys >= 3) & (sells >= 3) & (holds >= 1)
    return Activity(
        buys=float(np.mean(signs == 1)),
        sells=float(np.mean(signs == -1)),
        holds=float(np.mean(signs == 0)),
        days_with_all=float(good[unbroken].mean()),
        stretches=int(unbroken.sum()),
    )


@dataclass(frozen=True)
class Measurement:
    """Hold what a model card states of one sequence of targets over one period."""

    loss: float
    growth_a_year: float
    turnover_a_year: float
    mean_target_bps: float
    target_std_bps: float


def measure(targets_bps: Integers, samples: Samples, *, cost: float, intervals_a_year: float) -> Measurement:
    """Measure integer targets, 0..10000 bps, one for each sample."""
    weights = targets_bps.astype(np.float64) / BPS
    growth, change = net_growth(weights, samples, cost)
    return Measurement(
        loss=sharpe_loss(growth, intervals_a_year),
        growth_a_year=float(growth.mean()) * intervals_a_year,
        turnover_a_year=float(np.abs(change).mean()) * intervals_a_year,
        mean_target_bps=float(targets_bps.mean()),
        target_std_bps=float(targets_bps.std()),
    )


def check_movement(targets_bps: Integers, *, least_std_bps: float, least_distinct: int) -> None:
    """Refuse a model whose output does not move.

    Raises: TrainingError.
    """
    deviation, distinct = float(targets_bps.std()), len(np.unique(targets_bps))
    if deviation < least_std_bps or distinct < least_distinct:
        raise TrainingError(
            f"the output does not move out of sample: standard deviation {deviation:.1f} bps "
            f"(least {least_std_bps:g}), {distinct} distinct targets (least {least_distinct})"
        )
