"""An exit that others try to spoil: a forged Zap, a token that pays less, contracts that do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.vault_amounts import format_amount, parse_amount
from agent.vault_errors import AmountError
from contracts.compile import compile_contract, deploy
from contracts.deploy import deploy_zap
from tests.agent.support.live_vault import DOLLAR, LiveVault
from tests.agent.support.vault_people import People, people_of

SHARE = 10**18
WORD = 32
REVERTS = bytes.fromhex("5f5ffd")
BURNS = bytes.fromhex("fe")  # takes all the gas there is
FLOODS = bytes.fromhex("620a87505ff3")  # returns 690,000 zeros, about what 1,000,000 gas can


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give everybody around the vault, and the depositor 100 shares and 900 in base."""
    found = people_of(live, tmp_path, capsys, monkeypatch)
    found.give_base("depositor", 1_000 * DOLLAR)
    found.does("deposit", "VAULT", "--shares", "100", as_="depositor")
    yield found


def deploy_raw(people: People, code: bytes) -> str:
    """Deploy any code: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN, code."""
    creation = bytes.fromhex(f"61{len(code):04x}80600a3d393df3") + code
    web3 = people.live.node.web3
    hash_ = web3.eth.send_transaction(
        {"from": people.live.stranger, "data": creation, "gas": 6_000_000}  # type: ignore[typeddict-item]
    )
    address = web3.eth.wait_for_transaction_receipt(hash_)["contractAddress"]
    assert address is not None
    assert bytes(web3.eth.get_code(address)) == code
    return str(address)


def zap_code_of(people: People) -> bytes:
    """Return the code of an honest Zap of the vault."""
    web3 = people.live.node.web3
    zap = deploy_zap(web3, people.live.vault.address, sender=people.live.stranger)
    return bytes(web3.eth.get_code(zap.address))


def test_a_zap_of_genuine_code_with_another_pool_or_token_is_refused(people: People) -> None:
    code = zap_code_of(people)
    start = len(compile_contract("Zap").runtime_bytecode)
    assert len(code) == start + 5 * WORD
    other = bytes(12) + bytes.fromhex(people.address("stranger")[2:])
    for place, name in enumerate(("VAULT", "POOL", "BASE", "RISKY", "RISKY_IS_TOKEN0")):
        at = start + place * WORD
        genuine = code[at : at + WORD]
        word = (
            other if name != "RISKY_IS_TOKEN0" else (1 - int.from_bytes(genuine, "big")).to_bytes(WORD, "big")
        )
        assert word != genuine
        zap = deploy_raw(people, code[:at] + word + code[at + WORD :])
        for words in (("redeem", "VAULT", "10"), ("deposit", "VAULT", "--shares", "1", "--max-base", "2")):
            for live in (False, True):
                line = people.refused(*words, "--zap", zap, as_="depositor", live=live)
                assert line.startswith("ZapError: "), (name, line)
                assert "in that vault's own pool and tokens" in line
    assert people.shares_of("depositor") == 100 * SHARE
    # what matters is the code, not who put it there
    people.does("redeem", "VAULT", "10", "--zap", deploy_raw(people, code), as_="depositor")
    assert people.base_of("depositor") == 910 * DOLLAR


def test_an_exit_that_paid_less_than_its_limit_is_reported(people: People) -> None:
    """The issuer of base takes a part of what the Zap pays out; trial, replies and events do not show it."""
    node, base = people.live.node, people.live.market.base
    zap = deploy_zap(node.web3, people.live.vault.address, sender=people.live.stranger).address
    skimming = compile_contract("testing/TokenSkimming")
    double = deploy(node.web3, skimming, 6, zap, sender=people.live.stranger)
    node.set_code(base.address, bytes(node.web3.eth.get_code(double.address)))
    people.tries("redeem", "VAULT", "10", "--zap", zap, as_="depositor")

    done = people.run("redeem", "VAULT", "10", "--zap", zap, as_="depositor", live=True)
    assert done.code == 1
    error = done.document["error"]
    assert error["name"] == "UnderpaidError"
    assert f"{people.address('depositor')} got 9 BASE by it and the limit was 9.95" in error["message"]
    last = node.web3.eth.get_block("latest")["transactions"][-1]
    assert "0x" + bytes(last).hex() in error["message"]  # type: ignore[arg-type]
    assert people.base_of("depositor") == 909 * DOLLAR

    words = ("redeem", "VAULT", "10", "--zap", zap, "--min-base", "9")
    assert people.does(*words, as_="depositor")["notes"] == [], "as little as that was wanted"
    done = people.run(
        "redeem", "VAULT", "10", "--zap", zap, "--min-base", "9.000001", as_="depositor", live=True
    )
    assert done.document["error"]["name"] == "UnderpaidError"


@pytest.mark.parametrize(
    ("held", "code"),
    [("base", REVERTS), ("risky", BURNS), ("base", FLOODS)],
    ids=["base reverts", "risky burns", "both flood"],
)
def test_an_exit_that_holds_a_token_does_not_read_that_token(people: People, held: str, code: bytes) -> None:
    node, live = people.live.node, people.live
    token = {"base": live.market.base, "risky": live.market.risky}[held].address
    genuine = bytes(node.web3.eth.get_code(token))
    node.set_code(token, code)
    if code == FLOODS:  # both, so that all answers together are more than one call can carry
        node.set_code(live.market.risky.address, code)
    node.set_code(live.stack.price_log.address, code)
    status = people.run("status", "VAULT")
    assert status.code == 0, status.out
    assert (status.document[held]["decimals"], status.document["nav"]) == (None, None)
    if code != FLOODS:
        other = {"base": "risky", "risky": "base"}[held]
        assert status.document[other]["decimals"] == {"base": 6, "risky": 18}[other]
    assert status.document["human"][f"{held}_held"] == f"{status.document[f'{held}_held']} raw"
    assert "unknown: no tick in the price log" in people.run("status", "VAULT", json=False).out

    found = people.does("redeem", "VAULT", "40", f"--hold-{held}", as_="depositor")
    assert people.shares_of("depositor") == 60 * SHARE
    expected = {"base": f"{40 * DOLLAR} raw", "risky": "0 raw"}[held]
    assert {move["what"]: move["amount"] for move in found["moves"]}[held] == expected
    people.does("redeem", "VAULT", "all", "--hold-base", "--hold-risky", as_="depositor")
    assert people.shares_of("depositor") == 0

    node.set_code(token, genuine)
    people.does("collect", "VAULT", "base", as_="depositor")
    assert people.base_of("depositor") == 1_000 * DOLLAR


def test_amounts_of_unknown_decimals_are_shown_raw_and_never_read() -> None:
    assert format_amount(1_234, None) == "1234 raw"
    with pytest.raises(AmountError, match="does not say its decimals"):
        parse_amount("1", None, "--base")
