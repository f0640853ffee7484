"""Decisions: when they are due, what is proven, who may send them, and that nothing else moves the target."""

import boa
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.support.evm import refused
from tests.contracts.support.vault_world import (
    ACTORS,
    CARDINALITY,
    GUARDIAN,
    HOLDER,
    INTERVAL,
    MAX_UINT,
    OPERATOR,
    STRANGER,
    Market,
    data_contract,
    opened,
    unopened,
)


@pytest.fixture(scope="module")
def built():
    with opened() as world:
        yield world


@pytest.fixture
def world(built):
    with built.undone():
        built.next_epoch()
        yield built


def decide(world, epoch=None, target=5_000, proof=None, sender=STRANGER):
    epoch = world.epoch if epoch is None else epoch
    world.vault.decide(epoch, target, proof or world.proof(world.epoch, target), False, sender=sender)


# -- what a decision writes


@pytest.mark.parametrize("market", [Market(), Market(risky_is_token0=True), Market(18, 6)], ids=str)
@pytest.mark.parametrize("previous_target", [False, True])
def test_a_decision_is_written_down_and_published(market, previous_target):
    with opened(market, previous_target=previous_target) as world:
        first = world.decide_next(4_321)
        epoch = world.next_epoch()
        inputs = world.inputs(epoch)
        assert len(inputs) == world.rules.window - 1 + previous_target
        assert inputs[-1] == 4_321 or not previous_target
        supply, fee = world.vault.totalSupply(), world.vault.fee()
        proof = world.proof(epoch, 8_765)
        assert world.decide(8_765) == epoch == first + 1
        (tick,) = world.price_log.window(epoch, 1)
        fee_shares = supply * fee // 10**18
        assert fee_shares > 0
        event = world.vault.event("Decision")
        assert event[1] == {
            "epoch": epoch,
            "strategy": world.parameters.deployment.strategy,
            "target": 8_765,
            "previous": 4_321,
            "tick": world.oriented(tick),
            "inputs_hash": keccak(encode(["int256[]"], [inputs])),
            "proof_hash": keccak(proof),
            "fee_shares": fee_shares,
            "base": world.vault.base(),
            "risky": world.vault.risky(),
            "supply": supply + fee_shares,
        }
        assert world.vault.event("Proven")[1] == {"epoch": epoch, "proof": proof}
        assert world.vault.target() == 8_765
        assert world.vault.target_epoch() == epoch
        assert world.vault.target_tick() == world.oriented(tick)
        assert world.vault.totalSupply() == supply + fee_shares
        assert world.vault.is_decided(epoch) and not world.vault.is_decided(epoch + 1)


def test_inputs_rise_when_the_risky_asset_gets_dearer():
    for risky_is_token0 in (False, True):
        with opened(Market(risky_is_token0=risky_is_token0)) as world:
            world.next_epoch()
            world.move(world.spot() + 500)
            world.wait(INTERVAL)
            assert 400 < world.inputs(world.epoch)[-1] <= 520


def test_the_operator_gets_the_fee_whoever_sends_the_proof(world):
    before = world.vault.balanceOf(OPERATOR)
    decide(world)
    assert world.vault.balanceOf(OPERATOR) - before == world.vault.event("Decision").fee_shares
    assert world.vault.balanceOf(STRANGER) == 0


def test_without_a_fee_no_shares_are_minted():
    with opened(fee=0) as world:
        supply = world.vault.totalSupply()
        world.decide_next(1)
        assert world.vault.totalSupply() == supply
        assert world.vault.event("Decision").fee_shares == 0


@pytest.mark.parametrize("target", [0, 1, 9_999, 10_000])
def test_targets_up_to_all_are_taken(world, target):
    decide(world, target=target)
    assert world.vault.target() == target


def test_a_target_above_all_is_refused(world):
    with refused("target"):
        decide(world, target=10_001)


def test_a_missing_push_is_made_by_the_decision(world):
    world.wait(3 * INTERVAL)
    assert world.price_log.head() < world.epoch
    decide(world)
    assert world.price_log.head() == world.epoch


# -- when


