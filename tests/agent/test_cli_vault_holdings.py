"""What a depositor types: look, enter, leave, collect; and what the chain shows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.chain import Chain
from agent.journal import Journal
from agent.vault_genuine import AUDIT_FIRST
from contracts.deploy import deploy_zap
from tests.agent.support.live_vault import BOND, DOLLAR, SEED, LiveVault, agent_for
from tests.agent.support.vault_people import People, people_of

SHARE = 10**18


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give everybody around the vault."""
    yield people_of(live, tmp_path, capsys, monkeypatch)


def test_status_needs_no_key_and_shows_what_the_contract_says(people: People) -> None:
    done = people.run("status", "VAULT")
    found = done.document
    vault = people.live.vault.functions
    assert done.code == 0
    assert (found["vault"], found["state"]) == (people.live.vault.address, "live")
    assert (found["base_held"], found["bond"], found["risky_held"]) == (SEED, BOND, 0)
    assert (found["nav"], found["nav_per_share"]) == (vault.nav().call(), DOLLAR)
    assert found["supply"] == vault.totalSupply().call()
    assert found["next_epoch"] == vault.first_epoch().call()
    assert found["code_is_ours"] is True
    assert found["powers"]["operator"] == people.address("operator")
    assert found["powers"]["guardian"] == people.address("guardian")
    assert found["human"]["bond"] == "4000"
    assert found["human"]["base_held"] == "100000"
    assert found["human"]["budget_left"] == "0.5"
    assert found["pending_strategy"] is None
    drawn = people.run("status", "VAULT", json=False).out
    assert "holds     100000 BASE and 0 RISKY" in drawn
    assert people.address("guardian") in drawn


def test_a_dry_deposit_shows_what_would_move_and_sends_nothing(people: People) -> None:
    people.give_base("depositor", 1_000 * DOLLAR)
    found = people.tries("deposit", "VAULT", "--base", "250.5", as_="depositor")
    assert found["moves"][0]["amount"] == "250.5"
    assert found["moves"][0]["raw"] == 250_500_000
    assert found["moves"][2] == {
        "what": "shares",
        "amount": "250.5",
        "symbol": "TV",
        "raw": 2505 * SHARE // 10,
        "from": people.live.vault.address,
        "to": people.address("depositor"),
    }
    assert [call["function"].split("(")[0] for call in found["calls"]] == ["approve", "mint"]
    assert found["notes"] == [AUDIT_FIRST], "approval and entry were tried one after the other"
    drawn = people.run("deposit", "VAULT", "--shares", "1", as_="depositor", json=False)
    assert "1 BASE (base)" in drawn.out
    assert "dry run" in drawn.out


