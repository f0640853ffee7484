"""The vault's storage at the head, proven against the state root, beside what the replay arrived at."""

from __future__ import annotations

from dataclasses import dataclass

from audit.chain.account import read_account
from audit.chain.header import Header
from audit.chain.node import Node
from audit.findings import Finding
from audit.vault.books import NEVER, NOBODY
from audit.vault.market import balance_of
from audit.vault.parameters import Parameters
from audit.vault.replay import Replay
from audit.vault.sources import CompiledSource


@dataclass(frozen=True)
class HeadState:
    """Hold the storage of a vault; amounts in raw units, addresses empty (zeros) where nothing stands."""

    code_hash: bytes
    base: int
    risky: int
    supply: int
    bond: int
    drip_left: int
    fee: int
    end_at: int
    paused_at: int
    first_epoch: int
    operator: bytes
    guardian: bytes
    offered_operator: bytes
    offered_guardian: bytes
    strategy: bytes
    key_hash: bytes
    waiting: bytes
    waiting_from: int
    frozen: bool
    base_balance: int  # what the tokens say
    risky_balance: int


def read_state(node: Node, parameters: Parameters, source: CompiledSource, head: Header) -> HeadState:
    """Read the state of a vault.

    Raises
    ------
    NodeError : the node does not serve proofs at the head, or they do not hold.
    """
    names = (
        "base",
        "risky",
        "erc20.totalSupply",
        "bond",
        "drip_left",
        "fee",
        "end_at",
        "paused_at",
        "first_epoch",
        "roles.operator",
        "roles.guardian",
        "roles.offered_operator",
        "roles.offered_guardian",
        "strategy_pin.strategy",
        "strategy_pin.key_hash",
        "strategy_pin.next_strategy",
        "strategy_pin.next_from",
        "strategy_pin.frozen",
    )
    slots = {name: source.slots[name] for name in names}
    account = read_account(node, parameters.vault, list(slots.values()), head)
    word = {name: account.words[slot] for name, slot in slots.items()}

    def address(name: str) -> bytes:
        return word[name].to_bytes(32, "big")[-20:]

    return HeadState(
        code_hash=account.code_hash,
        base=word["base"],
        risky=word["risky"],
        supply=word["erc20.totalSupply"],
        bond=word["bond"],
        drip_left=word["drip_left"],
        fee=word["fee"],
        end_at=word["end_at"],
        paused_at=word["paused_at"],
        first_epoch=word["first_epoch"],
        operator=address("roles.operator"),
        guardian=address("roles.guardian"),
        offered_operator=address("roles.offered_operator"),
        offered_guardian=address("roles.offered_guardian"),
        strategy=address("strategy_pin.strategy"),
        key_hash=word["strategy_pin.key_hash"].to_bytes(32, "big"),
        waiting=address("strategy_pin.next_strategy"),
        waiting_from=word["strategy_pin.next_from"],
        frozen=bool(word["strategy_pin.frozen"]),
        base_balance=balance_of(node, parameters.base, parameters.vault, head.number),
        risky_balance=balance_of(node, parameters.risky, parameters.vault, head.number),
    )


def compare_state(state: HeadState, replay: Replay, now: int) -> list[Finding]:
    """Compare storage with the books, and token balances with what the vault owes its holders.

    balance of base >= base + bond + drip_left;  balance of risky >= risky
    """
    books = replay.books
    pairs: list[tuple[str, object, object]] = [
        ("base", books.base, state.base),
        ("risky", books.risky, state.risky),
        ("supply", books.supply, state.supply),
        ("bond", books.bond, state.bond),
        ("drip left", books.drip_left, state.drip_left),
        ("fee", books.fee, state.fee),
        ("end", books.end_at, state.end_at),
        ("last pause", books.paused_at, state.paused_at),
        ("first epoch", books.first_epoch if books.supply else NEVER, state.first_epoch),
    ]
    if not replay.doubted:
        pairs.append(("shares of all holders", books.held_shares(), state.supply))
    pairs += _power_pairs(state, replay, now)
    findings = [
        Finding(None, "state", f"{name} at the head", None, _shown(expected), _shown(found))
        for name, expected, found in pairs
        if expected != found
    ]
    least = state.base + state.bond + state.drip_left
    for name, needed, held in (
        ("base", least, state.base_balance),
        ("risky", state.risky, state.risky_balance),
    ):
        if held < needed:
            words = f"the vault holds less {name} than it owes"
            findings.append(Finding(None, "state", words, None, f"at least {needed}", str(held)))
    return findings


def _power_pairs(state: HeadState, replay: Replay, now: int) -> list[tuple[str, object, object]]:
    """Return (what, expected by the events, found) of strategy and roles; a due proposal is in force."""
    epoch, roles = replay.parameters.epoch_of(now), replay.roles
    found = (state.strategy, state.waiting, state.waiting_from)
    if state.waiting != NOBODY and epoch >= state.waiting_from:
        found = (state.waiting, NOBODY, 0)
    strategy, waiting, waiting_from = replay.pin.settled(epoch)
    return [
        ("strategy", strategy or found[0], found[0]),
        ("proposed strategy", waiting or NOBODY, found[1]),
        ("first epoch of the proposed strategy", waiting_from, found[2]),
        ("frozen", replay.pin.frozen, state.frozen),
        ("operator", roles.held.get("operator", state.operator), state.operator),
        ("guardian", roles.held.get("guardian", state.guardian), state.guardian),
        ("offer of the operator", roles.offered["operator"], state.offered_operator),
        ("offer of the guardian", roles.offered["guardian"], state.offered_guardian),
    ]


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
