"""Every power that anybody has over a vault, with what delays and what limits it, and what is pending now."""

from __future__ import annotations

from datetime import UTC, datetime

from audit.report.wording import amount
from audit.run import Audit
from audit.vault.arithmetic import ONE
from audit.vault.books import NEVER, PAUSE_AGAIN_SECS, PAUSE_SECS

DAY_SECS = 86_400
NOBODY = bytes(20)


def list_powers(audit: Audit) -> list[dict[str, str]]:
    """Return rows of who, may, limit and state now."""
    rules, state, now = audit.parameters.rules, audit.state, audit.head.time_secs
    operator, guardian = "operator", "guardian"
    interval = audit.parameters.interval_secs
    proposal = "nothing waits"
    if state.waiting != NOBODY:
        begins = _day(state.waiting_from * interval)
        proposal = f"0x{state.waiting.hex()} from epoch {state.waiting_from} ({begins}) on"
    if state.frozen:
        proposal = "frozen: the strategy stays for ever"
    paused_until, again = state.paused_at + PAUSE_SECS, state.paused_at + PAUSE_AGAIN_SECS
    pause = f"paused until {_day(paused_until)}" if now < paused_until else "not paused"
    if now < again:
        pause += f", again from {_day(again)} on"
    end = "open-ended" if state.end_at == NEVER else f"ends or ended at {_day(state.end_at)}"
    rows = [
        (
            operator,
            "propose another strategy",
            f"takes effect after {_days(rules.timelock_secs)}; guardian or operator may revoke it before",
            proposal,
        ),
        (operator, "freeze the strategy", "for ever", "frozen" if state.frozen else "not frozen"),
        (
            operator,
            "lower the fee",
            "never raise it",
            f"{100 * state.fee / ONE:g} % of the supply a decision",
        ),
        (operator, "retire", f"ends after {_days(rules.unbond_secs)}; entry closes at once", end),
        (
            operator,
            "take the bond",
            f"{_days(rules.unbond_secs)} after the end",
            f"{amount(state.bond, audit.market.base_decimals)} {audit.market.base_symbol}",
        ),
        (operator, "hand over the role", "two steps", _offer(state.offered_operator)),
        (guardian, "revoke a proposed strategy", "before its epoch", proposal),
        (guardian, "pause trade and entry", "3 days, once in 30; never decisions or exits", pause),
        (guardian, "shut the vault", "at once, for good; holders redeem", end),
        (guardian, "hand over the role", "two steps", _offer(state.offered_guardian)),
        (
            "anyone",
            "decide with a proof, trade toward the target, claim a miss, add to the bond",
            f"cost of trading at most {rules.budget / 1e16:g} % of value in {_days(rules.period_secs)}",
            "",
        ),
        ("holder", "redeem, collect", "at once, in every state of the vault", ""),
    ]
    names = ("who", "may", "limit", "now")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _offer(offered: bytes) -> str:
    return "nothing offered" if offered == NOBODY else f"offered to 0x{offered.hex()}"


def _days(secs: int) -> str:
    days = secs / DAY_SECS
    return "a day" if days == 1 else f"{days:g} days"


def _day(secs: int) -> str:
    return datetime.fromtimestamp(secs, UTC).strftime("%Y-%m-%d %H:%M UTC")
