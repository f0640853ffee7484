"""What stood in the vault's storage when it opened: what constructor and events give, and nothing besides.

Genuine code says nothing about storage. Somebody else's constructor can leave the genuine code behind and
write what it likes beside it: shares, a debt, an allowance, bits of epochs to come, of which no event spoke.

    storage root at the opening = root of { H(slot): word }, over the slots that the events can have set

Soundness: the words are proven against the state root; equal roots leave no room for a word that was not
asked for. From the opening on storage changes by the genuine code alone, compared block by block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from audit.chain.account import read_account
from audit.chain.header import Header
from audit.chain.node import Node
from audit.chain.trie import root_of_storage
from audit.findings import Finding
from audit.vault.events import Event
from audit.vault.parameters import Parameters
from audit.vault.slots import Slots
from audit.vault.sources import CompiledSource

NOBODY: Final = bytes(20)
#: What nothing before the first decision, and in the block of the opening, can have set.
UNTOUCHED: Final = ("drip_left", "drip_last", "drip_end", "pinned", "spending")


def check_founding(
    node: Node, parameters: Parameters, source: CompiledSource, opened: Header, events: Sequence[Event]
) -> list[Finding]:
    """Compare the storage at the end of the block of the opening with what the events up to it allow.

    Raises
    ------
    NodeError : the node keeps no state of that block, or its proofs do not hold.
    """
    slots = Slots(source)
    before = [event for event in events if event.source == "vault" and event.log.block <= opened.number]
    most = _most(before, parameters, slots)
    exact = _balances(before, slots) | {slots.of(name): 0 for name in UNTOUCHED}
    asked = list(dict.fromkeys((*slots.numbered, *most, *exact)))
    account = read_account(node, parameters.vault, asked, opened)
    found = []
    if root_of_storage(account.words) != account.storage_root:
        words = "its storage held more at the opening than its constructor and the events before give"
        found.append(Finding(None, "state", words, opened.number))
    wrong = [slot for slot, word in exact.items() if account.words[slot] != word]
    wrong += [slot for slot, bound in most.items() if account.words[slot] > bound]
    for slot in wrong:
        words = f"word 0x{slot:x} of its storage at the opening is not what the events before give"
        value = str(exact[slot]) if slot in exact else f"at most {most[slot]}"
        found.append(Finding(None, "state", words, opened.number, value, str(account.words[slot])))
    return found


def _balances(events: Sequence[Event], slots: Slots) -> dict[int, int]:
    """Return what each account holds after these transfers."""
    held: Counter[bytes] = Counter()
    for event in events:
        if event.name == "Transfer":
            held[event["sender"]] -= event["value"]
            held[event["receiver"]] += event["value"]
    return {slots.balance(holder): shares for holder, shares in held.items() if holder != NOBODY}


def _most(events: Sequence[Event], parameters: Parameters, slots: Slots) -> dict[int, int]:
    """Return the most that allowances, nonces and debts can be after these events."""
    most: Counter[int] = Counter()
    for event in events:
        if event.name == "Approval":
            most[slots.allowance(event["owner"], event["spender"])] = event["value"]
            most[slots.nonce(event["owner"])] += 1
        elif event.name == "Redeemed":
            most[slots.owed(event["receiver"], parameters.base)] += event["base"]
            most[slots.owed(event["receiver"], parameters.risky)] += event["risky"]
    return dict(most)
