"""Tries, headers, events, prices and packages, each by itself."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from audit.chain.header import read_header
from audit.chain.node import Node, read_bytes, read_number, without_secrets
from audit.chain.receipt import Log
from audit.chain.trie import EMPTY_ROOT, TrieProofError, prove_entry, root_of_list, root_of_storage
from audit.errors import NodeError, SourceError, VaultError
from audit.run import read_address
from audit.vault.arithmetic import q_ratio_at_tick, sqrt_ratio_at_tick, tick_factors
from audit.vault.events import VAULT_EVENTS, decode_log, parse_kind
from audit.vault.proofs import WORTH_A_PROCESS, ProofTask, verify_all
from audit.vault.sources import compile_source
from audit.vault.strategy import unpack_publication
from audit.verifier.transcript import keccak256
from contracts import tick_math
from contracts.publication import Publication
from tests.audit.support.cases import Case


def oracle_root(values: list[bytes]) -> tuple[bytes, HexaryTrie]:
    trie = HexaryTrie({})
    for i, value in enumerate(values):
        trie[rlp.encode(i)] = value
    return trie.root_hash, trie


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=300))
def test_the_root_of_a_list_is_that_of_another_implementation(values: list[bytes]) -> None:
    assert root_of_list(values) == oracle_root(values)[0]


@given(st.lists(st.binary(min_size=40, max_size=80), min_size=1, max_size=200), st.data())
def test_an_entry_is_proven_and_a_missing_one_too(values: list[bytes], data: st.DataObject) -> None:
    root, trie = oracle_root(values)
    index = data.draw(st.integers(0, 2 * len(values)))
    key = rlp.encode(index)
    proof = [rlp.encode(node) for node in trie.get_proof(key) if node]
    expected = values[index] if index < len(values) else None
    assert prove_entry(root, key, proof) == expected


def test_a_proof_with_a_bent_node_is_refused() -> None:
    root, trie = oracle_root([bytes([i]) * 40 for i in range(50)])
    key = rlp.encode(17)
    proof = [rlp.encode(node) for node in trie.get_proof(key)]
    bent = [*proof[:-1], proof[-1][:-1] + bytes([proof[-1][-1] ^ 1])]
    with pytest.raises(TrieProofError, match="does not hash to what refers to it"):
        prove_entry(root, key, bent)
    with pytest.raises(TrieProofError, match="ends before the entry"):
        prove_entry(root, key, proof[:-1])


def test_the_root_of_nothing_is_the_known_one() -> None:
    known = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert root_of_list([]) == EMPTY_ROOT == bytes.fromhex(known)


GENESIS = {
    "number": "0x0",
    "hash": "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
    "parentHash": "0x" + "00" * 32,
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    "miner": "0x" + "00" * 20,
    "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    "transactionsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "receiptsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x400000000",
    "gasLimit": "0x1388",
    "gasUsed": "0x0",
    "timestamp": "0x0",
    "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    "mixHash": "0x" + "00" * 32,
    "nonce": "0x0000000000000042",
}


def test_the_first_header_of_ethereum_hashes_to_its_hash() -> None:
    header = read_header(GENESIS, 0)
    assert header.hash == header.claimed_hash
    assert not header.may_log(b"\x01" * 20)


@pytest.mark.parametrize("name", ["stateRoot", "receiptsRoot", "timestamp", "extraData"])
def test_every_field_of_a_header_is_hashed(name: str) -> None:
    value = GENESIS[name]
    bent = value[:-1] + ("1" if value[-1] != "1" else "2")
    header = read_header({**GENESIS, name: bent}, 0)
    assert header.hash != header.claimed_hash


def test_a_header_for_another_block_is_refused() -> None:
    with pytest.raises(NodeError, match="for block 5"):
        read_header(GENESIS, 5)
    with pytest.raises(NodeError, match="there is no block 5"):
        read_header(None, 5)


@given(st.integers(-887_272, 887_272))
def test_prices_of_ticks_are_those_of_the_pool(tick: int) -> None:
    assert sqrt_ratio_at_tick(tick) == tick_math.sqrt_ratio_at_tick(tick)
    assert q_ratio_at_tick(tick) == sqrt_ratio_at_tick(tick) ** 2 // 2**64


def test_the_first_and_the_last_factor_are_the_published_ones() -> None:
    factors = tick_factors()
    assert factors[0] == 0xFFFCB933BD6FAD37AA2D162D1A594001
    assert factors[19] == 0x48A170391F7DC42444E8FA2


@pytest.mark.parametrize("tick", [-887_273, 887_273])
def test_a_tick_outside_the_range_is_refused(tick: int) -> None:
    with pytest.raises(ValueError, match="outside the range"):
        sqrt_ratio_at_tick(tick)


def test_events_are_the_ones_of_the_contract() -> None:
    from contracts.compile import compile_contract

    found = set()
    for item in compile_contract("Vault").abi:
        if item["type"] == "event":
            types = ",".join(entry["type"] for entry in item["inputs"])
            found.add(keccak256(f"{item['name']}({types})".encode()))
    assert {parse_kind(text).topic for text in VAULT_EVENTS} == found


def test_a_log_with_too_few_topics_or_bytes_is_refused() -> None:
    kind = parse_kind("Idle(uint256* epoch, uint256 reason)")

    def log(topics: tuple[bytes, ...], data: bytes) -> Log:
        return Log(bytes(20), topics, data, 1, 2, 0, bytes(32), True)

    whole = log((kind.topic, bytes(31) + b"\x07"), bytes(31) + b"\x02")
    assert decode_log(kind, whole) == {"epoch": 7, "reason": 2}
    with pytest.raises(ValueError, match="has 1 topics, expected 2"):
        decode_log(kind, log((kind.topic,), bytes(32)))
    with pytest.raises(ValueError, match="cannot be decoded"):
        decode_log(kind, log((kind.topic, bytes(32)), bytes(31)))


def test_a_publication_is_unpacked_as_it_was_packed() -> None:
    publication = Publication(b'{"a":1}', b'{"b":2}')
    assert unpack_publication(publication.code) == (b'{"a":1}', b'{"b":2}')


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"\x00\x01abc",
        b"\x00\x02abc",
        Publication(b"a", b"b").code + b"\x00",
        Publication(b"a", b"b").code[:-1],
        b"\x00\x02" + zlib.compress(b"\x00\x00\x00\x09abc"),
    ],
)
def test_what_is_no_publication_is_refused(code: bytes) -> None:
    with pytest.raises(ValueError, match=r"publishes no circuit|unpacked|cut short"):
        unpack_publication(code)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "11" * 20, "0x" + "zz" * 20, "0x" + "11" * 21])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(VaultError, match="not an address"):
        read_address(text)


@pytest.mark.parametrize("value", [None, 7, "12", "0xzz", "0x123"])
def test_what_is_no_hexadecimal_is_refused(value: object) -> None:
    with pytest.raises(NodeError, match="stands where bytes belong"):
        read_bytes(value, "eth_getCode")
    if value != "0x123":
        with pytest.raises(NodeError, match="stands where a quantity belongs"):
            read_number(value, "eth_chainId")


def test_proofs_are_verified_in_several_processes(tiny: Case) -> None:
    good = ProofTask(
        7, tiny.key, tiny.commitment, tiny.context, tiny.inputs, tiny.outputs[0], tiny.proof, True
    )
    bent = replace(good, target=good.target + 1)
    tasks = [bent if i == 11 else good for i in range(WORTH_A_PROCESS)]
    done: list[int] = []
    refusals = verify_all(tasks, 2, done.append)
    assert [i for i, refusal in enumerate(refusals) if refusal is not None] == [11]
    assert str(refusals[11]).startswith("opening")
    assert done == list(range(1, WORTH_A_PROCESS + 1))
    assert verify_all(tasks[:12], 1) == refusals[:12]


def test_a_node_that_is_not_there_is_named() -> None:
    with pytest.raises(NodeError, match="gives no answer"):
        Node("http://127.0.0.1:1").call("eth_chainId")


def test_what_follows_the_host_in_a_node_s_url_is_never_shown() -> None:
    for url in ("http://127.0.0.1:1/v2/KEY", "http://user:KEY@127.0.0.1:1", "http://127.0.0.1:1?key=KEY"):
        with pytest.raises(NodeError, match=r"http://127\.0\.0\.1:1 gives no answer") as refused:
            Node(url).call("eth_chainId")
        assert "KEY" not in str(refused.value)
    assert without_secrets("KEY") == "the node"


@given(st.dictionaries(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1), max_size=60))
def test_the_root_of_a_storage_is_that_of_another_implementation(words: dict[int, int]) -> None:
    trie = HexaryTrie({})
    for slot, word in words.items():
        if word:
            trie[keccak256(slot.to_bytes(32, "big"))] = rlp.encode(word)
    assert root_of_storage(words) == trie.root_hash


def test_a_source_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match="there is no such source"):
        compile_source("Nowhere")
