"""Read everything that a vault and its price log have logged, in the order of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils.abi import event_abi_to_log_topic
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.types import FilterParams, LogReceipt

from agent.demo.transaction_trace import call_trace


@dataclass(frozen=True)
class ChainEvent:
    """One event of the vault or its price log, named as in the contracts."""

    name: str
    args: dict[str, Any]
    time_secs: int
    block: int
    tx_hash: bytes


@dataclass(frozen=True)
class VaultHistory:
    """The events of a vault, and how to look closer at a transaction."""

    vault: Contract
    price_log: Contract
    events: tuple[ChainEvent, ...]

    @classmethod
    def read(cls, vault: Contract, price_log: Contract, *, from_block: int = 0) -> VaultHistory:
        """Read all events of both contracts."""
        web3 = vault.w3
        wanted: FilterParams = {
            "address": [vault.address, price_log.address],
            "fromBlock": from_block,
            "toBlock": "latest",
        }
        decoders: dict[tuple[str, bytes], Any] = {
            (contract.address, event_abi_to_log_topic(item)): contract.events[item["name"]]()
            for contract in (vault, price_log)
            for item in contract.abi
            if item["type"] == "event"
        }
        logs = sorted(web3.eth.get_logs(wanted), key=lambda log: (log["blockNumber"], log["logIndex"]))
        blocks = {log["blockNumber"] for log in logs}
        times = {int(block): int(web3.eth.get_block(block)["timestamp"]) for block in blocks}
        return cls(vault, price_log, tuple(_event(log, decoders, times) for log in logs))

    def named(self, *names: str) -> tuple[ChainEvent, ...]:
        """Return the events of these names."""
        return tuple(event for event in self.events if event.name in names)

    @cached_property
    def traces(self) -> Traces:
        """Return the replayed transactions, each replayed once."""
        return Traces(self.vault.w3, {})


@dataclass(frozen=True)
class Traces:
    """Transactions as the node replays them."""

    web3: Web3
    known: dict[bytes, dict[str, Any]]

    def calls(self, tx_hash: bytes, to: str, selector: bytes) -> list[dict[str, Any]]:
        """Return the calls of one function of one contract, at any depth, in order."""
        if tx_hash not in self.known:
            self.known[tx_hash] = call_trace(self.web3, tx_hash)
        found: list[dict[str, Any]] = []
        _collect(self.known[tx_hash], to.lower(), selector, found)
        return found


def _collect(frame: dict[str, Any], to: str, selector: bytes, found: list[dict[str, Any]]) -> None:
    if str(frame.get("to", "")).lower() == to and bytes(HexBytes(frame["input"]))[:4] == selector:
        found.append(frame)
    for inner in frame.get("calls", ()):
        _collect(inner, to, selector, found)


def _event(log: LogReceipt, decoders: dict[tuple[str, bytes], Any], times: dict[int, int]) -> ChainEvent:
    decoded = decoders[(log["address"], bytes(log["topics"][0]))].process_log(log)
    block = log["blockNumber"]
    return ChainEvent(
        decoded["event"], dict(decoded["args"]), times[block], block, bytes(log["transactionHash"])
    )
