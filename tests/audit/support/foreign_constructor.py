"""Deploy genuine vault code with a constructor of one's own, which may write what it likes into storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rlp import encode
from web3.contract import Contract

from contracts.compile import compile_contract, deploy
from tests.audit.support.live_vault import AuditedVault

PUSH32, SSTORE, CODECOPY, RETURN = b"\x7f", b"\x55", b"\x39", b"\xf3"
DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
LAST_SLOT = 33
NAME_HASH, DEPLOYED_CHAIN, DEPLOYED_DOMAIN = (slice(at, at + 32) for at in (0, 32, 64))


def rebuild(vault: AuditedVault, planted: Mapping[int, int]) -> AuditedVault:
    """Deploy the code of an unopened vault again, with its words and some more, and return the copy.

    Raises: RuntimeError when the copy does not stand where it was meant to.
    """
    web3, sender = vault.node.web3, vault.node.accounts[0]
    nonce = web3.eth.get_transaction_count(sender)
    address = keccak(encode([bytes.fromhex(sender[2:]), nonce]))[12:]
    words = {
        slot: int.from_bytes(web3.eth.get_storage_at(vault.vault.address, slot), "big")
        for slot in range(LAST_SLOT + 1)
    }
    code = init_code({**words, **planted}, at_address(bytes(web3.eth.get_code(vault.vault.address)), address))
    hash_ = web3.eth.send_transaction({"from": sender, "data": code, "gas": 20_000_000})
    receipt = web3.eth.wait_for_transaction_receipt(hash_)
    if receipt["status"] != 1 or receipt["contractAddress"] != to_checksum_address(address):
        raise RuntimeError("the copy was not deployed")
    contract = web3.eth.contract(address=to_checksum_address(address), abi=compile_contract("Vault").abi)
    return replace(vault, stack=replace(vault.stack, vault=contract))


def rebuild_price_log(log: Contract, words: Mapping[int, int], sender: str) -> Contract:
    """Deploy the code of a price log again, its immutables too, with words of one's own, and return the copy.

    Raises: RuntimeError when the copy was not deployed.
    """
    web3 = log.w3
    code = init_code(words, bytes(web3.eth.get_code(log.address)))
    hash_ = web3.eth.send_transaction({"from": to_checksum_address(sender), "data": code, "gas": 20_000_000})
    receipt = web3.eth.wait_for_transaction_receipt(hash_)
    if receipt["status"] != 1 or receipt["contractAddress"] is None:
        raise RuntimeError("the copy was not deployed")
    return web3.eth.contract(address=receipt["contractAddress"], abi=log.abi)


def stand_on(vault: AuditedVault, log: Contract) -> AuditedVault:
    """Deploy another vault with the genuine constructor, on another price log."""
    parameters = vault.stack.parameters
    parameters = replace(parameters, deployment=replace(parameters.deployment, price_log=log.address))
    arguments, sender = parameters.constructor_arguments(), vault.node.accounts[0]
    contract = deploy(vault.node.web3, compile_contract("Vault"), *arguments, sender=sender)
    return replace(vault, stack=replace(vault.stack, vault=contract, price_log=log, parameters=parameters))


def at_address(code: bytes, address: bytes) -> bytes:
    """Return code whose domain of permits is that of another address."""
    runtime = len(compile_contract("Vault").runtime_bytecode)
    tail = bytearray(code[runtime:])
    domain = (keccak(DOMAIN_TYPE), bytes(tail[NAME_HASH]), keccak(b"1"), bytes(tail[DEPLOYED_CHAIN]))
    tail[DEPLOYED_DOMAIN] = keccak(b"".join((*domain, address.rjust(32, b"\0"))))
    return code[:runtime] + bytes(tail)


def init_code(words: Mapping[int, int], code: bytes) -> bytes:
    """Return creation code that writes words and leaves code: SSTORE each, CODECOPY, RETURN."""
    writes = b"".join(
        PUSH32 + word.to_bytes(32, "big") + PUSH32 + slot.to_bytes(32, "big") + SSTORE
        for slot, word in words.items()
        if word
    )
    size = PUSH32 + len(code).to_bytes(32, "big")
    zero = PUSH32 + bytes(32)
    length = len(writes) + 33 * 5 + 2
    copy = size + PUSH32 + length.to_bytes(32, "big") + zero + CODECOPY
    return writes + copy + size + zero + RETURN + code
