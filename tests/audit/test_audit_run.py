"""Audit a live vault: honest, with another code for one epoch, and through a node that lies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run as run_command_line
from audit.chain import history as chain_history
from audit.chain.node import Node
from audit.errors import NodeError, VaultError
from audit.findings import Finding
from audit.run import Audit, AuditOptions, audit_vault
from audit.vault.events import VAULT_EVENTS, parse_kind
from contracts.node import Anvil
from tests.audit.support.live_vault import (
    GENESIS,
    AuditedVault,
    build_audited_vault,
    compile_altered,
)
from tests.audit.support.lying_proxy import Alter, alter_logs, lying_proxy

TOPICS = {kind.name: "0x" + kind.topic.hex() for kind in map(parse_kind, VAULT_EVENTS)}
BLOCK_RECEIPTS = ("eth_getBlockReceipts",)
ALL_RECEIPTS = ("eth_getBlockReceipts", "eth_getTransactionReceipt")
SHARE = 10**18


@dataclass
class Story:
    """A vault with a past: the epochs that its tests speak of."""

    vault: AuditedVault
    first: int
    middle: int
    last: int


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Give a vault with purchases, sales, an entry, an exit, a miss and idle calls."""
    with Anvil(genesis_secs=GENESIS) as node:
        vault = build_audited_vault(node, tmp_path_factory.mktemp("audited"))
        depositor = node.accounts[3]
        first = vault.next_epoch(-40)
        vault.decide(first)
        vault.trade()
        vault.enter(50_000 * SHARE, depositor)
        middle = vault.next_epoch(-400)
        vault.decide(middle, and_trade=False)
        vault.trade()
        vault.leave(20_000 * SHARE, depositor)
        missed = vault.next_epoch(30)
        node.mine(missed * 3_600 + 1_230)
        _send_miss(vault, missed)
        last = vault.next_epoch(700)
        vault.decide(last)
        yield Story(vault, first, middle, last)


def _send_miss(vault: AuditedVault, epoch: int) -> None:
    from contracts.deploy import send

    send(vault.vault.functions.miss(epoch), vault.node.accounts[4])


@pytest.fixture
def restored(story: Story) -> Iterator[Story]:
    """Give the same vault, and undo what a test does to it."""
    kept = story.vault.node.snapshot()
    yield story
    story.vault.node.revert(kept)


def audit(story: Story, url: str | None = None, **options: Any) -> Audit:
    with closing(Node(url or story.vault.node.rpc_url)) as node:
        return audit_vault(node, story.vault.address, AuditOptions(**options))


def audit_through(story: Story, alter: Alter) -> Audit:
    with lying_proxy(story.vault.node.rpc_url, alter) as url:
        return audit(story, url)


def epochs_of(findings: list[Finding]) -> set[int | None]:
    return {finding.epoch for finding in findings}


def subjects_of(findings: list[Finding]) -> set[str]:
    return {finding.subject for finding in findings}


# ---------------------------------------------------------------- honest


def test_an_honest_vault_passes(story: Story) -> None:
    found = audit(story)
    assert [str(finding) for finding in found.findings] == []
    assert found.notes == []
    records = found.replay.records
    assert sorted(records) == [story.first, story.middle, story.last]
    assert found.proofs_verified == 3
    assert [trade.buy for record in records.values() for trade in record.trades] == [True, False, True]
    assert len({record.target for record in records.values()}) > 1
    assert sorted(found.replay.misses) == [story.middle + 1]
    assert found.history.linked
    assert [strategy.published for strategy in found.strategies.values()] == [True]


def test_the_reference_verifier_agrees(story: Story) -> None:
    head = found_block(story, story.first)
    found = audit(story, fast=False, head=head)
    assert [str(finding) for finding in found.findings] == []
    assert found.proofs_verified == 1


def found_block(story: Story, epoch: int) -> int:
    return audit(story).replay.records[epoch].block


