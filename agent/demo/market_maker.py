"""Move a real pool along recorded prices, so that the price log reads exactly the ticks of the data.

In interval k the pool is moved five times. The first four swaps bring it near the tick c_k of the data, with
a small seeded wobble, beyond it by what the time before the first swap lacks; the last one solves

    3600 c_k <= cum(t_k) - cum(t_(k-1)) < 3600 (c_k + 1),   so that floor(mean) = c_k

for the tick of the last quarter of an hour, which the recent price of a trade then reads.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from contracts.node import Anvil
from contracts.uniswap import Market

SWAP_SECS = (400, 1_000, 1_600, 2_200, 2_700)  # after the interval began
WOBBLE_TICKS = 6


@dataclass
class MarketMaker:
    """Walk a pool through intervals, one after the other.

    `started_at` is the unix time t_(k-1) of the interval that runs, `cumulative` the pool's tick cumulative
    at that time, in the pool's sign.
    """

    chain: Anvil
    market: Market
    interval_secs: int
    seed: int
    started_at: int
    cumulative: int

    @classmethod
    def begin(
        cls, chain: Anvil, market: Market, *, interval_secs: int, seed: int, started_at: int
    ) -> MarketMaker:
        """Take over a pool that does not move between now and `started_at`."""
        cumulative = cumulative_at(market, started_at)
        return cls(chain, market, interval_secs, seed, started_at, cumulative)

    def walk(self, raw_tick: int) -> int:
        """Swap through the running interval so that its mean tick is `raw_tick`; return when it ends."""
        start, end = self.started_at, self.started_at + self.interval_secs
        noise = random.Random(f"{self.seed}/{end // self.interval_secs}")
        lag = SWAP_SECS[0] * (self.market.slot0().tick - raw_tick)
        lead = round(-lag / (SWAP_SECS[-1] - SWAP_SECS[0]))
        for after_secs in SWAP_SECS[:-1]:
            wobble = noise.randint(-WOBBLE_TICKS, WOBBLE_TICKS)
            self._move(start + after_secs, raw_tick + lead + wobble)
        last = start + SWAP_SECS[-1]
        left = end - last
        walked = cumulative_at(self.market, last) - self.cumulative
        self._move(last, (self.interval_secs * raw_tick + self.interval_secs // 2 - walked) // left)
        self.started_at, self.cumulative = end, cumulative_at(self.market, end)
        return end

    def _move(self, secs: int, raw_tick: int) -> None:
        self.chain.set_next_timestamp(secs)
        self.market.move_to_tick(raw_tick)


def cumulative_at(market: Market, secs: int) -> int:
    """Return the tick cumulative at a unix time from which on the pool has not moved.

    cum(t) = cumulative of the last observation + tick * (t - its time)
    """
    slot = market.slot0()
    stamp, cumulative, _, _ = market.pool.functions.observations(slot.observation_index).call()
    return int(cumulative) + slot.tick * (secs - int(stamp))
