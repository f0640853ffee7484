"""Replay transactions on the node, to see their inner calls and what a part of them costs."""

from __future__ import annotations

from typing import Any

from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint

from agent.errors import DemoError

CALL_TRACER = {"tracer": "callTracer"}


def call_trace(web3: Web3, tx_hash: bytes) -> dict[str, Any]:
    """Return the calls of a mined transaction.

    Raises: DemoError when the node does not replay it.
    """
    name = HexBytes(tx_hash).to_0x_hex()
    return _trace(web3, f"transaction {name}", "debug_traceTransaction", [name, CALL_TRACER])


def gas_of_call(web3: Web3, *, sender: str, to: str, data: bytes, gas: int, block: int) -> int:
    """Return the gas that a transaction would have used as the first of a mined block.

    Raises: DemoError when the node does not run it, or it reverts.
    """
    call = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(gas)}
    place = {"time": hex(web3.eth.get_block(block)["timestamp"]), "number": hex(block)}
    options = {**CALL_TRACER, "blockOverrides": place}
    what = f"a call in block {block}"
    trace = _trace(web3, what, "debug_traceCall", [call, hex(block - 1), options])
    if "error" in trace:
        raise DemoError(f"{what} reverts when it is replayed.")
    return int(trace["gasUsed"], 16)


def _trace(web3: Web3, what: str, method: str, arguments: list[Any]) -> dict[str, Any]:
    answer: dict[str, Any] = dict(web3.provider.make_request(RPCEndpoint(method), arguments))
    trace = answer.get("result")
    if not isinstance(trace, dict) or "type" not in trace:
        raise DemoError(f"{what} cannot be replayed: {answer.get('error', 'no trace')}.")
    return trace