def test_the_command_prints_one_document_and_writes_a_page(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "audit.html"
    words = ["audit", "run", story.vault.vault.address, "--rpc", story.vault.node.rpc_url]
    assert run_command_line([*words, "--json", "--report", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert [epoch["epoch"] for epoch in document["epochs"]] == [story.first, story.middle, story.last]
    assert document["checked"]["trades"] == 3
    assert document["performance"]["share_first"] == document["epochs"][0]["nav_per_share"]
    assert any(row["may"] == "pause trade and entry" for row in document["powers"])
    content = page.read_text(encoding="utf-8")
    assert str(story.last) in content and "plotly" in content
    assert run_command_line(words) == 0
    said = capsys.readouterr().out
    assert "Nothing is off: 3 decisions" in said
    assert document["head"]["hash"] in said.replace("\n", "").replace(" ", "")
    assert any(row["now"] == "3,899.00 BASE" for row in document["powers"]), "what a claimed miss left"


def test_a_long_chain_is_read_in_the_blocks_that_the_node_names(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_history, "LINK_LIMIT", 10)
    monkeypatch.setattr(chain_history, "LOGS_SPAN", 7)
    found = audit(story)
    assert [str(finding) for finding in found.findings] == []
    assert found.proofs_verified == 3
    assert not found.history.linked
    assert ["the chain is long" in note for note in found.notes] == [True]


def test_a_history_that_begins_after_the_pool_is_refused(story: Story) -> None:
    with pytest.raises(VaultError, match=r"lower --from-block"):
        audit(story, from_block=found_block(story, story.first))


# ---------------------------------------------------------------- another code for one epoch


@pytest.fixture(scope="module")
def wrong_way(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a vault that trades toward the opposite of its target."""
    change = ("mul_div_down(nav, p.target, BPS)", "mul_div_down(nav, BPS - p.target // 2, BPS)")
    return compile_altered(tmp_path_factory.mktemp("wrong"), change)


@pytest.fixture(scope="module")
def unproven(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a vault that checks no proof and pays its operator a thousand times the fee."""
    return compile_altered(
        tmp_path_factory.mktemp("unproven"),
        ("    extcall Verifier(VERIFIER).verify(strategy, context, pub, proof)\n", ""),
        ("erc20.totalSupply * self.fee // ONE", "erc20.totalSupply * self.fee * 1000 // ONE"),
    )


def test_a_wrong_trade_is_named(restored: Story, wrong_way: bytes) -> None:
    vault = restored.vault
    epoch = vault.next_epoch(20)
    code = vault.swap_code(wrong_way)
    vault.decide(epoch)
    vault.node.mine()
    vault.node.set_code(vault.vault.address, code)
    later = vault.next_epoch(-20)
    vault.decide(later)
    found = audit(restored)
    assert epochs_of(found.findings) == {epoch}
    assert subjects_of(found.findings) == {"trade", "code"}
    (trade,) = (finding for finding in found.findings if finding.subject == "trade")
    assert trade.detail == "it is not the one that the rules give"
    assert "paying up to" in trade.found
    (code_finding,) = (finding for finding in found.findings if finding.subject == "code")
    assert "the vault had other code than its sources give" in code_finding.detail
    assert later in found.replay.records
    assert found.proofs_verified == 5


def test_a_decision_without_proof_is_named(restored: Story, unproven: bytes) -> None:
    vault = restored.vault
    epoch = vault.next_epoch(20)
    code = vault.swap_code(unproven)
    vault.decide(epoch, off_by=1)
    vault.node.mine()
    vault.node.set_code(vault.vault.address, code)
    later = vault.next_epoch(-20)
    vault.decide(later)
    found = audit(restored)
    assert epochs_of(found.findings) == {epoch}
    assert subjects_of(found.findings) == {"proof", "shares", "code"}
    (proof,) = (finding for finding in found.findings if finding.subject == "proof")
    assert "opening" in proof.detail
    (fee,) = (finding for finding in found.findings if finding.subject == "shares")
    assert fee.detail == "fee shares" and int(fee.found) // 1000 == int(fee.expected)
    assert found.replay.records[epoch].proof_holds is False


def test_a_vault_that_kept_other_code_is_refused(restored: Story, wrong_way: bytes) -> None:
    restored.vault.swap_code(wrong_way)
    restored.vault.node.mine()
    with pytest.raises(VaultError, match=r"is not what Vault\.vy compiles to"):
        audit(restored)


def test_a_skipped_epoch_is_named(restored: Story) -> None:
    vault = restored.vault
    skipped = vault.next_epoch(10)
    later = vault.next_epoch(10)
    vault.decide(later)
    found = audit(restored)
    assert [(finding.epoch, finding.subject) for finding in found.findings] == [(skipped, "skipped")]


# ---------------------------------------------------------------- a node that lies


def change_word(name: str, epoch: int, word: int) -> Any:
    """Return a change of one word in the data of one event of an epoch."""

    def change(log: dict[str, Any]) -> dict[str, Any]:
        if log["topics"][0] == TOPICS[name] and int(log["topics"][1], 16) == epoch:
            data = bytearray.fromhex(log["data"][2:])
            data[32 * word + 31] ^= 1
            log["data"] = "0x" + data.hex()
        return log

    return change


@pytest.mark.parametrize(
    ("name", "word", "detail"),
    [
        ("Decision", 0, "the proof does not hold: opening"),  # target
        ("Decision", 1, "previous"),
        ("Decision", 2, "tick"),
        ("Decision", 3, "inputs_hash"),
        ("Decision", 4, "do not hash to the proof_hash"),
        ("Decision", 5, "fee shares"),
        ("Decision", 6, "base, risky and supply are not what"),
        ("Decision", 8, "base, risky and supply are not what"),
        ("Proven", 9, "do not hash to the proof_hash"),
        ("Proven", 9, "the proof does not hold"),
        ("Traded", 1, "paid and got are not what the pool's Swap says"),
        ("Traded", 3, "it is not the one that the rules give"),  # wanted
        ("Traded", 5, "it is not the one that the rules give"),  # limit_tick
        ("Traded", 6, "budget spent"),
    ],
)
def test_an_altered_event_is_named(story: Story, name: str, word: int, detail: str) -> None:
    change = change_word(name, story.first, word)
    found = audit_through(story, alter_logs(change, ALL_RECEIPTS))
    assert epochs_of(found.findings) == {story.first}
    (block,) = (finding for finding in found.findings if finding.subject == "block")
    assert "do not hash to the block's receiptsRoot" in block.detail
    others = [finding.detail for finding in found.findings if finding.subject != "block"]
    assert any(text.startswith(detail) or detail in text for text in others), others


def test_a_receipt_altered_in_one_place_is_named_and_replaced(story: Story) -> None:
    change = change_word("Traded", story.last, 1)
    found = audit_through(story, alter_logs(change, BLOCK_RECEIPTS))
    (finding,) = found.findings
    assert (finding.epoch, finding.subject) == (story.last, "block")
    transaction = found.replay.records[story.last].tx_hash.hex()
    assert f"altered receipt of transaction 0x{transaction}" in finding.detail


@pytest.mark.parametrize("name", ["Decision", "Proven", "Traded"])
def test_an_event_left_out_is_named(story: Story, name: str) -> None:
    def change(log: dict[str, Any]) -> dict[str, Any] | None:
        gone = log["topics"][0] == TOPICS[name] and int(log["topics"][1], 16) == story.first
        return None if gone else log

    found = audit_through(story, alter_logs(change, ALL_RECEIPTS))
    assert epochs_of(found.findings) == {story.first}
    assert "block" in subjects_of(found.findings)


def test_a_whole_receipt_left_empty_is_named(story: Story) -> None:
    block = hex(found_block(story, story.middle))

    def alter(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockReceipts" and params == [block]:
            return [{**receipt, "logs": []} for receipt in result]
        if method == "eth_getTransactionReceipt":
            return {**result, "logs": []}
        return result

    found = audit_through(story, alter)
    assert epochs_of(found.findings) == {story.middle}
    assert "block" in subjects_of(found.findings)


def test_a_block_at_another_time_is_named(story: Story) -> None:
    number = found_block(story, story.middle)

    def alter(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == hex(number):
            result["timestamp"] = hex(int(result["timestamp"], 16) + 1)
        return result

    found = audit_through(story, alter)
    details = [finding.detail for finding in found.findings if finding.subject == "block"]
    assert any("does not hash to the block's hash" in detail for detail in details)
    assert any("does not follow the block before it" in detail for detail in details)


@pytest.mark.parametrize("method", ["eth_getCode", "eth_getProof"])
def test_altered_state_is_refused(story: Story, method: str) -> None:
    def alter(asked: str, params: list[Any], result: Any) -> Any:
        if asked != method:
            return result
        if method == "eth_getCode":
            return result[:-2] + ("00" if result[-2:] != "00" else "01")
        entry = result["accountProof"][-1]
        result["accountProof"][-1] = entry[:-2] + ("00" if entry[-2:] != "00" else "01")
        return result

    with pytest.raises(VaultError, match=r"is not the one that block|does not hash to what refers"):
        audit_through(story, alter)


def test_a_storage_word_that_is_not_proven_is_refused(story: Story) -> None:
    def alter(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getProof" and result["storageProof"]:
            entry = result["storageProof"][0]["proof"][-1]
            flipped = f"{int(entry[-1], 16) ^ 1:x}"
            result["storageProof"][0]["proof"][-1] = entry[:-1] + flipped
        return result

    with pytest.raises(NodeError, match="does not hash to what refers to it"):
        audit_through(story, alter)


def test_no_node_and_no_vault_are_one_sentence(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    url = story.vault.node.rpc_url
    assert run_command_line(["audit", "run", "0x12", "--rpc", url, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "VaultError"
    assert run_command_line(["audit", "run", "0x" + "11" * 20, "--rpc", url]) == 1
    assert "cannot be audited" in capsys.readouterr().err