def test_the_decision_window_is_the_first_seconds_of_the_epoch(world):
    begin = world.epoch * INTERVAL
    assert world.now == begin + 12
    for offset, allowed in ((0, True), (1_200, True), (1_201, False)):
        with world.undone():
            boa.env.timestamp = begin + offset
            if allowed:
                decide(world)
            else:
                with refused("closed"):
                    decide(world)


def test_another_epoch_than_the_present_is_refused(world):
    world.next_epoch()
    proof = world.proof(world.epoch, 5_000)
    with refused("closed"):
        decide(world, world.epoch - 1, proof=proof)
    with refused("early"):
        decide(world, world.epoch + 1, proof=proof)
    with refused("early"):
        decide(world, MAX_UINT, proof=proof)


def test_the_first_epoch_is_the_one_after_opening():
    with unopened() as world:
        world.next_epoch()
        with refused("early"):
            world.decide(5_000)
        world.open()
        with refused("early"):
            world.decide(5_000)
        world.next_epoch()
        world.decide(5_000)


def test_deciding_twice_is_refused(world):
    decide(world)
    with refused("decided"):
        decide(world)
    with refused("decided"):
        decide(world, target=4_000)


def test_every_epoch_has_its_own_bit(world):
    # 256 epochs share a storage word; cross a border of words
    first = world.epoch
    for _ in range(300 - first % 256):
        if world.epoch % 64 == 0 or world.epoch % 256 in (255, 1):
            decide(world)
            assert world.vault.is_decided(world.epoch)
        world.next_epoch()
        if world.epoch % 16 == 0:
            world.push()
    decided = [epoch for epoch in range(first, world.epoch) if world.vault.is_decided(epoch)]
    expected = [e for e in range(first, world.epoch) if e % 64 == 0 or e % 256 in (255, 1)]
    assert decided == expected and len(expected) > 2


def test_deciding_after_the_end_is_refused(world):
    with world.undone():
        world.vault.shut(sender=GUARDIAN)
        with refused("ended"):
            decide(world)
    world.vault.retire(sender=OPERATOR)
    world.wait(world.rules.unbond_secs - INTERVAL)
    world.push()
    world.next_epoch(5)
    assert world.now < world.vault.end_at()
    decide(world)
    world.next_epoch(13)
    assert world.now >= world.vault.end_at()
    with refused("ended"):
        decide(world)


def test_a_pause_does_not_stop_decisions(world):
    world.vault.pause(sender=GUARDIAN)
    epoch = world.epoch
    world.vault.decide(epoch, 5_000, world.proof(epoch, 5_000), True, sender=STRANGER)
    assert world.vault.is_decided(epoch)
    assert world.vault.events_named("Traded") == world.vault.events_named("Idle") == []


@pytest.mark.parametrize("sender", ACTORS)
def test_anyone_may_send_the_decision(world, sender):
    decide(world, sender=sender)


def test_a_decision_without_a_window_is_refused(world):
    # the log lost its history: windows across the loss do not exist
    for step in range(CARDINALITY + 5):
        world.wait(60)
        world.move(world.market.start_tick + step % 2)
    assert world.epoch - world.price_log.head() > 1
    world.next_epoch()
    world.push()
    assert world.price_log.solid_from() > world.price_log.lost_head()
    with refused("window"):
        world.vault.decide(world.epoch, 5_000, b"\x00" * 32, False)


# -- what is proven


def test_a_changed_target_is_refused(world):
    proof = world.proof(world.epoch, 5_000)
    with refused("proof"):
        decide(world, target=5_001, proof=proof)
    decide(world, target=5_000, proof=proof)


def test_a_replayed_proof_is_refused(world):
    proof = world.proof(world.epoch, 5_000)
    decide(world, proof=proof)
    world.next_epoch()
    with refused("proof"):
        decide(world, proof=proof)


def test_a_proof_for_the_next_epoch_is_refused(world):
    inputs = world.inputs(world.epoch)
    with refused("proof"):
        decide(world, proof=world.proof(world.epoch + 1, 5_000, inputs=inputs))


def test_a_proof_for_another_vault_is_refused(world):
    with refused("proof"):
        decide(world, proof=world.proof(world.epoch, 5_000, vault=HOLDER))


