"""Turn candles into the log-ticks that a price log would hold.

    tick_k = floor(log(close_k) / log(1.0001)), exactly, then clamp(tick_k, tick_(k-1) -+ MAX_STEP)

Interval k is (t_(k-1), t_k], t_k = k * interval. The candle that opens at time T closes at T + interval,
so it is interval T / interval + 1.

Gaps. A missing candle is treated as lost price history: the series restarts with the next candle, whose
tick is taken unclamped, and no window reaches across the gap. Nothing is carried forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from strategies.candles import Candles
from strategies.errors import GapError

MAX_STEP_TICKS = 2000

_DIGITS = 40
_CONTEXT = Context(prec=_DIGITS)
_LOG_BASE = _CONTEXT.ln(Decimal("1.0001"))
# ln is correctly rounded, so the quotient of two of them errs by less than 3 units of its last digit. Below
# 10^7 ticks that is under 10^-31: farther than _DOUBT from an integer, the floor is proven.
_DOUBT = Decimal(10) ** -30


@lru_cache(maxsize=1 << 17)
def tick_of_price(price: Decimal) -> int:
    """Return floor(log(price) / log(1.0001)) exactly.

    Raises: ValueError for a price that is not positive and finite.
    """
    if not price.is_finite() or price <= 0:
        raise ValueError(f"price {price} is not positive and finite")
    quotient = _CONTEXT.divide(_CONTEXT.ln(price), _LOG_BASE)
    floor = int(quotient.to_integral_value(rounding=ROUND_FLOOR))
    fraction = quotient - floor
    if _DOUBT < fraction < 1 - _DOUBT:
        return floor
    nearest = floor if fraction <= _DOUBT else floor + 1
    return nearest if _at_least(price, nearest) else nearest - 1


def _at_least(price: Decimal, tick: int) -> bool:
    """Tell whether price >= 1.0001^tick, in integers."""
    numerator, denominator = price.as_integer_ratio()
    power: int = 10001 ** abs(tick)
    scale: int = 10000 ** abs(tick)
    if tick >= 0:
        return numerator * scale >= power * denominator
    return numerator * power >= scale * denominator


def clamp_step(raw_tick: int, last_tick: int, max_step_ticks: int = MAX_STEP_TICKS) -> int:
    """Return clamp(raw, last - MAX_STEP, last + MAX_STEP), one step of the price log."""
    return max(last_tick - max_step_ticks, min(last_tick + max_step_ticks, raw_tick))


@dataclass(frozen=True)
class TickSegment:
    """Hold the ticks of consecutive intervals: interval `first_interval` + i has `ticks[i]`."""

    first_interval: int
    ticks: NDArray[np.int64]

    @property
    def last_interval(self) -> int:
        """Return the last interval covered."""
        return self.first_interval + len(self.ticks) - 1


@dataclass(frozen=True)
class TickSeries:
    """Hold the ticks of a market in ascending runs without a gap inside."""

    interval_secs: int
    segments: tuple[TickSegment, ...]

    def window(self, interval: int, window_ticks: int) -> NDArray[np.int64]:
        """Return the ticks of intervals k-W+1..k, oldest first.

        Raises: GapError when no run covers all of them.
        """
        for segment in self.segments:
            if segment.first_interval <= interval - window_ticks + 1 and interval <= segment.last_interval:
                end = interval - segment.first_interval + 1
                return segment.ticks[end - window_ticks : end]
        raise GapError(interval, window_ticks)

    def intervals(self, window_ticks: int) -> Iterator[int]:
        """Yield every interval whose window of W ticks is covered, ascending."""
        for segment in self.segments:
            yield from range(segment.first_interval + window_ticks - 1, segment.last_interval + 1)

    def between(self, start_secs: int, end_secs: int) -> TickSeries:
        """Return the intervals that end in (start, end], as runs of their own."""
        first, last = start_secs // self.interval_secs + 1, end_secs // self.interval_secs
        kept = []
        for segment in self.segments:
            low = max(first, segment.first_interval)
            high = min(last, segment.last_interval)
            if low <= high:
                offset = segment.first_interval
                kept.append(TickSegment(low, segment.ticks[low - offset : high - offset + 1]))
        return TickSeries(self.interval_secs, tuple(kept))


def ticks_of_closes(closes: Sequence[Decimal], max_step_ticks: int = MAX_STEP_TICKS) -> NDArray[np.int64]:
    """Return the clamped ticks of consecutive closes; the first is not clamped."""
    ticks = np.empty(len(closes), dtype=np.int64)
    last = None
    for i, close in enumerate(closes):
        raw = tick_of_price(close)
        last = raw if last is None else clamp_step(raw, last, max_step_ticks)
        ticks[i] = last
    return ticks


def tick_series(candles: Candles, max_step_ticks: int = MAX_STEP_TICKS) -> TickSeries:
    """Return the ticks of candles, one run for each stretch without a missing candle."""
    interval = candles.interval_secs
    opens = candles.open_times_secs
    if len(opens) == 0:
        return TickSeries(interval, ())
    starts = np.flatnonzero(np.diff(opens) != interval) + 1
    segments = []
    for part in np.split(np.arange(len(opens)), starts):
        closes = [candles.closes[i] for i in part]
        first = int(opens[part[0]]) // interval + 1
        segments.append(TickSegment(first, ticks_of_closes(closes, max_step_ticks)))
    return TickSeries(interval, tuple(segments))
