"""Founding and entry: pro rata in both tokens, rounded for those who stay; nobody gains at another's cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.vault_world import (
    DEAD,
    GUARDIAN,
    HOLDER,
    INTERVAL,
    MAX_UINT,
    OPERATOR,
    OTHER,
    STRANGER,
    ZERO,
    Market,
    opened,
    unopened,
)

MARKETS = [
    Market(6, 18, risky_is_token0=False),
    Market(6, 18, risky_is_token0=True),
    Market(18, 6, risky_is_token0=False),
    Market(8, 18, risky_is_token0=True),
]
FULL_RANGE = (-887_270, 887_270)


@pytest.fixture(scope="module")
def built():
    """A vault that holds both tokens: decided and traded once."""
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        assert world.vault.risky() > 0
        yield world


@pytest.fixture
def closed_world():
    with unopened() as world:
        yield world


# -- open


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_open_gives_shares_for_the_seed_and_locks_the_least_seed(market):
    with unopened(market) as world:
        unit = 10**market.base_decimals
        seed, bond = 1_500 * unit, 4_000 * unit
        before = world.base.balanceOf(OPERATOR)
        world.vault.open(seed, bond, sender=OPERATOR)
        assert world.vault.event("Opened").bond == bond
        assert world.vault.event("Minted").shares == 1_500 * 10**18
        assert before - world.base.balanceOf(OPERATOR) == seed + bond
        assert world.vault.totalSupply() == 1_500 * 10**18
        assert world.vault.balanceOf(DEAD) == 1_000 * 10**18
        assert world.vault.balanceOf(OPERATOR) == 500 * 10**18
        assert (world.vault.base(), world.vault.risky(), world.vault.bond()) == (seed, 0, bond)
        assert world.vault.first_epoch() == world.epoch + 1


def test_the_least_seed_leaves_the_operator_without_shares(closed_world):
    closed_world.open()
    assert closed_world.vault.balanceOf(OPERATOR) == 0


def test_open_by_another_is_refused(closed_world):
    for sender in (GUARDIAN, STRANGER):
        with refused("auth"):
            closed_world.vault.open(10**9, 10**10, sender=sender)


def test_opening_twice_is_refused(world):
    with refused("opened"):
        world.vault.open(10**9, 10**10, sender=OPERATOR)


def test_opening_what_was_shut_or_retired_is_refused(closed_world):
    rules = closed_world.rules
    with closed_world.undone():
        closed_world.vault.shut(sender=GUARDIAN)
        with refused("ended"):
            closed_world.vault.open(rules.seed_min, 40 * rules.cut, sender=OPERATOR)
    closed_world.vault.retire(sender=OPERATOR)
    closed_world.wait(rules.unbond_secs)
    with refused("ended"):
        closed_world.vault.open(rules.seed_min, 40 * rules.cut, sender=OPERATOR)


def test_a_seed_or_bond_that_is_too_small_is_refused(closed_world):
    vault, rules = closed_world.vault, closed_world.rules
    with refused("cap"):
        vault.open(rules.seed_min - 1, 40 * rules.cut, sender=OPERATOR)
    with refused("cap"):
        vault.open(rules.seed_min, rules.cut + rules.bounty - 1, sender=OPERATOR)
    vault.open(rules.seed_min, rules.cut + rules.bounty, sender=OPERATOR)


def test_a_seed_beyond_the_share_cap_is_refused(closed_world):
    most = closed_world.rules.max_shares // closed_world.rules.shares_per_base
    with refused("cap"):
        closed_world.vault.open(most + 1, 10**10, sender=OPERATOR)
    closed_world.vault.open(most, 10**10, sender=OPERATOR)


def test_opening_before_the_log_holds_a_window_is_refused():
    with unopened(window=9) as world, refused("window"):
        world.open()


# -- mint


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_mint_takes_both_tokens_pro_rata_rounded_up(market):
    with opened(market) as world:
        world.decide_next(5_000, and_trade=True)
        base, risky, supply = world.vault.base(), world.vault.risky(), world.vault.totalSupply()
        before = world.base.balanceOf(OTHER), world.risky.balanceOf(OTHER)
        shares = 12_345_678_901_234_567_891
        taken = world.mint(shares, OTHER)
        assert taken == (-(-shares * base // supply), -(-shares * risky // supply))
        assert before[0] - world.base.balanceOf(OTHER) == taken[0]
        assert before[1] - world.risky.balanceOf(OTHER) == taken[1]
        assert (world.vault.base(), world.vault.risky()) == (base + taken[0], risky + taken[1])
        assert world.vault.balanceOf(OTHER) == shares
        event = world.vault.event("Minted")
        assert (event.receiver, event.shares, event.base, event.risky) == (OTHER, shares, *taken)


def test_preview_is_what_mint_takes(world):
    with world.undone():
        expected = world.vault.preview(10**18 + 7)
        assert world.mint(10**18 + 7) == expected
    # and while money drips
    world.wait(2 * INTERVAL)
    world.push()
    world.vault.miss(world.epoch - 1, sender=STRANGER)
    world.wait(1_234)
    expected = world.vault.preview(10**18 + 7)
    assert world.vault.drip_left() > 0
    assert world.mint(10**18 + 7) == expected


def test_shares_go_to_the_receiver_and_the_caller_pays(world):
    before = world.base.balanceOf(HOLDER)
    b, _ = world.vault.mint(10**18, OTHER, MAX_UINT, MAX_UINT, sender=HOLDER)
    assert world.vault.balanceOf(OTHER) == 10**18
    assert before - world.base.balanceOf(HOLDER) == b


def test_mint_before_open_is_refused(closed_world):
    with refused("opened"):
        closed_world.mint(10**18)
    with refused("opened"):
        closed_world.vault.preview(10**18)


def test_more_than_the_callers_limit_is_refused(world):
    b, r = world.vault.preview(10**18)
    for limits in ((b - 1, r), (b, r - 1)):
        with refused("price"):
            world.vault.mint(10**18, HOLDER, *limits, sender=HOLDER)
    world.vault.mint(10**18, HOLDER, b, r, sender=HOLDER)


def test_minting_nothing_is_refused(world):
    with refused("amount"):
        world.mint(0)


def test_a_vault_without_base_takes_risky_alone_and_refuses_nothing():
    with opened() as world:
        world.mover.add(world.pool.address, *FULL_RANGE, 99 * world.market.liquidity)
        world.decide_next(10_000, and_trade=True)
        assert world.vault.base() == 0 < world.vault.risky()
        due = world.vault.preview(10**18)
        assert world.vault.mint(10**18, HOLDER, 0, MAX_UINT, sender=HOLDER) == due
        assert due[0] == 0 < due[1]
        with refused("amount"):
            world.vault.mint(0, HOLDER, MAX_UINT, MAX_UINT, sender=HOLDER)


def test_a_single_share_unit_costs_a_unit_of_each_token(world):
    assert world.mint(1) == (1, 1)


def test_minting_beyond_the_cap_is_refused(world):
    room = world.rules.max_shares - world.vault.totalSupply()
    with refused("cap"):
        world.mint(room + 1)
    world.mint(room)


def test_minting_to_nobody_or_to_the_vault_is_refused(world):
    for receiver in (ZERO, world.vault.address):
        with refused("receiver"):
            world.vault.mint(10**18, receiver, MAX_UINT, MAX_UINT, sender=HOLDER)


def test_minting_while_paused_is_refused(world):
    world.vault.pause(sender=GUARDIAN)
    with refused("closed"):
        world.mint(10**18)
    world.wait(3 * 86_400 - 1)
    with refused("closed"):
        world.mint(10**18)
    world.wait(1)
    world.mint(10**18)


def test_minting_after_retire_or_shut_is_refused(world):
    with world.undone():
        world.vault.retire(sender=OPERATOR)
        with refused("closed"):
            world.mint(10**18)
    world.vault.shut(sender=GUARDIAN)
    with refused("closed"):
        world.mint(10**18)


# -- nobody gains at another's cost


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 10**22), st.sampled_from([HOLDER, OTHER])),
        min_size=1,
        max_size=6,
    )
)
def test_entry_and_exit_never_lower_what_a_share_holds(built, steps):
    with built.undone():
        vault = built.vault
        for entering, shares, who in steps:
            before = vault.base(), vault.risky(), vault.totalSupply()
            if entering:
                built.mint(shares, who)
            elif vault.balanceOf(who) == 0:
                continue
            else:
                built.redeem(min(shares, vault.balanceOf(who)), who)
            after = vault.base(), vault.risky(), vault.totalSupply()
            for asset in (0, 1):
                assert after[asset] * before[2] >= before[asset] * after[2]


def test_first_depositor_cannot_inflate_the_share_price(closed_world):
    world = closed_world
    world.vault.open(world.rules.seed_min, 40 * world.rules.cut, sender=OPERATOR)
    before = world.vault.preview(10**18)
    world.base.transfer(world.vault.address, 10**15, sender=OPERATOR)
    world.risky.transfer(world.vault.address, 10**24, sender=OPERATOR)
    assert world.vault.preview(10**18) == before == (10**6, 0)
    assert world.mint(10**18) == before


def test_flash_entry_and_exit_gains_nothing(world):
    base, risky = world.base.balanceOf(OTHER), world.risky.balanceOf(OTHER)
    world.mint(10**24, OTHER)
    world.redeem(10**24, OTHER)
    assert base - 1 <= world.base.balanceOf(OTHER) <= base
    assert risky - 1 <= world.risky.balanceOf(OTHER) <= risky


def test_entry_just_before_slashed_money_arrives_gains_nothing_at_once(world):
    world.wait(2 * INTERVAL)
    world.push()
    world.mint(10**24, OTHER)
    held = world.vault.preview(10**24)
    world.vault.miss(world.epoch - 1, sender=OTHER)
    assert world.vault.preview(10**24) == held
    b, r = world.redeem(10**24, OTHER)
    assert b <= held[0] and r <= held[1]


# -- views


def test_views_agree_with_storage(world):
    vault = world.vault
    supply = vault.totalSupply()
    assert vault.assets_per_share() == (
        10**18 * vault.base() // supply,
        10**18 * vault.risky() // supply,
    )
    probe = deploy("testing/ArithmeticProbe")
    (tick,) = world.price_log.window(world.price_log.head(), 1)
    q = probe.q_ratio_at_tick(world.oriented(tick))
    nav = vault.base() + vault.risky() * q // 2**128
    assert vault.nav() == nav
    assert vault.nav_per_share() == nav * 10**18 // supply


def test_views_per_share_before_open_are_refused(closed_world):
    for view in (closed_world.vault.nav_per_share, closed_world.vault.assets_per_share):
        with refused("opened"):
            view()
