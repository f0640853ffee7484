"""Read candles: freqtrade JSON, CSV of several origins, Parquet.

Prices keep their decimal text: a float is read as its shortest decimal, so that ticks are exact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strategies.errors import DataFormatError, DataMissingError

_TIME_NAMES = ("unix", "timestamp", "date", "open_time")


@dataclass(frozen=True)
class Candles:
    """Hold candles in ascending order of opening time (seconds, UTC); gaps are allowed, duplicates are not.

    `lows`, `highs`, `opens`, `closes` are exact prices, quote per base asset; `volumes` in the base asset.
    """

    interval_secs: int
    open_times_secs: NDArray[np.int64]
    opens: tuple[Decimal, ...]
    highs: tuple[Decimal, ...]
    lows: tuple[Decimal, ...]
    closes: tuple[Decimal, ...]
    volumes: tuple[Decimal, ...]

    def __len__(self) -> int:
        """Return the number of candles."""
        return len(self.closes)

    @property
    def missing_count(self) -> int:
        """Return how many candles the gaps leave out."""
        if len(self) == 0:
            return 0
        span = int(self.open_times_secs[-1] - self.open_times_secs[0]) // self.interval_secs + 1
        return span - len(self)

    def between(self, start_secs: int, end_secs: int) -> Candles:
        """Return the candles that close in (start, end]."""
        closed = self.open_times_secs + self.interval_secs
        low, high = np.searchsorted(closed, [start_secs, end_secs], side="right")
        part = slice(int(low), int(high))
        return Candles(
            self.interval_secs,
            self.open_times_secs[part],
            self.opens[part],
            self.highs[part],
            self.lows[part],
            self.closes[part],
            self.volumes[part],
        )


def read_candles(path: str | Path) -> Candles:
    """Read a candle file by its form: `.json` (freqtrade), `.csv`, `.parquet`.

    Raises: DataMissingError, DataFormatError.
    """
    file = Path(path)
    return _candles(file, read_rows(file))


def read_rows(path: str | Path) -> list[Sequence[Any]]:
    """Read the rows of a candle file as they stand: (open seconds, open, high, low, close, volume).

    Raises: DataMissingError, DataFormatError.
    """
    file = Path(path)
    if not file.is_file():
        raise DataMissingError(file)
    readers: dict[str, Callable[[Path], list[Sequence[Any]]]] = {
        ".json": _rows_of_json,
        ".csv": _rows_of_csv,
        ".parquet": _rows_of_parquet,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise DataFormatError(file, f"files of this kind are not known; use {', '.join(readers)}")
    return reader(file)


def _candles(file: Path, rows: list[Sequence[Any]]) -> Candles:
    """Build candles from rows (open seconds, open, high, low, close, volume), in either order of time."""
    if len(rows) < 2:
        raise DataFormatError(file, f"{len(rows)} candles, at least two are needed")
    if rows[0][0] > rows[-1][0]:
        rows = rows[::-1]
    times = np.array([row[0] for row in rows], dtype=np.int64)
    steps = np.diff(times)
    if steps.min() <= 0:
        at = int(np.argmin(steps)) + 1
        raise DataFormatError(file, f"candle {at} opens at {times[at]}, not after the one before it")
    interval = int(steps.min())
    if np.any(times % interval):
        at = int(np.argmax(times % interval != 0))
        raise DataFormatError(file, f"candle {at} opens at {times[at]}, off the grid of {interval} s")
    columns = []
    for column in range(1, 6):
        columns.append(tuple(_decimal(file, i, row[column]) for i, row in enumerate(rows)))
    for i, close in enumerate(columns[3]):
        if close <= 0:
            raise DataFormatError(file, f"candle {i} closes at {close}, which is no price")
    return Candles(interval, times, *columns)


def _decimal(file: Path, row: int, value: object) -> Decimal:
    """Return a number as its shortest decimal."""
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        raise DataFormatError(file, f"candle {row} holds {value!r}, which is no number") from None
    if not number.is_finite():
        raise DataFormatError(file, f"candle {row} holds {value!r}, which is no number")
    return number


def _rows_of_json(file: Path) -> list[Sequence[Any]]:
    """Read freqtrade JSON: an array of [open ms, open, high, low, close, volume]."""
    try:
        rows = json.loads(file.read_text(), parse_float=Decimal)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataFormatError(file, f"is no JSON ({error})") from None
    if not isinstance(rows, list):
        raise DataFormatError(file, "holds no array of candles")
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 6 or not isinstance(row[0], int) or row[0] % 1000:
            raise DataFormatError(file, f"candle {i} is not [milliseconds, open, high, low, close, volume]")
    return [(row[0] // 1000, *row[1:]) for row in rows]


def _rows_of_csv(file: Path) -> list[Sequence[Any]]:
    """Read a CSV with a header line, with or without a comment line above it."""
    return _rows_of_frame(file, _csv_frame(file))


def _csv_frame(file: Path) -> pl.DataFrame:
    """Read a CSV as text, from its header line on."""
    try:
        lines = file.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise DataFormatError(file, f"is no text ({error})") from None
    header = next((i for i, line in enumerate(lines[:3]) if "close" in line.lower().split(",")), None)
    if header is None:
        raise DataFormatError(file, "has no header line with a column `close`")
    return pl.read_csv(file, skip_rows=header, infer_schema=False)


def _rows_of_parquet(file: Path) -> list[Sequence[Any]]:
    """Read Parquet with the columns date or timestamp, open, high, low, close, volume."""
    try:
        frame = pl.read_parquet(file)
    except pl.exceptions.PolarsError as error:
        raise DataFormatError(file, f"is no Parquet ({error})") from None
    return _rows_of_frame(file, frame)


def read_volume_pairs(path: str | Path) -> list[tuple[int, float, float, float]]:
    """Read (open seconds, close, base volume, quote volume) of a CSV that has both volumes, else nothing.

    Raises: DataMissingError, DataFormatError.
    """
    file = Path(path)
    if not file.is_file():
        raise DataMissingError(file)
    if file.suffix.lower() != ".csv":
        return []
    frame = _csv_frame(file)
    by_name = {name.lower(): name for name in frame.columns}
    base, quote = next(
        ((b, q) for b, q in (("volume_btc", "volume"), ("volume", "volume usd")) if {b, q} <= set(by_name)),
        (None, None),
    )
    time = next((by_name[n] for n in _TIME_NAMES if n in by_name), None)
    if base is None or quote is None or time is None:
        return []
    table = frame.select([time, by_name["close"], by_name[base], by_name[quote]])
    return [
        (_seconds(file, i, row[0]), float(row[1]), float(row[2]), float(row[3]))
        for i, row in enumerate(table.iter_rows())
    ]


def _rows_of_frame(file: Path, frame: pl.DataFrame) -> list[Sequence[Any]]:
    """Pick time, prices and base volume out of a frame, whatever the columns are called."""
    by_name = {name.lower(): name for name in frame.columns}
    time_name = next((by_name[n] for n in _TIME_NAMES if n in by_name), None)
    volume_name = next((by_name[n] for n in ("volume", "volume_btc", "base_volume") if n in by_name), None)
    # A file that names both volumes calls the one in the base asset after it.
    volume_name = by_name.get("volume_btc", volume_name)
    wanted = [time_name, *(by_name.get(n) for n in ("open", "high", "low", "close")), volume_name]
    if None in wanted:
        raise DataFormatError(file, f"time, prices or volume is missing in {', '.join(frame.columns)}")
    table = frame.select([name for name in wanted if name is not None])
    return [(_seconds(file, i, row[0]), *row[1:]) for i, row in enumerate(table.iter_rows())]


def _seconds(file: Path, row: int, value: object) -> int:
    """Return a time as unix seconds: seconds or milliseconds, a date, or `2019-10-17 09-AM`."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(moment.timestamp())
    text = str(value)
    if text.isdigit():
        number = int(text)
        return number // 1000 if number >= 10**11 else number
    for form in ("%Y-%m-%d %I-%p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise DataFormatError(file, f"candle {row} opens at {value!r}, which is no time")


def write_parquet(candles: Candles, path: str | Path) -> None:
    """Write candles as Parquet: timestamp in seconds, prices and volume as floats."""
    columns: dict[str, Any] = {"timestamp": candles.open_times_secs}
    for name in ("opens", "highs", "lows", "closes", "volumes"):
        columns[name[:-1] if name != "volumes" else "volume"] = [float(x) for x in getattr(candles, name)]
    target = Path(path)
    partial = target.with_suffix(target.suffix + ".partial")
    pl.DataFrame(columns).write_parquet(partial)
    partial.replace(target)
