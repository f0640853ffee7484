"""Exit in every state of the vault, and what is held for later: pro rata in both tokens, rounded down."""

import boa
import pytest

from tests.contracts.support.evm import refused
from tests.contracts.support.vault_world import (
    DEAD,
    GUARDIAN,
    HOLDER,
    INTERVAL,
    MAX_UINT,
    OPERATOR,
    OTHER,
    SEED,
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


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_redeem_pays_both_tokens_pro_rata_rounded_down(market):
    with opened(market) as world:
        world.decide_next(5_000, and_trade=True)
        base, risky, supply = world.vault.base(), world.vault.risky(), world.vault.totalSupply()
        before = world.base.balanceOf(HOLDER), world.risky.balanceOf(HOLDER)
        shares = 12_345_678_901_234_567_891
        paid = world.redeem(shares)
        assert paid == (shares * base // supply, shares * risky // supply)
        assert world.base.balanceOf(HOLDER) - before[0] == paid[0]
        assert world.risky.balanceOf(HOLDER) - before[1] == paid[1]
        assert world.vault.totalSupply() == supply - shares
        event = world.vault.event("Redeemed")
        assert (event.owner, event.receiver, event.shares) == (HOLDER, HOLDER, shares)
        assert (event.base, event.risky) == paid


def test_a_holder_can_take_everything_and_the_locked_seed_stays(world):
    for holder in (HOLDER, OPERATOR):
        world.redeem(world.vault.balanceOf(holder), holder)
    assert world.vault.totalSupply() == world.vault.balanceOf(DEAD) == world.rules.seed_min * 10**12
    assert world.vault.base() > 0
    # and somebody can come in again, at the same proportion
    world.mint(10**18, OTHER)


def test_redeeming_for_another_spends_the_allowance(world):
    with refused("allowance"):
        world.vault.redeem(10**18, OTHER, HOLDER, False, False, sender=OTHER)
    world.vault.approve(OTHER, 10**18, sender=HOLDER)
    world.vault.redeem(10**18, OTHER, HOLDER, False, False, sender=OTHER)
    assert world.vault.allowance(HOLDER, OTHER) == 0
    with refused("allowance"):
        world.vault.redeem(1, OTHER, HOLDER, False, False, sender=OTHER)


def test_redeeming_more_than_one_has_is_refused(world):
    with refused("balance"):
        world.redeem(world.vault.balanceOf(HOLDER) + 1)


def test_redeeming_nothing_is_refused(world):
    with refused("amount"):
        world.redeem(0)


def test_redeeming_to_nobody_or_to_the_vault_is_refused(world):
    for receiver in (ZERO, world.vault.address):
        with refused("receiver"):
            world.vault.redeem(10**18, receiver, HOLDER, False, False, sender=HOLDER)


@pytest.mark.parametrize("held", [(True, False), (False, True), (True, True)])
def test_what_is_held_is_collected_later(world, held):
    before = [token.balanceOf(OTHER) for token in (world.base, world.risky)]
    paid = world.vault.redeem(10**20, OTHER, HOLDER, *held, sender=HOLDER)
    for token, amount, hold, had in zip((world.base, world.risky), paid, held, before, strict=True):
        assert world.vault.owed(OTHER, token.address) == (amount if hold else 0)
        assert token.balanceOf(OTHER) - had == (0 if hold else amount)
        if hold:
            assert world.vault.collect(token.address, STRANGER, sender=OTHER) == amount
            with refused("amount"):
                world.vault.collect(token.address, STRANGER, sender=OTHER)
            assert world.vault.owed(OTHER, token.address) == 0
    assert world.vault.balanceOf(HOLDER) == SEED * world.rules.seed_min * 10**12 - 10**20


def test_what_is_held_adds_up(world):
    paid = [
        world.vault.redeem(shares, OTHER, HOLDER, True, True, sender=HOLDER)
        for shares in (10**20, 3 * 10**20)
    ]
    for token, amounts in zip((world.base, world.risky), zip(*paid, strict=True), strict=True):
        assert world.vault.owed(OTHER, token.address) == sum(amounts)
        assert world.vault.collect(token.address, OTHER, sender=OTHER) == sum(amounts)


def test_collecting_to_nobody_or_to_the_vault_is_refused(world):
    world.vault.redeem(10**20, HOLDER, HOLDER, True, True, sender=HOLDER)
    for to in (ZERO, world.vault.address):
        with refused("receiver"):
            world.vault.collect(world.base.address, to, sender=HOLDER)


def test_collecting_a_token_that_is_not_owed_calls_nobody(world):
    with refused("amount"):
        world.vault.collect(STRANGER, STRANGER, sender=STRANGER)


@pytest.mark.parametrize("state", ["paused", "shut", "retired", "ended", "bond gone", "years later"])
def test_leaving_works_in_every_state(world, state):
    vault = world.vault
    if state == "paused":
        vault.pause(sender=GUARDIAN)
    elif state == "shut":
        vault.shut(sender=GUARDIAN)
    elif state in ("retired", "ended"):
        vault.retire(sender=OPERATOR)
        world.wait(world.rules.unbond_secs if state == "ended" else 0)
    elif state == "bond gone":
        while vault.end_at() == MAX_UINT:
            world.wait(INTERVAL)
            world.push()
            if not vault.is_decided(world.epoch - 1):
                vault.miss(world.epoch - 1, sender=STRANGER)
    else:
        world.wait(5 * 365 * 86_400)
    everything = vault.balanceOf(HOLDER)
    base, risky, supply = vault.base() + vault.drip_left(), vault.risky(), vault.totalSupply()
    b, r = world.redeem(everything)
    assert r == everything * risky // supply
    assert 0 < b <= everything * base // supply


def test_oracle_pool_and_verifier_may_die_and_holders_still_leave(world):
    world.vault.redeem(10**20, HOLDER, HOLDER, True, True, sender=HOLDER)
    dead = bytes.fromhex("5f5ffd")
    for contract in (world.price_log, world.pool, world.verifier):
        boa.env.set_code(contract.address, dead)
    world.next_epoch()
    with refused(""):
        world.vault.decide(world.epoch, 5_000, b"", False)
    world.redeem(world.vault.balanceOf(HOLDER) // 2)
    world.vault.redeem(world.vault.balanceOf(HOLDER), HOLDER, HOLDER, True, True, sender=HOLDER)
    for token in (world.base, world.risky):
        assert world.vault.collect(token.address, HOLDER, sender=HOLDER) > 0
