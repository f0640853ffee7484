"""Read and write the fields of the JSON files around a proof: integers, bytes, contexts (section 7.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prover.bounded_file import read_bounded
from prover.compile.canonical_json import check_nesting
from prover.errors import FileFormatError
from prover.protocol.statement import Context

MAX_DIGITS: Final = 79
HEXADECIMAL = re.compile("0x(?:[0-9a-fA-F]{2})*")


def parse_integers(path: Path, value: object) -> tuple[int, ...]:
    """Parse a list of decimal strings, canonical: no sign on zero, no leading zero, no space.

    Raises: FileFormatError.
    """
    if not isinstance(value, list):
        raise FileFormatError(path.name, "expected a list of decimal strings")
    return tuple(_parse_integer(path, item) for item in value)


def parse_context(path: Path, value: object) -> Context:
    """Parse a context object with decimal strings for its four fields.

    Raises: FileFormatError.
    """
    names = ("chain_id", "vault", "epoch", "verifier")
    if not isinstance(value, dict) or set(value) != set(names):
        raise FileFormatError(path.name, f"expected a context with exactly the keys {', '.join(names)}")
    fields = {name: _parse_integer(path, value[name]) for name in names}
    for name, found in fields.items():
        if not 0 <= found < 2**256:
            raise FileFormatError(path.name, f"context {name} is outside [0, 2^256)")
    return Context(**fields)


def _parse_integer(path: Path, value: object) -> int:
    if not isinstance(value, str) or len(value.removeprefix("-")) > MAX_DIGITS:
        raise FileFormatError(path.name, "integers are written as decimal strings")
    try:
        parsed = int(value, 10)
    except ValueError as error:
        raise FileFormatError(path.name, f"{value!r} is not a decimal integer") from error
    if str(parsed) != value:
        raise FileFormatError(path.name, f"{value!r} is not canonical; expected {str(parsed)!r}")
    return parsed


def read_json(path: Path, expected_format: str | None) -> Mapping[str, object]:
    """Read a JSON object of bounded size and nesting, each key once.

    Raises: FileFormatError; FileNotFoundError.
    """
    data = read_bounded(path)
    try:
        check_nesting(data)
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except ValueError as error:
        raise FileFormatError(path.name, f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise FileFormatError(path.name, "expected a JSON object")
    if expected_format is not None and document.get("format") != expected_format:
        raise FileFormatError(path.name, f"expected format {expected_format!r}")
    return document


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key appears twice")
    return document


def to_hex(data: bytes) -> str:
    return "0x" + data.hex()


def from_hex(path: Path, value: object, length: int | None) -> bytes:
    """Read 0x and hexadecimal digits, of a given number of bytes or of any.

    Raises: FileFormatError.
    """
    if not isinstance(value, str) or not HEXADECIMAL.fullmatch(value):
        raise FileFormatError(path.name, "bytes are written as 0x and pairs of hexadecimal digits")
    data = bytes.fromhex(value[2:])
    if length is not None and len(data) != length:
        raise FileFormatError(path.name, f"expected {length} bytes, found {len(data)}")
    return data
