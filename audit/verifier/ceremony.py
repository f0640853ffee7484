"""The trusted setup: Ethereum's KZG ceremony file, parsed and pinned (protocol, section 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from audit.errors import CeremonyError
from audit.verifier.curve import COORDINATE_BYTES, Group, Point, PointFault

POWER_COUNT: Final = 4096
FILE_SHA256: Final = "d39b9f2d047cc9dca2de58f264b6a09448ccd34db967881a6713eacacf0f26b7"
CEREMONY_DIGEST: Final = bytes.fromhex("c28f034759a8556fdc4839227c41d062855177818972f1160a703cedd8b49535")
TAU_G2: Final = bytes.fromhex(
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
    "15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72"
    "014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99"
    "1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f"
)
CARRIER_PACKAGE: Final = "eth_account"
CARRIER_PLACE: Final = "typed_transactions/blob_transactions/kzg_trusted_setup.txt"


@dataclass(frozen=True)
class Ceremony:
    """Hold the compressed points of a ceremony file.

    lagrange : G1 points of the Lagrange basis, point i belonging to omega_N^i, 48 bytes each.
    powers_g2 : [tau^i]_2, 96 bytes each.
    powers : [tau^i]_1, i < N, 48 bytes each.
    """

    lagrange: tuple[bytes, ...]
    powers_g2: tuple[bytes, ...]
    powers: tuple[bytes, ...]

    def decompress_powers(self, group: Group, count: int) -> list[Point]:
        """Return the first powers [tau^i]_1 as points of the group.

        Raises
        ------
        CeremonyError : point, an encoding that is no point of the curve.
        """
        return decompress_all(group, self.powers[:count], "power")


def decompress_all(group: Group, encodings: tuple[bytes, ...], name: str) -> list[Point]:
    """Decompress G1 points.

    Raises
    ------
    CeremonyError : point, an encoding that is no point of the curve.
    """
    points = []
    for i, encoded in enumerate(encodings):
        try:
            points.append(group.decompress(encoded))
        except PointFault as fault:
            raise CeremonyError("point", f"{name} {i}: {fault.fault}") from fault
    return points


@cache
def load_ceremony(path: Path | None = None) -> Ceremony:
    """Read the pinned ceremony file: the copy that eth-account carries, or the file named.

    Raises
    ------
    CeremonyError : file (cannot be read), hash (another file), format.
    """
    try:
        content = (files(CARRIER_PACKAGE).joinpath(CARRIER_PLACE) if path is None else path).read_bytes()
    except OSError as error:
        raise CeremonyError("file", f"{error.filename} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != FILE_SHA256:
        raise CeremonyError("hash", f"expected SHA-256 {FILE_SHA256}, found {found}")
    return parse_ceremony(content)


def parse_ceremony(content: bytes) -> Ceremony:
    """Parse two decimal counts, then one compressed point a line: Lagrange G1, powers in G2, powers in G1.

    Raises
    ------
    CeremonyError : format (counts, number of lines, or the length or form of a line).
    """
    try:
        lines = content.decode("ascii").split()
        g1_count, g2_count = int(lines[0]), int(lines[1])
        encodings = tuple(bytes.fromhex(line) for line in lines[2:])
    except (UnicodeDecodeError, ValueError, IndexError) as error:
        raise CeremonyError("format", "expected two counts and hexadecimal points") from error
    if g1_count < 2 or g2_count < 2 or len(encodings) != 2 * g1_count + g2_count:
        raise CeremonyError("format", f"counts {g1_count} and {g2_count} with {len(encodings)} points")
    middle = g1_count + g2_count
    ceremony = Ceremony(encodings[:g1_count], encodings[g1_count:middle], encodings[middle:])
    for name, points, size in (
        ("Lagrange point", ceremony.lagrange, COORDINATE_BYTES),
        ("G2 power", ceremony.powers_g2, 2 * COORDINATE_BYTES),
        ("power", ceremony.powers, COORDINATE_BYTES),
    ):
        for i, encoded in enumerate(points):
            if len(encoded) != size:
                raise CeremonyError("format", f"{name} {i} has {len(encoded)} bytes, expected {size}")
    return ceremony
