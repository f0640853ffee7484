"""Compressed points to coordinates, in Python integers.

The three top bits of the first byte say: compressed (always 1 here), infinity, and whether y is
the larger of its two values. G1 holds x in 48 bytes, G2 x_c1 || x_c0 in 96.

Source: draft-irtf-cfrg-pairing-friendly-curves, appendix C.
"""

from typing import Final

from prover.errors import PointError
from prover.field import BASE_MODULUS
from prover.kernel.encoding import COORDINATE_BYTES, encode_coordinates

COMPRESSED_G1_BYTES: Final = 48
COMPRESSED_G2_BYTES: Final = 96

_COMPRESSED: Final = 0x80
_INFINITY: Final = 0x40
_LARGER: Final = 0x20
_HALF: Final = (BASE_MODULUS + 1) // 2
_B: Final = 4

Quadratic = tuple[int, int]
"""c0 + c1 u with u^2 = -1."""


def _read(encoding: bytes, expected_bytes: int) -> tuple[list[int], bool]:
    """Return the coordinates, most significant first, and whether y is the larger root."""
    if len(encoding) != expected_bytes:
        raise PointError("encoding", f"{len(encoding)} bytes, expected {expected_bytes}")
    flags = encoding[0]
    if not flags & _COMPRESSED:
        raise PointError("encoding", "the point is not compressed")
    if flags & _INFINITY:
        raise PointError("infinity")
    data = bytes([flags & 0x1F]) + encoding[1:]
    coordinates = [
        int.from_bytes(data[i : i + COORDINATE_BYTES], "big")
        for i in range(0, expected_bytes, COORDINATE_BYTES)
    ]
    if any(coordinate >= BASE_MODULUS for coordinate in coordinates):
        raise PointError("encoding", "a coordinate is not below the field modulus")
    return coordinates, bool(flags & _LARGER)


def _square_root(value: int) -> int | None:
    """Return a square root mod p (p = 3 mod 4), or None."""
    root = pow(value, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
    return root if (root * root - value) % BASE_MODULUS == 0 else None


def _multiply(a: Quadratic, b: Quadratic) -> Quadratic:
    return (a[0] * b[0] - a[1] * b[1]) % BASE_MODULUS, (a[0] * b[1] + a[1] * b[0]) % BASE_MODULUS


def _square_root_quadratic(value: Quadratic) -> Quadratic | None:
    """Return a square root in F_p(u), or None.

    (x_0 + x_1 u)^2 = c_0 + c_1 u gives x_0^2 = (c_0 + s) / 2 with s^2 = c_0^2 + c_1^2, x_1 = c_1 / (2 x_0).
    """
    norm_root = _square_root((value[0] ** 2 + value[1] ** 2) % BASE_MODULUS)
    if norm_root is None:
        return None
    for sign in (1, -1):
        real = _square_root((value[0] + sign * norm_root) * _HALF % BASE_MODULUS)
        if real is None:
            continue
        if real == 0:
            imaginary = _square_root(-value[0] % BASE_MODULUS)
        else:
            imaginary = value[1] * pow(2 * real, -1, BASE_MODULUS) % BASE_MODULUS
        if imaginary is not None and _multiply((real, imaginary), (real, imaginary)) == value:
            return real, imaginary
    return None


def decompress_g1(encoding: bytes) -> bytes:
    """Return the 96-byte encoding of a compressed G1 point.

    Raises PointError "encoding", "infinity" or "curve". The subgroup is not checked.
    """
    (x,), larger = _read(encoding, COMPRESSED_G1_BYTES)
    y = _square_root((x**3 + _B) % BASE_MODULUS)
    if y is None:
        raise PointError("curve", "no point has this x")
    if larger != (y > BASE_MODULUS - y):
        y = BASE_MODULUS - y
    return encode_coordinates(x, y)


def decompress_g2(encoding: bytes) -> bytes:
    """Return the 192-byte encoding of a compressed G2 point.

    Raises PointError "encoding", "infinity" or "curve". The subgroup is not checked.
    """
    (x1, x0), larger = _read(encoding, COMPRESSED_G2_BYTES)
    x = (x0, x1)
    cube = _multiply(_multiply(x, x), x)
    y = _square_root_quadratic(((cube[0] + _B) % BASE_MODULUS, (cube[1] + _B) % BASE_MODULUS))
    if y is None:
        raise PointError("curve", "no point has this x")
    negated = (-y[0] % BASE_MODULUS, -y[1] % BASE_MODULUS)
    if larger != ((y[1], y[0]) > (negated[1], negated[0])):
        y = negated
    return encode_coordinates(x0, x1, *y)
