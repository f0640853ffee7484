"""A person's transaction that the chain has outgrown is replaced by a dearer one; one of them is mined."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.chain import Chain
from tests.agent.support.live_vault import GWEI, LiveVault
from tests.agent.support.vault_people import Done, People, people_of

LOW, HIGH = GWEI, 10 * GWEI
FEE = ("fee", "VAULT", "0.0000005")
SOON = ("--wait-secs", "0.1")


@dataclass
class Stuck:
    """The operator, whose transaction does not get mined while the test does not want it."""

    people: People

    @property
    def live(self) -> LiveVault:
        return self.people.live

    def run(self, *options: str) -> Done:
        """Run the command, and leave it as soon as there is something to wait for."""
        return self.people.run(*FEE, *SOON, *options, as_="operator", live=True)

    def refused(self, name: str, *options: str) -> str:
        """Run the command, which must end with an error of a name; return what it says."""
        done = self.run(*options)
        assert (done.code, done.document["error"]["name"]) == (1, name), done.out
        return str(done.document["error"]["message"])

    def mine_at(self, base_fee_wei: int) -> list[str]:
        """Mine a block of a base fee; return the hashes in it. The node drops what offers less."""
        self.live.node.request("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))
        self.live.node.mine()
        block = self.live.node.web3.eth.get_block("latest")
        assert block["baseFeePerGas"] == base_fee_wei
        return [one.to_0x_hex() for one in block["transactions"] if isinstance(one, bytes)]

    @property
    def boxes(self) -> list[Path]:
        """The outboxes that hold something."""
        return list((self.people.folder / "state" / "provault" / "vault").glob("*.json"))

    def kept(self) -> dict[str, Any]:
        """Return the step in the outbox."""
        (box,) = self.boxes
        step = json.loads(box.read_text())["step"]
        assert isinstance(step, dict)
        return step

    def hashes(self) -> list[str]:
        return [one["tx_hash"] for one in self.kept()["attempts"]]

    def sent(self) -> int:
        web3 = self.live.node.web3
        return int(web3.eth.get_transaction_count(self.live.node.accounts[0]))

    def fee(self) -> int:
        return int(self.live.vault.functions.fee().call())

    def waiting(self) -> list[str]:
        return [one["hash"] for one in self.live.pending()]

    def send_raw(self, raw: str) -> None:
        self.live.node.web3.eth.send_raw_transaction(bytes.fromhex(raw[2:]))


@pytest.fixture
def stuck(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stuck]:
    """Give an operator whose first attempt is with the node, signed at a low base fee."""
    found = Stuck(people_of(live, tmp_path, capsys, monkeypatch))
    usual = int(live.node.web3.eth.get_block("latest")["baseFeePerGas"])
    live.node.request("evm_setAutomine", False)
    found.mine_at(LOW)
    before = found.sent()
    assert "is not mined yet" in found.refused("UnresolvedError")
    kept = found.kept()
    assert (kept["nonce"], len(kept["attempts"])) == (before, 1)
    assert kept["attempts"][0]["max_fee_wei"] == 2 * LOW + GWEI
    assert found.waiting() == found.hashes()
    yield found
    live.node.request("anvil_dropAllTransactions")
    found.mine_at(usual)  # the node keeps its base fee when it goes back


def test_what_can_still_be_mined_is_not_replaced(stuck: Stuck) -> None:
    before = stuck.kept()
    stuck.refused("UnresolvedError", "--priority-fee-gwei", "5")
    assert stuck.kept() == before
    assert stuck.waiting() == stuck.hashes()
    (first,) = stuck.hashes()
    assert stuck.mine_at(3 * LOW) == [first], "a base fee as high as the offer"
    assert first in stuck.refused("EarlierError")
    assert (stuck.boxes, stuck.fee()) == ([], 5 * 10**11)


def test_a_stuck_transaction_is_replaced_by_a_dearer_one_of_its_nonce(stuck: Stuck) -> None:
    nonce = stuck.kept()["nonce"]
    assert stuck.mine_at(HIGH) == []
    stuck.refused("UnresolvedError")
    kept = stuck.kept()
    low, high = kept["attempts"]
    assert kept["nonce"] == nonce
    assert high["max_fee_wei"] == 2 * HIGH + GWEI
    assert 8 * high["priority_fee_wei"] >= 9 * low["priority_fee_wei"]
    assert stuck.waiting() == [high["tx_hash"]]
    found = stuck.live.node.web3.eth.get_transaction(high["tx_hash"])
    assert (found["nonce"], found["to"]) == (nonce, stuck.live.vault.address)

    # a node that holds the first one again takes the second for it
    stuck.live.node.request("anvil_dropTransaction", high["tx_hash"])
    stuck.mine_at(LOW)
    stuck.send_raw(low["raw"])
    assert stuck.waiting() == [low["tx_hash"]]
    stuck.refused("UnresolvedError")
    assert stuck.waiting() == [high["tx_hash"]]

    assert stuck.mine_at(LOW) == [high["tx_hash"]]
    assert high["tx_hash"] in stuck.refused("EarlierError")
    assert (stuck.sent(), stuck.boxes, stuck.fee()) == (nonce + 1, [], 5 * 10**11)


def test_a_second_replacement_is_dearer_again(stuck: Stuck) -> None:
    nonce = stuck.kept()["nonce"]
    for base_fee in (HIGH, 3 * HIGH):
        assert stuck.mine_at(base_fee) == []
        stuck.refused("UnresolvedError")
    fees = [(one["max_fee_wei"], one["priority_fee_wei"]) for one in stuck.kept()["attempts"]]
    assert len(fees) == 3
    for (fee, tip), (dearer, higher_tip) in pairwise(fees):
        assert 8 * dearer >= 9 * fee
        assert 8 * higher_tip >= 9 * tip
    third = stuck.hashes()[-1]
    assert stuck.mine_at(3 * HIGH) == [third]
    assert third in stuck.refused("EarlierError")
    assert stuck.sent() == nonce + 1


def test_a_tip_of_nothing_is_raised_too(stuck: Stuck) -> None:
    """Nodes want a replacement to offer more of both; an eighth more than nothing would be nothing."""
    stuck.mine_at(LOW)
    stuck.refused("EarlierError")
    words = ("fee", "VAULT", "0.0000004", *SOON, "--priority-fee-gwei", "0")
    assert stuck.people.run(*words, as_="operator", live=True).code == 1
    (first,) = stuck.kept()["attempts"]
    assert (first["max_fee_wei"], first["priority_fee_wei"]) == (2 * LOW, 0)
    stuck.mine_at(HIGH)
    assert stuck.people.run(*words, as_="operator", live=True).code == 1
    assert [one["priority_fee_wei"] for one in stuck.kept()["attempts"]] == [0, 1]


def test_the_first_one_is_mined_after_all(stuck: Stuck) -> None:
    stuck.mine_at(HIGH)
    stuck.refused("UnresolvedError")
    low, high = stuck.kept()["attempts"]
    stuck.live.node.request("anvil_dropTransaction", high["tx_hash"])
    stuck.mine_at(LOW)
    stuck.send_raw(low["raw"])
    nonce = stuck.sent()
    assert stuck.mine_at(LOW) == [low["tx_hash"]]
    assert low["tx_hash"] in stuck.refused("EarlierError")
    assert (stuck.sent(), stuck.boxes, stuck.waiting()) == (nonce + 1, [], [])


def test_the_first_one_is_mined_while_the_second_is_on_its_way(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node answers the second with "nonce too low"; what became of the first is then asked."""
    (low,) = stuck.kept()["attempts"]
    nonce = stuck.kept()["nonce"]
    stuck.mine_at(HIGH)
    broadcast, tried = Chain.broadcast, []

    def mine_the_first(self: Chain, raw: bytes) -> None:
        tried.append(raw)
        stuck.mine_at(LOW)
        stuck.send_raw(low["raw"])
        assert stuck.mine_at(LOW) == [low["tx_hash"]]
        broadcast(self, raw)

    monkeypatch.setattr(Chain, "broadcast", mine_the_first)
    assert low["tx_hash"] in stuck.refused("EarlierError")
    assert len(tried) == 1
    assert (stuck.sent(), stuck.boxes, stuck.fee()) == (nonce + 1, [], 5 * 10**11)


