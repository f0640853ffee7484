"""Points of BLS12-381 as the protocol encodes them, and the group operations that a verifier needs.

Bytes are checked here with integers alone; only then does a `Group` see a point. Two groups stand behind one
interface: `reference_group` (py_ecc) and `fast_group` (arkworks).

Source: protocol, section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

BASE_MODULUS: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
COORDINATE_BYTES: Final = 48
POINT_BYTES: Final = 96
POINT_G2_BYTES: Final = 192
CURVE_CONSTANT: Final = 4

Point = Any
"""A point of one group's own library; only the group that made it looks inside."""


class PointFault(Exception):  # noqa: N818 - an intermediate signal, turned into a named error by its catcher
    """Say why an encoding is no acceptable point: encoding, infinity, curve or subgroup."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)


def decode_coordinates(encoded: bytes) -> tuple[int, int]:
    """Decode g1(P) = x || y and check that (x, y) solves y^2 = x^3 + 4.

    Raises
    ------
    PointFault : encoding (length, coordinate not below p), infinity (all zero), curve.
    """
    if len(encoded) != POINT_BYTES:
        raise PointFault("encoding")
    x = int.from_bytes(encoded[:COORDINATE_BYTES], "big")
    y = int.from_bytes(encoded[COORDINATE_BYTES:], "big")
    if x == 0 and y == 0:
        raise PointFault("infinity")
    if x >= BASE_MODULUS or y >= BASE_MODULUS:
        raise PointFault("encoding")
    if (y * y - x * x * x - CURVE_CONSTANT) % BASE_MODULUS:
        raise PointFault("curve")
    return x, y


def encode_coordinates(x: int, y: int) -> bytes:
    """Encode g1(P) = x || y, 48 bytes each, big endian."""
    return x.to_bytes(COORDINATE_BYTES, "big") + y.to_bytes(COORDINATE_BYTES, "big")


def decompress(encoded: bytes) -> tuple[int, int]:
    """Return (x, y) of a compressed 48-byte G1 point that is not infinity.

    The top three bits are: compressed (1), infinity (0), and 1 when y > (p - 1) / 2.

    Raises
    ------
    PointFault : encoding, infinity, curve.
    """
    if len(encoded) != COORDINATE_BYTES or not encoded[0] & 0x80:
        raise PointFault("encoding")
    if encoded[0] & 0x40:
        raise PointFault("infinity")
    x = int.from_bytes(encoded, "big") & ((1 << 381) - 1)
    if x >= BASE_MODULUS:
        raise PointFault("encoding")
    square = (x * x * x + CURVE_CONSTANT) % BASE_MODULUS
    y = pow(square, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
    if y * y % BASE_MODULUS != square:
        raise PointFault("curve")
    if (y > (BASE_MODULUS - 1) // 2) != bool(encoded[0] & 0x20):
        y = BASE_MODULUS - y
    return x, y


class Group(Protocol):
    """The group operations of a verifier; every method is exact and none mutates a point."""

    name: str

    def point(self, x: int, y: int) -> Point:
        """Make a G1 point of coordinates that solve the curve equation."""

    def decompress(self, encoded: bytes) -> Point:
        """Make a G1 point of its 48 compressed bytes; raise PointFault."""

    def in_subgroup(self, point: Point) -> bool:
        """Tell whether r P is the point at infinity, of G1 or G2."""

    def coordinates(self, point: Point) -> tuple[int, int] | None:
        """Return the affine coordinates, None for the point at infinity."""

    def point_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of x_c0 || x_c1 || y_c0 || y_c1, trusted to be a point of the subgroup."""

    def decompress_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of its 96 compressed bytes; raise PointFault."""

    def encode_g2(self, point: Point) -> bytes:
        """Encode a G2 point other than infinity as x_c0 || x_c1 || y_c0 || y_c1."""

    def multi_scalar(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i] in G1; both have one length."""

    def multi_scalar_g2(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i] in G2; both have one length."""

    def pairings_equal(self, left: tuple[Point, Point], right: tuple[Point, Point]) -> bool:
        """Tell whether e(left) = e(right), each a pair of a G1 and a G2 point."""


def decode_point(group: Group, encoded: bytes) -> Point:
    """Decode g1(P) into a point of the subgroup other than infinity.

    Raises
    ------
    PointFault : encoding, infinity, curve, subgroup.
    """
    point = group.point(*decode_coordinates(encoded))
    if not group.in_subgroup(point):
        raise PointFault("subgroup")
    return point


def encode_point(group: Group, point: Point) -> bytes:
    """Encode a point of G1 as g1(P).

    Raises
    ------
    PointFault : infinity, which has no encoding.
    """
    coordinates = group.coordinates(point)
    if coordinates is None:
        raise PointFault("infinity")
    return encode_coordinates(*coordinates)


def choose_group(fast: bool) -> Group:
    """Return the arkworks group when fast is wanted, else the py_ecc group."""
    if fast:
        from audit.verifier.fast_group import FastGroup

        return FastGroup()
    from audit.verifier.reference_group import ReferenceGroup

    return ReferenceGroup()
