"""What table, page and JSON say about a run."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from agent.demo.frauds import FRAUDS, Refusal
from agent.demo.report import page
from agent.demo.result import DemoResult, EpochLine, Fill
from agent.demo.terminal import draw
from agent.demo.wording import outcome, price, share, slippage, verdict
from strategies.tick_math import q_ratio_at_tick, value_in_base

TICK = -193_000
BASE, ETHER = 10**6, 10**18


def line(epoch: int, **changes: object) -> EpochLine:
    """An epoch that held half of a vault in each token."""
    plain = EpochLine(
        epoch=epoch,
        starts_secs=epoch * 3_600,
        target_bps=5_000,
        tick=TICK,
        fills=(),
        idle_reason=0,
        mark=4_150.0,
        prove_secs=0.2,
        verify_gas=228_000,
        decide_gas=446_000,
        trade_gas=None,
        base=500_000 * BASE,
        risky=120 * ETHER,
        after_frauds=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


BUY = Fill(buy=True, paid=1_000 * BASE, got=ETHER // 4, price=4_000.0, spot=3_998.0)
SELL = Fill(buy=False, paid=ETHER, got=3_990 * BASE, price=3_990.0, spot=4_000.0)


@pytest.fixture
def result() -> DemoResult:
    """A run of a buy, a hold and a sale."""
    return DemoResult(
        lines=(
            line(450_000, fills=(BUY,), idle_reason=None, trade_gas=118_000, decide_gas=551_000),
            line(450_001),
            line(450_002, fills=(SELL,), idle_reason=None, trade_gas=120_000, after_frauds=True),
        ),
        refusals=tuple(Refusal(fraud, "opening", bytes(32), 357_000) for fraud in FRAUDS),
        start_base=1_000_000 * BASE,
        start_risky=0,
        base_decimals=6,
        data_source="own.csv",
        rpc_url="http://127.0.0.1:1",
        vault="0x" + "11" * 20,
        report_path=Path("report.html"),
        recording_path=Path("recording.json"),
        chain_kept=False,
    )


def test_the_document_counts_and_takes_medians(result: DemoResult) -> None:
    document = result.document()
    assert (document["epochs"], document["executed"], document["held"]) == (3, 2, 1)
    assert document["trade_gas_median"] == 119_000
    assert document["decide_gas_median"] == 446_000
    assert document["frauds"] == dict.fromkeys(FRAUDS, "opening")
    q = q_ratio_at_tick(TICK)
    assert document["vault_value_end"] == 500_000 * BASE + value_in_base(120 * ETHER, q)
    assert document["hold_value_end"] == value_in_base((1_000_000 * BASE << 128) // q, q)


def test_a_run_without_a_trade_has_no_median_of_trades(result: DemoResult) -> None:
    held = replace(result, lines=(line(450_000), line(450_001)))
    assert held.document()["trade_gas_median"] is None
    assert "none" in page(held)


def test_other_reasons_to_idle_are_counted_apart(result: DemoResult) -> None:
    mixed = replace(result, lines=(*result.lines, line(450_003, idle_reason=2)))
    assert (mixed.held, mixed.held_in_band) == (2, 1)
    assert "1 buys, 1 sells, 1 holds, 1 without a trade for another reason" in verdict(mixed)
    assert outcome(mixed.lines[-1], mixed) == "hold: no room"


@pytest.mark.parametrize(("fill", "words", "bps"), [(BUY, "buy 1,000", "5.0"), (SELL, "sell 3,990", "25.1")])
def test_a_trade_is_worded_with_its_side_amount_and_slippage(
    result: DemoResult, fill: Fill, words: str, bps: str
) -> None:
    traded = line(1, fills=(fill,), idle_reason=None)
    assert (outcome(traded, result), slippage(traded)) == (words, bps)
    assert price(traded) == f"{fill.price:,.2f}"


def test_two_fills_are_one_trade_at_their_mean_price(result: DemoResult) -> None:
    other = Fill(buy=True, paid=3_012 * BASE, got=3 * ETHER // 4, price=4_016.0, spot=4_008.0)
    traded = line(1, fills=(BUY, other), idle_reason=None)
    assert (outcome(traded, result), price(traded)) == ("buy 4,012", "4,012.00")


def test_a_hold_shows_the_mean_price_and_no_slippage() -> None:
    assert (price(line(1)), slippage(line(1)), share(line(1))[-1]) == ("4,150.00", "", "%")


def test_the_page_says_when_prices_are_synthetic(result: DemoResult) -> None:
    assert "are synthetic" not in page(result)
    assert "The prices of this run are synthetic" in page(replace(result, data_source="synthetic (seed 1)"))


def test_the_page_escapes_the_name_of_a_file(result: DemoResult) -> None:
    shown = page(replace(result, data_source="<b>x</b>.csv"))
    assert "<b>x</b>.csv" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;.csv" in shown


def test_the_tables_fit_80_columns_and_nothing_is_cut(result: DemoResult) -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(draw(result))
    text = stream.getvalue()
    assert max(len(row) for row in text.splitlines()) <= 80
    assert "\u2026" not in text
    for word in ("450002 *", "buy 1,000", "hold: in band", "sell 3,990", *FRAUDS, "own.csv"):
        assert word in text, word
