"""Tick and swap arithmetic: known values, the contracts' own twin, properties.

The real pool is in test_replay.
"""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import tick_math as contract_twin
from strategies.errors import VaultRefusal
from strategies.pool import (
    PoolState,
    amount0_delta_down,
    amount0_delta_up,
    amount1_delta_down,
    amount1_delta_up,
    next_tick,
    swap_exact_input,
)
from strategies.tick_math import (
    MAX_SQRT_RATIO_X96,
    MAX_TICK,
    MIN_SQRT_RATIO_X96,
    Q96,
    Q128,
    q_ratio_at_tick,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
    value_in_base,
)

EDGES = [-MAX_TICK, -MAX_TICK + 1, -1, 0, 1, MAX_TICK - 1, MAX_TICK]


def test_known_square_root_prices():
    assert sqrt_ratio_at_tick(0) == Q96
    assert sqrt_ratio_at_tick(-MAX_TICK) == MIN_SQRT_RATIO_X96
    assert sqrt_ratio_at_tick(MAX_TICK) == MAX_SQRT_RATIO_X96
    assert sqrt_ratio_at_tick(1) == 79232123823359799118286999568
    assert q_ratio_at_tick(0) == Q128


@given(st.integers(-MAX_TICK, MAX_TICK) | st.sampled_from(EDGES))
def test_ticks_agree_with_the_contracts_twin(tick):
    assert sqrt_ratio_at_tick(tick) == contract_twin.sqrt_ratio_at_tick(tick)


@given(st.integers(-MAX_TICK, MAX_TICK - 1) | st.sampled_from(EDGES[:-1]))
def test_a_tick_is_found_from_its_price(tick):
    price = sqrt_ratio_at_tick(tick)
    assert tick_at_sqrt_ratio(price) == tick
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1) - 1) == tick


@pytest.mark.parametrize("tick", [-MAX_TICK - 1, MAX_TICK + 1])
def test_ticks_beyond_the_range_are_refused(tick):
    with pytest.raises(VaultRefusal, match="tick"):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize("price", [MIN_SQRT_RATIO_X96 - 1, MAX_SQRT_RATIO_X96, 0])
def test_prices_beyond_the_range_are_refused(price):
    with pytest.raises(VaultRefusal, match="price"):
        tick_at_sqrt_ratio(price)


@given(st.integers(-300_000, 300_000), st.integers(0, 10**30))
def test_a_value_is_never_above_the_price(tick, amount):
    value = value_in_base(amount, q_ratio_at_tick(tick))
    root = sqrt_ratio_at_tick(tick)
    assert value * Q96 * Q96 <= amount * root * root


SMALL = st.integers(1, 60)


@given(SMALL, SMALL, SMALL)
def test_amounts_are_rounded_once_each_way(low, rise, liquidity):
    high = low + rise
    exact0 = Fraction((liquidity << 96) * rise, low * high)
    exact1 = Fraction(liquidity * rise, Q96)
    assert amount0_delta_up(low, high, liquidity) == math.ceil(exact0)
    assert amount0_delta_down(low, high, liquidity) == math.floor(exact0)
    assert amount1_delta_up(low, high, liquidity) == math.ceil(exact1)
    assert amount1_delta_down(low, high, liquidity) == math.floor(exact1)


def test_an_amount_just_above_a_whole_one_is_rounded_up():
    assert amount0_delta_up(3, 5, 1) == 2**97 // 15 + 1


POOL = PoolState(sqrt_ratio_at_tick(0), 0, 10**24, 500, 10)


