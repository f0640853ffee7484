"""Group arithmetic by blst; the fast twin of `plain_group`."""

import ctypes
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from prover.errors import KernelInputError, PointError
from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel import blst, bucket_loops, point_loops
from prover.kernel.bucket_product import BucketProduct, PreparedPoints
from prover.kernel.encoding import require_finite, split_points
from prover.kernel.fast_field import canonical_limbs
from prover.kernel.interface import G1_BYTES, G2_BYTES, INFINITY_G1, SmallInts, require_int64
from prover.kernel.montgomery import Limbs
from prover.kernel.point_loops import PointTable
from prover.kernel.threads import map_threads

Bytes: TypeAlias = npt.NDArray[np.uint8]
Buffer: TypeAlias = "ctypes.Array[ctypes.c_char]"

_FLAG_BITS: Final = 0xE0
_BUCKET_WORK: Final = 30_000
_PREPARED_WORK: Final = 60_000
"""Points times scalar bits from which affine buckets, and kept multiples, are faster."""

Table: TypeAlias = PointTable | PreparedPoints


def _address(array: npt.NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _affine(points: Table) -> PointTable:
    return points.affine if isinstance(points, PreparedPoints) else points


def _judge(code: int) -> None:
    """Raise PointError for what a deserialiser returned.

    It writes the point (0, 2) of order 3 and calls it "not in group": membership is tested elsewhere.
    """
    if code == blst.NOT_ON_CURVE:
        raise PointError("curve")
    if code not in (blst.SUCCESS, blst.NOT_IN_GROUP):
        raise PointError("encoding")


class BlstGroup:
    """Group half of the kernel: `prover.kernel.interface.GroupKernel`."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._blst = library
        self._buckets = BucketProduct(blst.addresses(library))

    def points(self, encoded: bytes) -> PointTable:
        encodings = split_points(encoded)
        table = np.zeros((len(encodings), 12), dtype=np.uint64)
        data = np.frombuffer(bytearray(encoded), dtype=np.uint8)
        address, done = _address(table), 0
        while done < len(encodings):
            deserialise = int(self._buckets.functions[5])
            done += bucket_loops.read_points(data[done * G1_BYTES :], deserialise, table[done:])
            if done < len(encodings):  # infinity, outside the subgroup, or none
                table[done] = 0
                self._read_g1(encodings[done], address + done * blst.AFFINE_G1)
                done += 1
        return table

    def _read_g1(self, encoding: bytes, address: int) -> None:
        """Write the affine point to `address`, which holds zeros before."""
        if len(encoding) != G1_BYTES or encoding[0] & _FLAG_BITS:
            raise PointError("encoding", f"{len(encoding)} bytes, first {encoding[:1].hex()}")
        if encoding == INFINITY_G1:
            return
        _judge(self._blst.blst_p1_deserialize(address, encoding))

    def _read_g2(self, encoding: bytes, address: int) -> None:
        if len(encoding) != G2_BYTES or encoding[0] & _FLAG_BITS or encoding[48] & _FLAG_BITS:
            raise PointError("encoding", f"{len(encoding)} bytes, first {encoding[:1].hex()}")
        if not any(encoding):
            return
        swapped = encoding[48:96] + encoding[:48] + encoding[144:] + encoding[96:144]
        _judge(self._blst.blst_p2_deserialize(address, swapped))

    def _write_g1(self, affine: int) -> bytes:
        out = ctypes.create_string_buffer(G1_BYTES)
        self._blst.blst_p1_affine_serialize(out, affine)
        return INFINITY_G1 if out.raw[0] & _FLAG_BITS else out.raw

    def _write_jacobian(self, point: Buffer) -> bytes:
        affine = ctypes.create_string_buffer(blst.AFFINE_G1)
        self._blst.blst_p1_to_affine(affine, point)
        return self._write_g1(ctypes.addressof(affine))

    def encode_points(self, points: Table) -> bytes:
        address = _address(_affine(points))
        return b"".join([self._write_g1(address + i * blst.AFFINE_G1) for i in range(len(points))])

    def prepare_points(self, points: Table) -> Table:
        if isinstance(points, PreparedPoints) or not len(points):
            return points
        projective = np.zeros((len(points), 18), dtype=np.uint64)
        for i in range(len(points)):
            self._blst.blst_p1_from_affine(
                _address(projective) + i * blst.JACOBIAN_G1, _address(points) + i * blst.AFFINE_G1
            )
        multiples = self._to_affine(self._buckets.multiples(projective))
        return PreparedPoints(multiples[: len(points)], multiples, len(points), 0)

    def _to_affine(self, projective: Limbs) -> PointTable:
        out = np.zeros((len(projective), 12), dtype=np.uint64)
        pointers = (ctypes.c_void_p * 2)(_address(projective), None)
        self._blst.blst_p1s_to_affine(_address(out), pointers, len(projective))
        return out

    def slice_points(self, points: Table, start: int, stop: int) -> Table:
        if not 0 <= start <= stop <= len(points):
            raise KernelInputError(f"no points {start}:{stop} in a table of {len(points)}")
        return points.part(start, stop) if isinstance(points, PreparedPoints) else points[start:stop]

    def msm(self, points: Table, scalars: Limbs) -> bytes:
        if len(scalars) > len(points):
            raise KernelInputError(f"{len(scalars)} scalars for {len(points)} points")
        magnitudes = np.empty((len(scalars), 4), dtype=np.uint64)
        signs = np.empty(len(scalars), dtype=np.uint8)
        point_loops.centre(canonical_limbs(scalars), magnitudes, signs)
        return self._signed_product(points, magnitudes, signs)

    def msm_small(self, points: Table, scalars: SmallInts) -> bytes:
        require_int64(scalars)
        if len(scalars) > len(points):
            raise KernelInputError(f"{len(scalars)} scalars for {len(points)} points")
        magnitudes = np.empty((len(scalars), 1), dtype=np.uint64)
        signs = np.empty(len(scalars), dtype=np.uint8)
        point_loops.split_small(np.array(scalars), magnitudes, signs)
        return self._signed_product(points, magnitudes, signs)

    def _signed_product(self, points: Table, magnitudes: Limbs, signs: Bytes) -> bytes:
        masks = np.zeros(magnitudes.shape[1], dtype=np.uint64)
        used = point_loops.column_masks(magnitudes, masks)
        if used == 0:
            return INFINITY_G1
        bits = int.from_bytes(masks.tobytes(), "little").bit_length()
        if used * bits < _BUCKET_WORK:
            return self._write_jacobian(self._pippenger(_affine(points), magnitudes, signs, used, bits))
        if isinstance(points, PreparedPoints) and used * bits >= _PREPARED_WORK:
            product = self._buckets.prepared_product(points, magnitudes, signs, bits)
        else:
            product = self._buckets.product(_affine(points), magnitudes, signs, bits, used)
        return self._write_jacobian(ctypes.create_string_buffer(product.tobytes(), blst.JACOBIAN_G1))

    def _pippenger(
        self, points: PointTable, magnitudes: Limbs, signs: Bytes, used: int, bits: int
    ) -> Buffer:
        """Sum of magnitudes_i points_i by blst's own buckets, for products too small for ours."""
        table = np.empty((used, 12), dtype=np.uint64)
        dense = np.empty((used, magnitudes.shape[1]), dtype=np.uint64)
        point_loops.gather(points, magnitudes, signs, table, dense)
        rows = np.ascontiguousarray(dense.view(np.uint8).reshape(used, -1)[:, : (bits + 7) // 8])
        out = ctypes.create_string_buffer(blst.JACOBIAN_G1)
        scratch = np.empty(self._blst.blst_p1s_mult_pippenger_scratch_sizeof(len(table)) // 8 + 1, np.uint64)
        addresses = (ctypes.c_void_p * 4)(_address(table), None, _address(rows), None)
        pointers = ctypes.addressof(addresses)
        self._blst.blst_p1s_mult_pippenger(out, pointers, len(table), pointers + 16, bits, _address(scratch))
        return out

    def add_points(self, encodings: Sequence[bytes]) -> bytes:
        total = ctypes.create_string_buffer(blst.JACOBIAN_G1)
        for encoding in encodings:
            affine = ctypes.create_string_buffer(blst.AFFINE_G1)
            self._read_g1(encoding, ctypes.addressof(affine))
            self._blst.blst_p1_add_or_double_affine(total, total, affine)
        return self._write_jacobian(total)

    def mul_point(self, encoding: bytes, c: int) -> bytes:
        affine = ctypes.create_string_buffer(blst.AFFINE_G1)
        point = ctypes.create_string_buffer(blst.JACOBIAN_G1)
        self._read_g1(encoding, ctypes.addressof(affine))
        self._blst.blst_p1_from_affine(point, affine)
        self._blst.blst_p1_unchecked_mult(point, point, (c % SCALAR_MODULUS).to_bytes(32, "little"), 255)
        return self._write_jacobian(point)

    def inverse_dft_points(self, points: Table, n: int) -> PointTable:
        root = field_inverse(root_of_unity(n))
        if len(points) != n:
            raise KernelInputError(f"{len(points)} points for a transform of size {n}")
        address = _address(_affine(points))
        work = np.zeros((n, 18), dtype=np.uint64)
        base = _address(work)
        for i in range(n):
            reversed_i = int(format(i, f"0{n.bit_length() - 1}b")[::-1], 2) if n > 1 else 0
            self._blst.blst_p1_from_affine(base + i * blst.JACOBIAN_G1, address + reversed_i * blst.AFFINE_G1)
        half = 1
        while half < n:
            self._butterflies(base, n, half, pow(root, n // (2 * half), SCALAR_MODULUS))
            half *= 2
        scale = field_inverse(n).to_bytes(32, "little")

        def finish(start: int) -> None:
            for i in range(start, n, 2):
                self._blst.blst_p1_mult(base + i * 144, base + i * 144, scale, 255)

        map_threads(finish, [0, 1])
        return self._to_affine(work)

    def _butterflies(self, base: int, n: int, half: int, root: int) -> None:
        """One stage in place: (u, v) -> (u + w v, u - w v) on Jacobian points at `base`."""
        factors = [pow(root, k, SCALAR_MODULUS).to_bytes(32, "little") for k in range(half)]
        pairs = [(start + k, k) for start in range(0, n, 2 * half) for k in range(half)]
        middle = (len(pairs) + 1) // 2

        def run(part: list[tuple[int, int]]) -> None:
            product = ctypes.create_string_buffer(blst.JACOBIAN_G1)
            for i, k in part:
                u = base + i * blst.JACOBIAN_G1
                v = u + half * blst.JACOBIAN_G1
                if k:
                    self._blst.blst_p1_mult(product, v, factors[k], 255)
                else:
                    ctypes.memmove(product, v, blst.JACOBIAN_G1)
                ctypes.memmove(v, u, blst.JACOBIAN_G1)
                self._blst.blst_p1_add_or_double(u, u, product)
                self._blst.blst_p1_cneg(product, True)
                self._blst.blst_p1_add_or_double(v, v, product)

        map_threads(run, [pairs[:middle], pairs[middle:]])

    def check_point(self, encoding: bytes) -> None:
        require_finite(encoding)
        affine = ctypes.create_string_buffer(blst.AFFINE_G1)
        self._read_g1(encoding, ctypes.addressof(affine))
        if not self._blst.blst_p1_affine_in_g1(affine):
            raise PointError("subgroup")

    def check_point_g2(self, encoding: bytes) -> None:
        require_finite(encoding)
        affine = ctypes.create_string_buffer(blst.AFFINE_G2)
        self._read_g2(encoding, ctypes.addressof(affine))
        if not self._blst.blst_p2_affine_in_g2(affine):
            raise PointError("subgroup")

    def pairing_product_is_one(self, pairs: Sequence[tuple[bytes, bytes]]) -> bool:
        if not pairs:
            raise KernelInputError("a product of no pairings holds vacuously")
        left = np.zeros((len(pairs), 12), dtype=np.uint64)
        right = np.zeros((len(pairs), 24), dtype=np.uint64)
        count = 0
        for point_g1, point_g2 in pairs:
            finite_g1, finite_g2 = point_g1 != INFINITY_G1, point_g2 != bytes(G2_BYTES)
            if finite_g1:
                self.check_point(point_g1)
            if finite_g2:
                self.check_point_g2(point_g2)
            if finite_g1 and finite_g2:
                self._read_g1(point_g1, _address(left) + count * blst.AFFINE_G1)
                self._read_g2(point_g2, _address(right) + count * blst.AFFINE_G2)
                count += 1
        if count == 0:
            return True
        target = ctypes.create_string_buffer(blst.TARGET)
        pointers = (ctypes.c_void_p * 4)(_address(right), None, _address(left), None)
        address = ctypes.addressof(pointers)
        self._blst.blst_miller_loop_n(target, address, address + 16, count)
        self._blst.blst_final_exp(target, target)
        return bool(self._blst.blst_fp12_is_one(target))
