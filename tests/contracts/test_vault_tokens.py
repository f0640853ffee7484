"""Tokens with bad manners: nothing returned, fees, blocked accounts, false replies, calls in between."""

import pytest

from contracts.refusal import reason_in
from tests.contracts.support.evm import refused
from tests.contracts.support.vault_world import (
    HOLDER,
    MAX_UINT,
    OPERATOR,
    OTHER,
    STRANGER,
    Market,
    opened,
    unopened,
)

HOSTILE = "testing/TokenHostile"
QUIET = "testing/TokenNoReturn"


@pytest.fixture(scope="module")
def built():
    """Both tokens are hostile and, so far, behave; the vault holds both."""
    with opened(Market(base_token=HOSTILE, risky_token=HOSTILE)) as world:
        world.decide_next(5_000, and_trade=True)
        yield world


@pytest.mark.parametrize("decimals", [(6, 18), (18, 6), (8, 18)])
@pytest.mark.parametrize("risky_is_token0", [False, True])
def test_tokens_that_return_nothing_work(decimals, risky_is_token0):
    with opened(Market(*decimals, risky_is_token0, QUIET, QUIET)) as world:
        world.decide_next(300, and_trade=True)
        assert world.vault.event("Traded").paid > 0
        world.mint(10**20)
        world.vault.redeem(10**20, HOLDER, HOLDER, True, True, sender=HOLDER)
        assert world.vault.collect(world.base.address, HOLDER, sender=HOLDER) > 0
        assert world.vault.collect(world.risky.address, HOLDER, sender=HOLDER) > 0
        world.decide_next(0, and_trade=True)
        assert world.vault.event("Traded").got > 0
        world.redeem(world.vault.balanceOf(HOLDER))


def test_fee_on_transfer_is_refused(world):
    for token in (world.base, world.risky):
        with world.undone():
            token.set_fee(1)
            with refused("token"):
                world.mint(10**20)
    world.base.set_fee(1)
    with refused("token"):
        world.vault.add_bond(10**9, sender=OTHER)


def test_fee_on_transfer_is_refused_at_opening():
    with unopened(Market(base_token=HOSTILE)) as world:
        world.base.set_fee(1)
        with refused("token"):
            world.open()


def test_a_fee_on_what_the_pool_sends_is_refused(world):
    world.next_epoch()
    world.decide(10_000)
    world.risky.set_fee(1)
    with refused("token"):
        world.vault.trade()


def test_a_false_reply_is_refused(world):
    for token in (world.base, world.risky):
        with world.undone():
            token.set_lies(True)
            with refused("token"):
                world.mint(10**20)
            with refused("token"):
                world.redeem(10**20)
    world.vault.redeem(10**20, HOLDER, HOLDER, True, True, sender=HOLDER)
    world.base.set_lies(True)
    with refused("token"):
        world.vault.collect(world.base.address, HOLDER, sender=HOLDER)


@pytest.mark.parametrize("token", ["base", "risky"])
def test_a_false_reply_is_refused_though_the_amount_moved(world, token):
    getattr(world, token).set_denies(True)
    with refused("token"):
        world.mint(10**20)
    with refused("token"):
        world.redeem(10**20)


@pytest.mark.parametrize("frozen", ["base", "risky"])
def test_a_blocked_vault_still_lets_the_other_token_leave(world, frozen):
    vault = world.vault
    frozen_token, other = (world.base, world.risky) if frozen == "base" else (world.risky, world.base)
    frozen_token.block_account(vault.address, True)
    shares = vault.balanceOf(HOLDER)
    with refused("blocked"):
        world.redeem(shares)
    before = other.balanceOf(HOLDER)
    paid = vault.redeem(shares, HOLDER, HOLDER, frozen == "base", frozen == "risky", sender=HOLDER)
    got_frozen, got_other = paid if frozen == "base" else paid[::-1]
    assert other.balanceOf(HOLDER) - before == got_other > 0
    assert vault.owed(HOLDER, frozen_token.address) == got_frozen > 0
    with refused("blocked"):
        vault.collect(frozen_token.address, HOLDER, sender=HOLDER)
    frozen_token.block_account(vault.address, False)
    assert vault.collect(frozen_token.address, HOLDER, sender=HOLDER) == got_frozen


def test_a_blocked_holder_names_another_receiver(world):
    world.base.block_account(HOLDER, True)
    with refused("blocked"):
        world.redeem(10**20)
    world.vault.redeem(10**20, OTHER, HOLDER, False, False, sender=HOLDER)
    world.vault.redeem(10**20, HOLDER, HOLDER, True, False, sender=HOLDER)
    assert world.vault.collect(world.base.address, OTHER, sender=HOLDER) > 0