def test_a_dry_run_needs_an_address_and_no_key(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVAULT_PASSPHRASE")
    people.give_base("depositor", 1_000 * DOLLAR)
    done = people.run("deposit", "VAULT", "--shares", "3", "--from", people.address("depositor"))
    assert done.document["account"] == people.address("depositor")
    nobody = people.run("deposit", "VAULT", "--shares", "3")
    assert nobody.code == 1
    assert nobody.document["error"]["name"] == "InvalidOptionError"
    keyless = people.run("pause", "VAULT", live=True)
    assert "--live signs with it" in keyless.document["error"]["message"]


def test_deposit_and_redeem_move_what_they_say(people: People) -> None:
    people.give_base("depositor", 1_000 * DOLLAR)
    found = people.does("deposit", "VAULT", "--base", "400", "--slippage-bps", "10", as_="depositor")
    assert people.shares_of("depositor") == 400 * SHARE
    assert people.base_of("depositor") == 600 * DOLLAR
    assert [one["function"].split("(")[0] for one in found["sent"]] == ["approve", "mint"]
    (minted,) = [event for event in found["events"] if event["event"] == "Minted"]
    assert (minted["receiver"], minted["shares"]) == (people.address("depositor"), 400 * SHARE)
    assert found["max_base"] == 400_400_000, "ten basis points above the preview"

    tried = people.tries("redeem", "VAULT", "150", as_="depositor")
    assert [move["raw"] for move in tried["moves"]] == [150 * SHARE, 150 * DOLLAR, 0]
    people.does("redeem", "VAULT", "150", as_="depositor")
    assert people.shares_of("depositor") == 250 * SHARE
    assert people.base_of("depositor") == 750 * DOLLAR

    gone = people.does("redeem", "VAULT", "all", "--receiver", people.address("stranger"), as_="depositor")
    assert (people.shares_of("depositor"), people.base_of("stranger")) == (0, 250 * DOLLAR)
    assert gone["moves"][1]["to"] == people.address("stranger")


def test_what_is_held_back_is_collected_later(people: People) -> None:
    people.give_base("depositor", 100 * DOLLAR)
    people.does("deposit", "VAULT", "--shares", "100", as_="depositor")
    found = people.does("redeem", "VAULT", "40", "--hold-base", as_="depositor")
    assert "held by the vault" in found["moves"][1]["to"]
    assert people.base_of("depositor") == 0
    tried = people.tries("collect", "VAULT", "base", as_="depositor")
    assert tried["moves"][0]["amount"] == "40"
    people.does("collect", "VAULT", "base", "--to", people.address("stranger"), as_="depositor")
    assert people.base_of("stranger") == 40 * DOLLAR
    assert "'amount'" in people.refused("collect", "VAULT", "base", as_="depositor")


def test_an_owner_s_shares_need_an_allowance(people: People) -> None:
    owner = people.address("operator")
    words = ("redeem", "VAULT", "1", "--owner", owner)
    assert "'allowance'" in people.refused(*words, as_="stranger")
    people.live.vault.functions.approve(people.address("stranger"), SHARE).transact({"from": owner})
    people.does(*words, as_="stranger")
    assert people.base_of("stranger") == DOLLAR


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        (("deposit", "VAULT", "--base", "1001"), "FundsError", "holds 1000 BASE and 1001 are needed"),
        (("deposit", "VAULT", "--base", "1", "--max-base", "0.5"), "RefusedError", "'price'"),
        (("deposit", "VAULT", "--shares", "0"), "RefusedError", "'amount'"),
        (("deposit", "VAULT", "--base", "1.0000001"), "AmountError", "has 6 decimals"),
        (("deposit", "VAULT", "--base", "1e3"), "AmountError", "write a plain decimal such as 12.5"),
        (("deposit", "VAULT"), "EntryError", "either --shares or --base"),
        (("deposit", "VAULT", "--shares", "1", "--base", "1"), "EntryError", "either --shares or --base"),
        (("deposit", "VAULT", "--shares", "1", "--receiver", "0x12"), "InvalidOptionError", "40 hexadecimal"),
        (("redeem", "VAULT", "1"), "RefusedError", "'balance'"),
        (("redeem", "VAULT", "0"), "RefusedError", "'amount'"),
        (("redeem", "VAULT", "1", "--max-fee-gwei", "many"), "AmountError", "--max-fee-gwei"),
        (("collect", "VAULT", "risky"), "RefusedError", "holds nothing of that token"),
        (("collect", "VAULT", "ether"), "EntryError", "base or risky"),
    ],
)
def test_a_refusal_is_one_sentence(people: People, words: tuple[str, ...], name: str, said: str) -> None:
    people.give_base("depositor", 1_000 * DOLLAR)
    for live in (False, True):
        line = people.refused(*words, as_="depositor", live=live)
        assert line.startswith(f"{name}: ")
        assert said in line


def test_another_contract_is_not_taken_for_a_vault(people: People) -> None:
    pool = people.live.market.pool.address
    assert "does not answer as a vault" in people.refused("deposit", pool, "--shares", "1", as_="depositor")
    nothing = people.address("stranger")
    assert "there is no vault at" in people.refused("redeem", nothing, "1", as_="depositor")
    code = bytes(people.live.node.web3.eth.get_code(people.live.vault.address))
    people.live.node.set_code(people.live.vault.address, bytes([code[0]]) + code[1:-1])
    line = people.refused("deposit", "VAULT", "--shares", "1", as_="depositor")
    assert "is not the vault that this version of provault compiles to" in line


def test_a_fee_ceiling_and_an_empty_account_stop_before_signing(people: People) -> None:
    people.give_base("stranger", 100 * DOLLAR)
    words = ("deposit", "VAULT", "--shares", "1")
    cheap = people.refused(
        *words, "--max-fee-gwei", "0.000000001", "--priority-fee-gwei", "0", as_="stranger", live=True
    )
    assert cheap.startswith("FeeCeilingError: ")
    people.live.node.set_balance(people.address("stranger"), 0)
    people.live.node.mine()  # for what a block commits to
    assert people.refused(*words, as_="stranger", live=True).startswith("FundsError: ")


def test_a_transaction_left_open_is_settled_before_anything_else(people: People) -> None:
    """A command that dies after signing leaves its transaction in the outbox, for the next one."""
    people.give_base("depositor", 100 * DOLLAR)
    sent = people.live.node.web3.eth.get_transaction_count(people.address("depositor"))
    broadcast = Chain.broadcast

    def die(self: Chain, raw: bytes) -> None:
        raise KeyboardInterrupt

    Chain.broadcast = die  # type: ignore[method-assign]
    try:
        assert people.run("deposit", "VAULT", "--shares", "5", as_="depositor", live=True).code == 130
    finally:
        Chain.broadcast = broadcast  # type: ignore[method-assign]
    (box,) = (people.folder / "state" / "provault" / "vault").glob("*.json")
    kept = json.loads(box.read_text())["step"]
    assert (kept["name"], kept["nonce"]) == ("approve", sent)
    assert people.live.node.web3.eth.get_transaction_count(people.address("depositor")) == sent

    done = people.run("deposit", "VAULT", "--shares", "5", as_="depositor", live=True)
    assert done.code == 1
    assert done.document["error"]["name"] == "EarlierError"
    assert kept["attempts"][0]["tx_hash"] in done.document["error"]["message"]
    assert people.live.node.web3.eth.get_transaction_count(people.address("depositor")) == sent + 1
    assert not box.exists()

    found = people.does("deposit", "VAULT", "--shares", "5", as_="depositor")
    assert [one["function"].split("(")[0] for one in found["sent"]] == ["mint"], (
        "the approval is there already"
    )
    assert people.shares_of("depositor") == 5 * SHARE


