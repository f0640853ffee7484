"""Attacks through the market: what a trade can lose, measured at the market's price and not at the reference.

The budget counts cost against the vault's own reference. Where the reference is off the market, the loss may
exceed the budget; these tests hold the bound that is left, TOLERANCE plus how far the reference is off.
"""

import pytest

from tests.contracts.attacks.attacker import worth
from tests.contracts.support.evm import Refused
from tests.contracts.support.trade_reference import NO_ROOM, value
from tests.contracts.support.vault_world import OTHER, SPACING, STRANGER, Market, opened

ORDERS = [Market(), Market(risky_is_token0=True)]
FEE = 0.0005


@pytest.fixture(scope="module", params=ORDERS, ids=str)
def built(request):
    """A vault with half its value in each token."""
    with opened(request.param) as world:
        world.decide_next(5_000, and_trade=True)
        while world.vault.events_named("Traded"):
            world.vault.trade(sender=STRANGER)
        world.wait(86_400)
        world.push()
        yield world


def sandwich(world, market, push):
    """Push the price, let the vault trade; return loss at the market's price, turnover, and the event."""
    with world.undone():
        before = worth(world, market)
        world.move(market + push)
        world.vault.trade(sender=STRANGER)
        event = next(iter(world.vault.events_named("Traded")), None)
        if event is None:
            return 0, 0, None
        turnover = event.paid if event.buy else value(event.paid, market)
        return before - worth(world, market), turnover, event


def bound(ticks):
    return 1.0001**ticks - 1 + FEE


@pytest.mark.parametrize("target", [0, 10_000])
@pytest.mark.parametrize("jump", [300, 800])
def test_sandwich_within_the_lag_of_the_recent_price(world, jump, target):
    """A jump that the mean of RECENT has not seen yet: the trade may fill where the mean still stands."""
    side = 1 if target else -1
    world.decide_next(target)
    world.wait(700)
    market = world.vault.target_tick() - side * jump
    world.move(market)
    world.wait(12)
    lag = abs(world.oriented(world.price_log.recent(world.rules.recent_secs)[1]) - market)
    assert jump * 9 // 10 < lag <= jump + 1
    outcomes = [sandwich(world, market, side * push) for push in (0, 100, 200, jump, jump + 36)]
    for loss, turnover, event in outcomes:
        assert loss <= bound(lag + 1 + world.rules.tolerance_ticks) * turnover * 1.01 + 10
        assert event is None or event.spent <= world.rules.budget
    # what the budget does not see: the vault pays the lag, not only the tolerance
    assert max(outcomes)[0] > bound(world.rules.tolerance_ticks) * max(outcomes)[1]
    # and it is over once RECENT has passed
    world.wait(world.rules.recent_secs)
    for push in (0, 36, 100, jump):
        loss, turnover, _ = sandwich(world, market, side * push)
        assert loss <= bound(world.rules.tolerance_ticks + 1) * turnover * 1.001 + 10


@pytest.mark.parametrize("target", [0, 10_000])
def test_recent_price_pushed_for_one_block(world, target):
    """Whoever closes one block and opens the next needs no capital at risk; DEVIATION is what stops it."""
    side = 1 if target else -1
    rules = world.rules
    world.decide_next(target)
    market = world.vault.target_tick()
    world.move(market)
    world.wait(rules.recent_secs + 12)
    world.move(market + side * 20_000)
    world.wait(12)
    assert abs(world.oriented(world.price_log.recent(rules.recent_secs)[1]) - market) > rules.deviation_ticks
    limit = rules.deviation_ticks + rules.tolerance_ticks
    for push in (0, 100, 200, limit - 1, limit + 1, 20_000):
        loss, turnover, event = sandwich(world, market, side * push)
        assert loss <= bound(limit) * turnover * 1.03 + 10
        if event is not None:
            assert abs(event.limit_tick - market) <= limit
    world.vault.trade(sender=STRANGER)
    assert world.vault.event("Idle").reason == NO_ROOM  # while the price still stands far beyond the limit


@pytest.mark.parametrize("target", [0, 10_000])
def test_flash_entry_around_a_sandwich(world, target):
    """Entry of many times the vault's size, a sandwich, exit: the others lose no larger part by it."""
    side = 1 if target else -1
    world.decide_next(target)
    market = world.vault.target_tick()
    world.move(market)
    world.wait(world.rules.recent_secs)
    supply, before = world.vault.totalSupply(), worth(world, market)
    parts = []
    for entry in (0, 20 * supply):
        with world.undone():
            if entry:
                world.mint(entry, OTHER)
            world.move(market + side * 36)
            world.vault.trade(sender=STRANGER)
            world.move(market)
            if entry:
                world.redeem(entry, OTHER)
            assert world.vault.totalSupply() == supply
            parts.append((before - worth(world, market)) / before)
    assert 0 < parts[1] <= parts[0] * 1.01
    assert parts[0] <= bound(world.rules.tolerance_ticks)


def test_dust_on_every_tick_costs_gas_and_no_decision(world):
    """Positions of one unit on every tick make a swap dear, not a decision; a filled trade pays for few."""
    start, gas = world.market.start_tick, []
    for dust in (False, True):
        with world.undone():
            for step in range(-40, 41) if dust else ():
                lower = (world.oriented(start) // SPACING + step) * SPACING
                world.mover.add(world.pool.address, lower, lower + SPACING, 1)
            world.decide_next(10_000)
            decide_gas = world.vault.gas_used
            world.move(world.vault.target_tick() - 390)  # the cheap side: the swap may cross all of them
            world.vault.trade(sender=STRANGER)
            assert world.vault.event("Traded").paid > 0
            gas.append((decide_gas, world.vault.gas_used))
    print(f"\ngas of decide and of trade, without and with dust: {gas}")
    assert gas[0][0] == gas[1][0]
    assert gas[0][1] < gas[1][1] < 2_000_000


@pytest.mark.parametrize("and_trade", [False, True])
def test_starving_a_decision_of_gas(world, and_trade):
    """Whatever the caller supplies, the decision happens whole or not at all: no trade is left out by gas."""
    epoch = world.next_epoch()
    proof = world.proof(epoch, 10_000)
    with world.undone():
        world.vault.decide(epoch, 10_000, proof, and_trade, sender=STRANGER)
        whole, most = world.vault.logs, world.vault.gas_used
    assert any(event.name == "Traded" for event in whole) == and_trade
    outcomes = set()
    for gas in range(most // 20, most * 13 // 10, most // 40):
        with world.undone():
            try:
                world.vault.decide(epoch, 10_000, proof, and_trade, sender=STRANGER, gas=gas)
            except Refused:
                outcomes.add("refused")
                assert not world.vault.is_decided(epoch)
                assert world.price_log.head() < epoch
            else:
                outcomes.add("whole")
                assert world.vault.logs == whole
    assert outcomes == {"refused", "whole"}


def test_burning_the_budget_by_calling_often(world):
    """A stranger who calls trade every second at the worst price spends the budget once, not once a call."""
    world.decide_next(10_000)
    market = world.vault.target_tick()
    before, costs = worth(world, market), []
    for _ in range(12):
        world.move(market + 36)
        world.vault.trade(sender=STRANGER)
        costs.append(world.vault.spent())
        world.wait(1)
    assert before - worth(world, market) <= before * (world.rules.budget + 12 * 10**12) // 10**18
    assert 0 < max(costs) <= world.rules.budget + 10**12
