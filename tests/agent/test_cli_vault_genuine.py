"""Money does not go into a vault of genuine code whose numbers or neighbours are somebody's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.vault_genuine import AUDIT_FIRST
from contracts.compile import compile_contract
from tests.agent.support.live_vault import DOLLAR, LiveVault
from tests.agent.support.vault_people import People, people_of

WORD = 32
ENTRIES = (
    ("deposit", "VAULT", "--shares", "1"),
    ("deposit", "VAULT", "--shares", "1", "--max-base", "2", "--zap", "0x" + "11" * 20),
)


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give the depositor what an entry takes."""
    found = people_of(live, tmp_path, capsys, monkeypatch)
    found.give_base("depositor", 1_000 * DOLLAR)
    yield found


def bent(code: bytes, was: bytes, becomes: bytes, first: int = 0) -> bytes:
    """Return code with one word after `first` exchanged, which must stand there."""
    at = code.index(was.rjust(WORD, b"\0"), first)
    return code[:at] + becomes.rjust(WORD, b"\0") + code[at + WORD :]


def refused_entries(people: People) -> list[str]:
    return [people.refused(*words, as_="depositor", live=live) for words in ENTRIES for live in (False, True)]


def test_a_vault_with_a_number_that_no_constructor_allows_is_not_entered(people: People) -> None:
    node, vault = people.live.node, people.live.vault.address
    code = bytes(node.web3.eth.get_code(vault))
    end = len(compile_contract("Vault").runtime_bytecode)
    node.set_code(vault, bent(code, (7 * 86_400).to_bytes(3, "big"), b"\x01", end))
    node.mine()
    for line in refused_entries(people):
        assert line.startswith(f"NotGenuineError: {vault} is not to be entered: ")
        assert "timelock_secs" in line or "the notice of a strategy is 1 in its code" in line


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("PRICE_LOG", "the code of its price log is not what PriceLog.vy compiles to"),
        ("VERIFIER", "the verifier is not what Verifier.vy compiles to"),
    ],
)
def test_a_vault_that_reads_a_strangers_contract_is_not_entered(people: People, name: str, says: str) -> None:
    """The neighbour is the genuine one but for a byte of its code."""
    node, vault = people.live.node, people.live.vault
    neighbour = str(getattr(vault.functions, name)().call())
    code = bytes(node.web3.eth.get_code(node.web3.to_checksum_address(neighbour)))
    node.set_code(neighbour, code[:100] + bytes([code[100] ^ 1]) + code[101:])
    node.mine()
    for line in refused_entries(people):
        assert line.startswith("NotGenuineError: ")
        assert says in line


def test_a_vault_whose_log_reads_another_pool_is_not_entered(people: People) -> None:
    node, vault = people.live.node, people.live.vault
    log = str(vault.functions.PRICE_LOG().call())
    pool = bytes.fromhex(str(vault.functions.POOL().call())[2:])
    code = bytes(node.web3.eth.get_code(node.web3.to_checksum_address(log)))
    node.set_code(log, bent(code, pool, bytes.fromhex(people.address("stranger")[2:])))
    node.mine()
    for line in refused_entries(people):
        assert line.startswith("NotGenuineError: ")
        assert "the price log reads another pool than the vault trades in" in line


def test_a_vault_on_a_pool_that_no_factory_made_is_not_entered(people: People) -> None:
    """The pool answers everything, and its address is not that of its tokens and fee."""
    node, vault = people.live.node, people.live.vault
    pool = str(vault.functions.POOL().call())
    code = bytes(node.web3.eth.get_code(node.web3.to_checksum_address(pool)))
    fee = int(people.live.market.pool.functions.fee().call())
    node.set_code(pool, code.replace(fee.to_bytes(WORD, "big"), (fee + 1).to_bytes(WORD, "big")))
    node.mine()
    for line in refused_entries(people):
        assert line.startswith("NotGenuineError: ")
        assert "the pool was not made from the published code" in line


def test_an_entry_says_what_it_does_not_look_at(people: People) -> None:
    people.give_risky("depositor", 10**18)
    (note,) = [
        n for n in people.tries("deposit", "VAULT", "--shares", "1", as_="depositor")["notes"] if "audit" in n
    ]
    assert note == AUDIT_FIRST
