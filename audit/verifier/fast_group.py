"""The group through arkworks, for audits of thousands of proofs."""

from __future__ import annotations

from collections.abc import Sequence

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from audit.verifier.curve import COORDINATE_BYTES, Point, PointFault, encode_coordinates
from audit.verifier.field import SCALAR_MODULUS, encode_unsigned


class FastGroup:
    """Compute in G1 and the pairing with arkworks.

    Its multi-scalar product tests no membership: `in_subgroup` is asked of every point from outside.
    """

    name = "arkworks"

    def point(self, x: int, y: int) -> Point:
        """Make a point of coordinates that solve the curve equation."""
        return G1Point.from_xy_bytes_unchecked_be(encode_coordinates(x, y))

    def decompress(self, encoded: bytes) -> Point:
        """Make a point of its 48 compressed bytes; raise PointFault."""
        try:
            point = G1Point.from_compressed_bytes_unchecked(encoded)
        except ValueError as error:
            raise PointFault("encoding") from error
        if point == G1Point.identity():
            raise PointFault("infinity")
        return point

    def in_subgroup(self, point: Point) -> bool:
        """Tell whether r P is the point at infinity, of G1 or G2."""
        return bool(point.is_in_subgroup())

    def coordinates(self, point: Point) -> tuple[int, int] | None:
        """Return the affine coordinates, None for the point at infinity."""
        if point == G1Point.identity():
            return None
        encoded = bytes(point.to_xy_bytes_be())
        return int.from_bytes(encoded[:COORDINATE_BYTES], "big"), int.from_bytes(
            encoded[COORDINATE_BYTES:], "big"
        )

    def point_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of x_c0 || x_c1 || y_c0 || y_c1."""
        return G2Point.from_xy_bytes_be(encoded)

    def decompress_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of its 96 compressed bytes; raise PointFault."""
        try:
            point = G2Point.from_compressed_bytes_unchecked(encoded)
        except ValueError as error:
            raise PointFault("encoding") from error
        if point == G2Point.identity():
            raise PointFault("infinity")
        return point

    def encode_g2(self, point: Point) -> bytes:
        """Encode a G2 point other than infinity as x_c0 || x_c1 || y_c0 || y_c1."""
        return bytes(point.to_xy_bytes_be())

    def multi_scalar(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i]."""
        return G1Point.multiexp_unchecked(list(points), _scalars(points, scalars))

    def multi_scalar_g2(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i] in G2."""
        return G2Point.multiexp_unchecked(list(points), _scalars(points, scalars))

    def pairings_equal(self, left: tuple[Point, Point], right: tuple[Point, Point]) -> bool:
        """Tell whether e(left) = e(right), as e(left) e(-right) = 1."""
        return bool(GT.pairing_check([left[0], -right[0]], [left[1], right[1]]))


def _scalars(points: Sequence[Point], scalars: Sequence[int]) -> list[Scalar]:
    if len(points) != len(scalars):
        raise ValueError(f"{len(points)} points for {len(scalars)} scalars")
    return [Scalar.from_be_bytes(encode_unsigned(scalar % SCALAR_MODULUS)) for scalar in scalars]
