"""Canonical JSON: sorted keys, no white space, ASCII, integers only (protocol, section 4)."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 8
STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_canonical(content: bytes) -> dict[str, Any]:
    """Parse an object and refuse every byte sequence other than its canonical one.

    Raises
    ------
    ValueError : not canonical, not an object, or a number that is no integer.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES} bytes")
    check_depth(content)
    parsed = json.loads(content.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    if encode_canonical(parsed) != content:
        raise ValueError("not canonical")
    return parsed


def check_depth(content: bytes) -> None:
    """Refuse JSON that nests deeper than any file of ours.

    The standard library's reader recurses, and py_ecc lifts the recursion limit so far that deep nesting
    would exhaust the stack of the process instead of raising.

    Raises
    ------
    ValueError : more than 8 brackets open at once.
    """
    depth = 0
    for byte in STRING.sub(b"", content):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif byte in b"]}":
            depth -= 1


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
