"""The larger files of Ethereum's KZG ceremony, read from its published transcript.

The transcript is one JSON document of 254 MB: for 2^12, 2^13, 2^14 and 2^15 powers, each with a tau of its
own, the powers and the witness of every contribution. It is read once, in a window of a few MiB.

    {"transcripts": [{"numG1Powers": 4096, "numG2Powers": 65,
                      "powersOfTau": {"G1Powers": ["0x...", ...], "G2Powers": [...]},
                      "witness": {...}}, ...],
     "participantIds": [...], "participantEcdsaSignatures": [...]}

Source: github.com/ethereum/kzg-ceremony, transcript.json (its Git LFS entry names SHA-256 and size);
github.com/ethereum/kzg-ceremony-specs, apiSpec/transcriptSchema.json.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from prover.ceremony import Ceremony, check_power_lists, load_ceremony
from prover.errors import CeremonyError, PointError
from prover.field import BASE_MODULUS
from prover.json_stream import JsonStream, JsonStreamError
from prover.kernel import default_kernel
from prover.kernel.cache import cache_folder, write_atomic
from prover.kernel.compressed import decompress_g1, decompress_g2
from prover.kernel.interface import G1_BYTES, Kernel

ENVIRONMENT_VARIABLE: Final = "PROVAULT_CEREMONY"
SHIPPED_POWERS: Final = 4096
SOURCE: Final = "transcript.json of github.com/ethereum/kzg-ceremony"

_G1_TEXT: Final = re.compile("0x[0-9a-f]{96}")
_G2_TEXT: Final = re.compile("0x[0-9a-f]{192}")
_MAX_SETS: Final = 16
_MAX_POINTS: Final = 1 << 20
_STEP: Final = 4096

Announce = Callable[[str], None]


@dataclass(frozen=True)
class TranscriptPin:
    """What is known of a transcript beforehand."""

    size: int
    """Length in bytes."""
    counts: tuple[tuple[int, int], ...]
    """Numbers of G1 and G2 powers of each set, in order."""


PUBLISHED_SHA256: Final = "8ed1c73857e77ae98ea23e36cdcf828ccbf32b423fddc7480de658f9d116c848"
TRANSCRIPTS: Final = {
    PUBLISHED_SHA256: TranscriptPin(253_714_449, ((4096, 65), (8192, 65), (16384, 65), (32768, 65)))
}
"""SHA-256 of each transcript that may be used."""


@dataclass(frozen=True)
class PublishedPowers:
    """The powers of one tau as the transcript writes them, compressed."""

    powers_g1: tuple[bytes, ...]
    powers_g2: tuple[bytes, ...]


def known_powers() -> tuple[int, ...]:
    """Return the numbers of powers that a ceremony file exists for, ascending."""
    published = (count for pin in TRANSCRIPTS.values() for count, _ in pin.counts)
    return tuple(sorted({SHIPPED_POWERS, *published}))


def ceremony_for(
    powers: int, *, kernel: Kernel | None = None, announce: Announce | None = None
) -> Ceremony:
    """Return the ceremony file with this number of powers.

    4096 are shipped; the others are read from the transcript that PROVAULT_CEREMONY names.

    Raises: CeremonyError "size" when there is no such file, "missing" when no transcript is named, and what
    `load_ceremony` and `load_transcript` raise.
    """
    if powers == SHIPPED_POWERS:
        return load_ceremony(kernel=kernel)
    if powers not in known_powers():
        listed = ", ".join(map(str, known_powers()))
        raise CeremonyError("size", f"no file has {powers} powers; there are files of {listed}")
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if not named:
        detail = f"{powers} powers are not shipped; name a copy of {SOURCE} in {ENVIRONMENT_VARIABLE}"
        raise CeremonyError("missing", detail)
    return load_transcript(Path(named), powers, kernel=kernel, announce=announce or _to_stderr)


def load_transcript(
    path: Path, powers: int, *, kernel: Kernel | None = None, announce: Announce | None = None
) -> Ceremony:
    """Return one set of powers of a pinned transcript.

    The whole file is read and hashed every time. The first load of a set on a machine uncompresses its
    points, runs `check_power_lists` and keeps them in the cache folder; later loads take a kept point only
    if it is the uncompressed form of the point in the file, which the pinned hash stands for.

    Raises: CeremonyError "missing", "format", "hash" or "size", and what `check_power_lists` raises.
    """
    say = announce or (lambda line: None)
    say(f"ceremony: reading {path}")
    digest, published = _read_pinned(path, say)
    chosen = next((each for each in published if len(each.powers_g1) == powers), None)
    if chosen is None:
        listed = ", ".join(str(len(each.powers_g1)) for each in published)
        raise CeremonyError("size", f"{path} has no {powers} powers; it has {listed}")
    kept_at = cache_folder() / f"ceremony-powers-1-{digest[:16]}-{powers}.bin"
    kept = _read_kept(kept_at, chosen)
    if kept is not None:
        return Ceremony(powers_g1=kept, powers_g2=_uncompress_g2(chosen), lagrange_g1=b"")
    ceremony = Ceremony(
        powers_g1=_uncompress_g1(chosen, say), powers_g2=_uncompress_g2(chosen), lagrange_g1=b""
    )
    say(f"ceremony: checking {powers} powers by pairings")
    check_power_lists(ceremony, kernel or default_kernel())
    write_atomic(kept_at, ceremony.powers_g1)
    return ceremony


def _read_pinned(path: Path, say: Announce) -> tuple[str, list[PublishedPowers]]:
    """Read a transcript and compare its hash; returns (SHA-256, its sets of powers)."""
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            digest, published = read_transcript(stream, size, say)
    except OSError as error:
        raise CeremonyError("missing", f"{path}: {error.strerror}") from error
    except JsonStreamError as error:
        smaller = any(size < pin.size for pin in TRANSCRIPTS.values())
        hint = f"; {size} bytes are not the whole of {SOURCE}" if error.ended and smaller else ""
        raise CeremonyError("format", f"{path} is no ceremony transcript: {error}{hint}") from error
    pin = TRANSCRIPTS.get(digest)
    if pin is None:
        known = " or ".join(TRANSCRIPTS)
        detail = f"{path} has SHA-256 {digest}, which is no known ceremony; {SOURCE} has {known}"
        raise CeremonyError("hash", detail)
    counts = tuple((len(each.powers_g1), len(each.powers_g2)) for each in published)
    if counts != pin.counts:
        raise CeremonyError("format", f"{path} holds sets of {counts} powers, expected {pin.counts}")
    return digest, published


def read_transcript(
    stream: BinaryIO, size: int, announce: Announce | None = None
) -> tuple[str, list[PublishedPowers]]:
    """Read every set of powers of a transcript in one pass; returns (SHA-256 of all bytes, sets).

    Raises: JsonStreamError for anything but the published form. No point is looked at yet.
    """
    say = announce or (lambda line: None)
    last = 0

    def tell(done: int) -> None:
        nonlocal last
        if done - last >= 1 << 26:
            last = done
            say(f"ceremony: {done >> 20} of {size >> 20} MiB")

    json = JsonStream(stream, tell)
    published: list[PublishedPowers] = []
    found = False
    for key in json.members():
        if key != "transcripts":
            json.skip()
            continue
        found = True
        for index in json.elements():
            if index == _MAX_SETS:
                raise JsonStreamError(f"more than {_MAX_SETS} sets of powers", json.offset)
            published.append(_read_set(json))
    digest, _ = json.finish()
    if not found:
        raise JsonStreamError("no key transcripts", json.offset)
    return digest, published


def _read_set(json: JsonStream) -> PublishedPowers:
    counts: dict[str, int] = {}
    powers: PublishedPowers | None = None
    for key in json.members():
        if key in ("numG1Powers", "numG2Powers"):
            counts[key] = json.integer()
        elif key == "powersOfTau":
            powers = _read_powers(json)
        else:
            json.skip()
    if powers is None or len(counts) != 2:
        raise JsonStreamError("a set lacks numG1Powers, numG2Powers or powersOfTau", json.offset)
    if [len(powers.powers_g1), len(powers.powers_g2)] != [counts["numG1Powers"], counts["numG2Powers"]]:
        found = f"{len(powers.powers_g1)} and {len(powers.powers_g2)} powers"
        raise JsonStreamError(f"a set that announces {counts} holds {found}", json.offset)
    return powers


def _read_powers(json: JsonStream) -> PublishedPowers:
    lists: dict[str, tuple[bytes, ...]] = {}
    for key in json.members():
        pattern = {"G1Powers": _G1_TEXT, "G2Powers": _G2_TEXT}.get(key)
        if pattern is None:
            json.skip()
            continue
        texts = json.strings(_MAX_POINTS)
        wrong = next((index for index, text in enumerate(texts) if pattern.fullmatch(text) is None), None)
        if wrong is not None:
            detail = f"{key}[{wrong}] is not 0x and {pattern.pattern[-4:-1]} lower-case hexadecimal digits"
            raise JsonStreamError(detail, json.offset)
        lists[key] = tuple(bytes.fromhex(text[2:]) for text in texts)
    if len(lists) != 2:
        raise JsonStreamError("powersOfTau lacks G1Powers or G2Powers", json.offset)
    return PublishedPowers(lists["G1Powers"], lists["G2Powers"])


def _uncompress_g1(published: PublishedPowers, say: Announce) -> bytes:
    points = []
    total = len(published.powers_g1)
    for index, encoding in enumerate(published.powers_g1):
        if index % _STEP == 0:
            say(f"ceremony: uncompressing point {index} of {total}")
        try:
            points.append(decompress_g1(encoding))
        except PointError as error:
            raise CeremonyError(error.reason, f"G1 power {index}") from error
    return b"".join(points)


def _uncompress_g2(published: PublishedPowers) -> bytes:
    points = []
    for index, encoding in enumerate(published.powers_g2):
        try:
            points.append(decompress_g2(encoding))
        except PointError as error:
            raise CeremonyError(error.reason, f"G2 power {index}") from error
    return b"".join(points)


def _read_kept(path: Path, published: PublishedPowers) -> bytes | None:
    """Return kept points, or None when there are none or they are not the file's points."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) == G1_BYTES * len(published.powers_g1) and _are_uncompressed(data, published.powers_g1):
        return data
    warnings.warn(f"{path} does not hold the points of the transcript; making it afresh", stacklevel=4)
    return None


def _are_uncompressed(data: bytes, encodings: Sequence[bytes]) -> bool:
    """Tell whether data holds x || y of each compressed point: the same x, the marked root, on the curve."""
    for index, encoding in enumerate(encodings):
        x = int.from_bytes(data[index * G1_BYTES : index * G1_BYTES + 48], "big")
        y = int.from_bytes(data[index * G1_BYTES + 48 : (index + 1) * G1_BYTES], "big")
        larger = y > BASE_MODULUS - y
        head = 0x80 | (0x20 if larger else 0)
        compressed = x | head << 376
        if x >= BASE_MODULUS or y >= BASE_MODULUS or compressed.to_bytes(48, "big") != encoding:
            return False
        if (y * y - x * x * x - 4) % BASE_MODULUS:
            return False
    return True


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
