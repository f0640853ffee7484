"""Read and write amounts as people have them: exact decimals, never a float."""

from __future__ import annotations

import re

from agent.vault_errors import AmountError

DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
SHARE_DECIMALS = 18
BPS = 10_000


def parse_amount(text: str, decimals: int | None, name: str) -> int:
    """Return a decimal as raw units, exactly.

    Raises: AmountError for no plain decimal, for more places than the token has, or when those are unknown.
    """
    if decimals is None:
        raise AmountError(name, text, "cannot be read, because the token does not say its decimals now")
    found = DECIMAL.fullmatch(text.strip())
    if found is None:
        raise AmountError(name, text, "is no amount; write a plain decimal such as 12.5")
    places = (found[2] or "").rstrip("0")
    if len(places) > decimals:
        raise AmountError(name, text, f"is finer than its token, which has {decimals} decimals")
    value = int(found[1] + places.ljust(decimals, "0"))
    if value >= 1 << 256:
        raise AmountError(name, text, "is more than a contract can count")
    return value


def format_amount(raw: int, decimals: int | None) -> str:
    """Return raw units as a decimal, without trailing zeros; decimals that are unknown leave it raw."""
    if decimals is None:
        return f"{raw} raw"
    sign, value = ("-", -raw) if raw < 0 else ("", raw)
    whole, part = divmod(value, 10**decimals)
    places = str(part).rjust(decimals, "0").rstrip("0") if part else ""
    return f"{sign}{whole}.{places}" if places else f"{sign}{whole}"


def with_slippage_up(raw: int, slippage_bps: int) -> int:
    """Return ceil(raw * (1 + slippage))."""
    return -(-raw * (BPS + slippage_bps) // BPS)


def with_slippage_down(raw: int, slippage_bps: int) -> int:
    """Return floor(raw * (1 - slippage))."""
    return raw * (BPS - slippage_bps) // BPS
