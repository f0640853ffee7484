"""Canonical JSON: sorted keys, no white space, ASCII, integers only (docs/protocol.md section 4)."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Final

#: The files of this format nest three levels deep. Brackets are counted before the parser recurses into them:
#: where a library has raised the recursion limit, a hostile file would otherwise crash the process.
MAX_DEPTH: Final = 16
STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
BRACKET_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class CanonicalJsonError(ValueError):
    """Report bytes that are not the one canonical encoding of their value."""


def encode_canonical(value: object) -> bytes:
    """Encode as the one byte string that canonical JSON allows."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def decode_canonical(data: bytes) -> object:
    """Decode bytes and refuse them unless encoding the value again gives the same bytes.

    One test refuses white space, duplicate or unsorted keys, needless escapes and a byte order mark.

    Raises: CanonicalJsonError.
    """
    check_nesting(data)
    try:
        value: object = json.loads(data.decode("ascii"), parse_float=_refuse, parse_constant=_refuse)
        same = encode_canonical(value) == data
    except CanonicalJsonError:
        raise
    except ValueError as error:
        raise CanonicalJsonError(f"not JSON: {type(error).__name__}") from error
    if not same:
        raise CanonicalJsonError("not canonical: keys sorted, separators , and :, ASCII, no white space")
    return value


def check_nesting(data: bytes) -> None:
    """Refuse bytes with more than MAX_DEPTH open brackets at a time, those inside strings left out.

    Raises: CanonicalJsonError.
    """
    outside = STRING.sub(b"", data)
    depth = max(accumulate(BRACKET_STEPS.get(byte, 0) for byte in outside), default=0)
    if depth > MAX_DEPTH:
        raise CanonicalJsonError(f"nested deeper than {MAX_DEPTH} levels")


def _refuse(literal: str) -> object:
    raise CanonicalJsonError(f"only integers are numbers here, found {literal[:40]}")
