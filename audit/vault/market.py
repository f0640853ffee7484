"""The venue of a vault: is the pool the exchange's own, and do its tokens and fee fit the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.chain.node import Node, read_bytes
from audit.errors import NodeError
from audit.vault.parameters import Parameters
from audit.verifier.transcript import keccak256

# H of the creation code of UniswapV3Pool as published; a pool's address commits to it (EIP-1014).
POOL_CREATION_HASH: Final = bytes.fromhex("e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54")
# Of Uniswap v3 on Ethereum and on the chains where it stands at the same address.
KNOWN_FACTORY: Final = bytes.fromhex("1f98431c8ad98523631ae4a59f267346ea31f984")
FACTORY_CHAINS: Final = (1, 10, 137, 42161)
MAX_DECIMALS: Final = 255
SHARE_DECIMALS: Final = 18


@dataclass(frozen=True)
class MarketFacts:
    """Hold what is known of the pool; decimals and symbols come from the tokens and serve display."""

    factory: bytes
    fee: int  # millionths
    base_decimals: int
    risky_decimals: int
    base_symbol: str
    risky_symbol: str


def read_market(node: Node, parameters: Parameters, chain_id: int) -> tuple[MarketFacts, list[str]]:
    """Read the pool's facts, and say what does not fit.

    pool = H(0xff || factory || H(token0 || token1 || fee) || H(creation code)), last 20 bytes

    Raises
    ------
    NodeError : pool or tokens do not answer.
    """
    factory = _call(node, parameters.pool, "factory()")[-20:]
    fee = int.from_bytes(_call(node, parameters.pool, "fee()"), "big")
    base_decimals, risky_decimals = (_decimals(node, token) for token in (parameters.base, parameters.risky))
    tokens = (parameters.base, parameters.risky)
    token0, token1 = tokens[::-1] if parameters.risky_is_token0 else tokens
    salt = keccak256(bytes(12) + token0 + bytes(12) + token1 + fee.to_bytes(32, "big"))
    expected = keccak256(b"\xff" + factory + salt + POOL_CREATION_HASH)[-20:]
    faults = []
    if expected != parameters.pool:
        faults.append("the pool was not made from the published code of the exchange by its factory")
    if chain_id in FACTORY_CHAINS and factory != KNOWN_FACTORY:
        faults.append(
            f"the pool was made by 0x{factory.hex()}, which is not the exchange's factory on this chain"
        )
    worst = parameters.rules.tolerance_ticks * 102 * 10**12 + (fee + 1) * 10**12
    if parameters.worst_cost != worst:
        faults.append(f"the worst cost of a trade is {parameters.worst_cost}, the rules give {worst}")
    shares = 10 ** max(0, SHARE_DECIMALS - base_decimals)
    if parameters.shares_per_base != shares:
        faults.append(f"a unit of base is {parameters.shares_per_base} shares, the rules give {shares}")
    symbols = [_text(node, token) for token in tokens]
    return MarketFacts(factory, fee, base_decimals, risky_decimals, *symbols), faults


def balance_of(node: Node, token: bytes, account: bytes, block: int) -> int:
    """Return a token balance as the token says it."""
    data = keccak256(b"balanceOf(address)")[:4] + bytes(12) + account
    return int.from_bytes(_send(node, token, data, hex(block)), "big")


def _call(node: Node, to: bytes, signature: str) -> bytes:
    content = _send(node, to, keccak256(signature.encode())[:4], "latest")
    if len(content) != 32:
        raise NodeError("eth_call", f"0x{to.hex()} does not answer {signature}")
    return content


def _decimals(node: Node, token: bytes) -> int:
    decimals = int.from_bytes(_call(node, token, "decimals()"), "big")
    if decimals > MAX_DECIMALS:
        raise NodeError("eth_call", f"0x{token.hex()} is said to have {decimals} decimals")
    return decimals


def _send(node: Node, to: bytes, data: bytes, block: str) -> bytes:
    call = {"to": "0x" + to.hex(), "data": "0x" + data.hex()}
    return read_bytes(node.call("eth_call", call, block), "eth_call")


def _text(node: Node, token: bytes) -> str:
    """Return a token's symbol, printable characters only, or its address."""
    try:
        answer = _send(node, token, keccak256(b"symbol()")[:4], "latest")
    except NodeError:
        return "0x" + token.hex()
    length = int.from_bytes(answer[32:64], "big") if len(answer) >= 64 else len(answer)
    text = answer[64 : 64 + length] if len(answer) >= 64 else answer.rstrip(b"\0")
    shown = "".join(
        letter for letter in text.decode("ascii", "ignore") if letter.isalnum() or letter in ".-_"
    )
    return shown[:16] or "0x" + token.hex()
