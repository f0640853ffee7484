"""Readers of candles: every form, exact prices, refusals by name."""

import json
from decimal import Decimal

import pytest

from strategies.candles import read_candles, write_parquet
from strategies.data_folder import data_file, data_folder
from strategies.errors import DataFormatError, DataMissingError
from tests.strategies.support.candles import hourly

ROWS = [
    [3600_000, 1.1, 1.2, 1.0, 1.15, 3.5],
    [7200_000, 1.15, 1.3, 1.1, 1.2, 2],
    [14400_000, 1.2, 1.2, 1.2, 1.2, 0],
]


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_freqtrade_json_keeps_its_decimals(tmp_path):
    candles = read_candles(written(tmp_path, "a.json", ROWS))
    assert candles.interval_secs == 3600
    assert candles.open_times_secs.tolist() == [3600, 7200, 14400]
    assert candles.closes == (Decimal("1.15"), Decimal("1.2"), Decimal("1.2"))
    assert candles.missing_count == 1


def test_csv_newest_first_with_a_comment_line_and_a_twelve_hour_clock(tmp_path):
    text = (
        "Timestamps are UTC timezone,https://example.org\n"
        "date,symbol,open,high,low,close,volume_btc,volume\n"
        "2019-10-17 12-PM,BTCUSD,8051,8056.83,8021.23,8035.88,61.25,492394.56\n"
        "2019-10-17 11-AM,BTCUSD,7975.89,8070,7975.89,8051,370.45,2971610.86\n"
        "2019-10-17 10-AM,BTCUSD,7975.89,8070,7975.89,8052,370.45,2971610.86\n"
    )
    candles = read_candles(written(tmp_path, "a.csv", text))
    assert candles.open_times_secs.tolist() == [1571306400, 1571310000, 1571313600]
    assert candles.closes[-1] == Decimal("8035.88")
    assert candles.volumes[-1] == Decimal("61.25")


def test_csv_with_unix_seconds(tmp_path):
    text = "unix,open,high,low,close,volume\n3600,1,1,1,1.5,2\n7200,1,1,1,1.6,2\n"
    candles = read_candles(written(tmp_path, "a.csv", text))
    assert candles.open_times_secs.tolist() == [3600, 7200]


def test_parquet_comes_back_as_it_went(tmp_path):
    candles = hourly(["301.61", "303.1", "302.68"])
    write_parquet(candles, tmp_path / "a.parquet")
    again = read_candles(tmp_path / "a.parquet")
    assert again.closes == candles.closes
    assert again.open_times_secs.tolist() == candles.open_times_secs.tolist()


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        ("a.json", "[", "no JSON"),
        ("a.json", {"a": 1}, "no array of candles"),
        ("a.json", [[3600_000, 1, 1, 1]], "is not"),
        ("a.json", [[3600_001, 1, 1, 1, 1, 1], ROWS[1]], "is not"),
        ("a.json", ROWS[:1], "at least two"),
        ("a.json", [ROWS[0], ROWS[0]], "not after the one before"),
        ("a.json", [[3600_000, 1, 1, 1, 0, 1], ROWS[1]], "which is no price"),
        ("a.json", [[3600_000, 1, 1, 1, "x", 1], ROWS[1]], "which is no number"),
        ("a.json", [[1800_000, 1, 1, 1, 1, 1], [5400_000, 1, 1, 1, 1, 1]], "off the grid"),
        ("a.csv", "a,b\n1,2\n", "no header line"),
        ("a.csv", "unix,open,high,low,close\n1,1,1,1,1\n", "volume is missing"),
        ("a.csv", "date,open,high,low,close,volume\nnow,1,1,1,1,1\nthen,1,1,1,1,1\n", "which is no time"),
        ("a.parquet", "nothing", "no Parquet"),
        ("a.txt", "nothing", "not known"),
    ],
)
def test_what_is_no_candle_file_is_refused(tmp_path, name, content, detail):
    with pytest.raises(DataFormatError, match=detail):
        read_candles(written(tmp_path, name, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataMissingError, match=r"b\.json does not exist"):
        read_candles(tmp_path / "b.json")


def test_the_data_folder_is_the_one_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PROVAULT_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    with pytest.raises(DataMissingError, match="PROVAULT_DATA"):
        data_file("a.json")
    monkeypatch.setenv("PROVAULT_DATA", str(tmp_path / "absent"))
    with pytest.raises(DataMissingError, match="PROVAULT_DATA"):
        data_folder()


def test_repeated_hours_in_a_real_file_are_refused(price_data):
    with pytest.raises(DataFormatError, match="not after the one before"):
        read_candles(price_data / "other" / "Coinbase_BTCUSD_1h.csv")


def test_a_real_csv_is_read_in_order(price_data):
    candles = read_candles(price_data / "other" / "BTC_USD-Hourly.csv")
    assert (len(candles), candles.missing_count) == (33_259, 0)
    assert candles.open_times_secs[0] == 1526364000
