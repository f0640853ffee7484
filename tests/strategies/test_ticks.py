"""Ticks of candles: exact floors, clamped steps, gaps."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.errors import GapError
from strategies.ticks import clamp_step, tick_of_price, tick_series, ticks_of_closes
from tests.strategies.support.candles import hourly


def holds(price: Decimal, tick: int) -> bool:
    """1.0001^tick <= price < 1.0001^(tick + 1), in integers."""
    numerator, denominator = price.as_integer_ratio()

    def at_least(power: int) -> bool:
        if power >= 0:
            return numerator * 10_000**power >= 10_001**power * denominator
        return numerator * 10_001**-power >= 10_000**-power * denominator

    return at_least(tick) and not at_least(tick + 1)


@given(st.decimals(min_value="0.5", max_value="3", places=8))
def test_the_floor_is_exact(price):
    assert holds(price, tick_of_price(price))


@pytest.mark.parametrize("tick", [0, 1, 2, 7, 30, 100, -1, -2, -7, -30])
def test_a_price_on_a_tick_belongs_to_it_and_the_last_digit_below_does_not(tick):
    digits = 4 * abs(tick) + 40
    # 10^digits * 1.0001^tick, rounded down; exact when tick >= 0
    if tick >= 0:
        on = 10**digits * 10_001**tick // 10_000**tick
        assert tick_of_price(number(on, digits)) == tick
        assert tick_of_price(number(on - 1, digits)) == tick - 1
    else:
        below = 10**digits * 10_000**-tick // 10_001**-tick
        assert tick_of_price(number(below, digits)) == tick - 1
        assert tick_of_price(number(below + 1, digits)) == tick


def number(units: int, digits: int) -> Decimal:
    """units / 10^digits, exactly, whatever the decimal context."""
    return Decimal((0, tuple(int(digit) for digit in str(units)), -digits))


@pytest.mark.parametrize(
    ("price", "tick"), [("1", 0), ("1.0001", 1), ("1.00009999", 0), ("301.61", 57094), ("1e-18", -414487)]
)
def test_known_prices(price, tick):
    assert tick_of_price(Decimal(price)) == tick


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(ValueError, match="not positive and finite"):
        tick_of_price(Decimal(price))


def test_a_float_floor_would_be_wrong_here():
    """1.0001^8 = 1.000800280056007000560028000800010000... : one digit less is one tick less."""
    price = number(10_001**8, 32)
    less = number(10_001**8 - 1, 32)
    assert float(price) == float(less)
    assert tick_of_price(price) == 8
    assert tick_of_price(less) == 7


@given(st.integers(-900_000, 900_000), st.integers(-900_000, 900_000), st.integers(1, 5000))
def test_a_step_is_bounded(raw, last, most):
    step = clamp_step(raw, last, most)
    assert abs(step - last) <= most
    assert step == raw or abs(raw - last) > most


def test_the_clamp_follows_its_own_last_tick_and_never_binds_the_first():
    closes = [Decimal(1), Decimal(2), Decimal(2), Decimal(2), Decimal(2), Decimal(2)]
    assert tick_of_price(Decimal(2)) == 6931
    assert ticks_of_closes(closes).tolist() == [0, 2000, 4000, 6000, 6931, 6931]
    assert ticks_of_closes(closes[1:]).tolist() == [6931] * 5


def test_a_gap_restarts_the_series_unclamped_and_no_window_crosses_it():
    candles = hourly([100, 101, 102, 250, 251, 252], missing_before=[3])
    series = tick_series(candles)
    first, second = series.segments
    assert (first.first_interval, first.last_interval) == (11, 13)
    assert (second.first_interval, second.last_interval) == (15, 17)
    assert second.ticks[0] == tick_of_price(Decimal(250))
    assert second.ticks[0] - first.ticks[-1] > 2000
    assert list(series.intervals(3)) == [13, 17]
    assert series.window(17, 3).tolist() == second.ticks.tolist()
    for interval in (12, 14, 15, 16, 18):
        with pytest.raises(GapError) as found:
            series.window(interval, 3)
        assert found.value.interval == interval


def test_a_period_holds_the_intervals_that_end_in_it():
    series = tick_series(hourly([100, 101, 102, 103]))
    part = series.between(11 * 3600, 13 * 3600)
    assert [(s.first_interval, len(s.ticks)) for s in part.segments] == [(12, 2)]
    assert np.array_equal(part.segments[0].ticks, series.segments[0].ticks[1:3])


def test_real_candles_have_the_gaps_that_are_known(eth_candles):
    assert len(eth_candles) == 45_024
    assert eth_candles.missing_count == 127
    series = tick_series(eth_candles)
    assert len(series.segments) == 28
    steps = np.concatenate([np.diff(segment.ticks) for segment in series.segments])
    assert np.abs(steps).max() <= 2000
