"""What operator, guardian and others type about powers and bond; and what the chain shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.registration import POWERS_WORD, PREFIX, creation_code, deploy_data_contract
from tests.agent.support.live_vault import BOND, DOLLAR, INTERVAL, LiveVault
from tests.agent.support.vault_people import People, people_of

DAY_SECS = 86_400
ONE = 10**18


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give everybody around the vault."""
    yield people_of(live, tmp_path, capsys, monkeypatch)


@pytest.fixture
def other_strategy(people: People) -> str:
    """Give the data contract of the same strategy once more, at another address."""
    live = people.live
    key = (live.strategy_folder / "public" / "key.bin").read_bytes()
    sender = live.node.accounts[7]
    return str(deploy_data_contract(live.node.web3, key, live.prover.prover.commitment, sender=sender))


def test_a_proposal_is_announced_seen_and_revoked(people: People, other_strategy: str) -> None:
    status = people.live.vault.functions.status
    tried = people.tries("strategy", "propose", "VAULT", other_strategy, as_="operator")
    start = (people.live.now + 7 * DAY_SECS) // INTERVAL + 1
    assert (tried["from_epoch"], tried["strategy"]) == (start, other_strategy)
    people.does("strategy", "propose", "VAULT", other_strategy, as_="operator")
    assert status().call()[10:] == (other_strategy, start)
    found = people.run("status", "VAULT").document
    assert (found["pending_strategy"], found["pending_from_epoch"]) == (other_strategy, start)
    again = people.refused("strategy", "propose", "VAULT", other_strategy, as_="operator")
    assert "another proposal waits for its epoch" in again
    revoked = people.does("strategy", "revoke", "VAULT", as_="guardian")
    assert revoked["events"] == [{"event": "StrategyRevoked", "strategy": other_strategy}]
    assert int(status().call()[10], 16) == 0
    assert "'pending'" in people.refused("strategy", "revoke", "VAULT", as_="guardian")


def test_a_strategy_for_another_ceremony_file_is_not_proposed(people: People) -> None:
    """The verifier would refuse each of its proofs: a data contract that anybody put there is told."""
    live = people.live
    key = bytearray((live.strategy_folder / "public" / "key.bin").read_bytes())
    key[32 * POWERS_WORD : 32 * (POWERS_WORD + 1)] = (8192).to_bytes(32, "big")
    code = PREFIX + bytes(key) + live.prover.prover.commitment
    hash_ = live.node.web3.eth.send_transaction(
        {"from": live.node.accounts[7], "data": creation_code(code), "gas": 6_000_000}
    )
    address = live.node.web3.eth.wait_for_transaction_receipt(hash_)["contractAddress"]
    line = people.refused("strategy", "propose", "VAULT", str(address), as_="operator")
    assert "the key is made for 8192 powers, the verifier contract takes 4096 only" in line


def test_a_frozen_strategy_stays(people: People, other_strategy: str) -> None:
    tried = people.tries("strategy", "freeze", "VAULT", as_="operator")
    assert "cannot be undone" in tried["notes"][0]
    people.does("strategy", "freeze", "VAULT", as_="operator")
    assert people.run("status", "VAULT").document["powers"]["frozen"] is True
    line = people.refused("strategy", "propose", "VAULT", other_strategy, as_="operator", live=True)
    assert "frozen for ever" in line


def test_the_fee_only_falls(people: People) -> None:
    found = people.does("fee", "VAULT", "0.0000005", as_="operator")
    assert (found["fee_before_e18"], found["fee_after_e18"]) == (10**12, 5 * 10**11)
    assert people.live.vault.functions.fee().call() == 5 * 10**11
    assert "a fee can only fall" in people.refused("fee", "VAULT", "0.0000005", as_="operator")
    assert "is finer" in people.refused("fee", "VAULT", "0." + "0" * 18 + "1", as_="operator")


