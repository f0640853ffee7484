"""Where a demo's prices come from, in which order, and that made-up ones say so."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import ccxt
import pytest

from agent.demo import prices
from agent.demo.period import FIRST_INTERVAL
from agent.demo.prices import (
    DATA_FILE,
    INTERVAL_SECS,
    DemoPrices,
    choose_prices,
    fetch_prices,
    prices_of_candles,
    synthetic_prices,
)
from agent.errors import DemoPricesError, MissingFileError
from strategies.candles import read_candles
from strategies.errors import DataMissingError
from strategies.ticks import tick_series

PATIENCE_SECS = 300

HOUR_MS = 1_000 * INTERVAL_SECS


def candles(count: int, *, start: int = 1_000) -> list[list[float]]:
    return [[(start + index) * HOUR_MS, 1.0, 1.0, 1.0, 2_000.0 + index, 1.0] for index in range(count)]


def choose(count: int, file: Path | None, said: list[str]) -> DemoPrices:
    return choose_prices(count, first_interval=FIRST_INTERVAL, file=file, seed=3, say=said.append)


class Exchange:
    """Stand for an exchange at its own interface: answers with what the test gives."""

    answer: Any = None
    asked: list[int]

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def fetch_ohlcv(self, symbol: str, timeframe: str, limit: int) -> list[list[float]]:
        assert (symbol, timeframe) == ("ETH/USDT", "1h")
        if isinstance(self.answer, Exception):
            raise self.answer
        return list(self.answer(limit))


def give(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    for venue in prices.VENUES:
        monkeypatch.setattr(ccxt, venue, type("Given", (Exchange,), {"answer": staticmethod(answer)}))


def without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Path:
        raise DataMissingError(name)

    monkeypatch.delenv("PROVAULT_DATA", raising=False)
    monkeypatch.setattr(prices, "data_file", missing)


def test_the_default_is_the_pinned_period_of_the_data_folder(price_data: Path) -> None:
    said: list[str] = []
    found = choose(58, None, said)
    assert (found.source, found.first_interval, len(found.ticks)) == (DATA_FILE, FIRST_INTERVAL, 58)
    series = tick_series(read_candles(price_data / DATA_FILE))
    assert found.ticks == tuple(series.window(FIRST_INTERVAL + 57, 58))
    assert said == []


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        choose(58, tmp_path / "none.json", [])


def test_a_named_folder_that_is_missing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVAULT_DATA", str(tmp_path / "none"))
    with pytest.raises(DataMissingError):
        choose(58, None, [])


def test_another_file_gives_its_last_hours_without_a_gap(tmp_path: Path) -> None:
    rows = [*candles(60), *candles(20, start=1_100)]
    path = tmp_path / "own.json"
    path.write_text(str([[int(row[0]), *row[1:]] for row in rows]))
    found = choose(40, path, [])
    assert (found.source, found.first_interval) == ("own.json", 1_000 + 60 - 40 + 1)
    with pytest.raises(DemoPricesError, match="no 61 consecutive hours"):
        choose(61, path, [])


def test_without_data_the_exchange_is_asked_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_data(monkeypatch)
    give(monkeypatch, lambda limit: candles(limit))
    said: list[str] = []
    found = choose(58, None, said)
    assert found.source == "binance ETH/USDT 1h, fetched"
    assert said == ["no price data beside the checkout; asking exchanges for ETH/USDT"]


def test_without_data_and_exchange_the_prices_are_synthetic_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_data(monkeypatch)
    for venue in prices.VENUES:
        silent = type("Silent", (Exchange,), {"answer": ccxt.NetworkError("no way out")})
        monkeypatch.setattr(ccxt, venue, silent)
    said: list[str] = []
    assert choose(58, None, said) == synthetic_prices(58, 3)
    assert said[-1].endswith("The prices of this run are synthetic.")


def test_an_exchange_that_hangs_is_left_after_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    left = threading.Event()

    def hang(limit: int) -> list[list[float]]:
        left.wait(PATIENCE_SECS)
        return candles(limit)

    give(monkeypatch, hang)
    monkeypatch.setattr(prices, "FETCH_SECS", 0.2)
    try:
        with pytest.raises(DemoPricesError, match="no exchange gave 58"):
            fetch_prices(58)  # would return prices if it waited for the exchange
    finally:
        left.set()


def test_a_candle_that_is_still_open_is_left_out() -> None:
    rows = candles(5)
    now = int(rows[-1][0]) // 1_000 + INTERVAL_SECS - 1
    assert prices_of_candles(rows, 4, "x", now_secs=now).first_interval == 1_001
    with pytest.raises(DemoPricesError, match="no 5 consecutive hours"):
        prices_of_candles(rows, 5, "x", now_secs=now)


def test_fetched_candles_with_a_gap_are_refused() -> None:
    rows = [*candles(3), *candles(3, start=1_004)]
    with pytest.raises(DemoPricesError, match="no 6 consecutive hours"):
        prices_of_candles(rows, 6, "x", now_secs=10**10)


def test_synthetic_prices_follow_the_seed_move_and_are_called_synthetic() -> None:
    one, same, other = synthetic_prices(58, 1), synthetic_prices(58, 1), synthetic_prices(58, 2)
    assert one == same
    assert one.ticks != other.ticks
    assert one.source == "synthetic (seed 1)"
    assert len(set(one.ticks)) > 50
    assert max(abs(b - a) for a, b in zip(one.ticks, one.ticks[1:], strict=False)) < 2_000
