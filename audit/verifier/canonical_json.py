"""Canonical JSON: sorted keys, no white space, ASCII, integers only (protocol, section 4)."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

MAX_BYTES: Final = 1 << 20


def parse_canonical(content: bytes) -> dict[str, Any]:
    """Parse an object and refuse every byte sequence other than its canonical one.

    Raises
    ------
    ValueError : not canonical, not an object, or a number that is no integer.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES} bytes")
    try:
        parsed = json.loads(content, parse_float=_refuse_number, parse_constant=_refuse_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    if encode_canonical(parsed) != content:
        raise ValueError("not canonical")
    return parsed


def encode_canonical(value: dict[str, Any]) -> bytes:
    """Encode an object canonically."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def take_fields(value: object, place: str, names: set[str]) -> dict[str, Any]:
    """Return an object that has exactly these fields.

    Raises
    ------
    ValueError : not an object, or a missing or unknown field.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{place} is not an object")
    if set(value) != names:
        raise ValueError(f"{place} has the fields {sorted(value)}, expected {sorted(names)}")
    return value


def take_integer(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    """Return a field that is an integer in [low, high].

    Raises
    ------
    ValueError : no integer, or outside the range.
    """
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}, expected an integer")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, expected {low} to {high}")
    return value


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")
