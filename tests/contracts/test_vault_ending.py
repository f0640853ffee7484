"""Adding to the bond, retiring, shutting, and when the bond may leave."""

import boa
import pytest

from tests.contracts.support.evm import refused
from tests.contracts.support.vault_world import (
    GUARDIAN,
    HOLDER,
    INTERVAL,
    OPERATOR,
    OTHER,
    STRANGER,
    ZERO,
    opened,
    unopened,
)

RETIRED, BOND_GONE, SHUT = 1, 2, 3
DAY_SECS = 86_400


@pytest.fixture(scope="module")
def built():
    with opened() as world:
        yield world


@pytest.fixture
def world(built):
    """Two epochs in, the first decided, the second not, and its window for deciding just closed."""
    with built.undone():
        built.decide_next(5_000)
        built.next_epoch(built.rules.decide_secs + 1)
        yield built


def keep_pushed(world, secs):
    """Let time pass with the log kept up."""
    end = world.now + secs
    while world.now < end:
        world.wait(min(12 * INTERVAL, end - world.now))
        world.push()


def test_anyone_may_add_to_the_bond(world):
    bond, before = world.vault.bond(), world.base.balanceOf(OTHER)
    world.vault.add_bond(123, sender=OTHER)
    assert world.vault.bond() == world.vault.event("BondChanged").bond == bond + 123
    assert before - world.base.balanceOf(OTHER) == 123
    assert world.vault.status()["bond"] == bond + 123


def test_adding_nothing_is_refused(world):
    with refused("amount"):
        world.vault.add_bond(0, sender=OTHER)


def test_adding_before_opening_is_refused():
    with unopened() as world, refused("opened"):
        world.vault.add_bond(1, sender=OTHER)


def test_adding_after_the_end_is_refused(world):
    world.vault.shut(sender=GUARDIAN)
    with refused("ended"):
        world.vault.add_bond(1, sender=OTHER)


def test_retire_ends_the_vault_after_unbonding(world):
    vault, rules = world.vault, world.rules
    vault.retire(sender=OPERATOR)
    ending = vault.event("Ending")
    assert (ending.at, ending.cause) == (world.now + rules.unbond_secs, RETIRED)
    assert vault.end_at() == ending.at
    status = vault.status()
    assert (status["live"], status["ended"]) == (True, False)
    # decisions stay due, and slashable
    vault.miss(world.epoch, sender=STRANGER)
    world.decide_next(5_000)


def test_retiring_twice_is_refused(world):
    world.vault.retire(sender=OPERATOR)
    with refused("ended"):
        world.vault.retire(sender=OPERATOR)


def test_retiring_after_shut_is_refused(world):
    world.vault.shut(sender=GUARDIAN)
    with refused("ended"):
        world.vault.retire(sender=OPERATOR)


def test_shut_overrules_a_retirement(world):
    world.vault.retire(sender=OPERATOR)
    world.wait(DAY_SECS)
    world.vault.shut(sender=GUARDIAN)
    ending = world.vault.event("Ending")
    assert (ending.at, ending.cause) == (world.now, SHUT)
    assert world.vault.end_at() == world.now
    status = world.vault.status()
    assert (status["live"], status["ended"]) == (False, True)


def test_an_old_miss_that_empties_the_bond_does_not_move_the_end(world):
    """The end has come by `shut`; a later one would keep the rest of the bond for longer."""
    vault, rules = world.vault, world.rules
    first, bearable = world.epoch, vault.bond() // (rules.cut + rules.bounty) - 1
    keep_pushed(world, (bearable + 1) * INTERVAL)
    for epoch in range(first, first + bearable):
        vault.miss(epoch, sender=STRANGER)
    assert vault.bond() >= rules.cut + rules.bounty
    vault.shut(sender=GUARDIAN)
    end = vault.end_at()
    world.wait(INTERVAL)
    vault.miss(first + bearable, sender=STRANGER)
    assert vault.bond() < rules.cut + rules.bounty
    assert vault.events_named("Ending") == []
    assert vault.end_at() == end


def test_the_bond_is_paid_out_one_unbonding_time_after_the_end(world):
    vault, rules = world.vault, world.rules
    with refused("early"):
        vault.take_bond(OPERATOR, sender=OPERATOR)
    vault.retire(sender=OPERATOR)
    end = vault.end_at()
    boa.env.timestamp = end + rules.unbond_secs - 1
    with refused("early"):
        vault.take_bond(OPERATOR, sender=OPERATOR)
    world.wait(1)
    before, bond = world.base.balanceOf(OTHER), vault.bond()
    for to in (ZERO, vault.address):
        with refused("receiver"):
            vault.take_bond(to, sender=OPERATOR)
    vault.take_bond(OTHER, sender=OPERATOR)
    assert world.base.balanceOf(OTHER) - before == bond > 0
    assert vault.bond() == vault.event("BondChanged").bond == 0
    vault.take_bond(OTHER, sender=OPERATOR)
    assert world.base.balanceOf(OTHER) - before == bond


def test_every_miss_can_be_claimed_before_the_bond_leaves(world):
    """The last epoch before the end is still in the log's ring when the bond may go."""
    vault, rules = world.vault, world.rules
    vault.retire(sender=OPERATOR)
    keep_pushed(world, rules.unbond_secs - 2)
    last = (vault.end_at() - rules.decide_secs - 1) // INTERVAL
    boa.env.timestamp = vault.end_at() + (256 - rules.window) * INTERVAL
    while world.price_log.push(world.epoch) < world.epoch:
        continue
    assert boa.env.timestamp < vault.end_at() + rules.unbond_secs
    assert not vault.is_decided(last)
    vault.miss(last, sender=STRANGER)


def test_unbond_then_cheat_is_too_late(world):
    """An operator who retires and then stops deciding still pays for every epoch up to the end."""
    vault, rules = world.vault, world.rules
    vault.retire(sender=OPERATOR)
    cuts = 0
    for _ in range(3):
        world.next_epoch(rules.decide_secs + 1)
        vault.miss(world.epoch, sender=STRANGER)
        cuts += vault.event("Missed").cut
    assert cuts == 3 * rules.cut
    world.wait(2 * rules.unbond_secs)
    before = world.base.balanceOf(OPERATOR)
    vault.take_bond(OPERATOR, sender=OPERATOR)
    taken = world.base.balanceOf(OPERATOR) - before
    assert taken == 40 * rules.cut - 3 * (rules.cut + rules.bounty)
    # the cuts belong to the holders
    held = vault.balanceOf(HOLDER)
    b, _ = world.redeem(held)
    assert b > 0 and vault.drip_left() == 0
