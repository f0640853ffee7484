"""Merkle-Patricia tries: the root of a list, the root of a storage, and a proof of one entry.

A node is a branch of 17 items, an extension or a leaf of 2; a reference to a node is the node itself when its
encoding is shorter than 32 bytes, else the Keccak-256 of its encoding. Source: Yellow Paper, appendix D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import rlp
from rlp.exceptions import RLPException

from audit.verifier.transcript import keccak256

HASH_BYTES: Final = 32
BRANCH_ITEMS: Final = 17
EMPTY_ROOT: Final = keccak256(rlp.encode(b""))


class TrieProofError(ValueError):
    """Say why a proof shows nothing."""


def root_of_list(values: Sequence[bytes]) -> bytes:
    """Return the root of the trie that maps rlp(i) to value i."""
    if not values:
        return EMPTY_ROOT
    pairs = [(nibbles(rlp.encode(i)), value) for i, value in enumerate(values)]
    return keccak256(rlp.encode(_build(pairs)))


def root_of_storage(words: Mapping[int, int]) -> bytes:
    """Return the root of the trie that maps H(slot) to rlp(word), words of zero left out."""
    pairs = [
        (nibbles(keccak256(slot.to_bytes(32, "big"))), rlp.encode(word))
        for slot, word in words.items()
        if word
    ]
    return keccak256(rlp.encode(_build(pairs))) if pairs else EMPTY_ROOT


def prove_entry(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """Return the value at a key, None when the proof shows that there is none.

    Raises
    ------
    TrieProofError : nodes that do not hash to what refers to them, are missing, or have no such form.
    """
    if root == EMPTY_ROOT:
        return None
    path = nibbles(key)
    reference: Any = root
    left = list(proof)
    while True:
        node = _resolve(reference, left)
        if len(node) == BRANCH_ITEMS:
            reference = node[path[0]] if path else node[16]
            if not path:
                return bytes(reference) or None
            path = path[1:]
        else:
            part, is_leaf = _read_prefix(node[0])
            if path[: len(part)] != part:
                return None
            path = path[len(part) :]
            if is_leaf:
                return bytes(node[1]) if not path else None
            reference = node[1]
        if reference == b"":
            return None


def nibbles(key: bytes) -> tuple[int, ...]:
    """Return the half-bytes of a key, the high one first."""
    return tuple(half for byte in key for half in (byte >> 4, byte & 15))


def _resolve(reference: Any, left: list[bytes]) -> list[Any]:  # noqa: ANN401
    if isinstance(reference, list):
        node: Any = reference
    else:
        if not left:
            raise TrieProofError("the proof ends before the entry")
        encoded = left.pop(0)
        if keccak256(encoded) != reference:
            raise TrieProofError("a node of the proof does not hash to what refers to it")
        try:
            node = rlp.decode(encoded)
        except RLPException as error:
            raise TrieProofError("a node of the proof cannot be decoded") from error
    if not isinstance(node, list) or len(node) not in (2, BRANCH_ITEMS):
        raise TrieProofError("a node of the proof is neither branch, extension nor leaf")
    return node


def _build(pairs: list[tuple[tuple[int, ...], bytes]]) -> list[Any]:
    if len(pairs) == 1:
        path, value = pairs[0]
        return [_write_prefix(path, is_leaf=True), value]
    shared = _shared(pairs)
    if shared:
        rest = [(path[shared:], value) for path, value in pairs]
        return [_write_prefix(pairs[0][0][:shared], is_leaf=False), _reference(_build(rest))]
    branch: list[Any] = []
    for nibble in range(16):
        below = [(path[1:], value) for path, value in pairs if path and path[0] == nibble]
        branch.append(_reference(_build(below)) if below else b"")
    branch.append(next((value for path, value in pairs if not path), b""))
    return branch


def _shared(pairs: list[tuple[tuple[int, ...], bytes]]) -> int:
    first, last = min(path for path, _ in pairs), max(path for path, _ in pairs)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return length


def _reference(node: list[Any]) -> Any:  # noqa: ANN401
    encoded = rlp.encode(node)
    return node if len(encoded) < HASH_BYTES else keccak256(encoded)


def _write_prefix(path: tuple[int, ...], *, is_leaf: bool) -> bytes:
    flag = 2 * is_leaf + len(path) % 2
    whole = (flag, *path) if len(path) % 2 else (flag, 0, *path)
    return bytes(16 * whole[i] + whole[i + 1] for i in range(0, len(whole), 2))


def _read_prefix(encoded: object) -> tuple[tuple[int, ...], bool]:
    if not isinstance(encoded, bytes) or not encoded or encoded[0] >> 4 > 3:
        raise TrieProofError("a path of the proof cannot be decoded")
    whole = nibbles(encoded)
    return whole[1 if whole[0] % 2 else 2 :], whole[0] >= 2
