"""Read the events of a vault from a receipt, by the names that its source gives them."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from agent.chain import Receipt
from contracts.compile import compile_contract


def read_events(receipt: Receipt, vault: str) -> list[dict[str, Any]]:
    """Return the vault's own events of a transaction as documents."""
    found = []
    for log in receipt.logs:
        entry = _events().get(log.topics[0]) if log.topics and log.address == vault else None
        if entry is None:
            continue
        name, inputs = entry
        indexed = iter(log.topics[1:])
        plain = iter(decode([one["type"] for one in inputs if not one["indexed"]], log.data))
        values = {
            one["name"]: decode([one["type"]], next(indexed))[0] if one["indexed"] else next(plain)
            for one in inputs
        }
        found.append({"event": name, **{key: _shown(value) for key, value in values.items()}})
    return found


@cache
def _events() -> dict[bytes, tuple[str, list[dict[str, Any]]]]:
    """Return name and arguments of every event of the vault, by topic."""
    return {
        keccak(text=f"{one['name']}({','.join(item['type'] for item in one['inputs'])})"): (
            one["name"],
            one["inputs"],
        )
        for one in compile_contract("Vault").abi
        if one["type"] == "event"
    }


def _shown(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str) and value.startswith("0x"):
        return to_checksum_address(value)
    return "0x" + value.hex() if isinstance(value, bytes) else value
