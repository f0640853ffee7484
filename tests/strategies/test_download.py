"""Downloads: pages, resumption, closed candles only; the exchange is an object with its two methods."""

import json

import pytest

from agent.cli import run
from agent.errors import InvalidOptionError
from agent.time_range import OPEN_END_SECS, parse_time_range
from strategies.candles import read_candles
from strategies.download import PAGE_CANDLES, download, timeframe_secs
from strategies.errors import DataFormatError

HOUR_MS = 3600_000


class Exchange:
    """Candles of every hour up to its clock, the last one still open."""

    def __init__(self, now_hours, fail_after=None):
        self.now_hours = now_hours
        self.asked = []
        self.fail_after = fail_after

    def milliseconds(self):
        return self.now_hours * HOUR_MS + 1234

    def fetch_ohlcv(self, symbol, timeframe, since, limit):
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise ConnectionError("the line is down")
        self.asked.append(since // HOUR_MS)
        first = -(-since // HOUR_MS)
        return [
            [h * HOUR_MS, 1.0, 2.0, 0.5, 1.0 + h / 8192, 3.0]
            for h in range(first, min(first + limit, self.now_hours + 1))
        ]


def fetch(source, path, start=100, end=10**6):
    return download(
        source, path, symbol="ETH/USDT", timeframe="1h", start_secs=start * 3600, end_secs=end * 3600
    )


def test_pages_join_and_the_open_candle_is_left_out(tmp_path):
    source = Exchange(2500)
    candles = fetch(source, tmp_path / "a.parquet")
    assert source.asked == [100, 100 + PAGE_CANDLES, 100 + 2 * PAGE_CANDLES]
    assert candles.open_times_secs.tolist() == [h * 3600 for h in range(100, 2500)]
    assert read_candles(tmp_path / "a.parquet").closes == candles.closes


def test_an_interrupted_download_goes_on(tmp_path):
    path = tmp_path / "a.parquet"
    with pytest.raises(ConnectionError):
        fetch(Exchange(2500, fail_after=1), path)
    assert len(read_candles(path)) == PAGE_CANDLES
    source = Exchange(2600)
    candles = fetch(source, path)
    assert source.asked[0] == 100 + PAGE_CANDLES
    assert candles.open_times_secs.tolist() == [h * 3600 for h in range(100, 2600)]
    again = Exchange(2600)
    assert len(fetch(again, path)) == 2500
    assert again.asked == []


def test_the_end_is_not_included(tmp_path):
    assert len(fetch(Exchange(500), tmp_path / "a.parquet", end=110)) == 10


def test_another_time_frame_or_an_empty_period_is_refused(tmp_path):
    fetch(Exchange(500), tmp_path / "a.parquet")
    with pytest.raises(DataFormatError, match="not 86400 s"):
        download(
            Exchange(500), tmp_path / "a.parquet", symbol="E", timeframe="1d", start_secs=0, end_secs=10**9
        )
    with pytest.raises(DataFormatError, match="no candles"):
        fetch(Exchange(50), tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("text", "secs"), [("1m", 60), ("15m", 900), ("1h", 3600), ("4h", 14_400), ("1d", 86_400)]
)
def test_time_frames(text, secs):
    assert timeframe_secs(text) == secs


@pytest.mark.parametrize("text", ["", "h", "1w", "0h", "-1h", "1.5h"])
def test_other_time_frames_are_refused(text):
    with pytest.raises(DataFormatError):
        timeframe_secs(text)


def test_time_ranges():
    assert parse_time_range("20210101-20210102") == (1609459200, 1609459200 + 2 * 86_400)
    assert parse_time_range("20210101-") == (1609459200, OPEN_END_SECS)
    assert parse_time_range("-20210101") == (0, 1609459200 + 86_400)


@pytest.mark.parametrize("text", ["", "-", "2021", "20210101", "20211301-", "20210101-20210102-"])
def test_other_time_ranges_are_refused(text):
    with pytest.raises(InvalidOptionError):
        parse_time_range(text)


def test_an_unknown_exchange_is_refused_before_anything_is_asked(tmp_path, capsys):
    words = [
        "data",
        "download",
        "--out",
        str(tmp_path / "a.parquet"),
        "--timerange",
        "20210101-",
        "--exchange",
        "nowhere",
    ]
    assert run([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "InvalidOptionError"
    assert list(tmp_path.iterdir()) == []
