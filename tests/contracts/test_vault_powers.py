"""Two roles and nothing else: who may call what, and how long holders have before it counts."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.compile import compile_contract
from tests.contracts.support.evm import Refused, refused
from tests.contracts.support.vault_world import (
    GUARDIAN,
    HOLDER,
    OPERATOR,
    OTHER,
    STRANGER,
    ZERO,
    data_contract,
    opened,
    unopened,
)

DAY_SECS = 86_400
INTERVAL = DAY_SECS // 4  # long epochs: a timelock of a week is 28 of them


@pytest.fixture(scope="module")
def built():
    with opened(interval_secs=INTERVAL, unbond_secs=63 * DAY_SECS) as world:
        yield world


@pytest.fixture
def world(built):
    with built.undone():
        built.next_epoch()
        yield built


@pytest.fixture
def second(world):
    return data_contract(b"second strategy")


def keep_pushed_until(world, epoch, offset=12):
    while world.epoch < epoch - 1:
        world.wait_until(min(world.epoch + 12, epoch - 1) * INTERVAL)
        world.push()
    world.next_epoch(offset)


# -- role x function

CALLS = {
    "open": (OPERATOR,),
    "retire": (OPERATOR,),
    "take_bond": (OPERATOR,),
    "propose": (OPERATOR,),
    "freeze": (OPERATOR,),
    "lower_fee": (OPERATOR,),
    "revoke": (OPERATOR, GUARDIAN),
    "pause": (GUARDIAN,),
    "shut": (GUARDIAN,),
    "offer operator": (OPERATOR,),
    "offer guardian": (GUARDIAN,),
    "take operator": (),
    "take guardian": (),
}
ANYBODY = {
    *("decide", "trade", "miss", "add_bond", "mint", "redeem", "collect"),
    *("transfer", "transferFrom", "approve", "permit", "uniswapV3SwapCallback"),
}


def call(world, name, sender):
    vault, to = world.vault, world.parameters.deployment.strategy
    if name == "open":
        vault.open(world.rules.seed_min, 40 * world.rules.cut, sender=sender)
    elif name == "take_bond":
        vault.take_bond(OTHER, sender=sender)
    elif name == "propose":
        vault.propose(to, sender=sender)
    elif name == "lower_fee":
        vault.lower_fee(1, sender=sender)
    elif name.startswith("offer"):
        vault.offer_role(name.endswith("guardian"), OTHER, sender=sender)
    elif name.startswith("take"):
        vault.take_role(name.endswith("guardian"), sender=sender)
    else:
        getattr(vault, name)(sender=sender)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("sender", [OPERATOR, GUARDIAN, HOLDER, STRANGER], ids=["O", "G", "holder", "other"])
def test_only_its_role_may_call(name, sender, world):
    with world.undone():
        if name == "take_bond":
            world.vault.retire(sender=OPERATOR)
            world.wait(2 * world.rules.unbond_secs)
        if name == "revoke":
            world.vault.propose(world.parameters.deployment.strategy, sender=OPERATOR)
        if name == "open":
            with unopened() as fresh:
                if sender in CALLS[name]:
                    call(fresh, name, sender)
                else:
                    with refused("auth"):
                        call(fresh, name, sender)
            return
        if sender in CALLS[name]:
            call(world, name, sender)
        else:
            with refused("auth"):
                call(world, name, sender)


def test_every_function_that_writes_is_in_the_matrix():
    writing = {
        item["name"]
        for item in compile_contract("Vault").abi
        if item["type"] == "function" and item["stateMutability"] not in ("view", "pure")
    }
    assert "payable" not in {item.get("stateMutability") for item in compile_contract("Vault").abi}
    named = {"offer_role" if n.startswith("offer") else n for n in CALLS if not n.startswith("take ")}
    assert writing == named | {"take_role"} | ANYBODY


# -- handing over


@pytest.mark.parametrize(("guardian", "holder"), [(False, OPERATOR), (True, GUARDIAN)])
def test_a_role_is_handed_over_in_two_steps(world, guardian, holder):
    vault, role = world.vault, "guardian" if guardian else "operator"
    vault.offer_role(guardian, OTHER, sender=holder)
    assert vault.event("RoleOffered")[1] == {"guardian": guardian, "to": OTHER}
    assert vault.powers()[f"offered_{role}"] == OTHER
    assert getattr(vault, role)() == holder
    with refused("auth"):
        vault.take_role(not guardian, sender=OTHER)
    vault.take_role(guardian, sender=OTHER)
    assert vault.event("RoleTaken")[1] == {"guardian": guardian, "to": OTHER}
    assert getattr(vault, role)() == vault.powers()[role] == OTHER
    assert vault.powers()[f"offered_{role}"] == ZERO
    with refused("auth"):
        vault.offer_role(guardian, OTHER, sender=holder)
    with refused("auth"):
        vault.take_role(guardian, sender=OTHER)


def test_an_offer_can_be_withdrawn(world):
    world.vault.offer_role(False, OTHER, sender=OPERATOR)
    world.vault.offer_role(False, ZERO, sender=OPERATOR)
    with refused("auth"):
        world.vault.take_role(False, sender=OTHER)


# -- changing the strategy


def test_a_proposal_takes_effect_by_itself(world, second):
    vault, (new, code_hash) = world.vault, second
    old = world.parameters.deployment.strategy
    vault.propose(new, sender=OPERATOR)
    start = (world.now + world.rules.timelock_secs) // INTERVAL + 1
    assert vault.event("StrategyProposed")[1] == {"strategy": new, "from_epoch": start}
    assert start * INTERVAL >= world.now + world.rules.timelock_secs
    assert vault.strategy_of(start - 1)[0] == old
    assert vault.strategy_of(start) == (new, code_hash)
    status = vault.status()
    assert (status["strategy"], status["pending"], status["pending_from"]) == (old, new, start)

    keep_pushed_until(world, start - 1)
    with refused("proof"):
        vault.decide(world.epoch, 1, world.proof(world.epoch, 1, strategy=new), False)
    world.decide(1)
    assert vault.event("Decision").strategy == old
    world.next_epoch()
    assert world.epoch == start
    status = vault.status()
    assert (status["strategy"], status["pending"], status["pending_from"]) == (new, ZERO, 0)
    with refused("proof"):
        vault.decide(world.epoch, 2, world.proof(world.epoch, 2, strategy=old), False)
    world.decide(2)
    assert vault.event("Decision").strategy == new
    world.next_epoch()
    world.decide(3)
    assert vault.event("Decision").strategy == new


def test_a_holder_can_leave_before_a_proposal_counts(world, second):
    world.vault.propose(second[0], sender=OPERATOR)
    keep_pushed_until(world, world.vault.status()["pending_from"] - 1)
    world.redeem(world.vault.balanceOf(HOLDER))


def test_a_second_proposal_waits_for_the_first(world, second):
    world.vault.propose(second[0], sender=OPERATOR)
    third, _ = data_contract(b"third strategy")
    with refused("pending"):
        world.vault.propose(third, sender=OPERATOR)
    keep_pushed_until(world, world.vault.status()["pending_from"] - 1)
    with refused("pending"):
        world.vault.propose(third, sender=OPERATOR)
    world.next_epoch()
    world.vault.propose(third, sender=OPERATOR)
    assert world.vault.strategy_of(world.epoch)[0] == second[0]
    assert world.vault.status()["pending"] == third


@pytest.mark.parametrize("sender", [OPERATOR, GUARDIAN])
def test_a_waiting_proposal_can_be_revoked(world, second, sender):
    old = world.parameters.deployment.strategy
    world.vault.propose(second[0], sender=OPERATOR)
    start = world.vault.status()["pending_from"]
    world.vault.revoke(sender=sender)
    assert world.vault.event("StrategyRevoked").strategy == second[0]
    assert world.vault.strategy_of(start)[0] == old
    with refused("pending"):
        world.vault.revoke(sender=sender)


def test_a_proposal_whose_epoch_began_cannot_be_revoked(world, second):
    world.vault.propose(second[0], sender=OPERATOR)
    keep_pushed_until(world, world.vault.status()["pending_from"], 0)
    with refused("pending"):
        world.vault.revoke(sender=GUARDIAN)
    assert world.vault.strategy_of(world.epoch)[0] == second[0]


def test_freezing_keeps_the_strategy_and_drops_a_waiting_one(world, second):
    old = world.parameters.deployment.strategy
    world.vault.propose(second[0], sender=OPERATOR)
    start = world.vault.status()["pending_from"]
    world.vault.freeze(sender=OPERATOR)
    assert world.vault.event("StrategyFrozen").strategy == old
    assert world.vault.strategy_of(start)[0] == old
    assert world.vault.powers()["frozen"] is True
    with refused("frozen"):
        world.vault.propose(second[0], sender=OPERATOR)
    with refused("frozen"):
        world.vault.freeze(sender=OPERATOR)


def test_freezing_after_a_proposals_epoch_keeps_the_new_one(world, second):
    world.vault.propose(second[0], sender=OPERATOR)
    keep_pushed_until(world, world.vault.status()["pending_from"], 0)
    world.vault.freeze(sender=OPERATOR)
    assert world.vault.event("StrategyFrozen").strategy == second[0]
    assert world.vault.strategy_of(world.epoch)[0] == second[0]


def test_an_account_without_code_cannot_be_proposed(world):
    for strategy in (STRANGER, ZERO):
        with refused("key"):
            world.vault.propose(strategy, sender=OPERATOR)


def test_a_proposal_recreated_with_other_content_is_refused(world, second):
    """The strategy is pinned with its code: destroyed and recreated, it decides nothing."""
    world.vault.propose(second[0], sender=OPERATOR)
    boa.env.set_code(second[0], b"\x00something else")
    keep_pushed_until(world, world.vault.status()["pending_from"])
    with refused("key"):
        world.decide(5_000)
    boa.env.set_code(second[0], b"\x00second strategy")
    world.decide(5_000)


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from(["propose", "revoke", "freeze", "wait"]), st.integers(0, 30)),
        max_size=10,
    )
)
def test_notice_of_a_change_is_at_least_the_timelock(built, steps):
    with built.undone():
        world, vault = built, built.vault
        strategies = [data_contract(bytes([i]) * 4)[0] for i in range(3)]
        for action, number in steps:
            near = [world.epoch + ahead for ahead in (0, 1, 10, 27, 28)]
            before = {epoch: vault.strategy_of(epoch)[0] for epoch in near}
            in_force = vault.strategy_of(world.epoch)[0]
            if action == "wait":
                world.wait(number * INTERVAL)
                continue
            if action == "propose":
                attempt(
                    lambda n=number: vault.propose(strategies[n % 3], sender=OPERATOR), "pending", "frozen"
                )
            elif action == "revoke":
                attempt(lambda: vault.revoke(sender=GUARDIAN), "pending")
            else:
                attempt(lambda: vault.freeze(sender=OPERATOR), "frozen")
            for epoch in near:
                if epoch * INTERVAL < world.now + world.rules.timelock_secs:
                    after = vault.strategy_of(epoch)[0]
                    # only revoke and freeze choose, and only for the one in force
                    assert after == before[epoch] or (action != "propose" and after == in_force)


def attempt(action, *words):
    try:
        action()
    except Refused as refusal:
        assert refusal.args[0] in words


# -- fee


def test_the_fee_only_falls(world):
    fee = world.vault.fee()
    for rate in (fee, fee + 1):
        with refused("cap"):
            world.vault.lower_fee(rate, sender=OPERATOR)
    world.vault.lower_fee(fee - 1, sender=OPERATOR)
    assert world.vault.event("FeeLowered").rate == world.vault.fee() == fee - 1
    world.vault.lower_fee(0, sender=OPERATOR)
    supply = world.vault.totalSupply()
    world.decide(5_000)
    assert world.vault.totalSupply() == supply


# -- pause and shut


def test_a_pause_ends_by_itself_and_is_rare(world):
    vault = world.vault
    vault.pause(sender=GUARDIAN)
    assert vault.event("Paused").until == vault.powers()["paused_until"] == world.now + 3 * DAY_SECS
    assert vault.powers()["pause_from"] == world.now + 30 * DAY_SECS
    assert vault.status()["paused"] is True
    world.wait(3 * DAY_SECS)
    assert vault.status()["paused"] is False
    world.wait(27 * DAY_SECS - 1)
    with refused("early"):
        vault.pause(sender=GUARDIAN)
    world.wait(1)
    vault.pause(sender=GUARDIAN)


def test_a_pause_holds_nobody_hostage(world):
    """Exits, held money, decisions and misses go on; only trade and mint stop."""
    vault = world.vault
    world.decide(5_000)
    vault.pause(sender=GUARDIAN)
    world.vault.redeem(10**18, HOLDER, HOLDER, True, False, sender=HOLDER)
    vault.collect(world.base.address, HOLDER, sender=HOLDER)
    world.next_epoch()
    world.decide(5_000, and_trade=True)
    world.next_epoch(world.rules.decide_secs + 1)
    vault.miss(world.epoch)
    with refused("closed"):
        world.mint(10**18)


def test_shut_is_irrevocable(world):
    world.vault.shut(sender=GUARDIAN)
    assert (world.vault.event("Ending").at, world.vault.event("Ending").cause) == (world.now, 3)
    with refused("ended"):
        world.vault.shut(sender=GUARDIAN)
    with refused("ended"):
        world.vault.retire(sender=OPERATOR)


def test_two_colluding_roles_take_nothing_but_the_bond(world):
    vault = world.vault
    world.decide(5_000, and_trade=True)
    vault.shut(sender=GUARDIAN)
    vault.freeze(sender=OPERATOR)
    vault.lower_fee(0, sender=OPERATOR)
    world.wait(2 * world.rules.unbond_secs)
    base, risky, supply = vault.base(), vault.risky(), vault.totalSupply()
    vault.take_bond(OPERATOR, sender=OPERATOR)
    assert (vault.base(), vault.risky(), vault.totalSupply()) == (base, risky, supply)
    shares = vault.balanceOf(HOLDER)
    assert world.redeem(shares) == (shares * base // supply, shares * risky // supply)
