"""Receipts, encoded again as a block commits to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import rlp

from audit.chain.node import read_bytes, read_number
from audit.errors import NodeError

METHOD: Final = "eth_getBlockReceipts"


@dataclass(frozen=True)
class Log:
    """Hold one log: who emitted it, its topics and data, and where it stands."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    time_secs: int
    index: int  # among the logs of the block
    tx_hash: bytes
    trusted: bool  # the block commits to it


@dataclass(frozen=True)
class Receipt:
    """Hold one receipt: its encoding and its logs as (address, topics, data)."""

    tx_hash: bytes
    encoded: bytes
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...]


def read_receipt(answer: object) -> Receipt:
    """Read a receipt and encode it: type || rlp(status, cumulative gas, bloom, logs). Source: EIP-2718.

    Raises
    ------
    NodeError : fields that cannot be read.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("logs"), list):
        raise NodeError(METHOD, "an answer is no receipt")
    logs = tuple(_read_log(log) for log in answer["logs"])
    # Receipts from before Byzantium hold a state root in place of a status.
    if "status" in answer:
        status = read_number(answer["status"], METHOD)
        outcome = status.to_bytes((status.bit_length() + 7) // 8, "big")
    else:
        outcome = read_bytes(answer.get("root"), METHOD, 32)
    body = rlp.encode(
        [
            outcome,
            read_number(answer.get("cumulativeGasUsed"), METHOD),
            read_bytes(answer.get("logsBloom"), METHOD, 256),
            [[address, list(topics), data] for address, topics, data in logs],
        ]
    )
    kind = read_number(answer.get("type", "0x0"), METHOD)
    encoded = bytes([kind]) + body if kind else body
    return Receipt(read_bytes(answer.get("transactionHash"), METHOD, 32), encoded, logs)


def _read_log(answer: Any) -> tuple[bytes, tuple[bytes, ...], bytes]:  # noqa: ANN401
    if not isinstance(answer, dict) or not isinstance(answer.get("topics"), list):
        raise NodeError(METHOD, "an answer is no log")
    topics = tuple(read_bytes(topic, METHOD, 32) for topic in answer["topics"])
    return read_bytes(answer.get("address"), METHOD, 20), topics, read_bytes(answer.get("data"), METHOD)
