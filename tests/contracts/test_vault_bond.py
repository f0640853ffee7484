"""What a missing decision costs, and how that money reaches the holders."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.vault_world import (
    CARDINALITY,
    GUARDIAN,
    INTERVAL,
    MAX_UINT,
    OPERATOR,
    OTHER,
    STRANGER,
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


# -- miss


def test_a_miss_cuts_the_bond_and_pays_the_caller(world):
    vault, rules = world.vault, world.rules
    bond, base = vault.bond(), vault.base()
    held = world.base.balanceOf(vault.address)
    vault.miss(world.epoch, sender=STRANGER)
    assert vault.event("Missed")[1] == {
        "epoch": world.epoch,
        "cut": rules.cut,
        "bounty": rules.bounty,
        "bond": bond - rules.cut - rules.bounty,
    }
    assert vault.event("BondChanged").bond == vault.bond() == bond - rules.cut - rules.bounty
    assert vault.owed(STRANGER, world.base.address) == rules.bounty
    assert (vault.drip_left(), vault.drip_last()) == (rules.cut, world.now)
    assert vault.drip_end() == world.now + rules.drip_secs
    assert vault.base() == base and world.base.balanceOf(vault.address) == held
    assert vault.is_missed(world.epoch) and not vault.is_decided(world.epoch)
    assert vault.collect(world.base.address, STRANGER, sender=STRANGER) == rules.bounty


def test_a_decided_epoch_is_not_missed(world):
    with refused("decided"):
        world.vault.miss(world.epoch - 1)


def test_an_epoch_is_missed_once(world):
    world.vault.miss(world.epoch)
    with refused("missed"):
        world.vault.miss(world.epoch)


def test_a_decision_that_can_still_be_sent_is_not_missed(world):
    world.next_epoch(world.rules.decide_secs)
    with refused("early"):
        world.vault.miss(world.epoch)
    world.wait(1)
    world.vault.miss(world.epoch)


def test_an_epoch_before_the_first_is_not_missed(world):
    with refused("early"):
        world.vault.miss(world.vault.first_epoch() - 1)


def test_before_opening_nothing_is_missed():
    with unopened() as world, refused("early"):
        world.vault.miss(world.epoch - 1)


def test_no_epoch_is_missed_once_the_vault_has_ended(world):
    late = world.epoch
    world.next_epoch(world.rules.decide_secs)
    world.vault.shut(sender=GUARDIAN)
    world.wait(INTERVAL)
    with refused("ended"):
        world.vault.miss(late + 1)
    # what was missed before stays claimable
    world.vault.miss(late)


def test_a_miss_needs_its_window_in_the_log(world):
    missed = world.epoch
    keep_pushed(world, 252 * INTERVAL)
    assert world.price_log.head() == missed + 252
    with refused("window"):
        world.vault.miss(missed)
    world.vault.miss(missed + 1)


def test_a_miss_pushes_the_log_itself(world):
    missed = world.epoch
    world.wait(3 * INTERVAL)
    assert world.price_log.head() < missed
    world.vault.miss(missed)
    assert world.price_log.head() == missed


def test_a_loss_of_history_can_be_missed_where_the_operator_could_have_pushed(world):
    before = world.price_log.head()
    for step in range(CARDINALITY + 5):
        world.wait(120)
        world.move(world.market.start_tick + step % 2)
    world.push()
    began, lost = world.price_log.solid_from(), world.price_log.lost_head()
    assert lost == before and began > lost + 1
    world.wait(6 * INTERVAL)
    world.push()
    world.vault.miss(lost + 1)
    world.vault.miss(began)
    for epoch in range(began + 1, began + world.rules.window):
        with refused("window"):
            world.vault.miss(epoch)
    world.vault.miss(began + world.rules.window)


@pytest.mark.parametrize(
    ("answer", "since", "allowed"),
    [(0, 0, True), (0, 1, False), (1, -10_000, False), (0, None, False)],
)
def test_a_sequencer_outage_waives_a_miss(answer, since, allowed):
    with boa.env.anchor():
        feed = deploy("testing/UptimeFeed")
        with opened(sequencer=feed.address) as world:
            world.next_epoch(world.rules.decide_secs + 1)
            # up since the epoch began; one second later; down; a feed that was never set
            feed.report(answer, 0 if since is None else world.epoch * INTERVAL + since)
            if allowed:
                world.vault.miss(world.epoch)
            else:
                with refused("sequencer"):
                    world.vault.miss(world.epoch)


def test_a_retired_feed_ends_slashing_and_nothing_else():
    with boa.env.anchor():
        feed = deploy("testing/UptimeFeed")
        with opened(sequencer=feed.address) as world:
            feed.retire()
            world.next_epoch()
            world.decide(5_000, and_trade=True)
            world.next_epoch(world.rules.decide_secs + 1)
            with refused("retired"):
                world.vault.miss(world.epoch)
            world.redeem(10**18)


def test_misses_end_the_vault_when_the_bond_is_used_up(world):
    vault, rules = world.vault, world.rules
    vault.add_bond(7 * 10**6, sender=OTHER)
    deposited = 40 * rules.cut + 7 * 10**6
    paid = cuts = misses = 0
    while vault.end_at() == MAX_UINT:
        vault.miss(world.epoch, sender=STRANGER)
        event = vault.event("Missed")
        paid, cuts, misses = paid + event.bounty, cuts + event.cut, misses + 1
        assert vault.bond() + paid + cuts == deposited
        if vault.end_at() == MAX_UINT:
            world.next_epoch(rules.decide_secs + 1)
            world.push()
    ending = vault.event("Ending")
    assert (ending.at, ending.cause) == (world.now, BOND_GONE)
    assert vault.end_at() == world.now and vault.bond() < rules.cut + rules.bounty
    assert misses == 38
    world.next_epoch()
    with refused("ended"):
        world.decide(5_000)


def test_a_bond_smaller_than_bounty_and_cut_is_taken_whole(world):
    vault, rules = world.vault, world.rules
    earlier = world.epoch
    world.next_epoch(rules.decide_secs + 1)
    slots = [i for i in range(64) if boa.env.get_storage(vault.address, i) == vault.bond()]
    assert len(slots) == 1
    for left, cut, bounty in (
        (rules.bounty + rules.cut // 3, rules.cut // 3, rules.bounty),
        (rules.bounty - 1, 0, rules.bounty - 1),
    ):
        with world.undone():
            boa.env.set_storage(vault.address, slots[0], left)
            vault.miss(earlier)
            assert (vault.event("Missed").cut, vault.event("Missed").bounty) == (cut, bounty)
            assert vault.bond() == 0 and vault.end_at() == world.now
            world.wait(INTERVAL)
            with refused("ended"):
                vault.miss(earlier + 1)


def test_a_missing_epoch_between_decided_ones_still_costs(world):
    """Deciding once in a while does not reset anything: the bond is the counter."""
    bond = world.vault.bond()
    for _ in range(3):
        world.vault.miss(world.epoch)
        world.decide_next(5_000)
        world.next_epoch(world.rules.decide_secs + 1)
    assert bond - world.vault.bond() == 3 * (world.rules.cut + world.rules.bounty)


def test_a_self_miss_costs_the_operator_more_than_it_returns(world):
    world.vault.miss(world.epoch, sender=OPERATOR)
    event = world.vault.event("Missed")
    assert world.vault.owed(OPERATOR, world.base.address) == event.bounty < event.cut


# -- drip


def test_the_cut_arrives_by_the_second(world):
    vault, rules = world.vault, world.rules
    vault.miss(world.epoch)
    start, base = world.now, vault.base()
    for passed in (0, 1, 1_000, rules.drip_secs // 2, rules.drip_secs - 1, rules.drip_secs, 9**9):
        with world.undone():
            boa.env.timestamp = start + passed
            expected = rules.cut * min(passed, rules.drip_secs) // rules.drip_secs
            world.redeem(1)
            assert vault.drip_left() == rules.cut - expected
            assert vault.base() == base + expected
    assert vault.assets_per_share()[0] == base * 10**18 // vault.totalSupply()


def test_a_second_cut_joins_what_is_still_dripping(world):
    vault, rules = world.vault, world.rules
    vault.miss(world.epoch)
    first = world.now
    world.next_epoch(rules.decide_secs + 1)
    arrived = rules.cut * (world.now - first) // rules.drip_secs
    base = vault.base()
    vault.miss(world.epoch)
    assert vault.base() == base + arrived
    assert vault.drip_left() == 2 * rules.cut - arrived
    assert vault.drip_end() == world.now + rules.drip_secs


@settings(max_examples=20)
@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=12))
def test_drip_never_pays_ahead_and_pays_everything(built, pauses):
    with built.undone():
        world, vault, rules = built, built.vault, built.rules
        world.next_epoch(rules.decide_secs + 1)
        vault.miss(world.epoch)
        start, base, total = world.now, vault.base(), rules.cut
        for pause in pauses:
            world.wait(pause)
            out, _ = world.redeem(10**18)
            arrived = vault.base() + out - base
            base = vault.base()
            total -= arrived
            assert vault.drip_left() == total
            ahead = rules.cut * min(world.now - start, rules.drip_secs) // rules.drip_secs
            assert rules.cut - total <= ahead
        world.wait(rules.drip_secs)
        world.redeem(10**18)
        assert vault.drip_left() == 0


def test_drip_writes_nothing_when_nothing_is_due(world):
    vault, rules = world.vault, world.rules
    slow = rules.drip_secs // rules.cut  # seconds without a unit, none at these amounts
    assert slow == 0
    vault.miss(world.epoch)
    last = vault.drip_last()
    world.redeem(1)
    assert vault.drip_last() == last
