"""What stands at a vault's address, before any history is read: code, numbers, price log, verifier, pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audit.chain.header import Header
from audit.chain.history import read_head
from audit.chain.node import Node, read_number
from audit.errors import NodeError
from audit.vault.deployed import Deployed, read_deployed
from audit.vault.market import MarketFacts, read_market
from audit.vault.sources import CompiledSource, compile_source


@dataclass(frozen=True)
class Standing:
    """Hold a vault at one block, the sources that it is held against, and what is off."""

    sources: dict[str, CompiledSource]
    head: Header
    chain_id: int
    deployed: Deployed
    market: MarketFacts
    faults: tuple[str, ...]


def read_standing(
    node: Node, vault: bytes, block: int | None = None, say: Callable[[str], None] = lambda stage: None
) -> Standing:
    """Hold a vault against the sources at a block, the latest by default.

    Raises
    ------
    VaultError : no vault of these sources stands there. NodeError : the node does not serve what is needed.
    """
    say("compiling the sources")
    sources = {name: compile_source(name) for name in ("Vault", "PriceLog", "Verifier")}
    say("reading code")
    head = read_head(node, block)
    if head.hash != head.claimed_hash:
        raise NodeError("eth_getBlockByNumber", "the header of the head does not hash to its own hash")
    chain_id = read_number(node.call("eth_chainId"), "eth_chainId")
    deployed = read_deployed(node, vault, sources, head)
    market, market_faults = read_market(node, deployed.parameters, chain_id)
    return Standing(sources, head, chain_id, deployed, market, (*deployed.faults, *market_faults))