@pytest.mark.parametrize("ceiling_gwei", ["9", "3.3"])  # below the base fee; below what replaces
def test_a_ceiling_too_low_to_replace_loses_nothing(stuck: Stuck, ceiling_gwei: str) -> None:
    base_fee = HIGH if ceiling_gwei == "9" else 3 * LOW + 1
    stuck.mine_at(base_fee)
    before = stuck.kept()
    stuck.refused("FeeCeilingError", "--max-fee-gwei", ceiling_gwei)
    assert stuck.kept() == before
    assert stuck.waiting() == []
    stuck.refused("UnresolvedError")
    second = stuck.hashes()[1]
    assert stuck.mine_at(base_fee) == [second]
    assert second in stuck.refused("EarlierError")
    assert stuck.sent() == before["nonce"] + 1


def test_too_little_ether_to_replace_loses_nothing(stuck: Stuck) -> None:
    stuck.mine_at(HIGH)
    before = stuck.kept()
    account = stuck.live.node.accounts[0]
    held = stuck.live.node.web3.eth.get_balance(account)
    stuck.live.node.set_balance(account, 0)
    stuck.live.node.mine()  # for what a block commits to
    stuck.mine_at(HIGH)
    stuck.refused("FundsError")
    assert stuck.kept() == before
    stuck.live.node.set_balance(account, held)
    stuck.live.node.mine()
    stuck.mine_at(HIGH)
    stuck.refused("UnresolvedError")
    assert len(stuck.hashes()) == 2


