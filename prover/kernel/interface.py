"""What field and group arithmetic offers to the protocol, whoever computes it.

Vectors live in F_r in natural order: entry i of a transform is the value at omega^i,
omega = 7^((r-1)/n). `Vector` and `Points` are opaque, immutable by convention, and belong to
the kernel that made them; only `len` may be applied to them.

Points cross this border as bytes: G1 as x || y (96 bytes), G2 as x_c0 || x_c1 || y_c0 || y_c1
(192 bytes), every coordinate 48 bytes big endian and below p: the order of EIP-2537 without its
padding. The point at infinity is all zero bytes.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from prover.errors import KernelInputError
from prover.kernel.row_program import RowProgram

Vector: TypeAlias = Any
"""A vector over F_r, opaque; supports `len`."""

Points: TypeAlias = Any
"""A table of G1 points, opaque; supports `len`."""

Untyped: TypeAlias = Any
"""An object of llvmlite or numba, whose interfaces carry no types."""

SmallInts: TypeAlias = npt.NDArray[np.int64]
"""Signed integers of at most 64 bits."""

G1_BYTES: Final = 96
G2_BYTES: Final = 192
INFINITY_G1: Final = bytes(G1_BYTES)
INFINITY_G2: Final = bytes(G2_BYTES)

GENERATOR_G1: Final = bytes.fromhex(
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
"""The standard generator of G1."""

GENERATOR_G2: Final = bytes.fromhex(
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
    "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be"
)
"""The standard generator of G2."""


def require_int64(values: SmallInts) -> None:
    """Raise KernelInputError unless `values` is a one-dimensional int64 array."""
    if values.ndim != 1 or values.dtype != np.int64:
        raise KernelInputError(f"need a one-dimensional int64 array, not {values.ndim}-d {values.dtype}")


def require_operands(program: RowProgram, columns: Sequence[Vector], parameters: Sequence[int]) -> None:
    """Raise KernelInputError unless columns, of one length, and parameters are as many as a program takes."""
    found, wanted = (len(columns), len(parameters)), (program.column_count, program.parameter_count)
    lengths = sorted({len(column) for column in columns})
    if found != wanted or len(lengths) != 1 or not lengths[0]:
        raise KernelInputError(
            f"{found[0]} columns of lengths {lengths} and {found[1]} parameters for a program of {wanted}"
        )


class FieldKernel(Protocol):
    """Vectors and polynomials over F_r.

    Every method raises KernelInputError for lengths that do not fit together.
    """

    def vector(self, values: Sequence[int]) -> Vector:
        """Return the values reduced mod r; negatives are allowed."""

    def ints(self, v: Vector) -> list[int]:
        """Return the canonical integers 0 <= v_i < r."""

    def from_int64(self, values: SmallInts) -> Vector:
        """Return signed 64-bit integers as field elements; a one-dimensional int64 array goes in."""

    def zeros(self, n: int) -> Vector:
        """Return n zeros."""

    def constant(self, c: int, n: int) -> Vector:
        """Return n copies of c."""

    def add(self, a: Vector, b: Vector) -> Vector:
        """Return a + b, entry by entry."""

    def sub(self, a: Vector, b: Vector) -> Vector:
        """Return a - b, entry by entry."""

    def mul(self, a: Vector, b: Vector) -> Vector:
        """Return a * b, entry by entry."""

    def neg(self, a: Vector) -> Vector:
        """Return -a."""

    def scale(self, a: Vector, c: int) -> Vector:
        """Return c * a."""

    def add_scalar(self, a: Vector, c: int) -> Vector:
        """Return a + c in every entry."""

    def axpy(self, a: Vector, c: int, b: Vector) -> Vector:
        """Return a + c * b."""

    def rotate(self, a: Vector, k: int) -> Vector:
        """Return out_i = a_((i + k) mod n)."""

    def segment(self, a: Vector, start: int, stop: int, step: int = 1) -> Vector:
        """Return a_start, a_(start+step), ... below stop; 0 <= start <= stop <= len(a), step >= 1."""

    def concat(self, parts: Sequence[Vector]) -> Vector:
        """Return the parts one after another."""

    def pad(self, a: Vector, n: int) -> Vector:
        """Return a followed by zeros up to length n."""

    def interleave(self, columns: Sequence[Vector]) -> Vector:
        """Return out_(i + t j) = columns_i[j] for t columns of one length."""

    def deinterleave(self, v: Vector, t: int) -> list[Vector]:
        """Undo `interleave`: return the t columns of v."""

    def inverse(self, a: Vector) -> Vector:
        """Return 1/a, entry by entry; raise ZeroDivisionError if any entry is 0."""

    def powers(self, c: int, n: int) -> Vector:
        """Return 1, c, c^2, ..., c^(n-1)."""

    def prefix_sum(self, a: Vector) -> Vector:
        """Return out_i = sum of a_j over j < i (exclusive, same length)."""

    def inner(self, a: Vector, b: Vector) -> int:
        """Return the sum of a_i b_i."""

    def sum(self, a: Vector) -> int:
        """Return the sum of the entries."""

    def equal(self, a: Vector, b: Vector) -> bool:
        """Tell whether length and every entry agree."""

    def ntt(self, coeffs: Vector) -> Vector:
        """Return f(omega^i) for i < n from n = 2^k coefficients."""

    def intt(self, values: Vector) -> Vector:
        """Undo `ntt`: return coefficients from values."""

    def coset_ntt(self, coeffs: Vector, size: int, shift: int) -> Vector:
        """Return f(shift omega^i), omega of order `size` >= len(coeffs), shift non-zero."""

    def coset_intt(self, values: Vector, shift: int) -> Vector:
        """Undo `coset_ntt`: return len(values) coefficients."""

    def intts(self, columns: Sequence[Vector]) -> list[Vector]:
        """Return `intt` of each of several vectors of one length."""

    def coset_ntts(self, columns: Sequence[Vector], size: int, shift: int) -> list[Vector]:
        """Return `coset_ntt` of each of several vectors."""

    def run(
        self, program: RowProgram, columns: Sequence[Vector], parameters: Sequence[int] = ()
    ) -> list[Vector]:
        """Return the results of a program over the rows of columns of one length."""

    def evaluate(self, coeffs: Vector, x: int) -> int:
        """Return f(x)."""

    def divide(self, coeffs: Vector, x: int) -> Vector:
        """Return the coefficients of (f - f(x)) / (X - x), one fewer than f has (none for a constant)."""


class GroupKernel(Protocol):
    """G1 multi-scalar products, point checks and pairings.

    Methods that read encoded points raise PointError as said; none but `check_point`,
    `check_point_g2` and `pairing_product_is_one` tests membership of the subgroup.
    """

    def points(self, encoded: bytes) -> Points:
        """Read a table of encoded G1 points; infinity is allowed.

        Raises PointError "encoding" or "curve".
        """

    def encode_points(self, points: Points) -> bytes:
        """Undo `points`."""

    def slice_points(self, points: Points, start: int, stop: int) -> Points:
        """Return points start..stop-1; 0 <= start <= stop <= len(points)."""

    def prepare_points(self, points: Points) -> Points:
        """Return the same points, for many products by full-width scalars: what helps those is computed once.

        Where nothing helps, the points themselves.
        """

    def msm(self, points: Points, scalars: Vector) -> bytes:
        """Return sum_i scalars_i points_i over the first len(scalars) points, encoded.

        The points must lie in the subgroup; for others the result is undefined. Scalars that all
        are small as signed integers, |s| < 2^b with s in (-r/2, r/2), cost as b bits do.
        """

    def msm_small(self, points: Points, scalars: SmallInts) -> bytes:
        """Return `msm` for signed 64-bit scalars; a one-dimensional int64 array goes in."""

    def add_points(self, encodings: Sequence[bytes]) -> bytes:
        """Return the sum of encoded points; none at all sum to infinity.

        Raises PointError "encoding" or "curve".
        """

    def mul_point(self, encoding: bytes, c: int) -> bytes:
        """Return (c mod r) times an encoded point.

        Raises PointError "encoding" or "curve".
        """

    def inverse_dft_points(self, points: Points, n: int) -> Points:
        """Return out_j = (1/n) sum_m omega^(-j m) P_m, omega of order n = len(points).

        With P_m = [tau^(i + t m)]_1 the result is [X^i l_j(X^t)]_1, a packed Lagrange basis.
        The points must lie in the subgroup.
        """

    def check_point(self, encoding: bytes) -> None:
        """Raise PointError unless the bytes are a G1 point of order r.

        Reasons: "encoding" (length, coordinate >= p, flag bits), "infinity", "curve", "subgroup".
        """

    def check_point_g2(self, encoding: bytes) -> None:
        """Raise PointError unless the bytes are a G2 point of order r."""

    def pairing_product_is_one(self, pairs: Sequence[tuple[bytes, bytes]]) -> bool:
        """Tell whether the product of e(P_i, Q_i) is 1; infinity pairs to 1.

        Raises PointError for a point that is malformed or outside the subgroup, and
        KernelInputError for no pairs at all, which would hold vacuously.
        """


class Kernel(FieldKernel, GroupKernel, Protocol):
    """All arithmetic the protocol needs."""
