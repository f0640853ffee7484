"""The vault's maps and packed words at the head, beside what the events told: nothing was done in silence.

decided, missed    one bit an epoch, 256 a word
pinned             target | epoch << 16 | (tick + 2^31) << 80 | side << 112
spending           spent | time of it << 128
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from audit.chain.account import read_account
from audit.chain.header import Header
from audit.chain.node import Node
from audit.findings import Finding
from audit.vault.books import NOBODY
from audit.vault.parameters import Parameters
from audit.vault.replay import Replay
from audit.vault.slots import EPOCHS_A_WORD, Slots
from audit.vault.sources import CompiledSource

TICK_OFFSET: Final = 1 << 31


def compare_entries(
    node: Node, parameters: Parameters, source: CompiledSource, head: Header, replay: Replay
) -> list[Finding]:
    """Compare the bits of each epoch, the shares of each holder, and the decision in force with the events.

    Where events are not known for sure the bits are compared and nothing else.

    Raises
    ------
    NodeError : the node does not serve proofs at the head, or they do not hold.
    """
    slots = Slots(source)
    first, last = replay.books.first_epoch, parameters.epoch_of(head.time_secs)
    words = (
        range(first // EPOCHS_A_WORD * EPOCHS_A_WORD, last + 1, EPOCHS_A_WORD) if replay.books.supply else ()
    )
    known = {} if replay.doubted else _known(slots, replay)
    asked = [slot for epoch in words for slot in (slots.decided(epoch), slots.missed(epoch))]
    found = read_account(node, parameters.vault, [*asked, *known], head).words
    findings = []
    for what, slot_of, told in (
        ("decision", slots.decided, replay.records),
        ("miss", slots.missed, replay.misses),
    ):
        bits = {epoch: found[slot_of(epoch)] for epoch in words}
        findings += _compare_bits(what, bits, told)
    for slot, (name, expected) in known.items():
        if found[slot] != expected:
            detail = f"{name} at the head"
            findings.append(Finding(None, "state", detail, None, str(expected), str(found[slot])))
    return findings


def _compare_bits(what: str, bits: dict[int, int], told: Collection[int]) -> list[Finding]:
    """Compare the epochs whose bits are set with those that events tell of."""
    held = {begin + i for begin, word in bits.items() for i in range(EPOCHS_A_WORD) if word >> i & 1}
    subject = "decision" if what == "decision" else "bond"
    silent = f"the vault keeps a {what} of it, and no event tells of one"
    empty = f"an event tells of a {what}, and the vault keeps none"
    return [Finding(epoch, subject, silent) for epoch in sorted(held - set(told))] + [
        Finding(epoch, subject, empty) for epoch in sorted(set(told) - held)
    ]


def _known(slots: Slots, replay: Replay) -> dict[int, tuple[str, int]]:
    """Return name and word of every slot that the events fix."""
    target, epoch, tick, side = replay.pinned()
    pinned = target | epoch << 16 | (tick + TICK_OFFSET) << 80 | side << 112 if epoch else 0
    books = replay.books
    known = {
        slots.of("pinned"): ("the decision in force", pinned),
        slots.of("spending"): ("budget spent", books.spent | books.spent_at << 128),
    }
    for holder, shares in books.shares.items():
        if holder != NOBODY:
            known[slots.balance(holder)] = (f"shares of 0x{holder.hex()}", shares)
    return known
