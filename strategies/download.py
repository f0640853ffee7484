"""Download candles page by page into Parquet; an interrupted download goes on where it stopped.

Only closed candles are kept. Every page is written before the next is asked for; the file is replaced whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import numpy as np

from strategies.candles import Candles, read_candles, write_parquet
from strategies.errors import DataFormatError

PAGE_CANDLES = 1000

Row = Sequence[float]


class CandleSource(Protocol):
    """What a download asks of an exchange; a ccxt exchange is one."""

    def fetch_ohlcv(self, symbol: str, timeframe: str, since: int, limit: int) -> list[Row]:
        """Return up to `limit` rows [open ms, open, high, low, close, volume] from `since` ms on."""
        ...

    def milliseconds(self) -> int:
        """Return the exchange's time."""
        ...


def timeframe_secs(timeframe: str) -> int:
    """Return the seconds of `1m`, `15m`, `1h`, `4h` or `1d`.

    Raises: DataFormatError.
    """
    units = {"m": 60, "h": 3600, "d": 86_400}
    if (
        len(timeframe) >= 2
        and timeframe[-1] in units
        and timeframe[:-1].isdigit()
        and int(timeframe[:-1]) > 0
    ):
        return int(timeframe[:-1]) * units[timeframe[-1]]
    raise DataFormatError(timeframe, "is no time frame; use 1m, 15m, 1h, 4h or 1d")


def download(
    source: CandleSource,
    path: Path,
    *,
    symbol: str,
    timeframe: str,
    start_secs: int,
    end_secs: int,
    progress: Callable[[int, int], None] | None = None,
) -> Candles:
    """Bring a Parquet file up to the closed candles that open in [start, end).

    Raises: DataFormatError when the file is of another time frame, or nothing was found; the source's own.
    """
    interval = timeframe_secs(timeframe)
    kept = read_candles(path) if path.exists() else None
    if kept is not None and kept.interval_secs != interval:
        raise DataFormatError(path, f"holds candles of {kept.interval_secs} s, not {interval} s")
    closed = source.milliseconds() // 1000 // interval * interval
    last = min(end_secs, closed)
    since = -(-start_secs // interval) * interval
    if kept is not None and int(kept.open_times_secs[0]) <= since:
        since = max(since, int(kept.open_times_secs[-1]) + interval)
    first = since
    while since < last:
        page = source.fetch_ohlcv(symbol, timeframe, since * 1000, PAGE_CANDLES)
        fresh = [row for row in page if since <= int(row[0]) // 1000 < last]
        if not fresh:
            break
        kept = _joined(kept, fresh, interval)
        if len(kept) > 1:
            write_parquet(kept, path)
        since = int(fresh[-1][0]) // 1000 + interval
        if progress is not None:
            progress(since - first, last - first)
    if kept is None or len(kept) < 2:
        raise DataFormatError(path, f"{symbol} has no candles in this period")
    return kept


def _joined(kept: Candles | None, rows: Sequence[Row], interval: int) -> Candles:
    """Return candles with rows added; a row replaces the candle of the same time."""
    by_time: dict[int, tuple[Decimal, ...]] = {}
    if kept is not None:
        columns = (kept.opens, kept.highs, kept.lows, kept.closes, kept.volumes)
        for i, time in enumerate(kept.open_times_secs.tolist()):
            by_time[time] = tuple(column[i] for column in columns)
    for row in rows:
        by_time[int(row[0]) // 1000] = tuple(Decimal(repr(float(value))) for value in row[1:6])
    times = sorted(by_time)
    opens, highs, lows, closes, volumes = zip(*(by_time[time] for time in times), strict=True)
    return Candles(interval, np.array(times, dtype=np.int64), opens, highs, lows, closes, volumes)
