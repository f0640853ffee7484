"""Each refusal of the Zap by its word: limits, callbacks, false pools, tokens with bad manners, donations."""

import boa
import pytest

from contracts.refusal import reason_in
from tests.contracts.support.evm import deploy, refused
from tests.contracts.support.vault_world import (
    HOLDER,
    OTHER,
    STRANGER,
    ZERO,
    Market,
    opened,
)
from tests.contracts.support.zap_world import SIGNER, Zapped

HOSTILE = "testing/TokenHostile"
SHARES = 10**21


def hostile(**market):
    """Open a vault whose tokens are hostile and, so far, behave."""
    return opened(Market(base_token=HOSTILE, risky_token=HOSTILE, **market))


@pytest.fixture(scope="module")
def built():
    """Both tokens are hostile and, so far, behave; the vault holds both."""
    with hostile() as world:
        world.decide_next(5_000, and_trade=True)
        yield Zapped.of(world)


@pytest.fixture
def zapped(built):
    with built.world.undone():
        yield built


@pytest.fixture(scope="module", params=[False, True], ids=["base first", "risky first"])
def built_in_order(request):
    """The same with the tokens in either order."""
    with hostile(risky_is_token0=request.param) as world:
        world.decide_next(5_000, and_trade=True)
        yield Zapped.of(world)


@pytest.fixture
def ordered(built_in_order):
    with built_in_order.world.undone():
        yield built_in_order


@pytest.fixture(scope="module")
def built_plain():
    """The vault holds no risky, so that no swap is needed."""
    with hostile() as world:
        yield Zapped.of(world)


@pytest.fixture
def plain(built_plain):
    with built_plain.world.undone():
        yield built_plain


# -- the call


def test_a_call_after_its_deadline_is_refused(zapped):
    late = zapped.world.now - 1
    with refused("expired"):
        zapped.enter(SHARES, deadline=late)
    with refused("expired"):
        zapped.leave(SHARES, deadline=late)
    permit = zapped.sign(SHARES, late)
    with refused("expired"):
        zapped.zap.leave_with_permit(SHARES, 0, OTHER, late, *permit, sender=SIGNER.address)


def test_receivers_that_could_keep_nothing_are_refused(zapped):
    for receiver in (ZERO, zapped.zap.address, zapped.world.vault.address):
        with refused("receiver"):
            zapped.enter(SHARES, receiver=receiver)
        with refused("receiver"):
            zapped.leave(SHARES, receiver=receiver)


def test_nothing_in_and_nothing_out_are_refused_by_the_vault(zapped):
    with refused("amount"):
        zapped.enter(0)
    with refused("amount"):
        zapped.leave(0)
    with refused("balance"):
        zapped.leave(zapped.world.vault.balanceOf(HOLDER) + 1)


def test_an_address_without_a_contract_is_no_vault():
    with refused("parameters"):
        deploy("Zap", STRANGER)


# -- the caller's limit


def test_a_limit_below_the_base_part_is_refused_when_no_swap_is_needed(plain):
    base_in, risky_in = plain.world.vault.preview(SHARES)
    assert risky_in == 0
    with refused("price"):
        plain.enter(SHARES, max_base=base_in - 1)
    assert plain.enter(SHARES, max_base=base_in) == base_in


# -- the callback


def test_fake_swap_callback_is_refused(ordered):
    world, zap = ordered.world, ordered.zap
    for sender in (STRANGER, HOLDER, world.vault.address, world.pool.address):
        for amounts in ((1, -1), (-1, 1), (0, 0)):
            with refused("auth"):
                zap.uniswapV3SwapCallback(*amounts, b"", sender=sender)


def test_fake_swap_callback_in_the_middle_of_a_swap_is_refused(ordered):
    """While the Zap owes the pool, nobody but the pool can make it, or its caller, pay."""
    world = ordered.world
    fake = ordered.zap.encode("uniswapV3SwapCallback", (10**6, -1, b""))
    other = ordered.zap.encode("uniswapV3SwapCallback", (-1, 10**6, b""))
    for token, act in ((world.risky, ordered.enter_checked), (world.base, ordered.leave_checked)):
        for call in (fake, other):
            with world.undone():
                token.set_hook(ordered.zap.address, call)  # the pool sends before it asks
                act(SHARES)
                assert token.hook_calls() > 0 and token.hook_succeeded() is False
                assert reason_in(token.hook_reason()) == "auth"


def scripted(ordered, pays_base, *, owing, gets, times=1, sent=None, answer=None):
    """Put a pool that does what it is told in the pool's place; amounts are in the swap's direction."""
    world = ordered.world
    tokens = sorted((world.base.address, world.risky.address), key=lambda address: int(address, 16))
    base_first = tokens[0] == world.base.address
    pays_token0 = pays_base == base_first

    def in_order(paid, got):
        return (paid, got) if pays_token0 else (got, paid)

    pool = deploy(
        "testing/ScriptedPool",
        tokens,
        in_order(owing, -gets),
        times,
        in_order(0, gets if sent is None else sent),
        in_order(*((owing, -gets) if answer is None else answer)),
    )
    boa.env.set_code(world.pool.address, boa.env.get_code(pool.address))


