"""The vault in the past: its code in every block in which it acted, and its storage when it opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from audit.chain.account import read_account
from audit.chain.header import Header
from audit.chain.history import History
from audit.chain.node import Node
from audit.chain.trie import TrieProofError
from audit.errors import NodeError
from audit.findings import Finding
from audit.vault.events import Event
from audit.vault.founding import check_founding
from audit.vault.parameters import Parameters
from audit.vault.sources import CompiledSource

ACTS: Final = ("Decision", "Traded", "Minted", "Redeemed", "Missed")
NO_PAST_CODE: Final = "the node keeps no past state: the vault's code is compared at the head only"
NO_PAST_STORAGE: Final = (
    "the node keeps no past state: words planted in the vault's storage before it opened would not show"
)


@dataclass
class Past:
    """Hold what was found and what could not be looked at."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_past(
    node: Node,
    parameters: Parameters,
    source: CompiledSource,
    history: History,
    events: Sequence[Event],
    code_hash: bytes,
    progress: Callable[[int, int], None],
) -> Past:
    """Compare past code with the code at the head, and the storage at the opening with the events before."""
    past = Past()
    opened = next((event for event in events if event.source == "vault" and event.name == "Opened"), None)
    header = history.head if opened is None else history.headers[opened.log.block]
    _check_founding(past, node, parameters, source, header, events)
    acted = {event.log.block: event for event in events if event.source == "vault" and event.name in ACTS}
    for done, (block, event) in enumerate(sorted(acted.items())):
        epoch = parameters.epoch_of(event.log.time_secs)
        try:
            found = read_account(node, parameters.vault, (), history.headers[block]).code_hash
        except NodeError as error:
            if isinstance(error.__cause__, TrieProofError):
                past.findings.append(Finding(epoch, "code", str(error), block))
                continue
            past.notes.append(NO_PAST_CODE)
            break
        if found != code_hash:
            words = f"in block {block} the vault had other code than its sources give"
            values = ("0x" + code_hash.hex(), "0x" + found.hex())
            past.findings.append(Finding(epoch, "code", words, block, *values))
        progress(done + 1, len(acted))
    return past


def _check_founding(
    past: Past,
    node: Node,
    parameters: Parameters,
    source: CompiledSource,
    header: Header,
    events: Sequence[Event],
) -> None:
    try:
        past.findings += check_founding(node, parameters, source, header, events)
    except NodeError as error:
        if isinstance(error.__cause__, TrieProofError):
            past.findings.append(Finding(None, "state", str(error), header.number))
        else:
            past.notes.append(NO_PAST_STORAGE)
