"""Choose the prices of a demo: a file, the data folder, an exchange, or a series called synthetic."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import DemoPricesError, MissingFileError
from strategies.candles import read_candles
from strategies.data_folder import ENVIRONMENT_VARIABLE, data_file
from strategies.errors import DataMissingError, GapError
from strategies.ticks import TickSeries, clamp_step, tick_of_price, tick_series

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_SECS = 3_600
DATA_FILE = "binance/ETH_USDT-1h.json"
SYMBOL = "ETH/USDT"
VENUES = ("binance", "kraken", "okx")
FETCH_SECS = 10.0
FETCH_VENUE_MS = 4_000
SYNTHETIC_START = 450_000  # the interval it begins with
SYNTHETIC_PRICE = Decimal(2_000)
SYNTHETIC_STEP_TICKS = 80.0  # standard deviation an hour, near that of ETH


@dataclass(frozen=True)
class DemoPrices:
    """Hold the oriented ticks of consecutive intervals, and where they come from."""

    source: str
    first_interval: int
    ticks: tuple[int, ...]


def choose_prices(
    count: int, *, first_interval: int, file: Path | None, seed: int, say: Callable[[str], None]
) -> DemoPrices:
    """Return `count` ticks: from `file` if given, else data folder, exchange, or synthetic, in this order.

    From a file with the pinned period that period is taken, from any other the last one without a gap.
    Raises: MissingFileError for a named file, DataMissingError for a named folder, that is not there;
    DemoPricesError for candles that are not hourly or too few.
    """
    if file is not None:
        if not file.is_file():
            raise MissingFileError(file)
        return _of_file(file, file.name, count, first_interval)
    try:
        return _of_file(data_file(DATA_FILE), DATA_FILE, count, first_interval)
    except DataMissingError:
        if os.environ.get(ENVIRONMENT_VARIABLE):
            raise
    say(f"no price data beside the checkout; asking exchanges for {SYMBOL}")
    try:
        return fetch_prices(count)
    except DemoPricesError as error:
        say(f"{error} The prices of this run are synthetic.")
        return synthetic_prices(count, seed)


def _of_file(path: Path, name: str, count: int, first_interval: int) -> DemoPrices:
    candles = read_candles(path)
    if candles.interval_secs != INTERVAL_SECS:
        raise DemoPricesError(f"{name} holds candles of {candles.interval_secs} s, hourly ones are needed.")
    return _pick(tick_series(candles), name, count, first_interval)


def _pick(series: TickSeries, name: str, count: int, first_interval: int) -> DemoPrices:
    try:
        window = series.window(first_interval + count - 1, count)
        return DemoPrices(name, first_interval, tuple(int(tick) for tick in window))
    except GapError:
        pass
    for segment in reversed(series.segments):
        if len(segment.ticks) >= count:
            kept = tuple(int(tick) for tick in segment.ticks[-count:])
            return DemoPrices(name, segment.last_interval - count + 1, kept)
    raise DemoPricesError(f"{name} holds no {count} consecutive hours.")


def fetch_prices(count: int) -> DemoPrices:
    """Fetch the last closed hourly candles from the first exchange that answers, within ten seconds in all.

    Raises: DemoPricesError when none does, or none gives that many consecutive hours.
    """
    found: list[DemoPrices] = []
    # A thread, because the time that a name server takes is bounded by nothing else.
    asking = threading.Thread(target=_ask_exchanges, args=(count, found), daemon=True)
    asking.start()
    asking.join(FETCH_SECS)
    if not found:
        raise DemoPricesError(f"no exchange gave {count} consecutive hours within {FETCH_SECS:.0f} s.")
    return found[0]


def _ask_exchanges(count: int, found: list[DemoPrices]) -> None:
    import ccxt

    until = time.monotonic() + FETCH_SECS
    for venue in VENUES:
        left_ms = int(1000 * (until - time.monotonic()))
        if left_ms <= 0:
            return
        exchange = getattr(ccxt, venue)({"enableRateLimit": True, "timeout": min(left_ms, FETCH_VENUE_MS)})
        try:
            rows = exchange.fetch_ohlcv(SYMBOL, "1h", limit=count + 2)
            found.append(prices_of_candles(rows, count, venue, now_secs=int(time.time())))
        except (ccxt.BaseError, DemoPricesError):
            continue
        return


def prices_of_candles(rows: list[list[float]], count: int, venue: str, *, now_secs: int) -> DemoPrices:
    """Take the last `count` closed candles, rows of [opening in ms, open, high, low, close, volume].

    Raises: DemoPricesError for too few, or a gap.
    """
    closed = [row for row in rows if row[0] // 1000 + INTERVAL_SECS <= now_secs][-count:]
    opens = [int(row[0]) // 1000 for row in closed]
    if len(closed) < count or any(b - a != INTERVAL_SECS for a, b in pairwise(opens)):
        raise DemoPricesError(f"{venue} gives no {count} consecutive hours.")
    ticks: list[int] = []
    for row in closed:
        raw = tick_of_price(Decimal(repr(row[4])))
        ticks.append(clamp_step(raw, ticks[-1]) if ticks else raw)
    return DemoPrices(f"{venue} {SYMBOL} 1h, fetched", opens[0] // INTERVAL_SECS + 1, tuple(ticks))


def synthetic_prices(count: int, seed: int) -> DemoPrices:
    """Make a random walk that reverts a little, from a seed."""
    draw = random.Random(f"provault synthetic prices {seed}")
    centre = tick_of_price(SYNTHETIC_PRICE)
    ticks, level = [], float(centre)
    for _ in range(count):
        level += draw.gauss(0.0, SYNTHETIC_STEP_TICKS) - 0.05 * (level - centre)
        ticks.append(round(level))
    return DemoPrices(f"synthetic (seed {seed})", SYNTHETIC_START, tuple(ticks))
