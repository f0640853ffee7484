"""Compare what an existing price log holds with what its pool remembers, before a vault is put on it.

Genuine code says nothing about storage: somebody else's constructor can leave it beside a head that lies
ahead, a cumulative, and ticks of his choice.

    t_k = k * interval;  raw_k = floor((cum(t_k) - cum(t_(k-1))) / interval)
    tick_k = clamp(raw_k, tick_(k-1) - step, tick_(k-1) + step), unclamped after a beginning

Compared are the head with the clock, the cumulative at the head, and every tick whose interval the pool
remembers whole. Not compared: ticks older than the pool's memory. An audit compares those too, from its
events.
"""

from dataclasses import dataclass
from typing import Protocol

from eth_abi.abi import encode

from contracts.deployment_probes import CALL_GAS, ChainReader, decoded, oldest_observation, word
from contracts.errors import ProbeError

RING = 256  # intervals
MOST_WINDOW = 128
TIMES_A_CALL = 32


class BlockReader(Protocol):
    """What a comparison in one state needs of a node."""

    def code(self, address: str) -> bytes:
        """Return the code at an address."""
        ...

    def answer_at(self, address: str, data: bytes, block: int, gas: int = CALL_GAS) -> bytes | None:
        """Return what a call returns at a block, None when it is refused."""
        ...


@dataclass(frozen=True)
class AtBlock:
    """Read one block, whatever is mined meanwhile."""

    chain: BlockReader
    block: int

    def code(self, address: str) -> bytes:
        """Return the code at an address."""
        return self.chain.code(address)

    def answer(self, address: str, data: bytes, gas: int = CALL_GAS) -> bytes | None:
        """Return what a call returns at the block, None when it is refused."""
        return self.chain.answer_at(address, data, self.block, gas)


def probe_price_history(
    reader: BlockReader,
    address: str,
    *,
    pool: str,
    interval_secs: int,
    max_step_ticks: int,
    block: int,
    now_secs: int,
) -> None:
    """Refuse a price log whose head, cumulative or ticks are not what its pool gives at a block.

    Raises
    ------
    ProbeError
        Naming what differs, or that nothing can be compared.
    """
    chain = AtBlock(reader, block)
    head, solid_from = (word(chain, address, name, "price log") for name in ("head()", "solid_from()"))
    if not solid_from <= head <= now_secs // interval_secs:
        last = now_secs // interval_secs
        raise _refusal(address, f"holds intervals from {solid_from} to {head}", f"none after {last}")
    _, _, index, cardinality = decoded(
        chain, pool, "slot0()", ["uint160", "int24", "uint16", "uint16"], "pool"
    )
    known = -(-oldest_observation(chain, pool, index, cardinality) // interval_secs)
    if head < known - 1:
        return  # the next push begins a new history, and nothing of this one is read again
    if head < known:
        raise ProbeError(
            f"the pool no longer remembers the end of interval {head}, the last one that the price log at"
            f" {address} holds, so nothing of it can be compared; leave the address out to have one deployed."
        )
    ring = _ring(chain, address, head, solid_from)
    first = max(known, solid_from, head - RING + 1)
    sums = _cumulatives(chain, pool, [now_secs - k * interval_secs for k in range(first, head + 1)])
    (cumulative,) = decoded(chain, address, "cumulative()", ["int256"], "price log")
    if cumulative != sums[-1]:
        raise _refusal(address, f"has the tick cumulative {cumulative} at interval {head}", str(sums[-1]))
    for place, k in enumerate(range(first + 1, head + 1)):
        tick = (sums[place + 1] - sums[place]) // interval_secs
        if k - 1 != solid_from:
            tick = min(max(tick, ring[k - 1] - max_step_ticks), ring[k - 1] + max_step_ticks)
        if ring[k] != tick:
            raise _refusal(address, f"has the tick {ring[k]} for interval {k}", str(tick))


def _refusal(address: str, says: str, gives: str) -> ProbeError:
    return ProbeError(
        f"the price log at {address} {says}, the pool's history gives {gives}: its storage was planted; leave"
        " the address out to have one deployed."
    )


def _ring(chain: ChainReader, address: str, head: int, solid_from: int) -> dict[int, int]:
    """Return the ticks that the ring holds of the present history."""
    ticks: dict[int, int] = {}
    for last in (head - MOST_WINDOW, head):
        width = min(MOST_WINDOW, last - solid_from)
        if width > 0:
            data = encode(["uint256", "uint256"], [last, width])
            signature = "window(uint256,uint256)"
            (window,) = decoded(chain, address, signature, ["int256[]"], "price log", data)
            ticks |= dict(zip(range(last - width + 1, last + 1), window, strict=True))
    return ticks


def _cumulatives(chain: ChainReader, pool: str, ago_secs: list[int]) -> list[int]:
    """Return the pool's tick cumulatives at times before the block's own."""
    found: list[int] = []
    for start in range(0, len(ago_secs), TIMES_A_CALL):
        data = encode(["uint32[]"], [ago_secs[start : start + TIMES_A_CALL]])
        sums, _ = decoded(chain, pool, "observe(uint32[])", ["int56[]", "uint160[]"], "pool", data)
        found += sums
    return found
