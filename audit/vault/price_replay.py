"""Replay a price log from the pool's own history, and give the windows that decisions were made from.

raw_k  = floor((cum(t_k) - cum(t_(k-1))) / INTERVAL)
tick_k = clamp(raw_k, tick_(k-1) - MAX_STEP, tick_(k-1) + MAX_STEP), unclamped after a beginning
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from audit.vault.events import Event
from audit.vault.pool_replay import PoolReplay

RING: Final = 256  # intervals


@dataclass
class PriceReplay:
    """Hold the state of a price log between two events; `head` is None before the first."""

    interval_secs: int
    max_step: int
    head: int | None = None
    solid_from: int = 0
    lost_head: int = 0
    lost_from: int = 0
    lost_known: bool = True  # not after a restart before the first push: no event tells that beginning
    shift: int = 0  # of the log's cumulative against the replay's, after a finding
    ticks: dict[int, int] = field(default_factory=dict)

    def apply(self, event: Event, pool: PoolReplay) -> list[tuple[str, object, object]]:
        """Take an event over; return (what, expected, found) for each value that the pool does not give."""
        now, k = event.log.time_secs, int(event["k"])
        off: list[tuple[str, object, object]] = []
        if k * self.interval_secs > now:
            off.append(("interval", f"one that ended by {now}", k))
            return off
        if event.name == "Restarted":
            first = -(-pool.oldest_secs // self.interval_secs)
            if k != first:
                off.append(("interval of the restart", first, k))
            self.lost_known = self.head is not None
            self.lost_head, self.lost_from = (self.head, self.solid_from) if self.head is not None else (k, k)
            self.head = self.solid_from = k
            cumulative = pool.cumulative_at(k * self.interval_secs, now)
            if event["cumulative"] != cumulative:
                off.append(("tick cumulative", cumulative, event["cumulative"]))
            return off
        if self.head is None:
            self.head = self.solid_from = self.lost_head = self.lost_from = k - 1
            first = -(-pool.born_secs // self.interval_secs)
            if k - 1 < first:
                off.append(("beginning before that", f"{first} or later", k - 1))
        if k != self.head + 1:
            off.append(("interval", self.head + 1, k))
            if k <= self.head:
                return off
        for step in range(self.head + 1, k + 1):
            raw = self._raw(step, pool, now)
            self.ticks[step] = tick = self._clamped(step, raw)
        self.head = k
        cumulative = pool.cumulative_at(k * self.interval_secs, now)
        shift = event["cumulative"] - cumulative
        for name, expected, found in (
            ("tick", tick, event["tick"]),
            ("raw tick", raw, event["raw"]),
            ("tick cumulative", cumulative + self.shift, event["cumulative"]),
        ):
            if expected != found:
                off.append((name, expected, found))
        self.shift = shift
        return off

    def accept(self, event: Event) -> None:
        """Go on from what an event says."""
        if event.name == "Pushed":
            self.ticks[int(event["k"])] = event["tick"]

    def _raw(self, k: int, pool: PoolReplay, now: int) -> int:
        before = pool.cumulative_at((k - 1) * self.interval_secs, now)
        return (pool.cumulative_at(k * self.interval_secs, now) - before) // self.interval_secs

    def _clamped(self, k: int, raw: int) -> int:
        if k - 1 == self.solid_from or k - 1 not in self.ticks:
            return raw
        last = self.ticks[k - 1]
        return min(max(raw, last - self.max_step), last + self.max_step)

    def window(self, k: int, width: int) -> list[int] | None:
        """Return the ticks of intervals k - W + 1 .. k, None when the log does not hold them."""
        return [self.ticks[i] for i in range(k - width + 1, k + 1)] if self.ready(k, width) else None

    def ready(self, k: int, width: int) -> bool:
        """Tell whether the window of k is in the ring."""
        return (
            self.head is not None
            and k <= self.head
            and k + RING >= self.head + width
            and k >= self.solid_from + width
        )

    def lost(self, k: int, width: int) -> bool:
        """Tell whether the window of k began in the history that the latest restart cut off."""
        return self.lost_from + width <= k <= self.solid_from
