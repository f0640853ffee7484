"""The events of vault, price log and pool, and how to read them from logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from audit.chain.receipt import Log
from audit.verifier.transcript import keccak256

# An asterisk marks what is indexed.
VAULT_EVENTS: Final = (
    "Opened(uint256 bond)",
    "BondChanged(uint256 bond)",
    "Minted(address* receiver, uint256 shares, uint256 base, uint256 risky)",
    "Redeemed(address* owner, address* receiver, uint256 shares, uint256 base, uint256 risky)",
    "Decision(uint256* epoch, address* strategy, uint256 target, uint256 previous, int256 tick,"
    " bytes32 inputs_hash, bytes32 proof_hash, uint256 fee_shares, uint256 base, uint256 risky,"
    " uint256 supply)",
    "Proven(uint256* epoch, bytes proof)",
    "Traded(uint256* epoch, bool buy, uint256 paid, uint256 got, uint256 wanted, int256 tick_recent,"
    " int256 limit_tick, uint256 spent)",
    "Idle(uint256* epoch, uint256 reason)",
    "Missed(uint256* epoch, uint256 cut, uint256 bounty, uint256 bond)",
    "Ending(uint256 at, uint256 cause)",
    "FeeLowered(uint256 rate)",
    "Paused(uint256 until)",
    "RoleOffered(bool guardian, address* to)",
    "RoleTaken(bool guardian, address* to)",
    "StrategyProposed(address* strategy, uint256 from_epoch)",
    "StrategyRevoked(address* strategy)",
    "StrategyFrozen(address* strategy)",
    "Transfer(address* sender, address* receiver, uint256 value)",
    "Approval(address* owner, address* spender, uint256 value)",
)
PRICE_LOG_EVENTS: Final = (
    "Pushed(uint256* k, int256 tick, int256 raw, int256 cumulative)",
    "Restarted(uint256* k, int256 cumulative)",
)
POOL_EVENTS: Final = (
    "Initialize(uint160 sqrt_price_x96, int24 tick)",
    "Mint(address sender, address* owner, int24* lower, int24* upper, uint128 amount, uint256 amount0,"
    " uint256 amount1)",
    "Burn(address* owner, int24* lower, int24* upper, uint128 amount, uint256 amount0, uint256 amount1)",
    "Swap(address* sender, address* recipient, int256 amount0, int256 amount1, uint160 sqrt_price_x96,"
    " uint128 liquidity, int24 tick)",
    "IncreaseObservationCardinalityNext(uint16 old, uint16 new)",
)
PUBLISHED_TOPIC: Final = keccak256(b"Published(bytes32)")
PARAMETER: Final = re.compile(r"(\w+)(\*?) (\w+)")


@dataclass(frozen=True)
class Kind:
    """Describe one event: its name and its parameters as (type, indexed, name)."""

    name: str
    parameters: tuple[tuple[str, bool, str], ...]

    @property
    def topic(self) -> bytes:
        """Return H(name(types))."""
        types = ",".join(kind for kind, _, _ in self.parameters)
        return keccak256(f"{self.name}({types})".encode())


@dataclass(frozen=True)
class Event:
    """Hold one event: whose it is (`vault`, `price_log` or `pool`), its values and the log behind it."""

    source: str
    name: str
    values: Mapping[str, Any]
    log: Log

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401
        return self.values[name]


def parse_kind(text: str) -> Kind:
    """Parse a declaration as it stands above."""
    name, inside = text.rstrip(")").split("(", 1)
    found = PARAMETER.findall(inside)
    return Kind(name, tuple((kind, star == "*", label) for kind, star, label in found))


def kinds_of(declarations: tuple[str, ...]) -> dict[bytes, Kind]:
    """Return the events by topic."""
    return {kind.topic: kind for kind in map(parse_kind, declarations)}


class EventReader:
    """Read the logs of three contracts."""

    def __init__(self, vault: bytes, price_log: bytes, pool: bytes) -> None:
        self._sources = {
            vault: ("vault", kinds_of(VAULT_EVENTS)),
            price_log: ("price_log", kinds_of(PRICE_LOG_EVENTS)),
            pool: ("pool", kinds_of(POOL_EVENTS)),
        }

    def read(self, log: Log) -> Event | None:
        """Return the event of a log; None for a contract or an event that is not read here.

        Raises
        ------
        ValueError : a log that is not in the form of its event.
        """
        source = self._sources.get(log.address)
        kind = source[1].get(log.topics[0]) if source and log.topics else None
        if source is None or kind is None:
            return None
        return Event(source[0], kind.name, decode_log(kind, log), log)


def decode_log(kind: Kind, log: Log) -> dict[str, Any]:
    """Decode topics and data; addresses become 20 bytes.

    Raises
    ------
    ValueError : topics or data that are not in the form of the event.
    """
    indexed = [(type_, name) for type_, star, name in kind.parameters if star]
    plain = [(type_, name) for type_, star, name in kind.parameters if not star]
    if len(log.topics) != 1 + len(indexed):
        raise ValueError(f"{kind.name} has {len(log.topics)} topics, expected {1 + len(indexed)}")
    try:
        values: dict[str, Any] = {
            name: decode([type_], topic)[0]
            for (type_, name), topic in zip(indexed, log.topics[1:], strict=True)
        }
        found = decode([type_ for type_, _ in plain], log.data)
    except (DecodingError, OverflowError) as error:
        raise ValueError(f"{kind.name} cannot be decoded: {error}") from error
    values.update(zip((name for _, name in plain), found, strict=True))
    for type_, _, name in kind.parameters:
        if type_ == "address":
            values[name] = bytes.fromhex(values[name][2:])
    return values