def pools():
    """Pools with a few positions around the price."""
    position = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(10**20, 10**24))

    def build(tick, positions):
        liquidity, net = 10**22, {}
        for below, above, amount in positions:
            lower, upper = (tick // 10 - below) * 10, (tick // 10 + above) * 10
            liquidity += amount
            net[lower] = net.get(lower, 0) + amount
            net[upper] = net.get(upper, 0) - amount
        root = sqrt_ratio_at_tick(tick) + 17
        return PoolState(root, tick, liquidity, 500, 10, tuple(sorted(net.items())))

    return st.builds(build, st.integers(-4000, 4000), st.lists(position, max_size=4))


@settings(max_examples=60)
@given(pools(), st.booleans(), st.integers(1, 10**25), st.integers(1, 700))
def test_a_swap_stays_within_its_limit_and_pays_the_fee(pool, zero_for_one, amount, reach):
    limit = sqrt_ratio_at_tick(pool.tick - reach if zero_for_one else pool.tick + reach + 1)
    paid, got, after = swap_exact_input(pool, zero_for_one=zero_for_one, amount=amount, limit_x96=limit)
    assert 0 < paid <= amount
    assert paid == amount or after.sqrt_ratio_x96 == limit
    worst = limit * limit
    if zero_for_one:
        assert limit <= after.sqrt_ratio_x96 <= pool.sqrt_ratio_x96
        assert got * Q96 * Q96 <= paid * pool.sqrt_ratio_x96**2
        assert (got + 2) * Q96 * Q96 * 10**6 >= (paid - 2) * (10**6 - 500) * worst * (1 - 2**-70)
    else:
        assert pool.sqrt_ratio_x96 <= after.sqrt_ratio_x96 <= limit
        assert got * pool.sqrt_ratio_x96**2 <= paid * Q96 * Q96
        assert (got + 2) * worst * 10**6 >= (paid - 2) * (10**6 - 500) * Q96 * Q96 * (1 - 2**-70)
    assert after.liquidity == expected_liquidity(pool, after)


def expected_liquidity(before, after):
    """The liquidity in range at the tick after the swap, from the positions alone."""
    crossed = sum(net for tick, net in before.ticks if before.tick < tick <= after.tick)
    uncrossed = sum(net for tick, net in before.ticks if after.tick < tick <= before.tick)
    return before.liquidity + crossed - uncrossed


@settings(max_examples=40)
@given(pools(), st.booleans(), st.integers(10**15, 10**24))
def test_going_there_and_back_earns_nothing(pool, zero_for_one, amount):
    edge = sqrt_ratio_at_tick(-MAX_TICK + 1 if zero_for_one else MAX_TICK - 1)
    back = sqrt_ratio_at_tick(MAX_TICK - 1 if zero_for_one else -MAX_TICK + 1)
    paid, got, after = swap_exact_input(pool, zero_for_one=zero_for_one, amount=amount, limit_x96=edge)
    if got == 0:
        return
    _, returned, _ = swap_exact_input(after, zero_for_one=not zero_for_one, amount=got, limit_x96=back)
    assert returned < paid


@pytest.mark.parametrize(
    ("tick", "downward", "reached"),
    [
        (5, True, 0),
        (0, True, 0),
        (-1, True, -2560),
        (5, False, 2550),
        (2549, False, 2550),
        (2550, False, 5110),
    ],
)
def test_a_step_ends_at_a_words_end_where_no_tick_is_initialised(tick, downward, reached):
    assert next_tick(POOL, tick, downward=downward) == (reached, None)


def test_a_step_ends_at_an_initialised_tick():
    pool = PoolState(Q96, 0, 1, 500, 10, ((-20, 5), (30, -5)))
    assert next_tick(pool, 0, downward=True) == (0, None)
    assert next_tick(pool, -1, downward=True) == (-20, 5)
    assert next_tick(pool, -20, downward=True) == (-20, 5)
    assert next_tick(pool, -21, downward=True) == (-2560, None)
    assert next_tick(pool, 0, downward=False) == (30, -5)
    assert next_tick(pool, 30, downward=False) == (2550, None)


@pytest.mark.parametrize(
    ("zero_for_one", "limit"), [(True, Q96), (True, Q96 + 1), (False, Q96), (False, Q96 - 1)]
)
def test_a_limit_behind_the_price_is_refused(zero_for_one, limit):
    with pytest.raises(VaultRefusal, match="price"):
        swap_exact_input(POOL, zero_for_one=zero_for_one, amount=1, limit_x96=limit)
