"""What stands in the price log's storage at the head: what the pool's history gives, and nothing besides.

Somebody else's constructor can leave the genuine code behind and write what it likes beside it: a head that
lies ahead, and the ticks from which epochs to come will be decided. No event tells of it.

    _state     head | solid_from << 64 | (cumulative + 2^63) << 128
    _ring      interval k: lane k % 8 of word k // 8 % 32, as tick + 2^31; 0 where none was written
    root       of { H(slot): word } over lost_head, lost_from, _state and the 32 words of _ring

Soundness: the words are those of the replay, the root is proven against the state root of the head; equal
roots leave no room for a word that was not asked for. A log that nobody pushed tells its beginning by its own
word alone; the cumulative there must be the pool's, and its ring empty.
"""

from __future__ import annotations

from typing import Final

from audit.chain.account import read_account
from audit.chain.header import Header
from audit.chain.node import Node
from audit.chain.trie import root_of_storage
from audit.findings import Finding
from audit.vault.pool_replay import PoolReplay
from audit.vault.price_replay import RING, PriceReplay
from audit.vault.sources import CompiledSource

LANES: Final = 8  # ticks a word
LANE_BITS: Final = 32
LANE_MASK: Final = (1 << LANE_BITS) - 1
TICK_OFFSET: Final = 1 << 31
GRID_BITS: Final = 64
GRID_MASK: Final = (1 << GRID_BITS) - 1
CUMULATIVE_OFFSET: Final = 1 << 63
CUMULATIVE_MASK: Final = (1 << 128) - 1
RING_WORDS: Final = RING // LANES
ODD: Final = "the storage of its price log is not what the pool's history gives"


def check_price_storage(
    node: Node, address: bytes, source: CompiledSource, head: Header, prices: PriceReplay, pool: PoolReplay
) -> list[Finding]:
    """Compare the whole storage of a price log at the head with the replay.

    Raises
    ------
    NodeError : the node does not serve proofs at the head, or they do not hold.
    """
    slots = source.slots
    names = {slots[name]: name for name in ("lost_head", "lost_from", "_state")}
    names |= {slots["_ring"] + place: f"_ring[{place}]" for place in range(RING_WORDS)}
    account = read_account(node, address, list(names), head)
    words = {name: account.words[slot] for slot, name in names.items()}
    expected = expected_words(words, head.time_secs, prices, pool)
    wrong = [name for name in names.values() if words[name] != expected[name]]
    if wrong:
        shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more words" if len(wrong) > 3 else "")
        first = wrong[0]
        detail = f"{ODD}: {shown}"
        return [Finding(None, "price", detail, None, f"0x{expected[first]:x}", f"0x{words[first]:x}")]
    by_slot = {slot: expected[name] for slot, name in names.items()}
    if root_of_storage(by_slot) != account.storage_root:
        return [Finding(None, "price", f"{ODD}: it holds words of no variable")]
    return []


def expected_words(
    words: dict[str, int], now_secs: int, prices: PriceReplay, pool: PoolReplay
) -> dict[str, int]:
    """Return the words that the replay gives; of those read, only a beginning that no event tells is used."""
    head, solid_from = prices.head, prices.solid_from
    lost_head, lost_from = prices.lost_head, prices.lost_from
    if head is None:  # nobody pushed: the constructor's own word
        least, most = -(-pool.born_secs // prices.interval_secs), now_secs // prices.interval_secs
        head = min(max(words["_state"] >> GRID_BITS & GRID_MASK, least), most)
        solid_from = lost_head = lost_from = head
    elif not prices.lost_known:  # restarted before anybody pushed
        lost_head = lost_from = min(words["lost_head"], solid_from)
    cumulative = pool.cumulative_at(head * prices.interval_secs, now_secs) + CUMULATIVE_OFFSET
    expected = {
        "lost_head": lost_head,
        "lost_from": lost_from,
        "_state": head | solid_from << GRID_BITS | (cumulative & CUMULATIVE_MASK) << (2 * GRID_BITS),
    }
    ring = [0] * RING_WORDS
    for k, tick in sorted(prices.ticks.items()):
        place, shift = k // LANES % RING_WORDS, k % LANES * LANE_BITS
        ring[place] = ring[place] & ~(LANE_MASK << shift) | ((tick + TICK_OFFSET) & LANE_MASK) << shift
    return expected | {f"_ring[{place}]": word for place, word in enumerate(ring)}