def test_a_scripted_pool_that_behaves_is_served(ordered):
    """So that the refusals below are about what the pool does otherwise."""
    world = ordered.world
    _, risky_in = world.vault.preview(SHARES)
    with world.undone():
        scripted(ordered, True, owing=1_000, gets=risky_in)
        ordered.enter_checked(SHARES)
    _, risky, supply = ordered.behind_shares()
    scripted(ordered, False, owing=SHARES * risky // supply, gets=1_000)
    ordered.leave_checked(SHARES)


ENTRIES = {
    "asks for more than the caller allows": ({"owing": 1_001}, "price"),
    "asks for the token it should give": ({"owing": -1}, "price"),
    "asks twice": ({"times": 2}, "auth"),
    "gives less": ({"less": 1, "answer_less": 1}, "price"),
    "says it gives more": ({"answer_less": -1}, "price"),
    "sends less than it says": ({"less": 1}, ""),  # the token: the vault is not paid in full
    "sends more than it says": ({"less": -1}, "token"),
}


@pytest.mark.parametrize(("change", "word"), ENTRIES.values(), ids=ENTRIES.keys())
def test_a_pool_that_cheats_in_an_entry_is_refused(ordered, change, word):
    base_in, risky_in = ordered.world.vault.preview(SHARES)
    owing = change.get("owing", 1_000)
    scripted(
        ordered,
        True,
        owing=owing,
        gets=risky_in,
        times=change.get("times", 1),
        sent=risky_in - change.get("less", 0),
        answer=(owing, -(risky_in - change.get("answer_less", 0))),
    )
    before = ordered.ledger(HOLDER)
    with refused(word):
        ordered.enter(SHARES, max_base=base_in + 1_000)
    assert ordered.ledger(HOLDER) == before


EXITS = {
    "asks for more than is sold": ({"more": 1}, "price"),
    "asks for the token it should give": ({"owing": -1}, "price"),
    "asks twice": ({"times": 2}, "auth"),
    "takes less": ({"more": -1, "answer_more": -1}, "price"),
    "says it takes less": ({"answer_more": -1}, "price"),
    "asks for less than it says": ({"more": -1}, "token"),
    "never asks": ({"times": 0}, "token"),
    "sends less than it says": ({"sent": 999}, "token"),
    "sends more than it says": ({"sent": 1_001}, "token"),
}


@pytest.mark.parametrize(("change", "word"), EXITS.values(), ids=EXITS.keys())
def test_a_pool_that_cheats_in_an_exit_is_refused(ordered, change, word):
    _, risky, supply = ordered.behind_shares()
    sold = SHARES * risky // supply
    scripted(
        ordered,
        False,
        owing=change.get("owing", sold + change.get("more", 0)),
        gets=1_000,
        times=change.get("times", 1),
        sent=change.get("sent", 1_000),
        answer=(sold + change.get("answer_more", 0), -1_000),
    )
    before = ordered.ledger(HOLDER)
    with refused(word):
        ordered.leave(SHARES)
    assert ordered.ledger(HOLDER) == before


# -- tokens


def test_a_false_reply_of_base_is_refused_in_an_entry(zapped):
    zapped.world.base.set_lies(True)
    with refused("token"):
        zapped.enter(SHARES)


def test_a_false_reply_of_base_for_its_own_part_is_refused(plain):
    plain.world.base.set_lies(True)
    with refused("token"):
        plain.enter(SHARES)


def test_a_false_reply_of_base_to_the_receiver_is_refused(plain):
    base = plain.world.base
    base.set_hook(base.address, base.encode("set_lies", (True,)))  # from the second transfer on
    with refused("token"):
        plain.leave(SHARES)


def test_a_false_reply_of_risky_to_the_pool_is_refused(zapped):
    risky = zapped.world.risky
    risky.set_hook(risky.address, risky.encode("set_lies", (True,)))
    with refused("token"):
        zapped.leave(SHARES)


def test_a_fee_on_transfer_switched_on_later_is_refused_and_leaves_the_exit_in_kind(zapped):
    world = zapped.world
    for token in (world.base, world.risky):
        with world.undone():
            token.set_fee(1)
            before = zapped.ledger(HOLDER)
            # the pool misses some base; the Zap has too little risky for the vault, or for the pool
            with refused("IIA" if token is world.base else ""):
                zapped.enter(SHARES)
            with refused("token" if token is world.base else ""):
                zapped.leave(SHARES)
            assert zapped.ledger(HOLDER) == before
            world.redeem(SHARES)


def test_a_donation_does_not_pay_for_a_tokens_fee(plain):
    base = plain.world.base
    base.mint(plain.zap.address, 10**12)
    base.set_fee(1)
    with refused("token"):
        plain.leave(SHARES)


def test_a_vault_that_changes_in_the_middle_of_an_entry_is_refused():
    """A token that lets somebody trade between the question and the mint: the mint would take less base."""
    with hostile(base_decimals=18, risky_decimals=6) as world:
        world.decide_next(5_000, and_trade=True)
        zapped = Zapped.of(world)
        world.next_epoch()
        world.decide(9_000)
        shares = 10**15
        before = world.vault.preview(shares)
        with world.undone():
            world.vault.trade()
            after = world.vault.preview(shares)
        assert before[1] == after[1] == 1 and before[0] > after[0]
        world.base.set_hook(world.vault.address, world.vault.encode("trade", ()))
        with refused("token"):
            zapped.enter(shares)
        world.base.set_hook(ZERO, b"")
        zapped.enter_checked(shares)


@pytest.mark.parametrize("account", ["caller", "pool", "vault", "zap"])
def test_blocked_accounts_are_refused_by_the_token_and_lose_nothing(zapped, account):
    world = zapped.world
    blocked = {
        "caller": HOLDER,
        "pool": world.pool.address,
        "vault": world.vault.address,
        "zap": zapped.zap.address,
    }[account]
    world.base.block_account(blocked, True)
    before = zapped.ledger(HOLDER)
    with refused("blocked"):
        zapped.enter(SHARES)
    with refused("TF" if account == "pool" else "blocked"):  # the pool's own word
        zapped.leave(SHARES)
    assert zapped.ledger(HOLDER) == before
    if account == "caller":
        assert zapped.leave_checked(SHARES, receiver=OTHER) > 0
    else:
        world.vault.redeem(SHARES, HOLDER, HOLDER, True, False, sender=HOLDER)


def test_a_receiver_whom_the_risky_token_blocks_still_gets_base(zapped):
    zapped.world.risky.block_account(OTHER, True)
    assert zapped.leave_checked(SHARES, receiver=OTHER) > 0


CALLS = {
    "enter": (1, 10**12, OTHER, 2**64),
    "leave": (1, 0, OTHER, 2**64),
    "leave_with_permit": (1, 0, OTHER, 2**64, 27, b"\1" * 32, b"\1" * 32),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_in_the_middle_of_a_transfer_are_refused(zapped, name):
    world = zapped.world
    for token in (world.base, world.risky):
        for act in (zapped.enter_checked, zapped.leave_checked):
            with world.undone():
                # the token itself may do all this
                world.vault.transfer(token.address, 10, sender=HOLDER)
                token.set_hook(zapped.zap.address, zapped.zap.encode(name, CALLS[name]))
                act(SHARES)
                assert token.hook_calls() > 0
                assert token.hook_succeeded() is False
                assert token.hook_reason() == b""  # the lock gives no reason


# -- donations


def test_a_donation_changes_no_result_and_goes_to_the_next_caller(zapped):
    world, zap = zapped.world, zapped.zap.address
    for act, who, receiver, lucky in (
        (zapped.enter, HOLDER, OTHER, HOLDER),
        (zapped.leave, HOLDER, OTHER, OTHER),
    ):
        with world.undone():
            expected = act(SHARES, who=who, receiver=receiver)
            without = zapped.ledger(who, receiver)
        with world.undone():
            world.base.mint(zap, 123)
            world.risky.mint(zap, 456)
            assert act(SHARES, who=who, receiver=receiver) == expected
            found = zapped.ledger(who, receiver)
            changes = {name: found[name] - without[name] for name in found if found[name] != without[name]}
            assert changes == {(lucky, "base"): 123, (lucky, "risky"): 456}
            zapped.check_empty()


def test_a_donation_that_cannot_be_swept_stops_nobody(zapped):
    """An enemy sends a unit of a token whose issuer has blocked the receiver."""
    world = zapped.world
    world.risky.block_account(OTHER, True)
    world.risky.mint(zapped.zap.address, 1)
    assert zapped.leave(SHARES, receiver=OTHER) > 0
    assert world.risky.balanceOf(zapped.zap.address) == 1
    held = world.risky.balanceOf(HOLDER)
    zapped.enter(SHARES)
    assert world.risky.balanceOf(HOLDER) == held + 1
    zapped.check_empty()


def test_a_limit_is_not_met_by_a_donation(zapped):
    world = zapped.world
    with world.undone():
        got = zapped.leave(SHARES)
    world.base.mint(zapped.zap.address, 10**9)
    with refused("price"):
        zapped.leave(SHARES, min_base=got + 1)
