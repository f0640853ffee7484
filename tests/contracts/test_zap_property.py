"""Whatever happens: after any entry or exit the Zap is empty and no other holder has lost a unit."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.support.evm import refused
from tests.contracts.support.vault_world import HOLDER, OTHER, STRANGER, Market, opened
from tests.contracts.support.zap_world import Zapped

WHO = (HOLDER, OTHER)
STEPS = st.one_of(
    st.tuples(st.just("enter"), st.sampled_from(WHO), st.integers(0, 10**23), st.sampled_from(WHO)),
    st.tuples(st.just("leave"), st.sampled_from(WHO), st.integers(1, 10**6), st.sampled_from(WHO)),
    st.tuples(st.just("donate"), st.booleans(), st.integers(1, 10**9)),
    st.tuples(st.just("market"), st.integers(-400, 400)),
    st.tuples(st.just("decide"), st.sampled_from([0, 2_000, 8_000, 10_000])),
    st.tuples(st.just("miss"), st.integers(0, 3_000)),
    st.tuples(st.just("in kind"), st.integers(1, 10**22)),
)
HAPPENED: Counter[str] = Counter()


def take(zapped: Zapped, name: str, *details) -> None:
    """Let one thing happen."""
    world = zapped.world
    if name == "enter":
        who, shares, receiver = details
        if shares == 0:
            with refused("amount"):
                zapped.enter(0, who=who)
            return
        zapped.enter_checked(shares, who=who, receiver=receiver)
    elif name == "leave":
        who, millionths, receiver = details
        shares = world.vault.balanceOf(who) * millionths // 10**6
        if shares == 0:
            return
        zapped.leave_checked(shares, who=who, receiver=receiver)
    elif name == "donate":
        risky, amount = details
        (world.risky if risky else world.base).mint(zapped.zap.address, amount)
        # it goes to whoever comes next, and to nobody's shares
        held = zapped.behind_shares()
        zapped.enter(10**18, who=HOLDER)
        zapped.check_kept(held)
    elif name == "market":
        world.move(world.market.start_tick + details[0])
    elif name == "decide":
        world.next_epoch()
        world.decide(details[0], and_trade=True)
    elif name == "miss":
        world.next_epoch(world.rules.decide_secs + 1)
        world.vault.miss(world.epoch, sender=STRANGER)
        world.wait(details[0])
    else:
        world.mint(details[0], OTHER)
        world.redeem(details[0], OTHER)
    HAPPENED[name] += 1


def live(market: Market, lives: int, steps: int) -> None:
    """Live so many random lives of a vault that holds both tokens, and end each with everybody leaving."""
    HAPPENED.clear()
    with opened(market) as world:
        world.decide_next(4_000, and_trade=True)
        zapped = Zapped.of(world)

        @settings(max_examples=lives, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(STEPS, min_size=steps, max_size=steps))
        def one(life) -> None:
            with world.undone():
                for step in life:
                    take(zapped, *step)
                for who in WHO:
                    if shares := world.vault.balanceOf(who):
                        zapped.leave_checked(shares, who=who)
                HAPPENED["lives"] += 1

        one()
    assert HAPPENED["lives"] >= lives
    least = lives * steps // 40
    assert min(HAPPENED["enter"], HAPPENED["leave"]) >= least, HAPPENED


MARKETS = [Market(), Market(18, 6, risky_is_token0=True)]


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_the_zap_is_empty_and_nobody_loses_after_any_entry_or_exit(market):
    live(market, 5, 9)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("market", [*MARKETS, Market(8, 18, risky_is_token0=True), Market(6, 6)], ids=str)
def test_the_zap_is_empty_and_nobody_loses_in_many_lives(market):
    live(market, 20, 25)