def test_a_proof_for_another_chain_is_refused(world):
    proof = world.proof(world.epoch, 5_000)
    with world.undone():
        boa.env.evm.patch.chain_id = 31_337
        with refused("proof"):
            decide(world, proof=proof)
        decide(world, proof=world.proof(world.epoch, 5_000, chain_id=31_337))
    decide(world, proof=proof)


def test_a_proof_of_another_strategy_is_refused(world):
    other, _ = data_contract(b"another strategy")
    with refused("proof"):
        decide(world, proof=world.proof(world.epoch, 5_000, strategy=other))


def test_each_input_counts(world):
    inputs = world.inputs(world.epoch)
    for place in range(len(inputs)):
        for change in (1, -1):
            bent = [*inputs]
            bent[place] += change
            with refused("proof"):
                decide(world, proof=world.proof(world.epoch, 5_000, inputs=bent))
    with refused("proof"):
        decide(world, proof=world.proof(world.epoch, 5_000, inputs=inputs[1:]))
    with refused("proof"):
        decide(world, proof=world.proof(world.epoch, 5_000, inputs=[*inputs, 0]))


def test_a_strategy_whose_code_changed_is_refused(world):
    strategy = world.parameters.deployment.strategy
    boa.env.set_code(strategy, b"\x00other content")
    with refused("key"):
        decide(world)


def test_a_verifier_without_code_refuses_everything(world):
    proof = world.proof(world.epoch, 5_000)
    boa.env.set_code(world.verifier.address, b"")
    with refused(""):
        decide(world, proof=proof)


def test_the_verifiers_reason_passes_through(world):
    with refused("proof"):
        decide(world, proof=b"\x01" * 32)


def test_a_refused_decision_leaves_no_trace(world):
    slots = [boa.env.get_storage(world.vault.address, slot) for slot in range(64)]
    with refused("proof"):
        decide(world, proof=b"\x01" * 32)
    assert [boa.env.get_storage(world.vault.address, slot) for slot in range(64)] == slots
    assert not world.vault.is_decided(world.epoch)


@settings(max_examples=25)
@given(
    offset=st.integers(0, 1_200),
    pushed=st.booleans(),
    disturbance=st.sampled_from(["nothing", "swap", "mint", "redeem", "donation", "miss"]),
    sender=st.sampled_from(ACTORS),
)
def test_inputs_cannot_be_picked(built, offset, pushed, disturbance, sender):
    """One proof is good for every second of the window and every caller, whatever happens before it."""
    with built.undone():
        world = built
        world.next_epoch(0)
        proof = world.proof(world.epoch, 5_000)
        world.wait(offset)
        if pushed:
            world.push()
        if disturbance == "swap":
            world.move(world.spot() + 300)
        elif disturbance == "mint":
            world.mint(10**20)
        elif disturbance == "redeem":
            world.redeem(10**20)
        elif disturbance == "donation":
            world.risky.transfer(world.vault.address, 10**20, sender=STRANGER)
        elif disturbance == "miss" and world.epoch > world.vault.first_epoch():
            world.vault.miss(world.epoch - 1, sender=STRANGER)
        decide(world, proof=proof, sender=sender)


def test_the_next_epoch_shown_is_the_next_that_can_be_decided(world):
    assert world.vault.status()["next_epoch"] == world.epoch
    decide(world)
    assert world.vault.status()["next_epoch"] == world.epoch + 1
    world.next_epoch(1_200)
    assert world.vault.status()["next_epoch"] == world.epoch
    world.wait(1)
    status = world.vault.status()
    assert (status["next_epoch"], status["decided"], status["missed"]) == (world.epoch + 1, False, False)
    world.vault.miss(world.epoch, sender=STRANGER)
    assert world.vault.status()["missed"] is True


def test_before_opening_the_status_says_not_live():
    with unopened() as world:
        status = world.vault.status()
        assert (status["live"], status["ended"]) == (False, False)
        world.open()
        status = world.vault.status()
        assert (status["live"], status["next_epoch"]) == (True, world.epoch + 1)
        assert status["strategy"] == world.parameters.deployment.strategy
