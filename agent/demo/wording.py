"""Put figures into words, for the terminal and the page alike."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.demo.result import IDLE_REASONS, DemoResult, EpochLine

FRAUD_SENTENCES = {
    "changed_target": "the target, one basis point off",
    "replayed_proof": "target and proof, those of the epoch before",
    "wrong_epoch": "the epoch bound into the proof, the next one",
    "wrong_vault": "the vault bound into the proof, another one",
    "wrong_weights": "one weight of the network, off by one",
    "flipped_byte": "one bit of the proof",
}


def amount(base_units: int, result: DemoResult, *, decimals: int = 0) -> str:
    """Write an amount of base units in whole tokens."""
    return f"{base_units / 10**result.base_decimals:,.{decimals}f}"


def change(start: int, end: int) -> str:
    """Write a change in percent."""
    return f"{100 * (end / start - 1):+.2f} %"


def gas(units: int | None) -> str:
    """Write an amount of gas."""
    return f"{units:,}" if units is not None else ""


def start_time(line: EpochLine) -> str:
    """Write the day and hour at which an epoch begins."""
    return f"{datetime.fromtimestamp(line.starts_secs, UTC):%d %H:%M}"


def period(result: DemoResult) -> str:
    """Write the days that the epochs lie in."""
    first, last = (f"{datetime.fromtimestamp(result.lines[at].starts_secs, UTC):%Y-%m-%d}" for at in (0, -1))
    return first if first == last else f"{first} to {last}"


def outcome(line: EpochLine, result: DemoResult) -> str:
    """Write what was traded, in base, or why nothing was."""
    if not line.executed:
        if line.idle_reason is None:
            return "hold: not asked to trade"
        return f"hold: {IDLE_REASONS[line.idle_reason]}"
    buy = line.fills[0].buy
    base = sum(fill.paid if fill.buy else fill.got for fill in line.fills)
    return f"{'buy' if buy else 'sell'} {amount(base, result)}"


def price(line: EpochLine) -> str:
    """Write the price of the trade, or the epoch's mean price where there was none."""
    if not line.executed:
        return f"{line.mark:,.2f}"
    base = sum(fill.price * _risky(fill.buy, fill.paid, fill.got) for fill in line.fills)
    return f"{base / sum(_risky(fill.buy, fill.paid, fill.got) for fill in line.fills):,.2f}"


def _risky(buy: bool, paid: int, got: int) -> int:
    return got if buy else paid


def slippage(line: EpochLine) -> str:
    """Write how many basis points worse than the spot before it a trade was."""
    if not line.executed:
        return ""
    weights = [_risky(fill.buy, fill.paid, fill.got) for fill in line.fills]
    mean = sum(fill.slippage_bps * weight for fill, weight in zip(line.fills, weights, strict=True))
    return f"{mean / sum(weights):.1f}"


def share(line: EpochLine) -> str:
    """Write how much of the vault is in the risky token after the epoch."""
    value = line.value()
    return f"{100 * (value - line.base) / value:.1f} %"


def verdict(result: DemoResult) -> str:
    """Say in one sentence what was shown."""
    bought, sold = result.sides
    other = result.held - result.held_in_band
    rest = f", {other} without a trade for another reason" if other else ""
    return (
        f"{len(result.lines)} decisions, each proven and checked on chain: {bought} buys, {sold} sells, "
        f"{result.held_in_band} holds{rest}. {len(result.refusals)} frauds, all refused."
    )


def summary_facts(result: DemoResult) -> list[tuple[str, str, str]]:
    """Return label, value and a note of the figures shown first."""
    document = result.document()
    first, last = result.start_value, result.end_value
    hold = result.hold_value(result.last_tick)
    return [
        ("vault at the start, in base", amount(first, result), ""),
        ("vault at the end", amount(last, result), change(first, last)),
        ("holding instead", amount(hold, result), change(first, hold)),
        ("proof, median", f"{document['prove_seconds_median']:.2f} s", ""),
        ("proof check, median gas", gas(document["verify_gas_median"]), ""),
        ("decision, median gas", gas(document["decide_gas_median"]), ""),
        ("trade within it, median gas", gas(document["trade_gas_median"]) or "none", ""),
    ]
