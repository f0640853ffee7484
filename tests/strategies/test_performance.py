"""Growth after costs, loss, kinds of trades: by hand, and equal to the loss that training differentiates."""

import numpy as np
import pytest

from strategies.errors import TrainingError
from strategies.performance import (
    Samples,
    activity,
    measure,
    net_growth,
    samples_of,
    sharpe_loss,
    trade_signs,
)
from strategies.ticks import tick_series
from tests.strategies.support.candles import hourly


def samples(returns, starts=()):
    count = len(returns)
    flags = np.zeros(count, dtype=bool)
    flags[[0, *starts]] = True
    return Samples(
        np.zeros((count, 1), dtype=np.int64), np.array(returns, dtype=float), flags, np.arange(count)
    )


def test_samples_pair_a_window_with_the_next_return_and_respect_gaps():
    series = tick_series(hourly([100, 101, 102, 103, 200, 201, 202], missing_before=[4]))
    found = samples_of(series, 3)
    ticks = series.segments[0].ticks
    assert found.inputs.tolist() == [[ticks[1] - ticks[0], ticks[2] - ticks[1]]]
    assert found.returns[0] == pytest.approx(1.0001 ** (ticks[3] - ticks[2]) - 1)
    assert found.intervals.tolist() == [13]
    two = samples_of(series, 2)
    assert two.starts.tolist() == [True, False, True]
    with pytest.raises(TrainingError):
        samples_of(series, 9)


def test_growth_and_change_by_hand():
    growth, change = net_growth(np.array([0.5, 0.8]), samples([0.1, -0.05]), 0.01)
    held = 0.5 * 1.1 / 1.05
    assert change.tolist() == pytest.approx([0.0, 0.8 - held])
    assert growth.tolist() == pytest.approx(
        [np.log(1.05), np.log(1 - 0.8 * 0.05) + np.log(1 - 0.01 * (0.8 - held))]
    )
    _, restarted = net_growth(np.array([0.5, 0.8]), samples([0.1, -0.05], starts=[1]), 0.01)
    assert restarted.tolist() == [0.0, 0.0]


def test_the_loss_is_minus_the_annualised_sharpe_ratio():
    growth = np.array([0.01, -0.02, 0.03, 0.0])
    assert sharpe_loss(growth, 100) == pytest.approx(-growth.mean() / growth.std(ddof=1) * 10)
    assert sharpe_loss(np.zeros(4), 100) == 0.0


def test_a_change_within_the_band_is_held_and_drifts():
    found = trade_signs(np.array([0.5, 0.503, 0.506, 0.4, 0.4]), samples([0.0, 0.0, 0.0, 0.0, 0.5]))
    assert found.tolist() == [0, 0, 1, -1, 0]


def test_activity_counts_only_unbroken_stretches():
    pattern = np.tile([0.5, 0.6, 0.6], 20)
    flat = np.zeros(60)
    whole = activity(pattern, samples(flat), 24)
    assert (whole.stretches, whole.days_with_all) == (37, 1.0)
    broken = activity(pattern, samples(flat, starts=[30]), 24)
    assert broken.stretches == (30 - 23) + (30 - 23)
    lazy = activity(np.full(60, 0.5), samples(flat), 24)
    assert (lazy.days_with_all, lazy.holds) == (0.0, 1.0)
    with pytest.raises(TrainingError):
        activity(pattern[:10], samples(flat[:10]), 24)


def test_holding_grows_with_the_market():
    rows = samples([0.1, -0.1, 0.2])
    held = measure(np.full(3, 10_000), rows, cost=0.5, intervals_a_year=3)
    assert held.growth_a_year == pytest.approx(np.log(1.1 * 0.9 * 1.2))
    assert held.turnover_a_year == pytest.approx(0, abs=1e-12)
