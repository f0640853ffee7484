"""What a share became, beside holding: value at the mean ticks of the first and the last decided interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.run import Audit
from audit.vault.arithmetic import q_ratio_at_tick
from audit.vault.records import EpochRecord
from audit.vault.storage import HeadState


def performance(records: Sequence[EpochRecord], state: HeadState, audit: Audit) -> dict[str, Any] | None:
    """Return values in raw base of 1e18 shares; None without a decision.

    hold = value at first * q(last) / q(first): all of it swapped at the first tick, without any cost
    half = half of that and half kept in base
    """
    if not records:
        return None
    first, last = records[0], records[-1]
    begin, end = q_ratio_at_tick(first.tick), q_ratio_at_tick(last.tick)
    hold = first.nav_per_share * end // begin
    nav, operator_shares = last.nav, audit.replay.books.shares.get(state.operator, 0)
    return {
        "from_epoch": first.epoch,
        "to_epoch": last.epoch,
        "share_first": first.nav_per_share,
        "share_last": last.nav_per_share,
        "hold_last": hold,
        "half_last": (first.nav_per_share + hold) // 2,
        "nav_first": first.nav,
        "nav_last": nav,
        "fee_shares": sum(record.fee_shares for record in records),
        "cut_bps_of_nav": audit.parameters.rules.cut * 10_000 // nav if nav else None,
        "operator_bps_of_supply": operator_shares * 10_000 // state.supply if state.supply else None,
    }


def change_percent(before: int, after: int) -> float:
    """Return the relative change in percent; for display."""
    return 100.0 * (after - before) / before if before else 0.0
