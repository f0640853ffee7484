"""Group arithmetic by arkworks, where blst cannot be had; slower, and it holds the GIL."""

from collections.abc import Sequence

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from prover.errors import KernelInputError, PointError
from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel.encoding import decode_coordinates, require_finite, split_points
from prover.kernel.fast_field import canonical_limbs
from prover.kernel.interface import (
    G1_BYTES,
    G2_BYTES,
    GENERATOR_G1,
    GENERATOR_G2,
    SmallInts,
    require_int64,
)
from prover.kernel.montgomery import Limbs

Table = list[G1Point]


def _read_g1(encoding: bytes) -> G1Point:
    decode_coordinates(encoding, G1_BYTES)
    try:
        return G1Point.from_xy_bytes_unchecked_be(encoding)
    except ValueError as error:
        raise PointError("curve") from error


def _read_g2(encoding: bytes) -> G2Point:
    decode_coordinates(encoding, G2_BYTES)
    try:
        return G2Point.from_xy_bytes_unchecked_be(encoding)
    except ValueError as error:
        raise PointError("curve") from error


def _scalar(value: int) -> Scalar:
    return Scalar.from_le_bytes((value % SCALAR_MODULUS).to_bytes(32, "little"))


def _product(points: Table, scalars: list[Scalar]) -> bytes:
    if len(scalars) > len(points):
        raise KernelInputError(f"{len(scalars)} scalars for {len(points)} points")
    return G1Point.multiexp_unchecked(points[: len(scalars)], scalars).to_xy_bytes_be()


class ArkworksGroup:
    """Group half of the kernel: `prover.kernel.interface.GroupKernel`."""

    def __init__(self) -> None:
        for read, generator in ((_read_g1, GENERATOR_G1), (_read_g2, GENERATOR_G2)):
            try:
                read(generator[:-1] + bytes([generator[-1] ^ 1]))
            except PointError:
                continue
            raise RuntimeError("this version of py_arkworks_bls12381 reads points that are off the curve")

    def points(self, encoded: bytes) -> Table:
        return [_read_g1(encoding) for encoding in split_points(encoded)]

    def encode_points(self, points: Table) -> bytes:
        return b"".join([point.to_xy_bytes_be() for point in points])

    def slice_points(self, points: Table, start: int, stop: int) -> Table:
        if not 0 <= start <= stop <= len(points):
            raise KernelInputError(f"no points {start}:{stop} in a table of {len(points)}")
        return points[start:stop]

    def prepare_points(self, points: Table) -> Table:
        return points

    def msm(self, points: Table, scalars: Limbs) -> bytes:
        data = canonical_limbs(scalars).tobytes()
        return _product(points, [Scalar.from_le_bytes(data[i : i + 32]) for i in range(0, len(data), 32)])

    def msm_small(self, points: Table, scalars: SmallInts) -> bytes:
        require_int64(scalars)
        return _product(points, [_scalar(value) for value in scalars.tolist()])

    def add_points(self, encodings: Sequence[bytes]) -> bytes:
        total = G1Point.identity()
        for encoding in encodings:
            total = total + _read_g1(encoding)
        return total.to_xy_bytes_be()

    def mul_point(self, encoding: bytes, c: int) -> bytes:
        return (_read_g1(encoding) * _scalar(c)).to_xy_bytes_be()

    def inverse_dft_points(self, points: Table, n: int) -> Table:
        root = field_inverse(root_of_unity(n))
        if len(points) != n:
            raise KernelInputError(f"{len(points)} points for a transform of size {n}")
        scale = _scalar(field_inverse(n))
        return [point * scale for point in _transform(points, root)]

    def check_point(self, encoding: bytes) -> None:
        require_finite(encoding)
        if not _read_g1(encoding).is_in_subgroup():
            raise PointError("subgroup")

    def check_point_g2(self, encoding: bytes) -> None:
        require_finite(encoding)
        if not _read_g2(encoding).is_in_subgroup():
            raise PointError("subgroup")

    def pairing_product_is_one(self, pairs: Sequence[tuple[bytes, bytes]]) -> bool:
        if not pairs:
            raise KernelInputError("a product of no pairings holds vacuously")
        for left, right in pairs:
            if any(left) or len(left) != G1_BYTES:
                self.check_point(left)
            if any(right) or len(right) != G2_BYTES:
                self.check_point_g2(right)
        return GT.pairing_check([_read_g1(p) for p, _ in pairs], [_read_g2(q) for _, q in pairs])


def _transform(points: Table, root: int) -> Table:
    """sum_m root^(j m) P_m for every j, by halves."""
    if len(points) == 1:
        return points
    even = _transform(points[0::2], root * root % SCALAR_MODULUS)
    odd = _transform(points[1::2], root * root % SCALAR_MODULUS)
    turned = [point * _scalar(pow(root, j, SCALAR_MODULUS)) for j, point in enumerate(odd)]
    pairs = list(zip(even, turned, strict=True))
    return [e + o for e, o in pairs] + [e - o for e, o in pairs]
