"""A restart of the price log leaves claimable what was open, and nothing that nobody could have decided."""

import pytest

from tests.contracts.support.evm import Refused, refused
from tests.contracts.support.vault_world import INTERVAL, STRANGER, World, opened

STEP_SECS = 120  # between observations: the pool's slots then reach back CARDINALITY * 120 s = two intervals


@pytest.fixture(scope="module")
def built():
    """Two epochs decided, the next one skipped, and its tick logged."""
    with opened() as world:
        for _ in range(2):
            world.decide_next(5_000)
            trade_on(world, 3_000)
        world.next_epoch()
        trade_on(world, 1_320)
        world.push()
        yield world


def trade_on(world: World, secs: int) -> None:
    """Let the pool write an observation every two minutes, and nobody push."""
    for step in range(secs // STEP_SECS):
        world.wait(STEP_SECS)
        world.move(world.market.start_tick + (7 * step + 1) % 11)


def claimable(world: World, first: int) -> list[int]:
    found = []
    for epoch in range(first, world.epoch + 1):
        with world.undone():
            try:
                world.vault.miss(epoch, sender=STRANGER)
            except Refused:
                continue
            found.append(epoch)
    return found


def test_a_restart_leaves_a_skipped_epoch_claimable(world):
    skipped, bond = world.epoch, world.vault.bond()
    first = world.price_log.solid_from() + 1
    assert claimable(world, first) == [skipped]
    began = world.price_log.solid_from()
    trade_on(world, 9_600)
    world.push()
    again = world.price_log.solid_from()
    assert again > world.price_log.lost_head() >= skipped > world.price_log.lost_from() == began
    assert claimable(world, first) == list(range(skipped, again + 1))
    world.vault.miss(skipped, sender=STRANGER)
    assert world.vault.bond() == bond - world.rules.cut - world.rules.bounty
    with refused("missed"):
        world.vault.miss(skipped, sender=STRANGER)


def test_a_restart_makes_no_epoch_claimable_that_was_decided_or_had_no_window(world):
    decided = [world.epoch - 2, world.epoch - 1]
    trade_on(world, 9_600)
    world.push()
    for epoch in decided:
        with refused("decided"):
            world.vault.miss(epoch)
    with refused("early"):
        world.vault.miss(world.vault.first_epoch() - 1)
    again, window = world.price_log.solid_from(), world.rules.window
    full = world.price_log.lost_from() + window
    assert [world.price_log.lost(k, window) for k in (full - 300, full - 1, full)] == [False, False, True]
    for _ in range(window):
        world.next_epoch(world.rules.decide_secs + 1)
        world.push()
    for epoch in range(again + 1, again + window):  # neither decided nor missed
        with refused("window"):
            world.vault.miss(epoch)
    assert claimable(world, again + 1) == list(range(again + window, world.epoch + 1))


def test_a_second_restart_forgets_what_the_first_left_open(world):
    skipped = world.epoch
    trade_on(world, 9_600)
    world.push()
    between = world.price_log.solid_from()
    assert claimable(world, skipped) != []
    trade_on(world, 4 * INTERVAL)
    world.push()
    assert world.price_log.lost_from() == between
    assert claimable(world, skipped) == []
    with refused("window"):
        world.vault.miss(skipped)


def test_an_epoch_that_the_ring_dropped_is_claimable_again_after_a_restart(world):
    skipped = world.epoch
    for _ in range(252):
        world.next_epoch()
        world.push()
    with refused("window"):
        world.vault.miss(skipped)
    trade_on(world, 4 * INTERVAL)
    world.push()
    assert world.price_log.lost_from() < skipped < world.price_log.solid_from() - 252
    world.vault.miss(skipped)


def test_the_first_start_of_a_log_leaves_nothing_to_claim(world):
    log, window = world.price_log, world.rules.window
    began = log.solid_from()
    assert log.lost_from() == log.lost_head() == began
    assert not any(log.lost(k, w) for k in range(began - 30, world.epoch + 1) for w in (1, window))
