"""Attacks through time and order: a decision amid something else, sleeping logs, roles that change hands."""

import boa
import pytest

from contracts.tick_math import sqrt_ratio_at_tick
from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.vault_world import (
    GUARDIAN,
    HOLDER,
    MAX_UINT,
    OPERATOR,
    OTHER,
    STRANGER,
    Market,
    account,
    data_contract,
    opened,
    unopened,
)

HOSTILE = "testing/TokenHostile"
HEIR = account("heir")


@pytest.fixture(scope="module")
def built():
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        yield world


@pytest.mark.parametrize("risky_is_token0", [False, True])
def test_a_decision_in_the_middle_of_a_strangers_swap(risky_is_token0):
    """While the pool runs somebody's swap, a decision sees the same inputs, and no trade can happen."""
    with opened(Market(6, 18, risky_is_token0, risky_token=HOSTILE)) as world:
        epoch = world.next_epoch()
        proof = world.proof(epoch, 10_000)
        with world.undone():
            world.vault.decide(epoch, 10_000, proof, False, sender=STRANGER)
            expected = world.vault.target_tick()
        unset = world.vault.target_tick()
        far = sqrt_ratio_at_tick(world.oriented(world.spot() + 10))
        for and_trade, happens in ((False, True), (True, False)):
            with world.undone():
                call = world.vault.encode("decide", (epoch, 10_000, proof, and_trade))
                world.risky.set_hook(world.vault.address, call)
                # a purchase of risky: the pool pays risky out in the middle of its swap
                world.mover.move(world.pool.address, far)
                assert world.risky.hook_calls() == 1
                assert world.risky.hook_succeeded() is happens
                assert world.vault.is_decided(epoch) is happens
                assert world.vault.target_tick() == (expected if happens else unset)
                assert world.vault.risky() == 0
        world.vault.decide(epoch, 10_000, proof, False, sender=STRANGER)
        with world.undone():
            world.risky.set_hook(world.vault.address, world.vault.encode("trade", ()))
            world.mover.move(world.pool.address, far)
            assert world.risky.hook_calls() == 1
            assert world.risky.hook_succeeded() is False
            assert (world.vault.risky(), world.vault.spent()) == (0, 0)


def test_a_log_asleep_for_longer_than_one_push_can_be_woken_by_anybody(world):
    """More than sixteen intervals behind, a decision is refused until somebody pushes, in the same window."""
    world.wait_until((world.epoch + 17) * world.interval + 12)
    epoch = world.epoch
    proof = world.proof(epoch, 4_000)
    with refused("window"):
        world.vault.decide(epoch, 4_000, proof, False, sender=STRANGER)
    assert world.price_log.head() == epoch - 17
    assert world.price_log.push(epoch, sender=STRANGER) == epoch - 1
    world.vault.decide(epoch, 4_000, proof, False, sender=STRANGER)
    assert world.vault.is_decided(epoch)
    assert world.vault.target() == 4_000


def test_the_fee_goes_to_whoever_is_operator_when_the_decision_counts(world):
    epoch = world.next_epoch()
    proof = world.proof(epoch, 4_000)
    before = world.vault.balanceOf(OPERATOR)
    world.vault.offer_role(False, HEIR, sender=OPERATOR)
    world.vault.take_role(False, sender=HEIR)
    world.vault.decide(epoch, 4_000, proof, False, sender=OPERATOR)
    assert world.vault.balanceOf(OPERATOR) == before
    assert world.vault.balanceOf(HEIR) == world.vault.event("Decision").fee_shares > 0
    for name, args in (
        ("retire", ()),
        ("propose", (data_contract(b"former operator's")[0],)),
        ("take_bond", (OPERATOR,)),
        ("lower_fee", (0,)),
        ("freeze", ()),
        ("revoke", ()),
        ("offer_role", (False, OPERATOR)),
    ):
        with refused("auth"):
            getattr(world.vault, name)(*args, sender=OPERATOR)
    with refused("auth"):  # an offer is used up
        world.vault.take_role(False, sender=HEIR)


def test_an_offer_to_the_former_operator_does_not_survive_the_heir(world):
    """An offer of the role made before it changed hands cannot take it back."""
    world.vault.offer_role(False, OTHER, sender=OPERATOR)
    world.vault.offer_role(False, HEIR, sender=OPERATOR)
    world.vault.take_role(False, sender=HEIR)
    with refused("auth"):
        world.vault.take_role(False, sender=OTHER)
    assert world.vault.powers()["offered_operator"] == "0x" + "00" * 20


def test_the_old_strategy_does_not_decide_the_first_epoch_of_the_new(world):
    """At the border both ways: the epoch before belongs to the old one, the epoch itself to the new one."""
    second = data_contract(b"second")[0]
    first = world.parameters.deployment.strategy
    world.vault.propose(second, sender=OPERATOR)
    start = world.vault.status()["pending_from"]
    while world.epoch < start - 1:
        world.wait(min(12 * world.interval, (start - 1) * world.interval + 12 - world.now))
        world.push()
    for epoch, right, wrong in ((start - 1, first, second), (start, second, first)):
        world.wait_until(max(world.now, epoch * world.interval))
        with refused("proof"):
            world.vault.decide(epoch, 4_000, world.proof(epoch, 4_000, strategy=wrong), False)
        world.vault.decide(epoch, 4_000, world.proof(epoch, 4_000, strategy=right), False)
        assert world.vault.event("Decision").strategy == right


