"""Read every log of some contracts, and check that the blocks commit to what the node says.

    header       hash = H(rlp(fields)), parent = hash of the block before
    bloom        a block whose bloom excludes every address and topic holds none of their logs
    receipts     root of the trie of all receipts of a block = receiptsRoot of its header

The node can therefore neither alter nor leave out a log without another chain of headers. Above `LINK_LIMIT`
blocks only those that the node itself names are read, and leaving out is not excluded; the result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from audit.chain.header import Header, read_header
from audit.chain.node import Node, read_bytes, read_number
from audit.chain.receipt import Log, Receipt, read_receipt
from audit.chain.trie import root_of_list
from audit.errors import NodeError

LINK_LIMIT: Final = 100_000  # blocks
LOGS_SPAN: Final = 10_000  # blocks a request
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BlockFault:
    """Say what is wrong with the node's account of a block."""

    block: int
    detail: str


@dataclass
class History:
    """Hold headers by number, the logs of the contracts in order, and what did not fit together."""

    head: Header
    linked: bool
    headers: dict[int, Header] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    faults: list[BlockFault] = field(default_factory=list)
    doubted: set[int] = field(default_factory=set)  # blocks whose receipts are not known


def read_head(node: Node, number: int | None = None) -> Header:
    """Read the header of a block, the latest by default."""
    if number is None:
        number = read_number(node.call("eth_blockNumber"), "eth_blockNumber")
    return read_header(node.call("eth_getBlockByNumber", hex(number), False), number)


def read_history(
    node: Node,
    head: Header,
    addresses: Sequence[bytes],
    topics: Sequence[bytes] = (),
    *,
    from_block: int = 0,
    progress: Progress = lambda done, total: None,
) -> History:
    """Read all logs of these addresses, and those with these first topics, up to the head.

    Raises
    ------
    NodeError : the node does not serve what is needed.
    """
    span = head.number - from_block + 1
    history = History(head, linked=span <= LINK_LIMIT)
    if history.linked:
        every = range(from_block, head.number + 1)
        _read_headers(node, history, every, lambda done: progress(done, 2 * span))
        _check_links(history, from_block)
        wanted = [
            number
            for number, header in history.headers.items()
            if any(header.may_log(item) for item in (*addresses, *topics))
        ]
    else:
        wanted = sorted(_named_blocks(node, addresses, topics, from_block, head.number))
        _read_headers(node, history, wanted, lambda done: None)
    kept = set(addresses)
    first_topics = set(topics)
    for start in range(0, len(wanted), 50):
        numbers = wanted[start : start + 50]
        answers = node.call_many("eth_getBlockReceipts", [[hex(number)] for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            _take_block(node, history, number, answer, kept, first_topics)
        progress(span + (start + len(numbers)) * span // max(1, len(wanted)), 2 * span)
    return history


def _read_headers(
    node: Node, history: History, numbers: Iterable[int], progress: Callable[[int], None]
) -> None:
    every = list(numbers)
    for start in range(0, len(every), 200):
        part = every[start : start + 200]
        answers = node.call_many("eth_getBlockByNumber", [[hex(number), False] for number in part])
        for number, answer in zip(part, answers, strict=True):
            header = read_header(answer, number)
            history.headers[number] = header
            if header.hash != header.claimed_hash:
                detail = "the header does not hash to the block's hash"
                history.faults.append(BlockFault(number, detail))
        progress(start + len(part))


def _check_links(history: History, from_block: int) -> None:
    for number in range(from_block + 1, history.head.number + 1):
        header, parent = history.headers[number], history.headers[number - 1]
        if header.parent != parent.hash:
            history.faults.append(BlockFault(number, "the header does not follow the block before it"))
        elif header.time_secs < parent.time_secs:
            history.faults.append(BlockFault(number, "the block is older than the one before it"))
    if history.headers[history.head.number].hash != history.head.hash:
        history.faults.append(BlockFault(history.head.number, "the node gives two headers for this block"))


def _named_blocks(
    node: Node, addresses: Sequence[bytes], topics: Sequence[bytes], first: int, last: int
) -> set[int]:
    blocks: set[int] = set()
    filters: list[dict[str, object]] = [{"address": ["0x" + item.hex() for item in addresses]}]
    if topics:
        filters.append({"topics": [["0x" + item.hex() for item in topics]]})
    for start in range(first, last + 1, LOGS_SPAN):
        end = min(last, start + LOGS_SPAN - 1)
        for wanted in filters:
            found = node.call("eth_getLogs", {**wanted, "fromBlock": hex(start), "toBlock": hex(end)})
            if not isinstance(found, list) or not all(isinstance(log, dict) for log in found):
                raise NodeError("eth_getLogs", "the answer is no list of logs")
            blocks |= {read_number(log.get("blockNumber"), "eth_getLogs") for log in found}
    return blocks


def _take_block(
    node: Node, history: History, number: int, answer: object, addresses: set[bytes], topics: set[bytes]
) -> None:
    header = history.headers[number]
    if not isinstance(answer, list):
        raise NodeError("eth_getBlockReceipts", f"there are no receipts of block {number}")
    receipts = [read_receipt(item) for item in answer]
    trusted = root_of_list([receipt.encoded for receipt in receipts]) == header.receipts_root
    if not trusted:
        receipts, trusted = _second_source(node, history, header, receipts)
        if not trusted:
            history.doubted.add(number)
    index = 0
    for receipt in receipts:
        for address, found, data in receipt.logs:
            if address in addresses or (found and found[0] in topics):
                place = (number, header.time_secs, index)
                history.logs.append(Log(address, found, data, *place, receipt.tx_hash, trusted))
            index += 1


def _second_source(
    node: Node, history: History, header: Header, receipts: list[Receipt]
) -> tuple[list[Receipt], bool]:
    """Ask for each receipt by itself; take those that the block commits to, and name what was altered."""
    method = "eth_getTransactionReceipt"
    asked = [["0x" + receipt.tx_hash.hex()] for receipt in receipts]
    try:
        again = [read_receipt(item) for item in node.call_many(method, asked)]
    except NodeError:
        again = receipts
    if root_of_list([receipt.encoded for receipt in again]) == header.receipts_root:
        for given, real in zip(receipts, again, strict=True):
            if given.encoded != real.encoded:
                detail = (
                    f"the node gives an altered receipt of transaction 0x{given.tx_hash.hex()}; asked for it"
                    " alone, it gives the one that the block commits to"
                )
                history.faults.append(BlockFault(header.number, detail))
        return again, True
    names = ", ".join("0x" + receipt.tx_hash.hex() for receipt in receipts)
    detail = f"the receipts do not hash to the block's receiptsRoot; altered is one of transaction {names}"
    history.faults.append(BlockFault(header.number, detail))
    return receipts, False


__all__ = ["BlockFault", "History", "read_bytes", "read_head", "read_history"]
