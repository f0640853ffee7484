"""Decisions and trades: each refusal, each idle reason, side, limit and budget."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.decision import (
    Idle,
    IdleReason,
    MarketView,
    Traded,
    decide,
    decision_inputs,
    net_asset_value,
    size_trade,
    trade,
)
from strategies.errors import VaultRefusal
from strategies.pool import PoolState
from strategies.tick_math import Q128, q_ratio_at_tick, sqrt_ratio_at_tick
from strategies.vault_rules import BPS, ONE, Side, VaultRules, VaultState

RULES = VaultRules(
    risky_is_token0=True, base_decimals=18, pool_fee_pips=500, window_ticks=3, liquidity_min=10
)
FLIPPED = replace(RULES, risky_is_token0=False)
EPOCH = 480_000
T = EPOCH * 3600
UNIT = 10**18
DEEP = 10**27


def vault(target_bps=5000, tick=0, base=1000 * UNIT, risky=1000 * UNIT, **changes):
    state = VaultState(
        base=base,
        risky=risky,
        supply=10**21,
        fee_e18=10**12,
        first_epoch=EPOCH - 5,
        target_bps=target_bps,
        target_epoch=EPOCH,
        target_tick=tick,
    )
    return replace(state, **changes)


def market(spot=0, recent=None, liquidity=DEEP, known=True, harmonic=DEEP, fee=500):
    """A market at raw ticks; the recent price is the spot unless it is given."""
    pool = PoolState(sqrt_ratio_at_tick(spot), spot, liquidity, fee, 10)
    return MarketView(known, spot if recent is None else recent, harmonic, pool)


def idle(rules, state, view, now=T + 100):
    outcome, after, pool = trade(rules, state, view, now)
    assert isinstance(outcome, Idle)
    assert after == state
    assert pool == view.pool
    return outcome.reason


def traded(rules, state, view, now=T + 100):
    outcome, after, _ = trade(rules, state, view, now)
    assert isinstance(outcome, Traded)
    return outcome, after


@pytest.mark.parametrize(
    ("epoch", "now", "target", "state", "word"),
    [
        (EPOCH + 1, T + 10, 1, vault(target_epoch=0), "early"),
        (EPOCH, T + 10, 1, vault(target_epoch=0, first_epoch=EPOCH + 1), "early"),
        (EPOCH, T + 1201, 1, vault(target_epoch=0), "closed"),
        (EPOCH - 1, T + 10, 1, vault(target_epoch=0), "closed"),
        (EPOCH, T + 10, 1, vault(target_epoch=0, end_at=T + 10), "ended"),
        (EPOCH, T + 10, 1, vault(), "decided"),
        (EPOCH, T + 10, 10_001, vault(target_epoch=0), "target"),
        (EPOCH, T + 10, -1, vault(target_epoch=0), "target"),
    ],
)
def test_a_decision_is_refused_by_its_word(epoch, now, target, state, word):
    with pytest.raises(VaultRefusal) as found:
        decide(RULES, state, epoch=epoch, now=now, target_bps=target, window=[1, 2, 3])
    assert found.value.word == word


@pytest.mark.parametrize(
    "call",
    [
        lambda s: decision_inputs(RULES, s, [1, 2]),
        lambda s: decide(RULES, replace(s, target_epoch=0), epoch=EPOCH, now=T, target_bps=1, window=[1, 2]),
    ],
)
def test_a_window_of_another_length_is_refused(call):
    with pytest.raises(VaultRefusal, match="window"):
        call(vault())


@pytest.mark.parametrize(("rules", "tick"), [(RULES, 7), (FLIPPED, -7)])
def test_a_decision_pins_the_oriented_tick_and_mints_the_fee(rules, tick):
    before = vault(target_epoch=EPOCH - 1, side=Side.SELL)
    decided, after = decide(rules, before, epoch=EPOCH, now=T + 1200, target_bps=123, window=[5, 6, 7])
    assert (decided.tick, after.target_tick) == (tick, tick)
    assert (decided.previous_bps, after.target_bps, after.target_epoch) == (5000, 123, EPOCH)
    assert decided.fee_shares == 10**15
    assert after.supply == before.supply + 10**15
    assert after.side is Side.UNSET
    assert (after.base, after.risky, after.spent_e18) == (before.base, before.risky, before.spent_e18)


def test_inputs_are_oriented_and_hold_the_previous_target_where_asked():
    assert decision_inputs(RULES, vault(), [5, 8, 7]) == (3, -1)
    assert decision_inputs(FLIPPED, vault(), [5, 8, 7]) == (-3, 1)
    assert decision_inputs(replace(RULES, previous_target=True), vault(), [5, 8, 7]) == (3, -1, 5000)


@pytest.mark.parametrize("target", [4950, 5000, 5050])
def test_within_the_band_it_stays(target):
    assert idle(RULES, vault(target), market()) is IdleReason.IN_BAND
    assert idle(RULES, vault(target), market(known=False)) is IdleReason.IN_BAND


@pytest.mark.parametrize("target", [4949, 5051])
def test_beyond_the_band_it_trades(target):
    traded(RULES, vault(target), market())


@pytest.mark.parametrize("view", [market(known=False), market(harmonic=9)])
def test_a_thin_market_waits(view):
    assert idle(RULES, vault(6000), view) is IdleReason.THIN


@pytest.mark.parametrize(
    ("state", "view"),
    [
        (vault(6000), market(spot=40, recent=0)),
        (vault(4000), market(spot=-40, recent=0)),
        (vault(6000, base=0, risky=0), market()),
        (vault(6000, spent_e18=5 * 10**15, spent_at=T + 100), market()),
    ],
)
def test_without_room_it_waits(state, view):
    reason = idle(RULES, state, view)
    assert reason is (IdleReason.IN_BAND if state.base + state.risky == 0 else IdleReason.NO_ROOM)


def test_the_first_swap_fixes_the_side():
    assert idle(RULES, vault(6000, side=Side.SELL), market()) is IdleReason.OTHER_SIDE
    assert idle(RULES, vault(4000, side=Side.BUY), market()) is IdleReason.OTHER_SIDE
    _, after = traded(RULES, vault(6000, side=Side.BUY), market())
    assert after.side is Side.BUY
    _, after = traded(RULES, vault(4000), market())
    assert after.side is Side.SELL


@pytest.mark.parametrize(
    ("state", "now", "word"),
    [(vault(end_at=T), T + 100, "ended"), (vault(), T + 3600, "early"), (VaultState(), 100, "early")],
)
def test_a_trade_is_refused_by_its_word(state, now, word):
    with pytest.raises(VaultRefusal) as found:
        trade(RULES, state, market(), now)
    assert found.value.word == word


@pytest.mark.parametrize(
    ("target", "recent", "ref"),
    [
        (6000, 100, 100),
        (6000, 400, 250),
        (6000, -700, -700),
        (4000, -100, -100),
        (4000, -400, -250),
        (4000, 700, 700),
    ],
)
@pytest.mark.parametrize("rules", [RULES, FLIPPED], ids=["risky first", "base first"])
def test_the_pinned_tick_may_only_make_the_limit_stricter(target, recent, ref, rules):
    sign = rules.orientation
    order = size_trade(rules, vault(target), market(spot=sign * ref, recent=sign * recent), T + 100)
    assert not isinstance(order, Idle)
    assert order.ref_x128 == q_ratio_at_tick(ref)
    assert order.limit_tick == (ref + 40 if target == 6000 else ref - 40)
    assert order.limit_x96 == sqrt_ratio_at_tick(sign * order.limit_tick)
    assert order.zero_for_one is (order.buy != rules.risky_is_token0)


SPOTS = st.integers(-600, 600)


@settings(max_examples=150)
@given(
    st.integers(0, BPS),
    SPOTS,
    SPOTS,
    st.integers(0, 10**22),
    st.integers(0, 10**22),
    st.integers(10**21, 10**27),
    st.integers(0, 6 * 10**15),
    st.booleans(),
)
def test_price_budget_and_side_hold_whatever_the_market(
    target, spot, recent, base, risky, liquidity, spent, risky_is_token0
):
    rules = replace(RULES, risky_is_token0=risky_is_token0)
    s = rules.orientation
    state = vault(target, base=base, risky=risky, spent_e18=spent, spent_at=T)
    outcome, after, _ = trade(rules, state, market(s * spot, s * recent, liquidity), T + 100)
    if isinstance(outcome, Idle):
        assert after == state
        return
    limit = q_ratio_at_tick(outcome.limit_tick)
    slack = 2 + outcome.paid // 2**70
    if outcome.buy:
        assert (after.base, after.risky) == (base - outcome.paid, risky + outcome.got)
        assert (outcome.paid - slack) * Q128 * (10**6 - 500) <= (outcome.got + 1) * limit * 10**6
    else:
        assert (after.base, after.risky) == (base + outcome.got, risky - outcome.paid)
        assert (outcome.got + 1) * Q128 * 10**6 >= (outcome.paid - slack) * (10**6 - 500) * limit
    assert 0 < outcome.paid <= outcome.wanted
    # V7: the budget holds after every trade, up to rounding
    rounding = 4 * ONE // max(1, base + risky) + 10
    assert after.spent_e18 <= max(5 * 10**15, spent) + rounding
    assert (after.supply, after.bond, after.drip_left) == (state.supply, state.bond, state.drip_left)


def test_value_is_base_and_risky_at_the_tick():
    assert net_asset_value(vault(), 0) == 2000 * UNIT
    assert net_asset_value(vault(), 6932) == 1000 * UNIT + (1000 * UNIT * q_ratio_at_tick(6932) >> 128)
