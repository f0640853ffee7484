"""An attacker who trades around the vault, looking for the best push: what the vault can lose to it.

Loss is measured at the market's price, which is where the pool stood before the attack, and not at the
vault's own reference.
"""

import pytest

from tests.contracts.support.trade_reference import NO_ROOM, value
from tests.contracts.support.vault_world import HOLDER, INTERVAL, STRANGER, Market, opened

PUSHES = (0, 36, 39, 100, 1_000)


@pytest.fixture(scope="module", params=[Market(), Market(risky_is_token0=True)], ids=str)
def built(request):
    """A vault with half its value in each token, at rest."""
    with opened(request.param) as world:
        for _ in range(3):
            world.decide_next(5_000, and_trade=True)
            world.move(world.market.start_tick)
            world.wait(86_400)
            while world.price_log.push(world.epoch) < world.epoch:
                continue
        yield world


def worth(world, tick):
    """Return the vault's value at a tick, what is dripping included."""
    return world.vault.base() + value(world.vault.risky(), tick)


def swap(world, tick):
    """Swap to a tick as the attacker; return what it got of base and risky."""
    world.move(tick)
    (moved,) = world.mover.events_named("Moved") or [None]
    if moved is None:
        return 0, 0
    got = -moved.amount0, -moved.amount1
    return got[::-1] if world.market.risky_is_token0 else got


def attack(world, market, push, rounds=1):
    """Push, let the vault trade, bring the price back; return loss, gain and turnover."""
    with world.undone():
        before = worth(world, market)
        base = risky = traded = 0
        for _ in range(rounds):
            swaps = [swap(world, market + push)]
            world.vault.trade(sender=STRANGER)
            for event in world.vault.events_named("Traded"):
                traded += event.paid if event.buy else value(event.paid, market)
            swaps.append(swap(world, market))
            base += sum(got[0] for got in swaps)
            risky += sum(got[1] for got in swaps)
        gain = base + (value(risky, market) if risky >= 0 else -value(-risky, market))
        return before - worth(world, market), gain, traded


def per_unit(ticks, fee=500):
    return 1.0001**ticks - 1 + fee / 10**6


@pytest.mark.parametrize("gap", [0, 300, 800, 3_000])
@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("target", [0, 10_000])
def test_sandwich_far_from_the_pinned_tick(built, gap, direction, target):
    with built.undone():
        world = built
        world.decide_next(target)
        market = world.vault.target_tick() + direction * gap
        world.move(market)
        world.wait(800)
        side = 1 if target else -1
        nav = worth(world, market)
        outcomes = [attack(world, market, side * push) for push in PUSHES]
        loss = max(found[0] for found in outcomes)
        traded = max(found[2] for found in outcomes)
        if direction == side and gap >= 300:
            # the price ran away in the direction of the trade, beyond DEVIATION + TOLERANCE: it waits
            assert traded == 0 and loss == 0
            return
        assert traded > 0 and loss > 0
        for found, _, amount in outcomes:
            assert found <= per_unit(world.rules.tolerance_ticks) * amount * 1.001 + 10
        # once more and more, in the same block: the budget bounds what is lost at the market's price
        best = max(PUSHES, key=lambda push: attack(world, market, side * push)[0])
        total, gain, _ = attack(world, market, side * best, rounds=10)
        assert total >= loss
        assert total <= nav * 51 // 10_000
        assert gain <= total


@pytest.mark.parametrize("target", [0, 10_000])
def test_recent_price_pushed_alone(built, target):
    """Whoever holds the price away for RECENT seconds moves the limit by DEVIATION at most."""
    with built.undone():
        world = built
        world.decide_next(target)
        market = world.vault.target_tick()
        side = 1 if target else -1
        world.move(market + side * 2_000)
        world.wait(900)
        limit = world.rules.deviation_ticks + world.rules.tolerance_ticks
        losses = []
        for push in (0, 100, 200, 250, 280, 289, limit + 1, 2_000):
            with world.undone():
                before = worth(world, market)
                world.move(market + side * push)
                world.vault.trade(sender=STRANGER)
                for event in world.vault.events_named("Traded"):
                    amount = event.paid if event.buy else value(event.paid, market)
                    losses.append(before - worth(world, market))
                    assert losses[-1] <= per_unit(limit) * amount * 1.03 + 10
                    assert event.limit_tick == market + side * limit
                if push > limit:
                    assert world.vault.event("Idle").reason == NO_ROOM
        assert len(losses) == 6


@pytest.mark.parametrize("target", [0, 10_000])
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
            side = 1 if target else -1
            for attempt in PUSHES:
                loss, _, amount = attack(world, market, side * attempt)
                assert loss <= per_unit(world.rules.tolerance_ticks) * amount * 1.001 + 10


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
        gained = world.base.balanceOf(HOLDER) - had[0]
        risky = world.risky.balanceOf(HOLDER) - had[1]
        gained += value(risky, market) if risky >= 0 else -value(-risky, market)
        # the entrant bears the cost of the swap like everybody else
        assert gained <= 0
        assert worth(world, market) / others <= per_share
