"""A run over candles: the vault's rules, the stated market, no look ahead; its figures by hand."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from prover.compile.architecture import Architecture
from strategies.artefacts import CommittedStrategy
from strategies.backtest.candle_market import ImpactModel
from strategies.backtest.candle_run import run_candles
from strategies.backtest.metrics import costs_of, curves, drawdown_of, measure_run, sharpe_interval, sharpe_of
from strategies.backtest.report import figures_text, write_report
from strategies.candles import Candles
from strategies.decision import Idle, IdleReason, Traded
from strategies.errors import ArtefactError, GapError, RulesError
from strategies.pool import swap_exact_input
from strategies.tick_math import MAX_TICK, Q96, sqrt_ratio_at_tick
from strategies.vault_rules import BPS
from tests.strategies.support.candles import hourly
from tests.strategies.support.recorder import small_strategy

WHOLE = 10**18


@pytest.fixture(scope="module")
def strategy() -> CommittedStrategy:
    return small_strategy(4)


def walk(count: int, seed: int = 1, missing_before=()) -> Candles:
    """A random walk of hourly closes."""
    steps = np.random.default_rng(seed).normal(0, 0.01, count)
    return hourly(
        [f"{price:.4f}" for price in 2000 * np.exp(np.cumsum(steps))], missing_before=missing_before
    )


def run(candles, strategy, **options):
    return run_candles(
        candles,
        strategy.architecture,
        strategy.weights,
        impact=options.pop("impact", ImpactModel()),
        **options,
    )


def test_every_covered_close_is_decided_once_and_trades_both_ways(strategy):
    done = run(walk(200), strategy)
    assert [epoch.epoch for epoch in done.epochs] == list(range(11 + 4, 11 + 200))
    kinds = {type(outcome) for epoch in done.epochs for outcome in epoch.trades}
    assert kinds == {Idle, Traded}
    sides = {o.buy for e in done.epochs for o in e.trades if isinstance(o, Traded)}
    assert sides == {True, False}
    assert all(0 <= epoch.target_bps <= BPS for epoch in done.epochs)


def test_a_later_price_changes_no_earlier_decision(strategy):
    whole = run(walk(120), strategy)
    cut = walk(120)
    closes = (*cut.closes[:60], *(close * 3 for close in cut.closes[60:]))
    other = run(Candles(3600, cut.open_times_secs, closes, closes, closes, closes, cut.volumes), strategy)
    assert whole.epochs[:56] == other.epochs[:56]
    assert whole.epochs[56:] != other.epochs[56:]


def test_a_gap_leaves_epochs_without_a_decision(strategy):
    done = run(walk(60, missing_before=[30]), strategy)
    epochs = [epoch.epoch for epoch in done.epochs]
    assert epochs == [*range(15, 41), *range(46, 72)]


def test_the_previous_target_is_an_input_where_asked():
    strategy = small_strategy(4, previous_target=True)
    done = run(walk(50), strategy)
    assert len({epoch.target_bps for epoch in done.epochs}) > 5


def test_holding_costs_one_trade_and_then_follows_the_market(strategy):
    constant = CommittedStrategy(strategy.architecture, _always(strategy, BPS), None)
    done = run(walk(300), constant)
    outcomes = [outcome for epoch in done.epochs for outcome in epoch.trades]
    assert sum(isinstance(outcome, Traded) for outcome in outcomes) <= 4
    metrics = measure_run(done.epochs, done.rules, seed=1)
    lost = (1 + metrics.hold_return - 1 - metrics.total_return) / (1 + metrics.hold_return)
    assert 0 < lost < 0.01
    assert metrics.beta == pytest.approx(1.0, abs=0.05)


def test_base_alone_neither_gains_nor_loses(strategy):
    constant = CommittedStrategy(strategy.architecture, _always(strategy, 0), None)
    done = run(walk(100), constant)
    metrics = measure_run(done.epochs, done.rules, seed=1)
    assert (metrics.total_return, metrics.max_drawdown, metrics.turnover_a_year) == (0.0, 0.0, 0.0)
    assert metrics.held == metrics.decisions
    assert metrics.costs == type(metrics.costs)(0, 0, 0, 0)


def _always(strategy, bps):
    from prover.compile.integer_model import IntegerWeights

    layers = [(w * 0, b * 0) for w, b in strategy.weights.layers[:2]] + list(strategy.weights.layers[2:])
    layers[1] = (layers[1][0], np.array([bps * 128]))
    return IntegerWeights(tuple(layers))


def test_the_stated_impact_is_the_one_that_happens():
    impact = ImpactModel(Decimal(20), pool_fee_pips=0)
    liquidity = impact.liquidity(1_000_000 * WHOLE, 76_000)
    pool = impact.view(76_000, liquidity).pool
    _, _, after = swap_exact_input(
        pool, zero_for_one=False, amount=1_000_000 * WHOLE, limit_x96=sqrt_ratio_at_tick(MAX_TICK - 1)
    )
    moved = (after.sqrt_ratio_x96 / Q96) ** 2 / (pool.sqrt_ratio_x96 / Q96) ** 2
    assert moved == pytest.approx(1.002, rel=1e-9)
    with pytest.raises(RulesError):
        ImpactModel(Decimal(0)).liquidity(1, 0)


def test_costs_add_up_to_what_the_trades_lost(strategy):
    done = run(walk(150), strategy, vault_fee_a_year=0.02)
    costs = costs_of(done.epochs, done.rules, gas_base=7)
    lost = sum(epoch.nav_before - epoch.nav for epoch in done.epochs)
    assert costs.pool_fee + costs.slippage == pytest.approx(lost, abs=4 * len(done.epochs))
    assert costs.pool_fee > 0
    assert costs.slippage > 0
    assert costs.gas == 7 * len(done.epochs)
    share = done.fee_e18 * len(done.epochs) / WHOLE
    assert costs.operator_fee == pytest.approx(share * 1_000_000 * WHOLE, rel=0.3)


def test_a_dearer_market_costs_more(strategy):
    cheap = run(walk(150), strategy, impact=ImpactModel(Decimal(5), 100))
    dear = run(walk(150), strategy, impact=ImpactModel(Decimal(50), 3000))
    assert dear.epochs[-1].nav < cheap.epochs[-1].nav


def test_what_cannot_run_is_refused(strategy):
    with pytest.raises(GapError):
        run(walk(4), strategy)
    a = strategy.architecture
    generic = Architecture(a.inputs, a.layers, None, a.shift_bits)
    with pytest.raises(ArtefactError, match="no trading strategy"):
        run_candles(walk(50), generic, strategy.weights, impact=ImpactModel())
    with pytest.raises(RulesError):
        curves(run(walk(5), strategy).epochs)


def test_a_short_run_says_nothing_about_a_year_and_still_has_an_interval(strategy):
    short = run(walk(60), strategy)
    metrics = measure_run(short.epochs, short.rules, seed=1)
    assert (metrics.growth_a_year, metrics.calmar) == (None, None)
    assert metrics.sharpe_low < metrics.sharpe < metrics.sharpe_high
    assert "not said of so short a run" in dict(figures_text(metrics, 18)).values()
    month = run(walk(800), strategy)
    assert measure_run(month.epochs, month.rules, seed=1).growth_a_year is not None


def test_hits_are_counted_by_hand(strategy):
    done = run(walk(5), strategy)
    plain = done.epochs[0]
    bought = Traded(True, 1, 1, 1, 0, 0, 0)

    def epoch(tick, *trades):
        return replace(plain, tick=tick, trades=trades, time=plain.time + tick)

    sold = replace(bought, buy=False)
    # a hit, a miss, a miss, no move, no trade, and the last, which nothing follows
    ticks = [
        epoch(0, bought),
        epoch(5, bought),
        epoch(3, sold),
        epoch(4, sold),
        epoch(4, Idle(IdleReason.IN_BAND)),
        epoch(9, bought),
    ]
    assert measure_run(ticks, done.rules, seed=1).hit_rate == pytest.approx(1 / 3)


def test_drawdown_by_hand():
    values, times = np.array([1.0, 2.0, 1.0, 1.5, 2.0, 1.9]), np.arange(6) * 10
    assert drawdown_of(values, times) == (0.5, 20)


def test_the_sharpe_interval_holds_the_ratio_and_is_the_seeds():
    returns = np.random.default_rng(3).normal(0.0005, 0.01, 2000)
    low, high = sharpe_interval(returns, 8760, 1)
    assert low < sharpe_of(returns, 8760) < high
    assert (low, high) == sharpe_interval(returns, 8760, 1)
    assert (low, high) != sharpe_interval(returns, 8760, 2)


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(strategy, tmp_path):
    done = run(walk(60), strategy)
    metrics = measure_run(done.epochs, done.rules, seed=1)
    path = tmp_path / "report.html"
    write_report(
        path,
        title="A <run>",
        facts=[("data", "<script>alert(1)</script>")],
        epochs=done.epochs,
        metrics=metrics,
        base_decimals=18,
    )
    page = path.read_text()
    assert "A &lt;run&gt;" in page
    assert "<script>alert(1)</script>" not in page
    assert 'src="http' not in page
    assert "Plotly.newPlot" in page
    assert f"{metrics.total_return:+.2%}" in page


def test_the_shipped_model_runs_a_real_month(eth_candles, eth_model):
    month = eth_candles.between(1_656_633_600, 1_659_312_000)
    done = run_candles(month, eth_model.architecture, eth_model.weights, impact=ImpactModel())
    metrics = measure_run(done.epochs, done.rules, seed=1)
    assert metrics.decisions == 744 - 32
    assert min(metrics.buys, metrics.sells, metrics.held) > 100
    assert metrics.waited == 0
    assert done.final.spent_e18 <= done.rules.budget_e18
