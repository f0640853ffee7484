"""Read a pool's own minutes: closing tick and in-range liquidity, as a price log and a trade would see them.

Files hold `timestamp,...,closeTick,...,currentLiquidity`, one row a minute. A minute without a row keeps the
tick and the liquidity of the one before, as a pool without swaps does. Ticks are in the pool's own sign.

    tick of an interval = floor(mean of the closing ticks of its minutes)

which is the mean that a price log records, up to where inside a minute its swaps happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strategies.errors import DataFormatError, DataMissingError
from strategies.ticks import MAX_STEP_TICKS, TickSegment, TickSeries, clamp_step

MINUTE_SECS = 60
_COLUMNS = ("timestamp", "closeTick", "currentLiquidity")
#: A longer silence is missing data, not a pool without swaps.
MOST_SILENT_MINUTES = 30


@dataclass(frozen=True)
class PoolMinutes:
    """Hold consecutive minutes: minute i ends at `first_end_secs` + 60 i."""

    first_end_secs: int
    ticks: NDArray[np.int64]
    liquidity: tuple[int, ...]

    def index(self, secs: int) -> int:
        """Return the minute that ends at a time.

        Raises: DataFormatError outside the minutes held.
        """
        at = (secs - self.first_end_secs) // MINUTE_SECS
        if secs % MINUTE_SECS or not 0 <= at < len(self.ticks):
            raise DataFormatError("pool minutes", f"no minute ends at {secs}")
        return at

    def mean_tick(self, end_secs: int, span_secs: int) -> int:
        """Return floor(mean closing tick) of the minutes in (end - span, end]."""
        last = self.index(end_secs)
        part = self.ticks[last - span_secs // MINUTE_SECS + 1 : last + 1]
        return int(part.sum()) // len(part)

    def harmonic_liquidity(self, end_secs: int, span_secs: int) -> int:
        """Return the harmonic mean of the liquidity of the minutes in (end - span, end], rounded down."""
        last = self.index(end_secs)
        part = self.liquidity[last - span_secs // MINUTE_SECS + 1 : last + 1]
        if min(part) == 0:
            return 0
        scale = 1 << 160
        return len(part) * scale // sum(scale // value for value in part)


def read_pool_minutes(folder: str | Path) -> PoolMinutes:
    """Read every CSV of a folder, or one CSV.

    Raises: DataMissingError, DataFormatError.
    """
    root = Path(folder)
    files = sorted(root.glob("*.csv")) if root.is_dir() else [root]
    if not files or not files[0].is_file():
        raise DataMissingError(root)
    rows: list[tuple[int, int, int]] = []
    for file in files:
        rows += _rows(file)
    return _filled(root, sorted(rows))


def interval_ticks(
    minutes: PoolMinutes, interval_secs: int, max_step_ticks: int = MAX_STEP_TICKS
) -> TickSeries:
    """Return the ticks of every interval that the minutes cover whole, clamped step by step."""
    first = -(-(minutes.first_end_secs - MINUTE_SECS) // interval_secs) + 1
    last = (minutes.first_end_secs + MINUTE_SECS * (len(minutes.ticks) - 1)) // interval_secs
    ticks: list[int] = []
    for interval in range(first, last + 1):
        raw = minutes.mean_tick(interval * interval_secs, interval_secs)
        ticks.append(clamp_step(raw, ticks[-1], max_step_ticks) if ticks else raw)
    segments = (TickSegment(first, np.array(ticks, dtype=np.int64)),) if ticks else ()
    return TickSeries(interval_secs, segments)


def _rows(file: Path) -> list[tuple[int, int, int]]:
    """Read (start of the minute, closing tick, liquidity) of one file."""
    try:
        frame = pl.read_csv(file, infer_schema=False).select(_COLUMNS)
        times = frame["timestamp"].str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC").dt.epoch("s")
        ticks, liquidity = frame["closeTick"].to_list(), frame["currentLiquidity"].to_list()
        return [(int(t), int(c), int(v)) for t, c, v in zip(times.to_list(), ticks, liquidity, strict=True)]
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataFormatError(file, f"holds no pool minutes ({type(error).__name__})") from None


def _filled(root: Path, rows: Sequence[tuple[int, int, int]]) -> PoolMinutes:
    """Put rows on the grid of minutes, the last state carried over minutes without a swap."""
    if not rows:
        raise DataFormatError(root, "holds no pool minutes")
    ticks: list[int] = []
    liquidity: list[int] = []
    before: int | None = None
    for time, tick, value in rows:
        if time % MINUTE_SECS or (before is not None and time <= before):
            raise DataFormatError(root, f"the minute at {time} is off the grid or repeats")
        silent = 0 if before is None else (time - before) // MINUTE_SECS - 1
        if silent > MOST_SILENT_MINUTES:
            raise DataFormatError(root, f"{silent} minutes are missing before {time}")
        ticks += ticks[-1:] * silent + [tick]
        liquidity += liquidity[-1:] * silent + [value]
        before = time
    return PoolMinutes(rows[0][0] + MINUTE_SECS, np.array(ticks, dtype=np.int64), tuple(liquidity))
