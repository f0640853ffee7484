"""Look for the defects that market data really has; each check says where it found one.

gaps         missing candles on the grid
order        candles that repeat a time or go back in it
prices       low <= open, close <= high, all positive
volumes      candles without volume; base and quote volume in each other's column
resampling   a coarser file of the same market equals the finer one resampled
lag          returns fit another source best at lag 0, week by week
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strategies.candles import Candles, read_rows, read_volume_pairs
from strategies.errors import DataFormatError

MOST_LAG = 12
LEAST_PAIRS = 100
LEAST_CORRELATION = 0.5
WEEK_SECS = 7 * 86_400


@dataclass(frozen=True)
class Finding:
    """Name a defect: which check, from when to when (seconds, UTC), how many candles, and what is wrong."""

    check: str
    first_secs: int
    last_secs: int
    count: int
    detail: str


def check_file(path: Path) -> list[Finding]:
    """Run every check that needs one file alone.

    Raises: DataMissingError, DataFormatError when the rows cannot be read at all.
    """
    rows = sorted_rows(path)
    times = np.array([row[0] for row in rows], dtype=np.int64)
    prices = np.array([[float(x) for x in row[1:6]] for row in rows])
    interval = grid_interval(path, times)
    return [
        *order_findings(times),
        *gap_findings(np.unique(times), interval),
        *price_findings(times, prices),
        *zero_volume_findings(times, prices[:, 4]),
        *swapped_volume_findings(path),
    ]


def sorted_rows(path: Path) -> list[Sequence[Any]]:
    """Return the rows with the oldest first, repeats and steps back left where they are."""
    rows = read_rows(path)
    if len(rows) < 2:
        raise DataFormatError(path, f"{len(rows)} candles, at least two are needed")
    return rows[::-1] if rows[0][0] > rows[-1][0] else rows


def grid_interval(path: Path, times: NDArray[np.int64]) -> int:
    """Return the commonest step between neighbouring candles, in seconds."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    interval = int(steps[np.argmax(counts)])
    if interval <= 0:
        raise DataFormatError(path, "most candles do not come after the one before them")
    return interval


def gap_findings(times: NDArray[np.int64], interval: int) -> list[Finding]:
    """Find stretches of the grid without a candle."""
    found = []
    for at in np.flatnonzero(np.diff(times) > interval):
        first, last = int(times[at]) + interval, int(times[at + 1]) - interval
        missing = (last - first) // interval + 1
        found.append(Finding("gaps", first, last, missing, f"{missing} candles are missing"))
    return found


def order_findings(times: NDArray[np.int64]) -> list[Finding]:
    """Find times that repeat or go back."""
    back = np.flatnonzero(np.diff(times) <= 0)
    if len(back) == 0:
        return []
    first, last = int(times[back].min()), int(times[back + 1].max())
    detail = f"{len(back)} candles do not come after the one before them"
    return [Finding("order", first, last, len(back), detail)]


def price_findings(times: NDArray[np.int64], prices: NDArray[np.float64]) -> list[Finding]:
    """Find candles whose prices contradict each other."""
    opens, highs, lows, closes = prices[:, :4].T
    wrong = np.flatnonzero(
        (lows <= 0) | (lows > np.minimum(opens, closes)) | (highs < np.maximum(opens, closes))
    )
    if len(wrong) == 0:
        return []
    detail = f"{len(wrong)} candles have prices outside low..high"
    return [Finding("prices", int(times[wrong[0]]), int(times[wrong[-1]]), len(wrong), detail)]


def zero_volume_findings(times: NDArray[np.int64], volumes: NDArray[np.float64]) -> list[Finding]:
    """Find candles in which nothing was traded."""
    empty = np.flatnonzero(volumes <= 0)
    if len(empty) == 0:
        return []
    detail = f"{len(empty)} candles have no volume"
    return [Finding("volumes", int(times[empty[0]]), int(times[empty[-1]]), len(empty), detail)]


