"""A run over a pool's own minutes: means, carried minutes, liquidity, both token orders."""

from dataclasses import replace

import numpy as np
import pytest

from strategies.backtest.metrics import measure_run
from strategies.backtest.pool_run import pool_rules, run_pool
from strategies.decision import Idle, IdleReason, Traded
from strategies.errors import DataFormatError, DataMissingError, GapError
from strategies.pool_minutes import PoolMinutes, interval_ticks, read_pool_minutes
from tests.strategies.support.recorder import small_strategy

HEADER = "timestamp,netAmount0,closeTick,currentLiquidity\n"


def written(tmp_path, rows, name="a.csv"):
    path = tmp_path / name
    path.write_text(HEADER + "".join(f"{time},0,{tick},{liquidity}\n" for time, tick, liquidity in rows))
    return path


def test_minutes_without_a_row_keep_the_state_before(tmp_path):
    rows = [
        ("2022-07-19 00:00:00", 10, 5),
        ("2022-07-19 00:01:00", 12, 6),
        ("2022-07-19 00:04:00", 20, 10**20),
    ]
    minutes = read_pool_minutes(written(tmp_path, rows))
    assert minutes.first_end_secs == 1658188860
    assert minutes.ticks.tolist() == [10, 12, 12, 12, 20]
    assert minutes.liquidity == (5, 6, 6, 6, 10**20)


def test_files_of_a_folder_are_one_series(tmp_path):
    written(tmp_path, [("2022-07-19 23:59:00", 10, 5)], "2.csv")
    written(tmp_path, [("2022-07-20 00:00:00", 11, 5)], "1.csv")
    assert read_pool_minutes(tmp_path).ticks.tolist() == [10, 11]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("2022-07-19 00:00:30", 1, 1)],
        [("2022-07-19 00:00:00", 1, 1), ("2022-07-19 00:00:00", 1, 1)],
        [("2022-07-19 00:00:00", 1, 1), ("2022-07-19 00:32:00", 1, 1)],
        [("2022-07-19", 1, 1)],
        [("2022-07-19 00:00:00", "x", 1)],
    ],
)
def test_what_are_no_minutes_is_refused(tmp_path, rows):
    with pytest.raises(DataFormatError):
        read_pool_minutes(written(tmp_path, rows))


def test_absent_files_and_other_columns_are_refused(tmp_path):
    with pytest.raises(DataMissingError):
        read_pool_minutes(tmp_path)
    (tmp_path / "a.csv").write_text("timestamp,tick\n1,2\n")
    with pytest.raises(DataFormatError):
        read_pool_minutes(tmp_path)


def test_means_are_floored_and_liquidity_is_harmonic():
    minutes = PoolMinutes(7260, np.array([-1, -2, 0, -2], dtype=np.int64), (2, 6, 3, 6))
    assert minutes.mean_tick(7440, 240) == -2
    assert minutes.mean_tick(7380, 60) == 0
    assert minutes.harmonic_liquidity(7320, 120) == 3
    for outside in (7200, 7500, 7381):
        with pytest.raises(DataFormatError):
            minutes.mean_tick(outside, 60)


def test_only_whole_intervals_have_a_tick_and_steps_are_clamped():
    ticks = np.concatenate([np.full(90, 100), np.full(60, 5000), np.full(45, 5000)])
    # minute 0 ends at 3630: the first whole hour is (7200, 10800]
    minutes = PoolMinutes(3660, ticks, (1,) * len(ticks))
    series = interval_ticks(minutes, 3600)
    assert [(s.first_interval, s.ticks.tolist()) for s in series.segments] == [(2, [100, 2100, 4100])]


def sample(hours=40, seed=3, liquidity=10**20):
    ticks = 200_000 + np.random.default_rng(seed).normal(0, 8, hours * 60).cumsum().astype(np.int64)
    return PoolMinutes(3600 * 1000 + 60, ticks, (liquidity,) * len(ticks))


@pytest.mark.parametrize("risky_is_token0", [True, False])
def test_every_covered_hour_is_decided(risky_is_token0):
    strategy = small_strategy(4)
    rules = pool_rules(
        strategy.architecture, risky_is_token0=risky_is_token0, base_decimals=6, pool_fee_pips=500
    )
    run = run_pool(sample(), strategy.architecture, strategy.weights, rules, balance=1000)
    assert [epoch.epoch for epoch in run.epochs] == list(range(1005, 1041))
    assert {type(outcome) for epoch in run.epochs for outcome in epoch.trades} == {Idle, Traded}
    assert run.epochs[0].tick == rules.orientation * interval_ticks(sample(), 3600).segments[0].ticks[4]


def test_a_thin_pool_waits():
    strategy = small_strategy(4)
    rules = pool_rules(strategy.architecture, risky_is_token0=False, base_decimals=6, pool_fee_pips=500)
    run = run_pool(
        sample(liquidity=9),
        strategy.architecture,
        strategy.weights,
        replace(rules, liquidity_min=10),
        balance=1000,
    )
    reasons = {outcome.reason for epoch in run.epochs for outcome in epoch.trades}
    assert reasons <= {IdleReason.THIN, IdleReason.IN_BAND}
    assert IdleReason.THIN in reasons


def test_too_few_hours_are_refused():
    strategy = small_strategy(4)
    rules = pool_rules(strategy.architecture, risky_is_token0=False, base_decimals=6, pool_fee_pips=500)
    with pytest.raises(GapError):
        run_pool(sample(hours=4), strategy.architecture, strategy.weights, rules, balance=1000)


def test_the_real_pool_agrees_with_the_exchange_and_runs(price_data, eth_candles, eth_model):
    minutes = read_pool_minutes(price_data / "uniswap_v3_usdc_weth_005")
    assert len(minutes.ticks) == 35 * 24 * 60
    # USDC per WETH = 1e12 / 1.0001^tick against the hourly closes
    closes = dict(zip(eth_candles.open_times_secs.tolist(), eth_candles.closes, strict=True))
    hours = range(1_658_192_400, 1_661_212_800, 3600)
    apart = [
        abs(1e12 / 1.0001 ** float(minutes.ticks[minutes.index(hour)]) / float(closes[hour - 3600]) - 1)
        for hour in hours
    ]
    assert np.median(apart) < 10e-4
    rules = pool_rules(eth_model.architecture, risky_is_token0=False, base_decimals=6, pool_fee_pips=500)
    run = run_pool(minutes, eth_model.architecture, eth_model.weights, rules, balance=100_000)
    metrics = measure_run(run.epochs, rules, seed=1)
    assert metrics.decisions == 35 * 24 - 32
    assert min(metrics.buys, metrics.sells, metrics.held) > 100
