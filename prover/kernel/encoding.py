"""Bytes of points to coordinates, with the rules that hold before any curve equation."""

from prover.errors import PointError
from prover.field import BASE_MODULUS
from prover.kernel.interface import G1_BYTES, G2_BYTES

COORDINATE_BYTES = 48


def decode_coordinates(encoding: bytes, expected_bytes: int) -> tuple[int, ...]:
    """Return the 48-byte big-endian coordinates.

    Raises PointError "encoding" for another length or a coordinate >= p (which covers the flag
    bits of compressed encodings, all above p).
    """
    if len(encoding) != expected_bytes:
        raise PointError("encoding", f"{len(encoding)} bytes, expected {expected_bytes}")
    coordinates = tuple(
        int.from_bytes(encoding[i : i + COORDINATE_BYTES], "big")
        for i in range(0, expected_bytes, COORDINATE_BYTES)
    )
    for index, coordinate in enumerate(coordinates):
        if coordinate >= BASE_MODULUS:
            raise PointError("encoding", f"coordinate {index} is not below the field modulus")
    return coordinates


def encode_coordinates(*coordinates: int) -> bytes:
    """Undo `decode_coordinates`."""
    return b"".join(coordinate.to_bytes(COORDINATE_BYTES, "big") for coordinate in coordinates)


def split_points(encoded: bytes) -> list[bytes]:
    """Cut a table of G1 encodings; raise PointError "encoding" for a broken length."""
    if len(encoded) % G1_BYTES:
        raise PointError("encoding", f"{len(encoded)} bytes are no whole number of {G1_BYTES}-byte points")
    return [encoded[i : i + G1_BYTES] for i in range(0, len(encoded), G1_BYTES)]


def require_finite(encoding: bytes) -> None:
    """Raise PointError "infinity" for the all-zero encoding of either group."""
    if len(encoding) in (G1_BYTES, G2_BYTES) and not any(encoding):
        raise PointError("infinity")
