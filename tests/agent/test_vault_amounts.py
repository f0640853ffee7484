"""Amounts as people write them are exact, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vault_amounts import format_amount, parse_amount, with_slippage_down, with_slippage_up
from agent.vault_errors import AmountError


@given(raw=st.integers(0, 2**255), decimals=st.integers(0, 18))
def test_an_amount_survives_being_written(raw: int, decimals: int) -> None:
    text = format_amount(raw, decimals)
    assert parse_amount(text, decimals, "amount") == raw
    assert "e" not in text


@pytest.mark.parametrize(
    ("text", "decimals", "raw"),
    [("0.1", 18, 10**17), ("12.50", 1, 125), ("007", 0, 7), ("1.000", 0, 1), (" 3 ", 6, 3_000_000)],
)
def test_what_people_write_is_read_exactly(text: str, decimals: int, raw: int) -> None:
    assert parse_amount(text, decimals, "amount") == raw


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", "1,5", "0x10", ".5", "5.", "1_000", "nan", "\u0661"])
def test_what_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="is no amount"):
        parse_amount(text, 6, "amount")


def test_what_is_finer_than_the_token_or_too_large_is_refused() -> None:
    with pytest.raises(AmountError, match="has 6 decimals"):
        parse_amount("0.0000001", 6, "amount")
    with pytest.raises(AmountError, match="more than a contract can count"):
        parse_amount(str(2**256), 0, "amount")


def test_a_negative_is_written_with_its_sign() -> None:
    assert format_amount(-1_500_000, 6) == "-1.5"


@given(raw=st.integers(0, 2**128), bps=st.integers(0, 9_999))
def test_slippage_is_rounded_away_from_the_amount(raw: int, bps: int) -> None:
    up, down = with_slippage_up(raw, bps), with_slippage_down(raw, bps)
    assert (up - 1) * 10_000 < raw * (10_000 + bps) <= up * 10_000
    assert down * 10_000 <= raw * (10_000 - bps) < (down + 1) * 10_000