def swapped_volume_findings(path: Path) -> list[Finding]:
    """Find candles whose base volume is nearer to the quote volume's size than to its own."""
    swapped = []
    for time, close, base, quote in read_volume_pairs(path):
        if base <= 0 or quote <= 0 or close <= 0:
            continue
        right, wrong = abs(np.log(quote / (base * close))), abs(np.log(base / (quote * close)))
        if wrong < right:
            swapped.append(time)
    if not swapped:
        return []
    detail = f"base and quote volume are in each other's column in {len(swapped)} candles"
    return [Finding("volumes", min(swapped), max(swapped), len(swapped), detail)]


def resampling_findings(fine: Candles, coarse: Candles) -> list[Finding]:
    """Compare a coarser file with the finer one resampled: open, high, low, close of whole coarse candles."""
    ratio = coarse.interval_secs // fine.interval_secs
    parts: dict[int, list[int]] = defaultdict(list)
    for i, time in enumerate(fine.open_times_secs.tolist()):
        parts[time // coarse.interval_secs * coarse.interval_secs].append(i)
    wrong = []
    for j, time in enumerate(coarse.open_times_secs.tolist()):
        rows = parts.get(time, [])
        if len(rows) != ratio:
            continue
        resampled = (
            fine.opens[rows[0]],
            max(fine.highs[i] for i in rows),
            min(fine.lows[i] for i in rows),
            fine.closes[rows[-1]],
        )
        if resampled != (coarse.opens[j], coarse.highs[j], coarse.lows[j], coarse.closes[j]):
            wrong.append(time)
    if not wrong:
        return []
    detail = f"{len(wrong)} coarse candles differ from the finer file"
    return [Finding("resampling", wrong[0], wrong[-1], len(wrong), detail)]


def lag_findings(path: Path, other: Path) -> list[Finding]:
    """Find stretches of weeks whose returns fit another source better at one lag than at the same time."""
    closes, reference = _close_by_time(path), _close_by_time(other)
    interval = grid_interval(path, np.array(sorted(closes), dtype=np.int64))
    mine, theirs = _returns(closes, interval), _returns(reference, interval)
    weeks: dict[int, list[int]] = defaultdict(list)
    for time in mine:
        weeks[time // WEEK_SECS].append(time)
    found: list[Finding] = []
    last_week, last_lag = -2, 0
    for week, times in sorted(weeks.items()):
        lag = _best_lag(mine, theirs, times, interval)
        if lag == 0:
            continue
        first, count = min(times), len(times)
        if (last_week, last_lag) == (week - 1, lag):
            joined = found.pop()
            first, count = joined.first_secs, joined.count + count
        detail = f"returns fit the other source best {lag:+d} intervals away"
        found.append(Finding("lag", first, max(times), count, detail))
        last_week, last_lag = week, lag
    return found


def _best_lag(mine: dict[int, float], theirs: dict[int, float], times: list[int], interval: int) -> int:
    """Return the lag of best correlation, 0 when there is too little to compare or none that is clear."""
    by_lag = {}
    for lag in range(-MOST_LAG, MOST_LAG + 1):
        pairs = [(mine[t], theirs[t + lag * interval]) for t in times if t + lag * interval in theirs]
        if len(pairs) >= LEAST_PAIRS:
            by_lag[lag] = float(np.corrcoef(np.array(pairs).T)[0, 1])
    best = max(by_lag, key=lambda lag: by_lag[lag], default=0)
    return best if best and by_lag[best] > LEAST_CORRELATION else 0


def _close_by_time(path: Path) -> dict[int, float]:
    return {int(str(row[0])): float(str(row[4])) for row in sorted_rows(path)}


def _returns(closes: dict[int, float], interval: int) -> dict[int, float]:
    """Return log returns by the opening time of their candle, where the candle before is there."""
    return {
        time: float(np.log(close / closes[time - interval]))
        for time, close in closes.items()
        if time - interval in closes
    }