def test_a_late_guardian_cannot_void_a_miss(world):
    """A vault shut after the window of an epoch closed still pays for that epoch, whoever shut it."""
    epoch = world.next_epoch(world.rules.decide_secs + 1)
    world.vault.shut(sender=GUARDIAN)
    bond = world.vault.bond()
    kept = 256 - world.rules.window  # intervals for which the log holds the window of the epoch
    while world.epoch < epoch + kept:
        world.wait(12 * world.interval if world.epoch + 12 <= epoch + kept else world.interval)
        world.push()
    assert world.now - world.vault.end_at() > kept * world.interval - world.interval
    with refused("early"):
        world.vault.take_bond(OPERATOR, sender=OPERATOR)
    world.vault.miss(epoch, sender=STRANGER)
    assert world.vault.bond() == bond - world.rules.cut - world.rules.bounty


def test_the_bond_may_be_exactly_one_more_miss():
    """At CUT + BOUNTY the vault lives on; one base unit less ends it."""
    with unopened() as world:
        one = world.rules.cut + world.rules.bounty
        world.vault.open(world.rules.seed_min, 3 * one - 1, sender=OPERATOR)
        world.next_epoch(world.rules.decide_secs + 1)
        with world.undone():
            world.vault.add_bond(1, sender=OTHER)
            world.vault.miss(world.epoch, sender=STRANGER)
            assert world.vault.end_at() == MAX_UINT
            world.next_epoch(world.rules.decide_secs + 1)
            world.vault.miss(world.epoch, sender=STRANGER)
            assert world.vault.bond() == one
            assert world.vault.end_at() == MAX_UINT
        world.vault.miss(world.epoch, sender=STRANGER)
        world.next_epoch(world.rules.decide_secs + 1)
        world.vault.miss(world.epoch, sender=STRANGER)
        assert world.vault.bond() == one - 1
        assert world.vault.end_at() == world.now


def test_a_strategy_made_of_a_delegated_account_is_pinned_as_such(world):
    """An account that delegates its code counts as what it is, a marker that can change at will."""
    marker = b"\xef\x01\x00" + bytes.fromhex(world.parameters.deployment.strategy[2:])
    boa.env.set_code(HEIR, marker)
    world.vault.propose(HEIR, sender=OPERATOR)
    start = world.vault.status()["pending_from"]
    while world.epoch < start:
        world.wait(min(12 * world.interval, start * world.interval + 12 - world.now))
        world.push()
    boa.env.set_code(HEIR, b"\xef\x01\x00" + bytes.fromhex(STRANGER[2:]))
    with refused("key"):
        world.decide(4_000)


def test_a_second_vault_of_the_same_market_takes_none_of_the_firsts_proofs(world):
    """Two vaults share price log, verifier, strategy and epoch, and differ in the context."""
    twin = deploy("Vault", *world.parameters.constructor_arguments())
    for token in (world.base, world.risky):
        token.approve(twin.address, MAX_UINT, sender=OPERATOR)
    twin.open(world.rules.seed_min, 40 * world.rules.cut, sender=OPERATOR)
    epoch = world.next_epoch()
    mine, others = world.proof(epoch, 4_000), world.proof(epoch, 4_000, vault=twin.address)
    assert mine != others
    with refused("proof"):
        twin.decide(epoch, 4_000, mine, False, sender=STRANGER)
    with refused("proof"):
        world.vault.decide(epoch, 4_000, others, False, sender=STRANGER)
    world.vault.decide(epoch, 4_000, mine, False, sender=STRANGER)
    twin.decide(epoch, 4_000, others, False, sender=STRANGER)
    assert twin.is_decided(epoch)


@pytest.mark.parametrize("enters", [False, True])
def test_money_that_dripped_belongs_to_those_who_were_there(world, enters):
    """What has dripped is in the price of an entry and in the proceeds of an exit, counted or not yet."""
    world.next_epoch(world.rules.decide_secs + 1)
    world.vault.miss(world.epoch, sender=STRANGER)
    base, supply = world.vault.base(), world.vault.totalSupply()
    world.wait(world.rules.drip_secs // 2)
    due = world.rules.cut // 2
    assert due > 0 and world.vault.base() == base
    if enters:
        assert world.mint(supply, OTHER)[0] == base + due
        assert world.redeem(supply, OTHER)[0] == base + due
    else:
        shares = world.vault.balanceOf(HOLDER)
        assert world.redeem(shares, HOLDER)[0] == shares * (base + due) // supply
    assert world.vault.drip_left() == world.rules.cut - due
