"""The larger sets of powers, out of the ceremony's published transcript (protocol, section 3).

The file is one JSON document of 254 MB. It is read in chunks, each hashed once; of the document only the four
fields that a set of powers has are looked at, which the pinned hash of the whole allows.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from audit.errors import CeremonyError
from audit.verifier.ceremony import Ceremony

ENVIRONMENT_VARIABLE: Final = "PROVAULT_CEREMONY"
CHUNK_BYTES: Final = 1 << 23
#: No array of the published file is longer: 32768 points of 101 characters.
LONGEST_FIELD: Final = 1 << 23
FIELDS: Final = ("numG1Powers", "numG2Powers", "G1Powers", "G2Powers")

_START: Final = re.compile(rb'"(?:num)?G[12]Powers"')
_FIELD: Final = re.compile(rb'"((?:num)?G[12]Powers)"\s*:\s*(?:([0-9]+)\s*[,}]|\[([^\[\]{}]*)\])')
_LONGEST_NAME: Final = 16


@dataclass(frozen=True)
class Publication:
    """Hold what is known of a transcript: its SHA-256 and (G1, G2) powers of each set."""

    sha256: str
    counts: tuple[tuple[int, int], ...]


PUBLISHED: Final = Publication(
    "8ed1c73857e77ae98ea23e36cdcf828ccbf32b423fddc7480de658f9d116c848",
    ((4096, 65), (8192, 65), (16384, 65), (32768, 65)),
)


def named_transcript() -> Path | None:
    """Return the file that PROVAULT_CEREMONY names, None without it."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(named) if named else None


def load_transcript(path: Path, power_count: int) -> Ceremony | None:
    """Read one set of a transcript, None when the transcript has no such set; no point is checked here.

    Raises
    ------
    CeremonyError : file (cannot be read), hash (another file), format.
    """
    try:
        with path.open("rb") as stream:
            digest, found = _read_fields(stream)
    except OSError as error:
        raise CeremonyError("file", f"{path} cannot be read: {error.strerror}") from error
    if digest != PUBLISHED.sha256:
        raise CeremonyError("hash", f"{path}: expected SHA-256 {PUBLISHED.sha256}, found {digest}")
    sets = len(PUBLISHED.counts)
    if any(len(found[name]) != sets for name in FIELDS):
        numbers = {name: len(values) for name, values in found.items()}
        raise CeremonyError("format", f"{path}: expected {sets} of each field, found {numbers}")
    for index, (count, count_g2) in enumerate(PUBLISHED.counts):
        announced = found["numG1Powers"][index], found["numG2Powers"][index]
        if announced != (str(count).encode(), str(count_g2).encode()):
            raise CeremonyError("format", f"{path}: set {index} announces {announced!r}")
        powers = _points(found["G1Powers"][index], count, 48, f"set {index}: G1 power")
        powers_g2 = _points(found["G2Powers"][index], count_g2, 96, f"set {index}: G2 power")
        if count == power_count:
            return Ceremony(lagrange=(), powers_g2=powers_g2, powers=powers)
    return None


def _read_fields(stream: BinaryIO) -> tuple[str, dict[str, list[bytes]]]:
    """Hash every byte and collect the values of the four fields in order of appearance."""
    digest = hashlib.sha256()
    found: dict[str, list[bytes]] = {name: [] for name in FIELDS}
    rest = b""
    for chunk in _chunks(stream):
        digest.update(chunk)
        rest += chunk
        place = 0
        for match in _FIELD.finditer(rest):
            number, items = match.group(2), match.group(3)
            found[match.group(1).decode()].append(items if number is None else number)
            place = match.end()
        begun = _START.search(rest, place)
        rest = rest[max(place, len(rest) - _LONGEST_NAME) if begun is None else begun.start() :]
        if len(rest) > LONGEST_FIELD + CHUNK_BYTES:
            rest = rest[-_LONGEST_NAME:]
    return digest.hexdigest(), found


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _points(items: bytes, count: int, size: int, name: str) -> tuple[bytes, ...]:
    """Read "0x..." strings, separated by commas."""
    texts = [item.strip() for item in items.split(b",")]
    if len(texts) != count:
        raise CeremonyError("format", f"{name}: expected {count}, found {len(texts)}")
    form = re.compile(rb'"0x([0-9a-f]{%d})"' % (2 * size))
    points = []
    for index, text in enumerate(texts):
        match = form.fullmatch(text)
        if match is None:
            raise CeremonyError("format", f"{name} {index} is not {size} bytes of lower-case hexadecimal")
        points.append(bytes.fromhex(match.group(1).decode()))
    return tuple(points)
