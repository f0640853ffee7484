"""Read why a mined transaction was refused."""

from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import HexStr
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from contracts.errors import RefusalError

REASON_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)


def refusal_of(web3: Web3, transaction: HexStr | bytes) -> str:
    """Return the reason with which a mined transaction reverted, by replaying it in its place in its block.

    Returns
    -------
    str
        The contract's word; empty when it reverted without one, e.g. for want of gas.

    Raises
    ------
    RefusalError
        When the transaction was not refused, or the node does not replay transactions.
    """
    name = HexBytes(transaction).to_0x_hex()
    options = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
    try:
        answer: dict[str, Any] = dict(
            web3.provider.make_request(RPCEndpoint("debug_traceTransaction"), [name, options])
        )
    except Web3Exception as error:
        raise RefusalError(f"transaction {name} cannot be replayed: {error}") from error
    trace = answer.get("result")
    if not isinstance(trace, dict) or "type" not in trace:
        raise RefusalError(f"transaction {name} cannot be replayed: {answer.get('error', 'no trace')}")
    if "error" not in trace:
        raise RefusalError(f"transaction {name} was not refused")
    return reason_in(bytes(HexBytes(trace.get("output") or "0x")))


def reason_in(returned: bytes) -> str:
    """Return the string in the bytes that a revert returns, empty when there is none."""
    if returned[:4] != REASON_SELECTOR:
        return ""
    try:
        (text,) = decode(["string"], returned[4:])
    except (DecodingError, UnicodeDecodeError):
        return ""
    return str(text)
