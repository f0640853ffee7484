"""Code and storage of contracts, proven against the state root of a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rlp

from audit.chain.header import Header
from audit.chain.node import Node, read_bytes
from audit.chain.trie import TrieProofError, prove_entry
from audit.errors import NodeError
from audit.verifier.transcript import keccak256

METHOD = "eth_getProof"
SLOTS = 256  # a request


@dataclass(frozen=True)
class AccountState:
    """Hold code hash, storage root and some words of an account, as the state root commits to them."""

    code_hash: bytes
    storage_root: bytes
    words: dict[int, int]


def read_account(node: Node, address: bytes, slots: Sequence[int], header: Header) -> AccountState:
    """Read an account and storage words at a block, and check both against its state root.

    Raises
    ------
    NodeError : the node does not serve proofs of that block, or they do not fit the state root.
    """
    parts = [slots[start : start + SLOTS] for start in range(0, len(slots), SLOTS)] or [()]
    read = [_read_part(node, address, part, header) for part in parts]
    words = {slot: word for part in read for slot, word in part.words.items()}
    return AccountState(read[0].code_hash, read[0].storage_root, words)


def _read_part(node: Node, address: bytes, slots: Sequence[int], header: Header) -> AccountState:
    keys = [f"0x{slot:064x}" for slot in slots]
    answer = node.call(METHOD, "0x" + address.hex(), keys, hex(header.number))
    if not isinstance(answer, dict):
        raise NodeError(METHOD, "the answer is no proof")
    try:
        proof = [read_bytes(item, METHOD) for item in answer["accountProof"]]
        found = prove_entry(header.state_root, keccak256(address), proof)
        if found is None:
            raise NodeError(METHOD, f"there is no account 0x{address.hex()} in block {header.number}")
        _, _, storage_root, code_hash = rlp.decode(found)
        words = {}
        for slot, entry in zip(slots, answer["storageProof"], strict=True):
            path = [read_bytes(item, METHOD) for item in entry["proof"]]
            value = prove_entry(storage_root, keccak256(slot.to_bytes(32, "big")), path)
            words[slot] = 0 if value is None else int.from_bytes(rlp.decode(value), "big")
    except (TrieProofError, KeyError, TypeError, ValueError) as error:
        detail = f"the proof of 0x{address.hex()} in block {header.number}: {error}"
        raise NodeError(METHOD, detail) from error
    return AccountState(code_hash, storage_root, words)


def read_code(node: Node, address: bytes, header: Header) -> bytes:
    """Read the code of an account at a block and check its hash against the state root.

    Raises
    ------
    NodeError : the code does not hash to what the state root commits to.
    """
    code = read_bytes(node.call("eth_getCode", "0x" + address.hex(), hex(header.number)), "eth_getCode")
    state = read_account(node, address, (), header)
    if keccak256(code) != state.code_hash:
        detail = f"the code of 0x{address.hex()} is not the one that block {header.number} commits to"
        raise NodeError("eth_getCode", detail)
    return code
