"""The group through py_ecc: slow, simple, and the measure of the fast one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from py_ecc.bls.point_compression import decompress_G2
from py_ecc.bls.typing import G2Compressed
from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
from py_ecc.fields import optimized_bls12_381_FQ12 as FQ12
from py_ecc.optimized_bls12_381 import (
    Z1,
    Z2,
    add,
    double,
    final_exponentiate,
    is_inf,
    multiply,
    neg,
    normalize,
    pairing,
)

from audit.verifier.curve import COORDINATE_BYTES, Point, PointFault, decompress, encode_coordinates
from audit.verifier.field import SCALAR_MODULUS

SCALAR_BITS: Final = 255


class ReferenceGroup:
    """Compute in G1 and the pairing with py_ecc's projective points."""

    name = "py_ecc"

    def point(self, x: int, y: int) -> Point:
        """Make a projective point."""
        return (FQ(x), FQ(y), FQ(1))

    def decompress(self, encoded: bytes) -> Point:
        """Make a point of its 48 compressed bytes; raise PointFault."""
        return self.point(*decompress(encoded))

    def in_subgroup(self, point: Point) -> bool:
        """Tell whether r P is the point at infinity, of G1 or G2."""
        return bool(is_inf(multiply(point, SCALAR_MODULUS)))

    def coordinates(self, point: Point) -> tuple[int, int] | None:
        """Return the affine coordinates, None for the point at infinity."""
        if is_inf(point):
            return None
        x, y = normalize(point)
        return int(x.n), int(y.n)

    def point_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of x_c0 || x_c1 || y_c0 || y_c1."""
        parts = [
            int.from_bytes(encoded[i : i + COORDINATE_BYTES], "big")
            for i in range(0, len(encoded), COORDINATE_BYTES)
        ]
        return (FQ2([parts[0], parts[1]]), FQ2([parts[2], parts[3]]), FQ2.one())

    def decompress_g2(self, encoded: bytes) -> Point:
        """Make a G2 point of its 96 compressed bytes; raise PointFault."""
        if len(encoded) != 2 * COORDINATE_BYTES:
            raise PointFault("encoding")
        halves = [int.from_bytes(encoded[i : i + COORDINATE_BYTES], "big") for i in (0, COORDINATE_BYTES)]
        try:
            point = decompress_G2(G2Compressed((halves[0], halves[1])))
        except ValueError as error:
            raise PointFault("encoding") from error
        if is_inf(point):
            raise PointFault("infinity")
        return point

    def encode_g2(self, point: Point) -> bytes:
        """Encode a G2 point other than infinity as x_c0 || x_c1 || y_c0 || y_c1."""
        x, y = normalize(point)
        return encode_coordinates(*map(int, x.coeffs)) + encode_coordinates(*map(int, y.coeffs))

    def multi_scalar(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i] in G1."""
        return _pippenger(Z1, points, scalars)

    def multi_scalar_g2(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """Return sum_i scalars[i] points[i] in G2."""
        return _pippenger(Z2, points, scalars)

    def pairings_equal(self, left: tuple[Point, Point], right: tuple[Point, Point]) -> bool:
        """Tell whether e(left) = e(right), as e(left) e(-right) = 1 under one final exponentiation."""
        product = pairing(left[1], left[0], final_exponentiate=False) * pairing(
            right[1], neg(right[0]), final_exponentiate=False
        )
        return bool(final_exponentiate(product) == FQ12.one())


def _pippenger(infinity: Point, points: Sequence[Point], scalars: Sequence[int]) -> Point:
    """Return sum_i scalars[i] points[i] by buckets.

    Scalars are cut into windows of c bits. In every window, points fall into buckets by their digit;
    sum_d d B_d is the sum of the running sums of the buckets from the highest digit down.
    """
    if len(points) != len(scalars):
        raise ValueError(f"{len(points)} points for {len(scalars)} scalars")
    reduced = [scalar % SCALAR_MODULUS for scalar in scalars]
    window_bits = max(2, len(points).bit_length() - 3)
    mask = (1 << window_bits) - 1
    total = infinity
    for shift in reversed(range(0, SCALAR_BITS, window_bits)):
        for _ in range(window_bits):
            total = double(total)
        buckets: list[Point] = [None] * (mask + 1)
        for point, scalar in zip(points, reduced, strict=True):
            digit = (scalar >> shift) & mask
            if digit:
                held = buckets[digit]
                buckets[digit] = point if held is None else add(held, point)
        running = window_sum = infinity
        for held in reversed(buckets[1:]):
            if held is not None:
                running = add(running, held)
            window_sum = add(window_sum, running)
        total = add(total, window_sum)
    return total
