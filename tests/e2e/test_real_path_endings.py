"""The real path to its end: misses, pause, retirement, shutting, a bond used up, and every way out."""

from __future__ import annotations

from contextlib import closing

import pytest

from audit.chain.node import Node
from audit.run import AuditOptions, audit_vault
from contracts.deploy import deploy_zap
from contracts.errors import DeployError
from tests.e2e.support.real_path import (
    BOND,
    BOUNTY,
    CUT,
    DOLLAR,
    EDGE,
    FOR_EVER,
    INTERVAL,
    MAX_UINT,
    RealPath,
)

DECIDE_SECS = 1_200
DAY_SECS = 86_400
RETIRED, BOND_GONE, SHUT = 1, 2, 3


def refuse_everything_but_exits(path: RealPath) -> None:
    """After the end nothing is decided, traded, minted or bonded; holders leave, in either way."""
    path.next_epoch(100)
    assert path.word(path.decision()) == "ended"
    assert path.refusal("trade") == "ended"
    assert path.refusal("mint", 10**20, path.holder, MAX_UINT, MAX_UINT, sender=path.holder) == "closed"
    enter = path.zap.functions.enter(10**20, MAX_UINT, path.holder, FOR_EVER)
    assert path.word(enter, path.holder) == "closed"
    assert path.refusal("add_bond", 1, sender=path.holder) == "ended"
    assert path.refusal("retire", sender=path.operator) == "ended"
    assert path.refusal("shut", sender=path.guardian) == "ended"
    path.check_exits()