def test_a_frozen_base_token_does_not_stop_misses(world):
    world.base.block_account(world.vault.address, True)
    world.next_epoch(world.rules.decide_secs + 1)
    world.vault.miss(world.epoch, sender=STRANGER)
    assert world.vault.owed(STRANGER, world.base.address) == world.rules.bounty


def test_a_blocked_pool_undoes_the_decision_that_trades_and_not_the_one_that_does_not(world):
    """The agent then sends the decision without the trade."""
    world.next_epoch()
    world.base.block_account(world.pool.address, True)
    with refused("blocked"):
        world.decide(10_000, and_trade=True)
    assert not world.vault.is_decided(world.epoch)
    world.decide(10_000)
    with refused("blocked"):
        world.vault.trade()


ENTRIES = {
    "mint": (10**18, STRANGER, MAX_UINT, MAX_UINT),
    "redeem": (10**18, STRANGER, HOLDER, False, False),
    "trade": (),
    "miss": (1,),
    "add_bond": (1,),
    "collect": ("token", STRANGER),
    "transfer": (STRANGER, 1),
    "transferFrom": (HOLDER, STRANGER, 1),
    "approve": (STRANGER, 1),
    "decide": (1, 1, b"", True),
    "open": (1, 1),
    "retire": (),
    "take_bond": (STRANGER,),
    "propose": (STRANGER,),
    "lower_fee": (0,),
    "pause": (),
    "shut": (),
    "take_role": (False,),
    # and what others might read in the middle
    "nav": (),
    "nav_per_share": (),
    "assets_per_share": (),
    "preview": (10**18,),
    "status": (),
    "totalSupply": (),
    "balanceOf": (HOLDER,),
    "base": (),
    "risky": (),
    "DOMAIN_SEPARATOR": (),
}


@pytest.mark.parametrize("during", ["mint", "redeem", "collect", "trade"])
def test_calls_in_the_middle_of_a_transfer_are_refused(world, during):
    vault = world.vault
    world.next_epoch()
    world.decide(10_000)
    vault.redeem(10**20, HOLDER, HOLDER, True, True, sender=HOLDER)
    actions = {
        "mint": lambda: world.mint(10**20),
        "redeem": lambda: world.redeem(10**20),
        "collect": lambda: vault.collect(world.base.address, HOLDER, sender=HOLDER),
        "trade": lambda: vault.trade(),
    }
    for name, arguments in ENTRIES.items():
        with world.undone():
            filled = tuple(world.base.address if a == "token" else a for a in arguments)
            world.base.set_hook(vault.address, vault.encode(name, filled))
            actions[during]()
            assert world.base.hook_calls() > 0
            assert world.base.hook_succeeded() is False, name
            assert world.base.hook_reason() == b"", name  # the lock gives no reason


def test_fake_swap_callback_in_the_middle_of_a_swap_is_refused(world):
    """While the vault owes the pool, nobody but the pool can make it pay."""
    world.next_epoch()
    world.decide(10_000)
    for amounts in ((10**6, -1), (-1, 10**6)):
        with world.undone():
            call = world.vault.encode("uniswapV3SwapCallback", (*amounts, b""))
            world.risky.set_hook(world.vault.address, call)  # the pool sends risky before it asks for base
            world.vault.trade()
            assert world.vault.event("Traded").buy
            assert world.risky.hook_calls() == 1 and world.risky.hook_succeeded() is False
            assert reason_in(world.risky.hook_reason()) == "auth"


def test_the_same_calls_succeed_outside_a_transfer(world):
    """So that the refusals above are the lock's and not the arguments'."""
    allowed = 0
    for name in ("nav", "totalSupply", "status", "preview", "base", "approve", "add_bond"):
        with world.undone():
            arguments = ENTRIES[name]
            if name == "add_bond":
                world.vault.add_bond(*arguments, sender=OTHER)
            else:
                getattr(world.vault, name)(*arguments)
            allowed += 1
    assert allowed == 7


def test_a_donation_changes_nothing_that_anybody_reads(world):
    def readings():
        vault = world.vault
        return [
            vault.preview(10**18),
            vault.nav(),
            vault.nav_per_share(),
            vault.assets_per_share(),
            vault.status(),
            vault.powers(),
            vault.base(),
            vault.risky(),
            vault.bond(),
            vault.totalSupply(),
        ]

    def outcomes():
        found = []
        for action in (
            lambda: world.mint(10**20),
            lambda: world.redeem(10**20),
            lambda: (world.next_epoch(), world.decide(9_000, and_trade=True), world.vault.event("Traded")[1]),
            lambda: (world.next_epoch(1_300), world.vault.miss(world.epoch), world.vault.event("Missed")[1]),
        ):
            with world.undone():
                found.append(action())
        return found

    before = readings(), outcomes()
    world.base.transfer(world.vault.address, 10**15, sender=OPERATOR)
    world.risky.transfer(world.vault.address, 10**24, sender=OPERATOR)
    assert (readings(), outcomes()) == before
