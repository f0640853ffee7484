"""Group arithmetic by py_ecc: slow, simple, and what the fast twin is tested against."""

from collections.abc import Sequence
from typing import TypeAlias

from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
from py_ecc.fields import optimized_bls12_381_FQ12 as FQ12
from py_ecc.optimized_bls12_381.optimized_curve import (
    Z1,
    Z2,
    add,
    b,
    b2,
    is_inf,
    is_on_curve,
    multiply,
    normalize,
)
from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing

from prover.errors import KernelInputError, PointError
from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel.encoding import (
    decode_coordinates,
    encode_coordinates,
    require_finite,
    split_points,
)
from prover.kernel.interface import G1_BYTES, G2_BYTES, INFINITY_G1, SmallInts, require_int64

G1: TypeAlias = tuple[FQ, FQ, FQ]
G2: TypeAlias = tuple[FQ2, FQ2, FQ2]


def _decode_g1(encoding: bytes) -> G1:
    x, y = decode_coordinates(encoding, G1_BYTES)
    if x == y == 0:
        return Z1
    point = (FQ(x), FQ(y), FQ(1))
    if not is_on_curve(point, b):
        raise PointError("curve")
    return point


def _decode_g2(encoding: bytes) -> G2:
    x0, x1, y0, y1 = decode_coordinates(encoding, G2_BYTES)
    if x0 == x1 == y0 == y1 == 0:
        return Z2
    point = (FQ2([x0, x1]), FQ2([y0, y1]), FQ2([1, 0]))
    if not is_on_curve(point, b2):
        raise PointError("curve")
    return point


def _encode_g1(point: G1) -> bytes:
    if is_inf(point):
        return INFINITY_G1
    x, y = normalize(point)
    return encode_coordinates(int(x), int(y))


def _msm(points: Sequence[G1], scalars: Sequence[int]) -> bytes:
    if len(scalars) > len(points):
        raise KernelInputError(f"{len(scalars)} scalars for {len(points)} points")
    total = Z1
    for point, scalar in zip(points, scalars, strict=False):
        total = add(total, multiply(point, scalar % SCALAR_MODULUS))
    return _encode_g1(total)


class PlainGroup:
    """Group half of the kernel: `prover.kernel.interface.GroupKernel`."""

    def points(self, encoded: bytes) -> tuple[G1, ...]:
        return tuple(_decode_g1(encoding) for encoding in split_points(encoded))

    def encode_points(self, points: Sequence[G1]) -> bytes:
        return b"".join(_encode_g1(point) for point in points)

    def slice_points(self, points: Sequence[G1], start: int, stop: int) -> Sequence[G1]:
        if not 0 <= start <= stop <= len(points):
            raise KernelInputError(f"no points {start}:{stop} in a table of {len(points)}")
        return points[start:stop]

    def prepare_points(self, points: Sequence[G1]) -> Sequence[G1]:
        return points

    def msm(self, points: Sequence[G1], scalars: Sequence[int]) -> bytes:
        return _msm(points, scalars)

    def msm_small(self, points: Sequence[G1], scalars: SmallInts) -> bytes:
        require_int64(scalars)
        return _msm(points, scalars.tolist())

    def add_points(self, encodings: Sequence[bytes]) -> bytes:
        total = Z1
        for encoding in encodings:
            total = add(total, _decode_g1(encoding))
        return _encode_g1(total)

    def mul_point(self, encoding: bytes, c: int) -> bytes:
        return _encode_g1(multiply(_decode_g1(encoding), c % SCALAR_MODULUS))

    def inverse_dft_points(self, points: Sequence[G1], n: int) -> tuple[G1, ...]:
        root = field_inverse(root_of_unity(n))
        if len(points) != n:
            raise KernelInputError(f"{len(points)} points for a transform of size {n}")
        out = []
        for j in range(n):
            total = Z1
            for m, point in enumerate(points):
                factor = pow(root, j * m, SCALAR_MODULUS) * field_inverse(n) % SCALAR_MODULUS
                total = add(total, multiply(point, factor))
            out.append(total)
        return tuple(out)

    def check_point(self, encoding: bytes) -> None:
        require_finite(encoding)
        if not is_inf(multiply(_decode_g1(encoding), SCALAR_MODULUS)):
            raise PointError("subgroup")

    def check_point_g2(self, encoding: bytes) -> None:
        require_finite(encoding)
        if not is_inf(multiply(_decode_g2(encoding), SCALAR_MODULUS)):
            raise PointError("subgroup")

    def pairing_product_is_one(self, pairs: Sequence[tuple[bytes, bytes]]) -> bool:
        if not pairs:
            raise KernelInputError("a product of no pairings holds vacuously")
        product = FQ12.one()
        for left, right in pairs:
            if any(left) or len(left) != G1_BYTES:
                self.check_point(left)
            if any(right) or len(right) != G2_BYTES:
                self.check_point_g2(right)
            product = product * pairing(_decode_g2(right), _decode_g1(left), final_exponentiate=False)
        return bool(final_exponentiate(product) == FQ12.one())