def test_both_tokens_and_a_zap(people: People, journal: Journal) -> None:
    live = people.live
    agent = agent_for(live, journal)
    agent.reconcile()
    for drift in (-400, 300, -500):
        live.next_epoch(drift)
        agent.step()
        if live.vault.functions.risky().call():
            break
    assert live.vault.functions.risky().call() > 0, "the strategy bought"

    people.give_base("depositor", 1_000 * DOLLAR)
    people.give_risky("depositor", 10**18)
    base, risky = live.vault.functions.preview(100 * SHARE).call()
    found = people.does("deposit", "VAULT", "--shares", "100", as_="depositor")
    assert [move["raw"] for move in found["moves"]] == [base, risky, 100 * SHARE]
    assert (people.base_of("depositor"), people.risky_of("depositor")) == (
        1_000 * DOLLAR - base,
        10**18 - risky,
    )
    out = people.does("redeem", "VAULT", "100", "--hold-risky", as_="depositor")
    held = live.vault.functions.owed(people.address("depositor"), live.market.risky.address).call()
    assert held == out["moves"][2]["raw"] > 0
    people.does("collect", "VAULT", "risky", as_="depositor")
    assert people.risky_of("depositor") == 10**18 - risky + held

    other = deploy_zap(live.node.web3, live.vault.address, sender=people.address("stranger")).address
    start = people.base_of("depositor")
    tried = people.tries("deposit", "VAULT", "--shares", "50", "--zap", other, as_="depositor")
    entered = people.does("deposit", "VAULT", "--shares", "50", "--zap", other, as_="depositor")
    paid = start - people.base_of("depositor")
    assert people.shares_of("depositor") == 50 * SHARE
    assert paid == tried["moves"][0]["raw"] == entered["moves"][0]["raw"]
    assert paid <= entered["max_base"] == -(-paid * 10_050 // 10_000)
    left = people.does("redeem", "VAULT", "50", "--zap", other, "--slippage-bps", "100", as_="depositor")
    assert people.shares_of("depositor") == 0
    back = people.base_of("depositor") - start + paid
    assert back == left["moves"][1]["raw"] >= left["min_base"]
    assert live.market.base.functions.balanceOf(other).call() == 0

    amount = people.does("deposit", "VAULT", "--base", "200", "--zap", other, as_="depositor")
    assert 190 * DOLLAR < amount["moves"][0]["raw"] <= 200 * DOLLAR
    assert people.shares_of("depositor") == amount["shares"]
    line = people.refused("redeem", "VAULT", "all", "--zap", other, "--min-base", "500", as_="depositor")
    assert "'price'" in line
    line = people.refused("redeem", "VAULT", "all", "--zap", live.vault.address, as_="depositor")
    assert "is not the Zap that this version of provault compiles to" in line


def test_an_allowance_that_is_too_small_is_cleared_first(people: People) -> None:
    live = people.live
    people.give_base("depositor", 100 * DOLLAR)
    owner = people.address("depositor")
    live.market.base.functions.approve(live.vault.address, 7).transact({"from": owner})
    found = people.does("deposit", "VAULT", "--shares", "5", "--slippage-bps", "0", as_="depositor")
    spent = [call["arguments"][-1] for call in found["calls"][:2]]
    assert (spent, len(found["calls"])) == ([0, 5 * DOLLAR], 3)
    assert live.market.base.functions.allowance(owner, live.vault.address).call() == 0, "nothing is left over"


def test_a_node_that_simulates_one_call_at_a_time(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chain, "simulate_together", lambda self, calls, sender: None)
    people.give_base("depositor", 100 * DOLLAR)
    found = people.tries("deposit", "VAULT", "--shares", "5", as_="depositor")
    assert "only the first was tried" in found["notes"][-1]
    assert found["moves"][0]["amount"] == "5", "the vault's own preview"
    people.does("deposit", "VAULT", "--shares", "5", as_="depositor")
    assert people.shares_of("depositor") == 5 * SHARE
    zap = deploy_zap(
        people.live.node.web3, people.live.vault.address, sender=people.address("stranger")
    ).address
    line = people.refused("deposit", "VAULT", "--shares", "5", "--zap", zap, as_="depositor")
    assert "--max-base" in line
