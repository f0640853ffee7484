"""Entry and exit with base alone: every unit accounted for, in every state, for the caller's own limit."""

import boa
import pytest

from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.vault_world import (
    DEAD,
    GUARDIAN,
    HOLDER,
    INTERVAL,
    OPERATOR,
    OTHER,
    PRICE,
    STRANGER,
    Market,
    opened,
    unopened,
)
from tests.contracts.support.zap_world import SIGNER, Zapped

QUIET = "testing/TokenNoReturn"
MARKETS = [
    Market(6, 18, risky_is_token0=False),
    Market(8, 18, risky_is_token0=True),
    Market(18, 6, risky_is_token0=False, base_token=QUIET, risky_token=QUIET),
    Market(18, 8, risky_is_token0=True, base_token=QUIET, risky_token=QUIET),
]
SHARES = 10**21
LOWER, UPPER = -887_270, 887_270


@pytest.fixture(scope="module")
def built():
    """A vault that holds both tokens: decided and traded once."""
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        assert world.vault.risky() > 0
        yield Zapped.of(world)


@pytest.fixture
def zapped(built):
    with built.world.undone():
        yield built


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_entry_and_exit_account_for_every_unit(market):
    with opened(market) as world:
        world.decide_next(5_000, and_trade=True)
        assert world.vault.risky() > 0
        zapped = Zapped.of(world)
        unit = 1 + PRICE * 10**market.base_decimals // 10**market.risky_decimals  # of risky, in base
        for shares in (SHARES // 7 + 3, 1):
            spent = zapped.enter_checked(shares, who=OTHER)
            got = zapped.leave_checked(shares, who=OTHER)
            assert 0 <= got < spent
            # the way in and out costs the pool's fee twice, and the rounding of a few units
            assert spent - got <= spent // 500 + 4 * unit


def test_the_constructor_reads_the_market_from_the_vault(zapped):
    world, zap = zapped.world, zapped.zap
    assert zap.VAULT() == world.vault.address
    assert (zap.POOL(), zap.BASE(), zap.RISKY()) == (
        world.pool.address,
        world.base.address,
        world.risky.address,
    )


def test_nobody_has_a_role_or_a_switch(zapped):
    changing = {
        name for name, item in zapped.zap.functions.items() if item["stateMutability"] not in ("view", "pure")
    }
    assert changing == {"enter", "leave", "leave_with_permit", "uniswapV3SwapCallback"}


def test_the_caller_pays_and_the_receiver_gets(zapped):
    zapped.enter_checked(10**21, who=HOLDER, receiver=STRANGER)
    zapped.leave_checked(10**21, who=STRANGER, receiver=OTHER)


def test_a_call_in_its_last_second_counts(zapped):
    now = zapped.world.now
    zapped.enter(SHARES, deadline=now)
    zapped.leave(SHARES, deadline=now)
    zapped.check_empty()


# -- the caller's limit


def test_entry_above_the_callers_limit_is_refused(zapped):
    with zapped.world.undone():
        spent = zapped.enter(SHARES)
    with refused("price"):
        zapped.enter(SHARES, max_base=spent - 1)
    assert zapped.enter(SHARES, max_base=spent) == spent


def test_a_limit_that_leaves_nothing_for_the_swap_is_refused(zapped):
    base_in, risky_in = zapped.world.vault.preview(SHARES)
    assert risky_in > 0
    for limit in (base_in, base_in - 1, 0):
        with refused("price"):
            zapped.enter(SHARES, max_base=limit)


def test_exit_below_the_callers_limit_is_refused(zapped):
    with zapped.world.undone():
        got = zapped.leave(SHARES)
    with refused("price"):
        zapped.leave(SHARES, min_base=got + 1)
    assert zapped.leave(SHARES, min_base=got) == got


def test_a_pool_pushed_before_an_entry_is_the_callers_own_affair(zapped):
    """The limit refuses the push; without one the caller pays for it, and no other holder does."""
    world, start = zapped.world, zapped.world.spot()
    with world.undone():
        spent, got = zapped.enter(SHARES), zapped.leave(SHARES)
    world.move(start + 300)
    with refused("price"):
        zapped.enter(SHARES, max_base=spent)
    assert zapped.enter_checked(SHARES) > spent
    world.move(start - 300)
    with refused("price"):
        zapped.leave(SHARES, min_base=got)
    assert zapped.leave_checked(SHARES) < got


# -- what the vault holds


def test_a_vault_without_risky_needs_no_swap():
    with opened() as world:
        zapped = Zapped.of(world)
        assert world.vault.risky() == 0
        # not even the pool's code is touched
        boa.env.set_code(world.pool.address, bytes.fromhex("5f5ffd"))
        before, due = world.base.balanceOf(OTHER), world.vault.preview(SHARES)
        spent = zapped.enter(SHARES, who=OTHER)
        assert (before - world.base.balanceOf(OTHER), 0) == (spent, 0) == due
        assert spent - 1 <= zapped.leave(SHARES, who=OTHER) <= spent
        zapped.check_empty()


def test_a_vault_without_base_is_entered_and_left_by_the_swap_alone():
    with opened() as world:
        world.mover.add(world.pool.address, LOWER, UPPER, 99 * world.market.liquidity)
        world.decide_next(10_000, and_trade=True)
        assert world.vault.base() == 0
        zapped = Zapped.of(world)
        spent = zapped.enter_checked(SHARES, who=OTHER)
        assert 0 < zapped.leave_checked(SHARES, who=OTHER) < spent


def test_what_has_dripped_by_now_is_paid_for(zapped):
    world = zapped.world
    world.next_epoch(world.rules.decide_secs + 1)
    world.vault.miss(world.epoch, sender=STRANGER)
    world.wait(INTERVAL)
    base, _, _ = zapped.behind_shares()
    assert base > world.vault.base()
    zapped.enter_checked(SHARES, who=OTHER)
    world.wait(INTERVAL)
    zapped.leave_checked(SHARES, who=OTHER)


# -- states of the vault


def test_entry_before_opening_is_refused():
    with unopened() as world:
        zapped = Zapped.of(world)
        with refused("opened"):
            zapped.enter(10**18)


@pytest.mark.parametrize("state", ["paused", "retired", "shut"])
def test_entry_when_the_vault_is_closed_is_refused_and_takes_nothing(zapped, state):
    vault = zapped.world.vault
    if state == "retired":
        vault.retire(sender=OPERATOR)
    else:
        getattr(vault, {"paused": "pause", "shut": "shut"}[state])(sender=GUARDIAN)
    before = zapped.ledger(HOLDER)
    with refused("closed"):
        zapped.enter(SHARES)
    assert zapped.ledger(HOLDER) == before


def test_entry_beyond_the_cap_of_shares_is_refused(zapped):
    world = zapped.world
    world.mint(world.rules.max_shares - world.vault.totalSupply() - 10**18)
    with refused("cap"):
        zapped.enter(10**18 + 1)
    zapped.enter(10**18)


@pytest.mark.parametrize(
    "state", ["paused", "shut", "retired", "ended", "years later", "log and verifier dead"]
)
def test_leaving_works_in_every_state_while_the_pool_lives(zapped, state):
    world = zapped.world
    vault = world.vault
    if state == "paused":
        vault.pause(sender=GUARDIAN)
    elif state == "shut":
        vault.shut(sender=GUARDIAN)
    elif state in ("retired", "ended"):
        vault.retire(sender=OPERATOR)
        world.wait(world.rules.unbond_secs if state == "ended" else 0)
    elif state == "years later":
        world.wait(5 * 365 * 86_400)
    else:
        for contract in (world.price_log, world.verifier):
            boa.env.set_code(contract.address, bytes.fromhex("5f5ffd"))
    assert zapped.leave_checked(vault.balanceOf(HOLDER) // 2) > 0
    assert zapped.leave_checked(vault.balanceOf(HOLDER)) > 0


def test_everybody_can_leave_and_somebody_come_again(zapped):
    world = zapped.world
    for holder in (HOLDER, OPERATOR):
        if world.vault.balanceOf(holder):
            zapped.leave_checked(world.vault.balanceOf(holder), who=holder)
    assert world.vault.totalSupply() == world.vault.balanceOf(DEAD)
    zapped.enter_checked(10**18, who=OTHER)


def test_a_dead_pool_stops_the_zap_and_no_exit_in_kind(zapped):
    world = zapped.world
    boa.env.set_code(world.pool.address, bytes.fromhex("5f5ffd"))
    with refused(""):
        zapped.leave(SHARES)
    world.redeem(SHARES)


# -- within one transaction


def test_flash_entry_through_the_zap_gains_nothing(zapped):
    world, held = zapped.world, zapped.behind_shares()
    tripper = deploy("testing/ZapRoundTrip")
    world.base.transfer(tripper.address, 10**12, sender=OTHER)
    had = world.base.balanceOf(tripper.address)
    spent, got = tripper.run(zapped.zap.address, 10**23, sender=STRANGER)
    assert spent > got > 0
    assert world.base.balanceOf(tripper.address) == had - spent + got
    assert world.risky.balanceOf(tripper.address) == world.vault.balanceOf(tripper.address) == 0
    zapped.check_kept(held)


# -- permit


@pytest.fixture
def signed(zapped):
    """The signer holds shares and has allowed nobody anything."""
    zapped.world.vault.transfer(SIGNER.address, 10**21, sender=HOLDER)
    return zapped


def test_a_permit_makes_an_exit_one_transaction(signed):
    world, deadline = signed.world, signed.world.now + 60
    before = world.base.balanceOf(OTHER)
    got = signed.zap.leave_with_permit(
        10**21, 1, OTHER, deadline, *signed.sign(10**21, deadline), sender=SIGNER.address
    )
    assert world.base.balanceOf(OTHER) - before == got > 0
    assert world.vault.allowance(SIGNER.address, signed.zap.address) == 0
    signed.check_empty()


def test_a_permit_that_somebody_sent_first_serves_all_the_same(signed):
    world, deadline = signed.world, signed.world.now + 60
    permit = signed.sign(10**21, deadline)
    world.vault.permit(SIGNER.address, signed.zap.address, 10**21, deadline, *permit, sender=STRANGER)
    # and whoever sent it can do nothing with it
    with refused("allowance"):
        signed.zap.leave(10**21, 0, STRANGER, deadline, sender=account_without_allowance(signed))
    assert signed.zap.leave_with_permit(10**21, 1, OTHER, deadline, *permit, sender=SIGNER.address) > 0


def test_a_permit_of_another_is_of_no_use(signed):
    deadline = signed.world.now + 60
    thief = account_without_allowance(signed)
    with refused("allowance"):
        signed.zap.leave_with_permit(10**21, 0, thief, deadline, *signed.sign(10**21, deadline), sender=thief)


@pytest.mark.parametrize("change", [{"value": 10**21 - 1}, {"nonce": 1}, {"spender": STRANGER}])
def test_a_permit_for_something_else_is_refused_for_want_of_an_allowance(signed, change):
    deadline = signed.world.now + 60
    with refused("allowance"):
        signed.zap.leave_with_permit(
            10**21, 0, OTHER, deadline, *signed.sign(10**21, deadline, **change), sender=SIGNER.address
        )


def test_leaving_without_an_allowance_is_refused(signed):
    with refused("allowance"):
        signed.zap.leave(10**21, 0, OTHER, signed.world.now, sender=SIGNER.address)


def account_without_allowance(zapped: Zapped) -> str:
    """Return somebody who holds shares, and has not allowed the Zap anything."""
    thief = zapped.world.mover.address
    zapped.world.vault.transfer(thief, 10**21, sender=HOLDER)
    return thief
