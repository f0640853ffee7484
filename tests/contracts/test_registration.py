"""Data contracts: built, deployed, read back, refused."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.errors import DeployError, RegistrationError
from contracts.node import Anvil
from contracts.registration import (
    creation_code,
    data_contract,
    deploy_data_contract,
    key_digest,
    parse_data_contract,
    proof_context,
    strategy_commitment,
)
from prover.protocol.key import VerifyingKey
from prover.protocol.key import strategy_commitment as prover_strategy_commitment
from prover.protocol.statement import Context
from tests.contracts.support.verifier_cases import case


@pytest.mark.parametrize("name", ["single", "single_runs", "packs_two", "many"])
def test_content_and_digests(name: str) -> None:
    proven = case(name)
    content = data_contract(proven.key, proven.commitment)
    assert content.code == b"\x00\x01" + proven.key + proven.commitment
    assert content.code_hash == keccak(content.code)
    assert content.key_digest == key_digest(proven.key) == VerifyingKey.from_bytes(proven.key).digest
    expected = prover_strategy_commitment(content.key_digest, proven.commitment)
    assert content.strategy_commitment == strategy_commitment(proven.key, proven.commitment) == expected
    assert parse_data_contract(content.code) == content


def test_deployed_code(chain: Anvil) -> None:
    proven = case("many")
    address = deploy_data_contract(chain.web3, proven.key, proven.commitment, sender=chain.accounts[0])
    content = parse_data_contract(bytes(chain.web3.eth.get_code(address)))
    assert (content.key, content.commitment) == (proven.key, proven.commitment)
    # the code stops at its first byte: a call does nothing and returns nothing
    assert chain.web3.eth.call({"to": address, "data": "0x01020304"}) == b""


def test_too_little_gas(chain: Anvil) -> None:
    proven = case("many")
    with pytest.raises(DeployError, match="the data contract cannot be deployed"):
        deploy_data_contract(chain.web3, proven.key, proven.commitment, sender=chain.accounts[0], gas=300_000)


@pytest.mark.parametrize("length", [1, 255, 256, 24_576])
def test_creation_code_of_any_length(length: int, chain: Anvil) -> None:
    code = bytes(length)
    hash_ = chain.web3.eth.send_transaction(
        {"from": chain.accounts[0], "data": creation_code(code), "gas": 6_000_000}
    )
    receipt = chain.web3.eth.wait_for_transaction_receipt(hash_)
    assert bytes(chain.web3.eth.get_code(receipt["contractAddress"])) == code


def test_refusals() -> None:
    proven = case("single")
    key, commitment = proven.key, proven.commitment
    with pytest.raises(RegistrationError, match="magic"):
        data_contract(b"\0" + key[1:], commitment)
    with pytest.raises(RegistrationError, match="magic"):
        data_contract(key[:500], commitment)
    with pytest.raises(RegistrationError, match=f"the key has {len(key) - 1} bytes"):
        data_contract(key[:-1], commitment)
    with pytest.raises(RegistrationError, match="packs need"):
        data_contract(key, commitment + bytes(96))
    with pytest.raises(RegistrationError, match="8192 powers, the verifier contract takes 4096 only"):
        data_contract(proven.with_word(9, 8192).key, commitment)
    with pytest.raises(RegistrationError, match="packs 1 columns"):
        data_contract(proven.with_word(4, 1).key, commitment)
    with pytest.raises(RegistrationError, match="a chain allows 24,576"):
        data_contract(proven.with_word(7, 300).key, bytes(96 * 300))
    with pytest.raises(RegistrationError, match="0x0001"):
        parse_data_contract(b"\x00\x02" + key + commitment)
    with pytest.raises(RegistrationError, match="packs need"):
        parse_data_contract(b"\x00\x01" + key + commitment + b"\0")


def test_context_is_the_hash_of_the_abi_encoding() -> None:
    vault, verifier = "0x" + "aB" * 20, "0x" + "17" * 20
    encoded = encode(["uint256", "address", "uint256", "address"], [31337, vault, 472_001, verifier])
    assert proof_context(31337, vault, 472_001, verifier) == keccak(encoded)
    assert Context(31337, int(vault, 16), 472_001, int(verifier, 16)).digest() == keccak(encoded)
    zero = "0x" + "00" * 20
    assert proof_context(0, zero, 0, zero) == keccak(bytes(128)) == Context().digest()
