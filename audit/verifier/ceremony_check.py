"""The full test of a ceremony file: membership, generators and every power (protocol, section 3).

The pinned hash makes this a test of a constant; whoever doubts the pin runs it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from py_ecc.bls.point_compression import decompress_G2
from py_ecc.bls.typing import G2Compressed
from py_ecc.optimized_bls12_381 import G1, G2, Z2, add, is_inf, multiply, normalize

from audit.errors import CeremonyError
from audit.verifier.ceremony import Ceremony, decompress_all
from audit.verifier.curve import COORDINATE_BYTES, Group, encode_coordinates, encode_point
from audit.verifier.field import SCALAR_MODULUS, interpolate
from audit.verifier.transcript import keccak256

CHECK_BITS: Final = 128
PointG2 = Any


def ceremony_digest(ceremony: Ceremony, group: Group) -> bytes:
    """Return H(g1([tau^0]_1) || ... || g1([tau^(N-1)]_1) || g2([tau]_2))."""
    powers = ceremony.decompress_powers(group, len(ceremony.powers))
    tau_g2 = _encode_g2(_decompress_g2(ceremony.powers_g2[1], 1))
    return keccak256(b"".join(encode_point(group, point) for point in powers) + tau_g2)


def check_ceremony(ceremony: Ceremony, group: Group) -> None:
    """Check every point of a ceremony file.

    With rho_i of 128 random bits:
        e(sum rho_i [tau^(i+1)]_1, [1]_2) = e(sum rho_i [tau^i]_1, [tau]_2)
        e([tau]_1, sum rho_i [tau^i]_2) = e([1]_1, sum rho_i [tau^(i+1)]_2)
        sum rho_i [l_i(tau)]_1 = sum_j c_j [tau^j]_1, c the coefficients of the polynomial through the rho_i

    Soundness: a wrong point passes with probability 2^-128.

    Raises
    ------
    CeremonyError : point (no point of the subgroup), generator, powers, lagrange.
    """
    powers = decompress_all(group, ceremony.powers, "power")
    lagrange = decompress_all(group, ceremony.lagrange, "Lagrange point")
    for name, points in (("power", powers), ("Lagrange point", lagrange)):
        for i, point in enumerate(points):
            if not group.in_subgroup(point):
                raise CeremonyError("point", f"{name} {i}: subgroup")
    powers_g2 = [_decompress_g2(encoded, i) for i, encoded in enumerate(ceremony.powers_g2)]
    for i, point_g2 in enumerate(powers_g2):
        if not is_inf(multiply(point_g2, SCALAR_MODULUS)):
            raise CeremonyError("point", f"G2 power {i}: subgroup")
    x, y = normalize(G1)
    if group.coordinates(powers[0]) != (x.n, y.n):
        raise CeremonyError("generator", "the first power is not the generator of G1")
    if normalize(powers_g2[0]) != normalize(G2):
        raise CeremonyError("generator", "the first power is not the generator of G2")
    _check_powers_g1(group, powers, powers_g2[1])
    _check_powers_g2(group, powers, powers_g2)
    _check_lagrange(group, powers, lagrange)


def _check_powers_g1(group: Group, powers: list[Any], tau_g2: PointG2) -> None:
    weights = _weights(len(powers) - 1)
    one_g2, tau = group.point_g2(_encode_g2(G2)), group.point_g2(_encode_g2(tau_g2))
    raised = group.multi_scalar(powers[1:], weights)
    plain = group.multi_scalar(powers[:-1], weights)
    if not group.pairings_equal((raised, one_g2), (plain, tau)):
        raise CeremonyError("powers", "the G1 points are not the powers of one number")


def _check_powers_g2(group: Group, powers: list[Any], powers_g2: list[PointG2]) -> None:
    weights = _weights(len(powers_g2) - 1)
    plain = raised = Z2
    for weight, low, high in zip(weights, powers_g2[:-1], powers_g2[1:], strict=True):
        plain = add(plain, multiply(low, weight))
        raised = add(raised, multiply(high, weight))
    left = (powers[1], group.point_g2(_encode_g2(plain)))
    right = (powers[0], group.point_g2(_encode_g2(raised)))
    if not group.pairings_equal(left, right):
        raise CeremonyError("powers", "the G2 points are not the powers of the number in G1")


def _check_lagrange(group: Group, powers: list[Any], lagrange: list[Any]) -> None:
    weights = _weights(len(lagrange))
    found = group.coordinates(group.multi_scalar(lagrange, weights))
    expected = group.coordinates(group.multi_scalar(powers, interpolate(weights)))
    if found != expected:
        raise CeremonyError("lagrange", "the Lagrange points do not follow from the powers")


def _weights(count: int) -> list[int]:
    return [secrets.randbits(CHECK_BITS) | 1 << CHECK_BITS for _ in range(count)]


def _decompress_g2(encoded: bytes, index: int) -> PointG2:
    halves = (
        int.from_bytes(encoded[:COORDINATE_BYTES], "big"),
        int.from_bytes(encoded[COORDINATE_BYTES:], "big"),
    )
    try:
        point = decompress_G2(G2Compressed(halves))
    except ValueError as error:
        raise CeremonyError("point", f"G2 power {index}: {error}") from error
    if is_inf(point):
        raise CeremonyError("point", f"G2 power {index}: infinity")
    return point


def _encode_g2(point: PointG2) -> bytes:
    x, y = normalize(point)
    return encode_coordinates(*map(int, x.coeffs)) + encode_coordinates(*map(int, y.coeffs))
