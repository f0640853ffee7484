"""Words and numbers as a reader sees them, on terminal and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.performance import change_percent

Document = Mapping[str, Any]


def amount(raw: int, decimals: int, places: int = 2) -> str:
    """Return a raw amount in whole units, cut to some decimal places."""
    sign, raw = ("-", -raw) if raw < 0 else ("", raw)
    whole, part = divmod(raw, 10**decimals)
    digits = f"{part:0{decimals}d}"[:places] if decimals else ""
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")


def day(time: str) -> str:
    """Return a time of the document as day and second."""
    return time.replace("T", " ").removesuffix("Z")


def verdict(document: Document) -> str:
    """Return one sentence with the outcome."""
    checked, findings = document["checked"], document["findings"]
    if not findings:
        return (
            f"Nothing is off: {checked['decisions']} decisions, {checked['proofs_verified']} proofs verified"
            f" again, {checked['trades']} trades recomputed, from {checked['blocks']} blocks."
        )
    epochs = sorted({finding["epoch"] for finding in findings if finding["epoch"] is not None})
    places = [f"epoch {epoch}" for epoch in epochs[:10]]
    if len(epochs) > 10:
        places.append(f"{len(epochs) - 10} more epochs")
    if any(finding["epoch"] is None for finding in findings):
        places.append("the vault as a whole")
    count = f"{len(findings)} things are" if len(findings) > 1 else "One thing is"
    return f"{count} off, in {', '.join(places)}."


def outcome(epoch: Document, market: Document) -> str:
    """Return what an epoch did: its swaps, or why it stayed idle."""
    parts = []
    for trade in epoch["trades"]:
        risky, base = (trade["got"], trade["paid"]) if trade["buy"] else (trade["paid"], trade["got"])
        parts.append(
            f"{'buy' if trade['buy'] else 'sell'} {amount(risky, market['risky_decimals'], 4)}"
            f" for {amount(base, market['base_decimals'])}"
        )
    parts += [f"idle: {reason}" for reason in epoch["idle"]]
    return "; ".join(parts) or "no trade"


def proof_word(epoch: Document) -> str:
    """Return what came of the proof."""
    words = {True: "holds", False: "REFUSED", None: "unchecked"}
    return words[epoch["proof_holds"]]


def facts(document: Document) -> list[tuple[str, str]]:
    """Return the summary as pairs of label and value."""
    found, market, checked = document["performance"], document["market"], document["checked"]
    rows = [
        ("proofs verified", f"{checked['proofs_verified']} of {checked['decisions']}"),
        ("trades recomputed", str(checked["trades"])),
        ("missed, skipped", f"{checked['missed']}, {len(checked['skipped'])}"),
    ]
    if found is None:
        return rows
    decimals = market["base_decimals"]
    first = found["share_first"]
    rows += [
        ("net asset value", f"{amount(found['nav_last'], decimals)} {market['base_symbol']}"),
        ("a share became", f"{change_percent(first, found['share_last']):+.2f} %"),
        ("holding", f"{change_percent(first, found['hold_last']):+.2f} %"),
        ("half and half", f"{change_percent(first, found['half_last']):+.2f} %"),
        ("cut of a miss", f"{_bps(found['cut_bps_of_nav'])} of value"),
        ("held by the operator", f"{_bps(found['operator_bps_of_supply'])} of shares"),
    ]
    return rows


def _bps(value: int | None) -> str:
    return "unknown part" if value is None else f"{value / 100:.2f} %"
