"""Replay a pool's price, liquidity and observations from its events.

    observation  (time, tick cumulative, seconds per liquidity * 2^128 modulo 2^160)
    written      before the first change of tick or of liquidity in range in a block, with the state before it
    transform    cumulative += tick * dt;  seconds per liquidity += (dt << 128) / max(1, liquidity)

Source: Uniswap v3-core, Oracle and UniswapV3Pool.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from audit.vault.events import Event

SECONDS_MODULUS = 1 << 160
NEVER = (1 << 256) - 1


class Observation(NamedTuple):
    """Hold one entry of the pool's oracle."""

    time_secs: int
    cumulative: int
    seconds: int


class Recent(NamedTuple):
    """Hold the mean raw tick and the harmonic mean liquidity of a span that ends now."""

    known: bool
    tick: int
    liquidity: int


@dataclass
class PoolReplay:
    """Hold the state of a pool between two events."""

    initialised: bool = False
    tick: int = 0
    root_x96: int = 0
    liquidity: int = 0

    def __post_init__(self) -> None:
        self._ring: dict[int, Observation] = {}
        self._times: list[int] = []
        self._written: list[Observation] = []
        self._index, self._cardinality, self._cardinality_next = 0, 1, 1

    def apply(self, event: Event) -> None:
        """Take over what an event of the pool changed."""
        now = event.log.time_secs
        if event.name == "Initialize":
            self.initialised = True
            self.tick, self.root_x96 = event["tick"], event["sqrt_price_x96"]
            self._put(0, Observation(now, 0, 0))
        elif event.name == "Swap":
            if event["tick"] != self.tick:
                self._write(now)
            self.tick, self.root_x96 = event["tick"], event["sqrt_price_x96"]
            self.liquidity = event["liquidity"]
        elif event.name in ("Mint", "Burn"):
            amount = event["amount"] if event.name == "Mint" else -event["amount"]
            if amount and event["lower"] <= self.tick < event["upper"]:
                self._write(now)
                self.liquidity += amount
        elif event.name == "IncreaseObservationCardinalityNext":
            self._cardinality_next = event["new"]

    @property
    def oldest_secs(self) -> int:
        """Return the time of the oldest observation that the pool keeps."""
        if not self._written:
            return NEVER
        following = (self._index + 1) % self._cardinality
        return self._ring.get(following, self._ring[0]).time_secs

    @property
    def born_secs(self) -> int:
        """Return the time of the pool's first observation."""
        return self._times[0] if self._times else NEVER

    def cumulative_at(self, secs: int, now: int) -> int:
        """Return the tick cumulative at a time that the pool still knows."""
        return self._observe(secs, now).cumulative

    def recent(self, span_secs: int, now: int) -> Recent:
        """Return what the price log's `recent` gives at a time, before any change in that block.

        tick = floor((cum(now) - cum(now - T)) / T);  liquidity = (T << 128) / d(seconds per liquidity)
        """
        if span_secs == 0 or span_secs > now - self.oldest_secs:
            return Recent(False, 0, 0)
        first, last = self._observe(now - span_secs, now), self._observe(now, now)
        spread = (last.seconds - first.seconds) % SECONDS_MODULUS
        return Recent(True, (last.cumulative - first.cumulative) // span_secs, (span_secs << 128) // spread)

    def _observe(self, secs: int, now: int) -> Observation:
        if not self._written or secs < self._times[0]:
            return Observation(secs, 0, 0)
        last = self._written[-1]
        if secs >= last.time_secs:
            return self._transform(last, secs)
        place = bisect_right(self._times, secs)
        before, after = self._written[place - 1], self._written[place]
        if before.time_secs == secs:
            return before
        delta, span = after.time_secs - before.time_secs, secs - before.time_secs
        grown = (after.seconds - before.seconds) % SECONDS_MODULUS
        return Observation(
            secs,
            before.cumulative + (after.cumulative - before.cumulative) // delta * span,
            (before.seconds + grown * span // delta) % SECONDS_MODULUS,
        )

    def _transform(self, last: Observation, secs: int) -> Observation:
        passed = secs - last.time_secs
        return Observation(
            secs,
            last.cumulative + self.tick * passed,
            (last.seconds + (passed << 128) // max(1, self.liquidity)) % SECONDS_MODULUS,
        )

    def _write(self, now: int) -> None:
        if not self._written:
            return
        last = self._written[-1]
        if last.time_secs == now:
            return
        if self._cardinality_next > self._cardinality and self._index == self._cardinality - 1:
            self._cardinality = self._cardinality_next
        self._put((self._index + 1) % self._cardinality, self._transform(last, now))

    def _put(self, index: int, observation: Observation) -> None:
        self._index = index
        self._ring[index] = observation
        self._written.append(observation)
        self._times.append(observation.time_secs)
