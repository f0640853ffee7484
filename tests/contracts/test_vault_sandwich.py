"""The bound of section 5 against an attacker who chooses size, moment and how far three ticks lie apart.

The three ticks: the pinned one of the decision, the recent mean, and the market, where the pool stands before
the attack. The attacker searches for the best push, and value is measured at the market's price.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts.attacks.attacker import Outcome, attack, best_push, bound, reference, worth, worth_of
from tests.contracts.support.trade_reference import NO_ROOM
from tests.contracts.support.vault_world import HOLDER, INTERVAL, STRANGER, Market, World, opened

GAPS = (-3_000, -800, -300, 0, 300, 800, 3_000)
MOMENTS = (0, 60, 600)  # seconds after the market's last jump
ALL_MOMENTS = (0, 12, 60, 300, 599, 600)
TARGETS = (0, 10_000)
ORDERS = [Market(), Market(risky_is_token0=True)]


@pytest.fixture(scope="module", params=ORDERS, ids=str)
def built(request):
    """A vault with half its value in each token, at rest."""
    with opened(request.param) as world:
        for _ in range(3):
            world.decide_next(5_000, and_trade=True)
            world.move(world.market.start_tick)
            world.wait(86_400)
            world.push()
        yield world


def lay_out(world: World, target: int, pinned: int, jump: int) -> int:
    """Decide, and bring the market to `pinned` ticks from the pinned tick, by a last jump of `jump` ticks."""
    world.decide_next(target)
    market = world.vault.target_tick() + pinned
    world.move(market - jump)
    world.wait(world.rules.recent_secs + 12)
    world.move(market)
    return market


def strongest(world: World, target: int, market: int) -> tuple[Outcome, int]:
    """Return the best attack of this moment, after it was held against the bound, and the lag in ticks."""
    side = 1 if target else -1
    ref, tolerance = reference(world)
    lag = max(0, side * (ref - market))
    found = best_push(lambda push: attack(world, market, push), side, side * (ref + tolerance - market))
    assert found.loss <= bound(found.turnover, world.rules.tolerance_ticks + lag), (found, lag)
    assert found.spent <= world.rules.budget + 10**12
    assert found.gain <= found.loss + 10
    return found, lag


def hold_the_bound(
    world: World, target: int, pinned: int, jump: int, moments: tuple[int, ...] = MOMENTS
) -> list[tuple[Outcome, int]]:
    """Let the attacker choose moment and push in one layout; return the best attack of each moment."""
    with world.undone():
        market, waited, outcomes = lay_out(world, target, pinned, jump), 0, []
        nav, side = worth(world, market), 1 if target else -1
        for moment in moments:
            world.wait(moment - waited)
            waited = moment
            outcomes.append(strongest(world, target, market))
        # the lag is what section 5 says: the recent mean's distance, DEVIATION beyond the pinned tick at most
        for moment, (_, lag) in zip(moments, outcomes, strict=True):
            off = -side * jump * (world.rules.recent_secs - moment) / world.rules.recent_secs
            assert lag <= max(0, min(off, world.rules.deviation_ticks - side * pinned)) + 2
        # once RECENT has passed, again and again in one block: the budget bounds the loss at the market
        settled, lag = outcomes[-1]
        assert lag <= 1
        total = attack(world, market, settled.push, rounds=4)
        assert settled.loss <= total.loss <= nav * 51 // 10_000
        assert total.gain <= total.loss + 10
        return outcomes


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    target=st.sampled_from(TARGETS),
    pinned=st.integers(-3_000, 3_000),
    jump=st.integers(-3_000, 3_000),
)
def test_the_bound_of_a_trade_against_a_searching_attacker(built, target, pinned, jump):
    hold_the_bound(built, target, pinned, jump)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("pinned", [-800, 300])
def test_a_jump_against_the_vault_costs_the_lag(built, target, pinned):
    """The attacker's best: the market has just jumped away from where the vault will still fill."""
    side = 1 if target else -1
    outcomes = hold_the_bound(built, target, side * pinned, -side * 800)
    if pinned < 0:
        losses = [found.loss for found, _ in outcomes]
        assert losses == sorted(losses, reverse=True)
        first, lag = outcomes[0]
        assert lag >= 790 and first.loss > bound(first.turnover, built.rules.tolerance_ticks)
    else:
        # the pinned tick allows DEVIATION beyond itself: the market has run away, and nothing fills
        assert all(found.turnover == 0 and found.loss == 0 for found, _ in outcomes)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("pinned", GAPS)
def test_the_bound_of_a_trade_over_all_distances(built, target, pinned):
    traded = 0
    for jump in GAPS:
        traded += sum(
            found.turnover > 0 for found, _ in hold_the_bound(built, target, pinned, jump, ALL_MOMENTS)
        )
    side = 1 if target else -1
    assert (traded > 0) == (side * pinned <= built.rules.deviation_ticks + built.rules.tolerance_ticks)


@pytest.mark.parametrize("target", TARGETS)
def test_recent_price_pushed_alone(built, target):
    """Whoever holds the price away for RECENT seconds moves the limit by DEVIATION at most."""
    with built.undone():
        world = built
        world.decide_next(target)
        market, side = world.vault.target_tick(), 1 if target else -1
        world.move(market + side * 2_000)
        world.wait(900)
        limit = world.rules.deviation_ticks + world.rules.tolerance_ticks
        found = best_push(lambda push: attack(world, market, push), side, limit)
        assert 0 < found.loss <= bound(found.turnover, limit)
        assert found.push < limit
        world.move(market + side * (limit + 1))
        world.vault.trade(sender=STRANGER)
        assert world.vault.event("Idle").reason == NO_ROOM


@pytest.mark.parametrize("target", TARGETS)
def test_interval_mean_pushed_alone(built, target):
    """Whoever pushes the interval's mean, and not the recent price, gains no tick of the limit."""
    for push in (-1_500, 1_500):
        with built.undone():
            world = built
            market = world.spot()
            world.next_epoch()
            world.move(market + push)
            world.wait(INTERVAL - 900)
            world.move(market)
            world.next_epoch(12)
            world.decide(target)
            assert abs(world.vault.target_tick() - market) > 900
            found, lag = strongest(world, target, market)
            assert lag <= 1
            assert found.loss <= bound(found.turnover, world.rules.tolerance_ticks + 1)


def test_just_in_time_entry_around_a_trade_gains_nothing(built):
    """Entering before a decision's trade and leaving after it takes no value from those who were there."""
    with built.undone():
        world = built
        world.decide_next(10_000)
        market = world.vault.target_tick()
        had = world.base.balanceOf(HOLDER), world.risky.balanceOf(HOLDER)
        others = world.vault.totalSupply()
        shares = 10**23
        world.mint(shares, HOLDER)
        per_share = worth(world, market) / world.vault.totalSupply()
        world.vault.trade(sender=STRANGER)
        world.redeem(shares, HOLDER)
        assert world.vault.totalSupply() == others
        base = world.base.balanceOf(HOLDER) - had[0]
        risky = world.risky.balanceOf(HOLDER) - had[1]
        # the entrant bears the cost of the swap like everybody else
        assert worth_of(base, risky, market) <= 0
        assert worth(world, market) / others <= per_share
