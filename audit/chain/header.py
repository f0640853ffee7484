"""Block headers, hashed again from their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import rlp

from audit.chain.node import read_bytes, read_number
from audit.errors import NodeError
from audit.verifier.transcript import keccak256

METHOD: Final = "eth_getBlockByNumber"
BLOOM_BITS: Final = 2048

# Field and whether it is a quantity, in the order of the header; those after `nonce` came with later forks.
FIELDS: Final = (
    ("parentHash", False),
    ("sha3Uncles", False),
    ("miner", False),
    ("stateRoot", False),
    ("transactionsRoot", False),
    ("receiptsRoot", False),
    ("logsBloom", False),
    ("difficulty", True),
    ("number", True),
    ("gasLimit", True),
    ("gasUsed", True),
    ("timestamp", True),
    ("extraData", False),
    ("mixHash", False),
    ("nonce", False),
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
OLDEST_FIELDS: Final = 15


@dataclass(frozen=True)
class Header:
    """Hold what the audit uses of a header, and the hash that its fields give."""

    number: int
    time_secs: int
    parent: bytes
    state_root: bytes
    receipts_root: bytes
    bloom: int
    hash: bytes  # Keccak-256 of the encoded fields
    claimed_hash: bytes  # what the node calls the block

    def may_log(self, item: bytes) -> bool:
        """Tell whether a log with this address or topic can be in the block: False is certain."""
        digest = keccak256(item)
        bits = (int.from_bytes(digest[i : i + 2], "big") % BLOOM_BITS for i in (0, 2, 4))
        return all(self.bloom >> bit & 1 for bit in bits)


def read_header(answer: object, number: int) -> Header:
    """Read the answer to `eth_getBlockByNumber`.

    Raises
    ------
    NodeError : no such block, or fields that cannot be read.
    """
    if not isinstance(answer, dict):
        raise NodeError(METHOD, f"there is no block {number}")
    fields: list[bytes] = []
    for i, (name, is_quantity) in enumerate(FIELDS):
        if name not in answer and i >= OLDEST_FIELDS:
            continue
        value: Any = answer.get(name)
        fields.append(_quantity(value) if is_quantity else read_bytes(value, METHOD))
    if read_number(answer["number"], METHOD) != number:
        raise NodeError(METHOD, f"it gives block {answer['number']} for block {number}")
    return Header(
        number=number,
        time_secs=read_number(answer["timestamp"], METHOD),
        parent=fields[0],
        state_root=fields[3],
        receipts_root=fields[5],
        bloom=int.from_bytes(fields[6], "big"),
        hash=keccak256(rlp.encode(fields)),
        claimed_hash=read_bytes(answer.get("hash"), METHOD, 32),
    )


def _quantity(value: object) -> bytes:
    number = read_number(value, METHOD)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
