"""Trades: side, size, limit and budget follow from the target and the oracle alone, to the integer."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tick_math import sqrt_ratio_at_tick
from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.trade_check import trade
from tests.contracts.support.trade_reference import (
    IN_BAND,
    NO_ROOM,
    ONE,
    OTHER_SIDE,
    THIN,
    Book,
    plan,
    q,
)
from tests.contracts.support.vault_world import (
    CARDINALITY,
    GUARDIAN,
    HOLDER,
    INTERVAL,
    OPERATOR,
    STRANGER,
    Market,
    opened,
    unopened,
)

ORDERS = [Market(risky_is_token0=False), Market(risky_is_token0=True)]
MARKETS = [*ORDERS, Market(18, 6, risky_is_token0=False), Market(8, 18, risky_is_token0=True)]


@pytest.fixture(scope="module", params=ORDERS, ids=str)
def built(request):
    with opened(request.param) as world:
        yield world


@pytest.fixture
def world(built):
    with built.undone():
        built.next_epoch()
        yield built


# -- the ordinary course


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_a_small_rebalance_fills_at_once(market):
    with opened(market) as world:
        world.decide_next(500)
        order, event = trade(world)
        assert order.buy and event.paid == order.wanted
        assert trade(world) == (IN_BAND, None)
        world.decide_next(0)
        order, event = trade(world)
        assert not order.buy and event.paid == order.wanted
        assert trade(world) == (IN_BAND, None)


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_a_large_rebalance_stops_at_the_limit_and_goes_on_later(market):
    with opened(market) as world:
        for target, buy in ((10_000, True), (0, False)):
            world.decide_next(target)
            order, event = trade(world)
            assert order.buy == buy and event.paid < order.wanted
            root = world.pool.slot0()[0]
            assert root == sqrt_ratio_at_tick(world.oriented(order.limit_tick))
            assert trade(world) == (NO_ROOM, None)
            world.wait(400)
            world.move(world.market.start_tick)
            world.wait(1_300)
            order, event = trade(world)
            assert order.buy == buy and event.paid > 0
            world.wait(86_400)
            world.push()


def test_hold_is_in_the_band(world):
    world.decide(5_000, and_trade=True)
    share = world.vault.risky() * q(world.vault.target_tick()) // 2**128 * 10_000 // world.vault.nav()
    world.decide_next(share)
    assert trade(world) == (IN_BAND, None)


def test_the_band_is_a_border(built):
    # base only: delta = nav * target / 10000, so the border is target = BAND
    for target, idle in ((49, True), (50, True), (51, False)):
        with built.undone():
            built.decide_next(target)
            found, _ = trade(built)
            assert (found == IN_BAND) == idle


def test_decide_trades_in_the_same_call(world):
    epoch = world.decide(5_000, and_trade=True)
    assert world.vault.event("Decision").epoch == world.vault.event("Traded").epoch == epoch


def test_a_trade_that_is_idle_does_not_undo_the_decision(world):
    world.decide(0, and_trade=True)
    assert world.vault.event("Idle").reason == IN_BAND
    assert world.vault.is_decided(world.epoch)


# -- refusals of trade()


def test_trading_without_a_decision_of_this_epoch_is_refused(world):
    with refused("early"):
        world.vault.trade()
    world.decide(5_000)
    with world.undone():
        world.vault.trade()
    world.next_epoch()
    with refused("early"):
        world.vault.trade()


def test_trading_before_opening_is_refused():
    with unopened() as world, refused("early"):
        world.vault.trade()


def test_trading_while_paused_is_refused(world):
    world.decide(5_000)
    world.vault.pause(sender=GUARDIAN)
    with refused("closed"):
        world.vault.trade()


def test_trading_after_the_end_is_refused(world):
    world.decide(5_000)
    world.vault.shut(sender=GUARDIAN)
    with refused("ended"):
        world.vault.trade()


# -- reasons to be idle


def test_a_pool_without_liquidity_is_idle_not_refused(world):
    everything = world.market.liquidity
    for part, idle in ((everything * 45 // 100, False), (everything * 55 // 100, True)):
        with world.undone():
            world.mover.remove(world.pool.address, -887_270, 887_270, part, STRANGER)
            world.wait(world.rules.recent_secs)
            world.decide(5_000)
            found, _ = trade(world)
            assert (found == THIN) == idle


def test_liquidity_that_was_away_for_a_moment_counts(world):
    """The harmonic mean sees a price that was held where there is no liquidity."""
    everything = world.market.liquidity
    world.mover.remove(world.pool.address, -887_270, 887_270, everything * 99 // 100, STRANGER)
    world.wait(24)
    world.mover.add(world.pool.address, -887_270, 887_270, everything * 99 // 100)
    world.wait(560)
    world.decide(5_000)
    assert trade(world) == (THIN, None)


def test_a_forgotten_recent_price_is_idle_not_refused(world):
    world.decide(5_000)
    for step in range(CARDINALITY + 5):
        world.wait(4)
        world.move(world.market.start_tick + step % 2)
    assert world.price_log.recent(world.rules.recent_secs)[0] is False
    assert trade(world) == (THIN, None)


@pytest.mark.parametrize("target", [0, 10_000])
def test_a_spot_price_beyond_the_limit_is_idle(built, target):
    with built.undone():
        built.decide_next(5_000, and_trade=True)
        built.wait(INTERVAL)
        built.decide_next(target)
        expected = plan(Book.of(built), built.rules)
        toward = 1 if target else -1
        with built.undone():
            built.move(expected.limit_tick + toward)
            assert trade(built) == (NO_ROOM, None)
        with built.undone():
            # exactly at the limit there is nothing left to take
            root = sqrt_ratio_at_tick(built.oriented(expected.limit_tick))
            built.mover.move(built.pool.address, root)
            assert trade(built) == (NO_ROOM, None)
        built.move(expected.limit_tick - 2 * toward)
        order, event = trade(built)
        assert 0 < event.paid < order.wanted


def test_the_first_swap_fixes_the_side_of_a_decision(world):
    world.decide(5_000, and_trade=True)
    assert world.vault.event("Traded").buy
    # No flow changes the weights within an epoch, except money that drips in; so put risky in by hand.
    risky = world.vault.risky()
    boa.env.set_storage(world.vault.address, self_slot(world, risky), 40 * risky)
    world.risky.mint(world.vault.address, 39 * risky)
    assert trade(world) == (OTHER_SIDE, None)
    world.next_epoch()
    world.decide(5_000)
    order, _ = trade(world)
    assert not order.buy


def self_slot(world, value):
    """Return the storage slot that holds a value."""
    slots = [slot for slot in range(64) if boa.env.get_storage(world.vault.address, slot) == value]
    assert len(slots) == 1
    slot = slots[0]
    return slot


# -- the limit is one-sided


@pytest.mark.parametrize("gap", [300, 800, 3_000])
@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("target", [0, 10_000])
def test_the_pinned_tick_only_makes_the_limit_stricter(built, gap, direction, target):
    with built.undone():
        world = built
        world.decide_next(5_000, and_trade=True)
        world.wait(INTERVAL)
        world.decide_next(target)
        world.move(world.vault.target_tick() + direction * gap)
        world.wait(700)
        book = Book.of(world)
        recent = world.oriented(book.recent[1])
        assert abs(recent - book.pinned_tick) > gap - 30
        order, event = trade(world)
        if order == NO_ROOM:  # the price ran away in the direction of the trade
            assert (target == 10_000) == (direction == 1)
            return
        assert (target == 10_000) == (direction == -1)
        if order.buy:
            assert order.limit_tick <= recent + world.rules.tolerance_ticks
        else:
            assert order.limit_tick >= recent - world.rules.tolerance_ticks
        assert event.paid > 0


# -- the budget


def test_the_budget_stops_trading_and_refills_with_time():
    with opened(budget=10**14) as world:
        world.decide_next(10_000)
        order, event = trade(world)
        assert event.paid == order.wanted < world.vault.base()
        status = world.vault.status()
        assert 0 < status["budget_left"] < 10**14
        for _ in range(40):
            if trade(world)[0] == NO_ROOM:
                break
        assert world.vault.status()["budget_left"] < 10**12
        world.wait(600)
        world.move(world.market.start_tick)
        world.wait(1_200)
        order, event = trade(world)
        assert event.paid > 0
        assert event.paid <= order.low * 10**14 * 1_900 // 86_400 * 10**18 // (45 * 10**14) // 10**18 * 2


def test_an_empty_budget_is_idle_not_refused(world):
    world.decide(5_000)
    slot = self_slot_of_spent(world)
    for spent in (world.rules.budget, world.rules.budget + 10**12, ONE):
        with world.undone():
            boa.env.set_storage(world.vault.address, slot, spent | world.now << 128)
            assert world.vault.spent() == spent and world.vault.spent_at() == world.now
            assert trade(world) == (NO_ROOM, None)
            assert world.vault.status()["budget_left"] == 0


def test_the_budget_limits_a_sale_too():
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        world.decide_next(0)
        slot = self_slot_of_spent(world)
        spent = world.rules.budget - 10**13
        boa.env.set_storage(world.vault.address, slot, spent | world.now << 128)
        order, event = trade(world)
        assert not event.buy
        assert 0 < event.paid == order.wanted < world.vault.risky()
        assert world.vault.status()["budget_left"] < 10**13


def self_slot_of_spent(world):
    with world.undone():
        world.vault.trade()
        return self_slot(world, world.vault.spent() | world.vault.spent_at() << 128)


def test_a_full_period_refills_everything(world):
    world.decide(10_000, and_trade=True)
    assert world.vault.status()["budget_left"] < world.rules.budget
    world.wait(world.rules.period_secs)
    assert world.vault.status()["budget_left"] == world.rules.budget


# -- everything at once, against the reference


STEPS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(-400, 400), st.integers(0, 2_300), st.integers(0, 60)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=7)
@given(steps=STEPS)
def test_trades_equal_the_reference_to_the_integer(built, steps):
    with built.undone():
        for target, drift, wait, jump in steps:
            built.decide_next(target)
            built.move(built.market.start_tick + drift)
            built.wait(wait)
            built.move(built.spot() + jump)
            trade(built)
            built.wait(30)
            trade(built)


# -- the callback


def test_fake_swap_callback_is_refused(world):
    world.decide(5_000, and_trade=True)
    for sender in (STRANGER, OPERATOR, world.mover.address, world.pool.address):
        with refused("auth"):
            world.vault.uniswapV3SwapCallback(1, 1, b"", sender=sender)


MANNERS = {
    "takes too much": "price",
    "asks twice": "auth",
    "pays less": "token",
    "pays more": "token",
    "claims too much": "price",
    "asks the other token": "price",
    "takes too much and hides it": "price",
}


@pytest.mark.parametrize(("manner", "word"), MANNERS.items())
def test_a_pool_that_cheats_is_refused(world, manner, word):
    world.decide(5_000)
    honest, pool = HOLDER, world.pool.address
    tokens = sorted((world.base.address, world.risky.address), key=str.lower)
    hostile = deploy("testing/HostilePool", honest, *tokens, list(MANNERS).index(manner))
    boa.env.set_code(honest, boa.env.get_code(pool))
    boa.env.set_code(pool, boa.env.get_code(hostile.address))
    with refused(word):
        world.vault.trade()
