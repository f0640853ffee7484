"""Checks of market data find the defects that the data really has, and nothing in a clean file."""

import json

import numpy as np
import pytest

from agent.cli import run
from strategies.candles import read_candles
from strategies.data_checks import check_file, lag_findings, resampling_findings
from strategies.errors import DataFormatError


def written(tmp_path, rows, name="a.json"):
    path = tmp_path / name
    path.write_text(json.dumps(rows))
    return path


def clean(count=50, start=10, seed=1):
    closes = 100 + np.random.default_rng(seed).normal(0, 1, count).cumsum()
    return [[(start + i) * 3600_000, c, c + 1, c - 1, c, 5.0] for i, c in enumerate(closes.tolist())]


def test_a_clean_file_has_no_finding(tmp_path):
    assert check_file(written(tmp_path, clean())) == []


def test_each_defect_is_found_where_it_is(tmp_path):
    rows = clean()
    rows[5][3] = rows[5][4] + 0.5
    rows[7][5] = 0.0
    del rows[20:23]
    rows.insert(30, list(rows[29]))
    found = {finding.check: finding for finding in check_file(written(tmp_path, rows))}
    assert set(found) == {"prices", "volumes", "gaps", "order"}
    assert found["prices"].first_secs == 15 * 3600
    assert found["volumes"].first_secs == 17 * 3600
    assert (found["gaps"].first_secs, found["gaps"].last_secs, found["gaps"].count) == (
        30 * 3600,
        32 * 3600,
        3,
    )
    assert (found["order"].first_secs, found["order"].count) == (rows[29][0] // 1000, 1)


def test_a_coarser_file_that_differs_is_found(tmp_path):
    rows = clean(48, start=24)
    fine = read_candles(written(tmp_path, rows))
    days = []
    for day in (rows[:24], rows[24:]):
        prices = [day[0][1], max(r[2] for r in day), min(r[3] for r in day), day[-1][4]]
        days.append([day[0][0], *prices, 1])
    assert resampling_findings(fine, read_candles(written(tmp_path, days, "d.json"))) == []
    days[1][2] += 0.25
    (found,) = resampling_findings(fine, read_candles(written(tmp_path, days, "d.json")))
    assert (found.first_secs, found.count) == (48 * 3600, 1)


@pytest.mark.parametrize("lag", [3, -2])
def test_a_wrong_clock_is_found_with_its_lag(tmp_path, lag):
    rows = clean(600)
    other = written(tmp_path, rows, "b.json")
    moved = [[row[0] - lag * 3600_000, *row[1:]] for row in rows]
    assert lag_findings(written(tmp_path, rows), other) == []
    found = lag_findings(written(tmp_path, moved), other)
    assert found
    assert all(f"{lag:+d} intervals away" in finding.detail for finding in found)


def test_a_file_without_a_grid_is_refused(tmp_path):
    with pytest.raises(DataFormatError, match="at least two"):
        check_file(written(tmp_path, clean(1)))
    rows = clean(6)
    with pytest.raises(DataFormatError, match="do not come after"):
        check_file(written(tmp_path, [rows[0], rows[0], rows[0], rows[1]]))


def test_known_defects_of_real_files_are_found(price_data):
    eth = check_file(price_data / "binance" / "ETH_USDT-1h.json")
    gaps = [finding for finding in eth if finding.check == "gaps"]
    assert (len(gaps), sum(g.count for g in gaps), max(g.count for g in gaps)) == (27, 127, 33)
    assert {finding.check for finding in eth} == {"gaps", "volumes"}
    swapped = check_file(price_data / "other" / "BTC_USD-Hourly.csv")
    assert [f.count for f in swapped if "each other's column" in f.detail] == [20_143]
    coinbase = check_file(price_data / "other" / "Coinbase_BTCUSD_1h.csv")
    assert [f.count for f in coinbase if f.check == "order"] == [5]


def test_a_real_clock_that_was_off_is_found(price_data):
    reference = price_data / "binance" / "BTC_USDT-1h.json"
    (found,) = lag_findings(price_data / "other" / "Coinbase_BTCUSD_1h.csv", reference)
    assert "+4 intervals" in found.detail
    assert 1_505_000_000 < found.first_secs < found.last_secs < 1_511_000_000
    assert lag_findings(price_data / "other" / "BTC_USD-Hourly.csv", reference) == []


def test_hourly_and_daily_files_agree(price_data):
    for pair in ("ETH", "BTC"):
        fine, coarse = (
            read_candles(price_data / "binance" / f"{pair}_USDT-{frame}.json") for frame in ("1h", "1d")
        )
        assert resampling_findings(fine, coarse) == []


def test_the_command_exits_one_with_findings_and_zero_without(tmp_path, capsys):
    good = written(tmp_path, clean())
    assert run(["data", "verify", str(good), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    rows = clean()
    del rows[10]
    assert run(["data", "verify", str(written(tmp_path, rows)), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["check"] == "gaps"
    assert run(["data", "verify", str(tmp_path / "absent.json"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "DataMissingError"


def test_files_are_listed(price_data, capsys):
    assert run(["data", "list", "--json"]) == 0
    files = {entry["file"]: entry for entry in json.loads(capsys.readouterr().out)["files"]}
    assert files["binance/ETH_USDT-1h.json"]["missing"] == 127
    assert "refused" in files["other/Coinbase_BTCUSD_1h.csv"]
