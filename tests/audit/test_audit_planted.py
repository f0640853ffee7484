"""Genuine code on storage or numbers that are not: what no event tells is found all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from audit.chain.history import read_head
from audit.chain.node import Node
from audit.errors import VaultError
from audit.report.document import build_document
from audit.run import Audit, AuditOptions, audit_vault
from audit.vault.bounds import check_bounds
from audit.vault.deployed import read_deployed
from audit.vault.price_storage import ODD
from audit.vault.slots import Slots
from audit.vault.sources import compile_source
from contracts.deploy import PriceLogPlan, deploy_price_log, push_prices, send
from contracts.node import Anvil
from tests.audit.support.foreign_constructor import rebuild, rebuild_price_log, stand_on
from tests.audit.support.live_vault import (
    CARDINALITY,
    CENTRE,
    GENESIS,
    INTERVAL,
    START,
    WINDOW,
    AuditedVault,
    build_unopened_vault,
)

THIEF = bytes.fromhex("d15ea5e0" * 5)
MORE = "its storage held more at the opening than its constructor and the events before give"
SLOTS = Slots(compile_source("Vault"))
Plant = Callable[[AuditedVault], int]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedVault]:
    """Give a vault that nobody has opened."""
    with Anvil(genesis_secs=GENESIS) as node:
        yield build_unopened_vault(node, tmp_path_factory.mktemp("planted"))


@pytest.fixture
def unopened(built: AuditedVault) -> Iterator[AuditedVault]:
    """Give the same vault, and undo what a test does to the chain."""
    kept = built.node.snapshot()
    yield built
    built.node.revert(kept)


def audit(vault: AuditedVault) -> Audit:
    with closing(Node(vault.node.rpc_url)) as node:
        return audit_vault(node, vault.address, AuditOptions())


def found_in(vault: AuditedVault) -> list[str]:
    return [str(finding) for finding in audit(vault).findings]


def slot_of_entry(slot: int, *keys: bytes) -> int:
    """Return where Vyper keeps an entry of a map, written apart from the audit."""
    place = slot.to_bytes(32, "big")
    for key in keys:
        place = keccak(place + bytes(32 - len(key)) + key)
    return int.from_bytes(place, "big")


def test_a_vault_of_another_constructor_with_nothing_planted_passes(unopened: AuditedVault) -> None:
    copy = rebuild(unopened, {})
    assert found_in(copy) == [], "before the opening"
    guardian = copy.node.accounts[1]
    send(copy.vault.functions.approve(guardian, 7), copy.node.accounts[0])
    copy.open()
    send(copy.vault.functions.transferFrom(copy.node.accounts[0], guardian, 7), guardian)
    found = audit(copy)
    assert ([str(finding) for finding in found.findings], found.notes) == ([], [])


PLANTED: dict[str, Plant] = {
    "shares of a thief": lambda vault: SLOTS.balance(THIEF),
    "a debt to a thief": lambda vault: SLOTS.owed(THIEF, bytes.fromhex(vault.market.base.address[2:])),
    "an allowance over locked shares": lambda vault: SLOTS.allowance(bytes.fromhex(f"{0xDEAD:040x}"), THIEF),
    "a decided bit to come": lambda vault: SLOTS.decided(600_000),
    "a missed bit to come": lambda vault: SLOTS.missed(600_000),
    "a nonce": lambda vault: SLOTS.nonce(THIEF),
    "a word of no variable": lambda vault: 1 << 200,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_word_planted_by_another_constructor(unopened: AuditedVault, name: str) -> None:
    copy = rebuild(unopened, {PLANTED[name](unopened): 1 << 80})
    copy.open()
    opened = copy.node.web3.eth.block_number
    copy.node.mine()
    with closing(Node(copy.node.rpc_url)) as node:
        found = audit_vault(node, copy.address, AuditOptions()).findings
    assert [(one.epoch, one.subject, one.detail, one.block) for one in found] == [
        (None, "state", MORE, opened)
    ]


def test_a_planted_word_in_a_place_that_events_name(unopened: AuditedVault) -> None:
    """Shares of the operator, who gets others at the opening, and a drip that never began."""
    operator = bytes.fromhex(unopened.node.accounts[0][2:])
    copy = rebuild(unopened, {SLOTS.balance(operator): 5, SLOTS.of("drip_end"): 1 << 60})
    copy.open()
    found = found_in(copy)
    words = {f"word 0x{slot:x}" for slot in (SLOTS.balance(operator), SLOTS.of("drip_end"))}
    assert {text.split(": ")[2].split(" of its storage")[0] for text in found if "word" in text} == words
    assert len(found) == 3, "the operator's shares are off at the head too"


def test_thieves_shares_are_found_before_they_are_redeemed(unopened: AuditedVault) -> None:
    """The attack in full: nothing at the head shows them, and they take half of the vault."""
    thief = unopened.node.accounts[7]
    shares = 50_000 * 10**18
    copy = rebuild(unopened, {slot_of_entry(6, bytes.fromhex(thief[2:])): shares})
    copy.open()
    assert found_in(copy) == [f"vault: state: {MORE}"]
    send(copy.vault.functions.redeem(shares, thief, thief, False, False), thief)
    assert copy.market.base.functions.balanceOf(thief).call() == 50_000 * 10**6
    assert any("shares of all holders" not in text and "shares of" in text for text in found_in(copy))


def test_slots_of_maps_are_those_of_the_compiler(unopened: AuditedVault) -> None:
    unopened.open()
    web3, holder = unopened.node.web3, unopened.node.accounts[0]
    word = web3.eth.get_storage_at(unopened.vault.address, SLOTS.balance(bytes.fromhex(holder[2:])))
    assert int.from_bytes(word, "big") == unopened.vault.functions.balanceOf(holder).call() > 0
    first, second = bytes(range(20)), bytes(range(20, 40))
    assert SLOTS.allowance(first, second) == slot_of_entry(7, first, second)


# ---------------------------------------------------------------- the price log

LOST_HEAD, LOST_FROM, STATE, RING = range(4)
LANE = 1 << 32


def beginning(vault: AuditedVault) -> dict[int, int]:
    """Return the words that the genuine constructor leaves in a log that begins at START."""
    plan = PriceLogPlan(first=START, min_cardinality=CARDINALITY)
    web3, admin = vault.node.web3, vault.node.accounts[0]
    log = deploy_price_log(web3, vault.market.pool.address, plan, sender=admin)
    read = (web3.eth.get_storage_at(log.address, slot) for slot in range(RING + 32))
    return {slot: int.from_bytes(word, "big") for slot, word in enumerate(read)}


def test_a_price_log_of_genuine_code_with_planted_storage_is_off_before_any_decision(
    unopened: AuditedVault,
) -> None:
    """The attack in full: a head 100 epochs ahead and chosen ticks, on which the genuine vault opens."""
    words = beginning(unopened)
    ahead = unopened.node.now_secs // INTERVAL + 100
    words[STATE] += ahead - START
    ticks = [CENTRE + (900 if k % 3 == 0 else -300) for k in range(256)]
    for k, tick in enumerate(ticks):
        words[RING + k // 8] = words.get(RING + k // 8, 0) + (tick + 2**31) * LANE ** (k % 8)
    log = rebuild_price_log(unopened.stack.price_log, words, unopened.node.accounts[0])
    vault = stand_on(unopened, log)
    vault.open()
    chosen = log.functions.window(ahead, WINDOW).call()
    assert chosen == [ticks[k % 256] for k in range(ahead - WINDOW + 1, ahead + 1)], "the operator's choice"
    found = audit(vault)
    (finding,) = found.findings
    assert (finding.epoch, finding.subject) == (None, "price")
    assert finding.detail == f"{ODD}: _state, _ring[0], _ring[1] and 30 more words"
    assert build_document(found)["ok"] is False


def test_price_logs_that_the_pools_history_gives_pass(unopened: AuditedVault) -> None:
    """Never pushed, and then pushed up to the opening; the constructor's words may come from another one."""
    log = rebuild_price_log(unopened.stack.price_log, beginning(unopened), unopened.node.accounts[0])
    vault = stand_on(unopened, log)
    assert found_in(vault) == [], "nobody pushed"
    push_prices(log, vault.node.now_secs // INTERVAL, sender=vault.node.accounts[1])
    vault.open()
    assert found_in(vault) == []
    vault.decide(vault.next_epoch(10))
    assert found_in(vault) == []


def test_price_logs_that_restarted_pass(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that had been pushed, and one that nobody had, whose lost beginning no event tells."""
    monkeypatch.setattr("tests.audit.support.live_vault.CARDINALITY", 8)
    with Anvil(genesis_secs=GENESIS) as node:
        pushed = build_unopened_vault(node, tmp_path_factory.mktemp("restarted"))
        pool, admin = pushed.market.pool.address, node.accounts[0]
        plan = PriceLogPlan(first=node.now_secs // INTERVAL, min_cardinality=8)
        waiting = stand_on(pushed, deploy_price_log(node.web3, pool, plan, sender=admin))
        for restarts in (1, 2):
            for step in range(12):
                pushed.next_epoch(37 - 68 * (step % 2))
            for vault in (waiting, pushed):
                push_prices(vault.stack.price_log, node.now_secs // INTERVAL, sender=admin)
                told = vault.stack.price_log.events.Restarted().get_logs(from_block=0)
                assert (len(told), found_in(vault)) == (restarts, [])


def test_epochs_that_a_restart_freed_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before the restart are findings still; the W - 1 behind it are noted, decided ones are not."""
    monkeypatch.setattr("tests.audit.support.live_vault.CARDINALITY", 8)
    with Anvil(genesis_secs=GENESIS) as node:
        vault = build_unopened_vault(node, tmp_path)
        vault.open()
        first = node.now_secs // INTERVAL + 1
        for step in range(12):
            vault.next_epoch(37 - 68 * (step % 2))
        push_prices(vault.stack.price_log, node.now_secs // INTERVAL, sender=node.accounts[0])
        (told,) = vault.stack.price_log.events.Restarted().get_logs(from_block=0)
        restart = told["args"]["k"]
        epoch = vault.next_epoch(10)
        vault.decide(epoch)
        found = audit(vault)
    assert first < restart < epoch - WINDOW
    skipped = [*range(first, restart + 1), *range(restart + WINDOW, epoch)]
    assert [finding.epoch for finding in found.findings] == skipped
    assert {finding.subject for finding in found.findings} == {"skipped"}
    assert len(found.notes) == 1
    assert f"epochs {restart + 1} to {restart + WINDOW - 1} could have neither" in found.notes[0]


PLANTED_PRICES: dict[str, tuple[dict[int, int], str]] = {
    "one tick to come": ({RING + 31: 5 + 2**31}, "_ring[31]"),
    "a head that is past": ({STATE: 1}, "_state"),
    "a longer history": ({STATE: -(1 << 64)}, "_state"),
    "a cumulative": ({STATE: 1 << 128}, "_state"),
    "a lost history": ({LOST_HEAD: -2, LOST_FROM: -9}, "lost_head, lost_from"),
    "a word of no variable": ({1 << 200: 1}, "it holds words of no variable"),
}


@pytest.mark.parametrize(
    ("name", "pushed"),
    [*((name, False) for name in PLANTED_PRICES), ("one tick to come", True), ("a lost history", True)],
)
def test_a_word_planted_in_a_price_log(unopened: AuditedVault, name: str, pushed: bool) -> None:
    """By constructors that tell nothing of it, and still so when others have pushed on it."""
    change, said = PLANTED_PRICES[name]
    words = beginning(unopened)
    for slot, by in change.items():
        words[slot] = words.get(slot, 0) + by
    log = rebuild_price_log(unopened.stack.price_log, words, unopened.node.accounts[0])
    vault = stand_on(unopened, log)
    if pushed:
        push_prices(log, vault.node.now_secs // INTERVAL, sender=vault.node.accounts[1])
    found = [finding for finding in audit(vault).findings if finding.subject == "price"]
    assert found, "nothing is off"
    if not pushed:
        assert [finding.detail for finding in found] == [f"{ODD}: {said}"]


# ---------------------------------------------------------------- silent changes


def write(vault: AuditedVault, words: dict[int, int]) -> None:
    """Write words into a vault's storage in a block of their own."""
    vault.node.mine()
    for slot, word in words.items():
        vault.node.request("anvil_setStorageAt", vault.vault.address, f"0x{slot:064x}", f"0x{word:064x}")
    vault.node.mine()


def test_what_changes_in_silence_is_named(unopened: AuditedVault) -> None:
    vault = unopened
    vault.open()
    skipped = vault.next_epoch(10)
    last = vault.next_epoch(10)
    vault.decide(last)
    operator, thief = vault.node.accounts[0], vault.node.accounts[7]
    word = (1 << skipped % 256) | (1 << last % 256)
    missed = 1 << (last % 256)
    change = {
        SLOTS.decided(skipped): word,
        SLOTS.missed(last): missed,
        SLOTS.balance(bytes.fromhex(operator[2:])): 1,
        SLOTS.of("pinned"): 10_000 | last << 16 | 1 << 111,
        SLOTS.of("spending"): 0,
        SLOTS.of("roles.offered_guardian"): int(thief, 16),
        SLOTS.of("strategy_pin.next_strategy"): int(thief, 16),
        SLOTS.of("strategy_pin.frozen"): 1,
    }
    write(vault, change)
    found = audit(vault).findings
    by_epoch = {(one.epoch, one.subject, one.detail) for one in found if one.epoch is not None}
    assert by_epoch == {
        (skipped, "decision", "the vault keeps a decision of it, and no event tells of one"),
        (skipped, "skipped", "it was due, is not decided, and nobody claimed the miss"),
        (last, "bond", "the vault keeps a miss of it, and no event tells of one"),
    }
    assert {one.detail.removesuffix(" at the head") for one in found if one.epoch is None} == {
        f"shares of {operator.lower()}",
        "the decision in force",
        "budget spent",
        "offer of the guardian",
        "strategy",  # what was planted as proposed is due at once
        "frozen",
    }


def test_a_decision_that_the_vault_does_not_keep_is_named(unopened: AuditedVault) -> None:
    vault = unopened
    vault.open()
    epoch = vault.next_epoch(10)
    vault.decide(epoch)
    write(vault, {SLOTS.decided(epoch): 0})
    (finding,) = audit(vault).findings
    assert (finding.epoch, finding.subject) == (epoch, "decision")
    assert finding.detail == "an event tells of a decision, and the vault keeps none"


# ---------------------------------------------------------------- numbers


def test_a_shorter_notice_than_the_one_shown_is_refused(unopened: AuditedVault) -> None:
    """`strategy_pin` keeps a copy of the notice, and it is the copy that counts."""
    source = compile_source("Vault")
    code = bytearray(unopened.node.web3.eth.get_code(unopened.vault.address))
    for name, value, said in (
        ("strategy_pin.TIMELOCK_SECS", 1, "the notice of a strategy is 1 in its code"),
        ("strategy_pin.EPOCH_SECS", 1, "the interval of strategies is 1 in its code"),
        ("erc20.DEPLOYED_DOMAIN", 1, "the domain of permits is 1 in its code"),
        ("INTERVAL", 1_800, "the interval of the price log is 3600 in its code"),
    ):
        at = len(source.runtime) + source.immutables[name][0]
        bent = bytes(code[:at]) + value.to_bytes(32, "big") + bytes(code[at + 32 :])
        unopened.node.set_code(unopened.vault.address, bent)
        unopened.node.mine()
        with pytest.raises(VaultError, match=said):
            audit(unopened)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("window", (1, 129)),
        ("decide_secs", (0, 3_600)),
        ("recent_secs", (0, 3_601)),
        ("tolerance_ticks", (0, 301, (1 << 256) - 1)),
        ("deviation_ticks", (887_273,)),
        ("band_bps", (10_000,)),
        ("budget", (0, 10**18 + 1)),
        ("period_secs", (0,)),
        ("liquidity", (0,)),
        ("cut", (0, 1 << 128)),
        ("drip_secs", (0, 1 << 100)),
        ("unbond_secs", (3_600, 1 << 128)),
        ("timelock_secs", (7 * 86_400 - 1, 1 << 128)),
        ("fee", (3 * 10**12,)),
        ("max_shares", (1 << 128,)),
        ("seed_min", (0, 1 << 127)),
    ],
)
def test_a_number_that_the_constructor_refuses(
    built: AuditedVault, name: str, values: tuple[int, ...]
) -> None:
    with closing(Node(built.node.rpc_url)) as node:
        head = read_head(node)
        sources = {each: compile_source(each) for each in ("Vault", "PriceLog", "Verifier")}
        parameters = read_deployed(node, built.address, sources, head).parameters
    assert check_bounds(parameters) == []
    for value in values:
        bent = replace(parameters, rules=replace(parameters.rules, **{name: value}))
        assert f"the constructor refuses a vault with this {name}" in check_bounds(bent)


def test_code_with_a_number_that_the_constructor_refuses(unopened: AuditedVault) -> None:
    source = compile_source("Vault")
    code = bytes(unopened.node.web3.eth.get_code(unopened.vault.address))
    at = len(source.runtime) + source.immutables["R"][0] + 32 * 4
    assert int.from_bytes(code[at : at + 32], "big") == 40, "tolerance_ticks"
    bent = code[:at] + (301).to_bytes(32, "big") + code[at + 32 :]
    unopened.node.set_code(unopened.vault.address, bent)
    unopened.node.mine()
    with pytest.raises(VaultError, match="the constructor refuses a vault with this tolerance_ticks"):
        audit(unopened)