def test_a_miss_pays_the_holders_and_whoever_claims_it(invested: RealPath) -> None:
    path = invested
    missed = path.next_epoch(offset=DECIDE_SECS - 60)
    assert path.refusal("miss", missed) == "early"
    path.node.mine(missed * INTERVAL + DECIDE_SECS + 1)
    assert path.word(path.decision()) == "closed"
    (event,) = path.events(path.act("miss", missed), "Missed")
    assert event == {"epoch": missed, "cut": CUT, "bounty": BOUNTY, "bond": BOND - CUT - BOUNTY}
    assert path.refusal("miss", missed) == "missed"
    base = path.market.base.functions
    before = base.balanceOf(path.operator).call()
    path.act("collect", path.market.base.address, path.operator)
    assert base.balanceOf(path.operator).call() - before == BOUNTY
    # half of the cut is the holders' after half of the time, and the next decision is as any other
    path.check_exits()
    held = path.read("base")
    path.sleep_until(path.epoch + 84)
    path.act("redeem", 1, path.holder, path.holder, False, False, sender=path.holder)
    assert abs(path.read("base") - held - CUT // 2) < CUT // 50
    path.decide()


def test_a_bond_used_up_ends_the_vault(invested: RealPath) -> None:
    path = invested
    path.next_epoch()
    path.next_epoch(offset=DECIDE_SECS + 12)
    receipt = path.act("miss", path.epoch - 1)
    assert not path.events(receipt, "Ending")
    receipt = path.act("miss", path.epoch)
    (ending,) = path.events(receipt, "Ending")
    assert (ending["at"], ending["cause"]) == (path.read("end_at"), BOND_GONE)
    refuse_everything_but_exits(path)
    assert path.refusal("take_bond", path.operator, sender=path.operator) == "early"


def test_a_bond_is_kept_alive_by_anybody(invested: RealPath) -> None:
    path = invested
    path.send(path.market.base.functions.approve(path.vault.address, 2 * CUT), path.holder)
    path.act("add_bond", 2 * CUT, sender=path.holder)
    path.next_epoch()
    path.next_epoch(offset=DECIDE_SECS + 12)
    for epoch in (path.epoch, path.epoch - 1):
        assert not path.events(path.act("miss", epoch), "Ending")
    path.next_epoch()
    path.decide()


def test_a_pause_stops_trade_and_entry_and_nothing_else(invested: RealPath) -> None:
    path = invested
    path.next_epoch(300)
    path.act("pause", sender=path.guardian)
    receipt = path.decide(and_trade=True)
    assert path.events(receipt, "Decision")
    assert not path.events(receipt, "Traded") and not path.events(receipt, "Idle")
    assert path.refusal("trade") == "closed"
    assert path.refusal("mint", 10**20, path.holder, MAX_UINT, MAX_UINT, sender=path.holder) == "closed"
    enter = path.zap.functions.enter(10**20, MAX_UINT, path.holder, FOR_EVER)
    assert path.word(enter, path.holder) == "closed"
    path.check_exits()
    path.next_epoch(offset=DECIDE_SECS + 12)
    path.act("miss", path.epoch)
    assert path.refusal("pause", sender=path.guardian) == "early"
    path.sleep_until(path.epoch + 72)
    assert path.events(path.decide(and_trade=True), "Traded")
    path.send(enter, path.holder)


def test_retired_and_retired_again(invested: RealPath) -> None:
    path = invested
    (ending,) = path.events(path.act("retire", sender=path.operator), "Ending")
    assert ending["cause"] == RETIRED and ending["at"] == path.read("end_at")
    assert path.refusal("retire", sender=path.operator) == "ended"
    assert path.read("end_at") == ending["at"]
    # entry is closed, decisions stay due, trade goes on
    assert path.refusal("mint", 10**20, path.holder, MAX_UINT, MAX_UINT, sender=path.holder) == "closed"
    path.next_epoch(300)
    assert path.events(path.decide(and_trade=True), "Traded")
    path.next_epoch(offset=DECIDE_SECS + 12)
    assert path.events(path.act("miss", path.epoch), "Missed")[0]["cut"] == CUT
    # anybody may still add to the bond
    path.send(path.market.base.functions.approve(path.vault.address, DOLLAR), path.holder)
    path.act("add_bond", DOLLAR, sender=path.holder)
    path.check_exits()
    path.sleep_until(ending["at"] // INTERVAL + 1)
    refuse_everything_but_exits(path)
    # the bond leaves one unbonding time after the end, and its leaving changes nothing for the holders
    path.sleep_until((ending["at"] + 14 * DAY_SECS) // INTERVAL)
    assert path.refusal("take_bond", path.operator, sender=path.operator) == "early"
    path.node.mine(ending["at"] + 14 * DAY_SECS)
    base = path.market.base.functions
    before, left = base.balanceOf(path.operator).call(), path.read("bond")
    path.act("take_bond", path.operator, sender=path.operator)
    assert base.balanceOf(path.operator).call() - before == left == BOND - CUT - BOUNTY + DOLLAR
    path.check_exits()


def test_shut_and_then_an_old_miss(invested: RealPath) -> None:
    path = invested
    old = path.next_epoch()
    path.next_epoch(200)
    path.decide()
    (ending,) = path.events(path.act("shut", sender=path.guardian), "Ending")
    assert (ending["at"], ending["cause"]) == (path.read("end_at"), SHUT)
    assert path.refusal("shut", sender=path.guardian) == "ended"
    refuse_everything_but_exits(path)
    path.node.mine(path.epoch * INTERVAL + DECIDE_SECS + 12)
    assert path.refusal("miss", path.epoch) == "ended"
    (event,) = path.events(path.act("miss", old), "Missed")
    assert event["cut"] == CUT
    assert path.read("end_at") == ending["at"]
    # and what the bond paid reaches those who are still there
    held = path.read("base")
    path.sleep_until(path.epoch + 7 * 24 + 1)
    with path.undone():
        path.act("redeem", 1, path.holder, path.holder, False, False, sender=path.holder)
        assert path.read("base") == held + CUT
    path.check_exits()


def test_a_pool_without_liquidity_stops_the_zap_and_no_exit_in_kind(invested: RealPath) -> None:
    path, market = invested, invested.market
    edge = market.usable_tick(EDGE)
    market.remove_liquidity(-edge, edge, market.liquidity())
    path.check_exits(zap_word="price")
    enter = path.zap.functions.enter(10**20, MAX_UINT, path.holder, FOR_EVER)
    assert path.word(enter, path.holder) == "price"
    path.act("shut", sender=path.guardian)
    path.check_exits(zap_word="price")


def test_everybody_leaves_and_the_locked_seed_stays(invested: RealPath) -> None:
    path = invested
    path.send(path.vault.functions.approve(path.zap.address, MAX_UINT), path.operator)
    for account in (path.operator, path.holder):
        shares = path.read("balanceOf", account)
        path.send(path.zap.functions.leave(shares, 1, account, FOR_EVER), account)
        assert path.read("balanceOf", account) == 0
    assert path.read("totalSupply") == 1_000 * 10**18
    path.check_zap_is_empty()
    path.next_epoch(200)
    assert path.events(path.decide(and_trade=True), "Traded")
    path.send(path.zap.functions.enter(10**21, 2_000 * DOLLAR, path.holder, FOR_EVER), path.holder)
    path.check_exits()


def test_the_audit_finds_nothing_off_in_such_a_life(invested: RealPath) -> None:
    """Entries and exits through the Zap, a decision through a contract, a miss, a pause, and the end."""
    path = invested
    path.next_epoch(150)
    call = path.decision(and_trade=True)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    path.send(path.relay.functions.forward(path.vault.address, data))
    path.send(path.zap.functions.enter(10**21, MAX_UINT, path.stranger, FOR_EVER), path.holder)
    path.send(path.zap.functions.leave(10**20, 1, path.guardian, FOR_EVER), path.holder)
    missed = path.next_epoch(offset=DECIDE_SECS + 12)
    path.act("miss", missed)
    path.act("pause", sender=path.guardian)
    path.next_epoch(-200)
    path.decide(and_trade=True)
    path.act("shut", sender=path.guardian)
    path.send(path.zap.functions.leave(10**21, 1, path.holder, FOR_EVER), path.holder)
    with closing(Node(path.node.rpc_url)) as node:
        found = audit_vault(node, bytes.fromhex(path.vault.address[2:]), AuditOptions())
    assert [str(finding) for finding in found.findings] == []
    assert found.proofs_verified == 3
    assert sorted(found.replay.misses) == [missed]


@pytest.mark.parametrize("what", ["a token", "nothing"])
def test_a_zap_is_deployed_for_a_vault_and_for_nothing_else(path: RealPath, what: str) -> None:
    address = path.market.base.address if what == "a token" else path.node.accounts[9]
    with pytest.raises(DeployError, match="no vault of this version"):
        deploy_zap(path.node.web3, address, sender=path.stranger)