def test_a_missed_epoch_is_claimed_and_the_bounty_collected(people: People) -> None:
    live = people.live
    first = live.vault.functions.first_epoch().call()
    assert "its decision can still be sent" in people.refused("miss", "VAULT", str(first), as_="stranger")
    live.next_epoch(offset=1_300)
    tried = people.tries("miss", "VAULT", str(first), as_="stranger")
    assert [(move["what"], move["raw"]) for move in tried["moves"]] == [
        ("bounty", DOLLAR),
        ("cut", BOND // 40),
    ]
    found = people.does("miss", "VAULT", str(first), as_="stranger")
    (missed,) = [event for event in found["events"] if event["event"] == "Missed"]
    assert (missed["epoch"], missed["cut"], missed["bounty"]) == (first, BOND // 40, DOLLAR)
    assert live.vault.functions.is_missed(first).call()
    assert "the miss has been claimed" in people.refused(
        "miss", "VAULT", str(first), as_="depositor", live=True
    )
    people.does("collect", "VAULT", "base", as_="stranger")
    assert people.base_of("stranger") == DOLLAR
    found = people.run("status", "VAULT").document
    assert found["bond"] == BOND - BOND // 40 - DOLLAR
    assert 0 < found["drip_left"] <= BOND // 40


def test_the_bond_grows_and_leaves_after_the_end(people: People) -> None:
    live = people.live
    people.give_base("stranger", 10 * DOLLAR)
    found = people.does("bond", "add", "VAULT", "7.5", as_="stranger")
    assert [one["function"].split("(")[0] for one in found["sent"]] == ["approve", "add_bond"]
    assert live.vault.functions.bond().call() == BOND + 7_500_000
    assert "'early'" in people.refused("bond", "take", "VAULT", as_="operator")

    retired = people.does("retire", "VAULT", as_="operator")
    end = live.vault.functions.end_at().call()
    assert abs(retired["end_at_secs"] - end) <= 60
    assert people.run("status", "VAULT").document["end_at_secs"] == end
    assert "an end is set already" in people.refused("retire", "VAULT", as_="operator")
    people.give_base("depositor", 10 * DOLLAR)
    assert "entry is closed" in people.refused("deposit", "VAULT", "--shares", "1", as_="depositor")

    live.node.mine(end + 14 * DAY_SECS)
    assert people.run("status", "VAULT").document["state"] == "ended"
    assert "the vault has ended" in people.refused("bond", "add", "VAULT", "1", as_="stranger")
    before = people.base_of("guardian")
    taken = people.does("bond", "take", "VAULT", "--to", people.address("guardian"), as_="operator")
    assert taken["moves"][0]["amount"] == "4007.5"
    assert people.base_of("guardian") - before == BOND + 7_500_000


def test_pause_and_shut(people: People) -> None:
    people.give_base("depositor", 10 * DOLLAR)
    people.does("deposit", "VAULT", "--shares", "2", as_="depositor")
    paused = people.does("pause", "VAULT", as_="guardian")
    assert paused["events"][0]["event"] == "Paused"
    found = people.run("status", "VAULT").document
    assert (found["state"], found["powers"]["paused_until_secs"]) == ("paused", paused["events"][0]["until"])
    assert "entry is closed by a pause" in people.refused(
        "deposit", "VAULT", "--shares", "1", as_="depositor"
    )
    assert "less than thirty days ago" in people.refused("pause", "VAULT", as_="guardian")
    tried = people.tries("shut", "VAULT", as_="guardian")
    assert "cannot be undone" in tried["notes"][0]
    people.does("shut", "VAULT", as_="guardian")
    assert people.run("status", "VAULT").document["ended"] is True
    assert "'ended'" in people.refused("shut", "VAULT", as_="guardian")
    people.does("redeem", "VAULT", "all", as_="depositor")
    assert people.base_of("depositor") == 10 * DOLLAR


@pytest.mark.parametrize("role", ["operator", "guardian"])
def test_a_role_changes_hands_in_two_steps(people: People, role: str) -> None:
    stranger = people.address("stranger")
    people.does("role", "offer", "VAULT", role, stranger, as_=role)
    assert people.run("status", "VAULT").document["powers"][f"offered_{role}"] == stranger
    assert "was not offered" in people.refused("role", "take", "VAULT", role, as_="depositor")
    people.does("role", "take", "VAULT", role, as_="stranger")
    assert people.live.vault.functions[role]().call() == stranger
    assert "does not hold the role that it offers" in people.refused(
        "role", "offer", "VAULT", role, people.address(role), as_=role, live=True
    )


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("strategy", "propose", "VAULT", "STRATEGY"), "guardian"),
        (("strategy", "revoke", "VAULT"), "stranger"),
        (("strategy", "freeze", "VAULT"), "guardian"),
        (("fee", "VAULT", "0"), "guardian"),
        (("retire", "VAULT"), "guardian"),
        (("bond", "take", "VAULT"), "guardian"),
        (("pause", "VAULT"), "operator"),
        (("shut", "VAULT"), "operator"),
        (("role", "take", "VAULT", "guardian"), "operator"),
    ],
)
def test_who_may_not_is_told_who_may(
    people: People, other_strategy: str, words: tuple[str, ...], wrong: str
) -> None:
    filled = [other_strategy if word == "STRATEGY" else word for word in words]
    line = people.refused(*filled, as_=wrong)
    assert "('auth')" in line
    assert people.address("operator") in line
    assert people.address("guardian") in line


def test_only_a_strategy_can_be_proposed(people: People) -> None:
    pool = people.live.market.pool.address
    line = people.refused("strategy", "propose", "VAULT", pool, as_="operator")
    assert "it is no data contract" in line