def test_another_transaction_of_the_account_takes_the_nonce(stuck: Stuck) -> None:
    nonce = stuck.kept()["nonce"]
    stuck.mine_at(HIGH)
    stuck.refused("UnresolvedError")
    assert len(stuck.hashes()) == 2
    taken = stuck.live.node.web3.eth.send_transaction(
        {
            "from": stuck.live.node.accounts[0],
            "to": stuck.live.node.accounts[0],
            "nonce": nonce,
            "gas": 21_000,
            "maxFeePerGas": 90 * GWEI,
            "maxPriorityFeePerGas": 9 * GWEI,
        }
    )
    assert stuck.mine_at(HIGH) == [taken.to_0x_hex()]
    assert f"used nonce {nonce}" in stuck.refused("NonceTakenError")
    assert (stuck.boxes, stuck.sent(), stuck.fee()) == ([], nonce + 1, 10**12)
    stuck.live.node.request("evm_setAutomine", True)
    stuck.people.does(*FEE, as_="operator")
    assert (stuck.sent(), stuck.fee()) == (nonce + 2, 5 * 10**11)


def test_a_node_that_refuses_what_was_sent_before_does_not_make_it_forgotten(stuck: Stuck) -> None:
    """Another node may hold it still, and mine it: then it is told as mined, not as never done."""
    (first,) = stuck.kept()["attempts"]
    before = stuck.kept()
    stuck.live.node.request("anvil_dropTransaction", first["tx_hash"])
    account = stuck.live.node.accounts[0]
    held = stuck.live.node.web3.eth.get_balance(account)
    stuck.live.node.set_balance(account, 0)
    stuck.refused("RpcError")
    assert stuck.kept() == before, "it stays written down"
    stuck.live.node.set_balance(account, held)
    stuck.send_raw(first["raw"])
    assert stuck.mine_at(LOW) == [first["tx_hash"]]
    assert first["tx_hash"] in stuck.refused("EarlierError")
    assert stuck.sent() == before["nonce"] + 1


def test_a_new_transaction_that_the_node_refuses_is_forgotten(stuck: Stuck, monkeypatch: Any) -> None:
    """It is nowhere; a dearer one that is refused leaves the one before it."""
    stuck.mine_at(HIGH)
    before = stuck.kept()
    broadcast = Chain.broadcast

    def empty_first(self: Chain, raw: bytes) -> None:
        stuck.live.node.set_balance(stuck.live.node.accounts[0], 0)
        broadcast(self, raw)

    held = stuck.live.node.web3.eth.get_balance(stuck.live.node.accounts[0])
    monkeypatch.setattr(Chain, "broadcast", empty_first)
    stuck.refused("RpcError")
    assert stuck.kept() == before
    monkeypatch.setattr(Chain, "broadcast", broadcast)
    stuck.live.node.set_balance(stuck.live.node.accounts[0], held)
    stuck.refused("UnresolvedError")
    assert len(stuck.hashes()) == 2
