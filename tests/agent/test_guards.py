"""Every guard, at its bound and beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.guards import Facts, Guards, Verdict, sentence

GUARDS = Guards.of(chain_lag_secs=60, data_age_intervals=4, max_fee_wei=100, exchange_bps=50)
FINE = Facts(
    clock_secs=10_000,
    block_secs=9_990,
    head=99,
    epoch=100,
    base_fee_wei=40,
    max_fee_wei=90,
    priority_fee_wei=10,
    gas_limit=1_000,
    balance_wei=90_000,
    recent_tick=-200_000,
    exchange_tick=-200_010,
    exchange_asked=True,
)


def test_facts_within_every_bound_pass() -> None:
    assert GUARDS.check(FINE) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("guard", "at", "beyond", "verdict"),
    [
        ("chain_lag", {"clock_secs": 10_050}, {"clock_secs": 10_051}, Verdict.REFUSE),
        ("chain_lag", {"clock_secs": 9_930}, {"clock_secs": 9_929}, Verdict.REFUSE),
        ("data_age", {"head": 96}, {"head": 95}, Verdict.WITHHOLD_TRADE),
        ("gas_ceiling", {"base_fee_wei": 90}, {"base_fee_wei": 91}, Verdict.REFUSE),
        (
            "gas_ceiling",
            {"max_fee_wei": 100, "balance_wei": 100_000},
            {"max_fee_wei": 101, "balance_wei": 101_000},
            Verdict.REFUSE,
        ),
        ("gas_balance", {"balance_wei": 90_000}, {"balance_wei": 89_999}, Verdict.REFUSE),
        ("exchange_price", {"exchange_tick": -199_950}, {"exchange_tick": -199_949}, Verdict.WITHHOLD_TRADE),
        ("exchange_price", {"exchange_tick": -200_050}, {"exchange_tick": -200_051}, Verdict.WITHHOLD_TRADE),
        ("exchange_price", {"exchange_tick": None, "exchange_asked": False}, {"exchange_tick": None},
         Verdict.WITHHOLD_TRADE),
        ("exchange_price", {}, {"recent_tick": None}, Verdict.WITHHOLD_TRADE),
    ],
)  # fmt: skip
def test_a_guard_stops_beyond_its_bound(
    guard: str, at: dict[str, int], beyond: dict[str, int], verdict: Verdict
) -> None:
    assert GUARDS.check(replace(FINE, **at))[0] is Verdict.PASS
    found, (finding,) = GUARDS.check(replace(FINE, **beyond))
    assert (found, finding.guard, finding.verdict) == (verdict, guard, verdict)
    assert guard in sentence([finding])


def test_the_strictest_guard_holds() -> None:
    verdict, findings = GUARDS.check(replace(FINE, head=0, balance_wei=0))
    assert verdict is Verdict.REFUSE
    assert {finding.guard for finding in findings} == {"data_age", "gas_balance"}
