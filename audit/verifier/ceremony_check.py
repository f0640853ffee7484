"""The full test of a ceremony file: membership, generators and every power (protocol, section 3).

The pinned hash makes this a test of a constant; whoever doubts the pin runs it.
"""

from __future__ import annotations

import secrets
from typing import Final

from audit.errors import CeremonyError
from audit.verifier.ceremony import Ceremony, decompress_all
from audit.verifier.curve import Group, Point, PointFault, encode_point
from audit.verifier.field import interpolate
from audit.verifier.generators import GENERATOR_G1, GENERATOR_G2
from audit.verifier.transcript import keccak256

CHECK_BITS: Final = 128


def ceremony_digest(ceremony: Ceremony, group: Group) -> bytes:
    """Return H(g1([tau^0]_1) || ... || g1([tau^(N-1)]_1) || g2([tau]_2))."""
    powers = ceremony.decompress_powers(group, len(ceremony.powers))
    return keccak256(b"".join(encode_point(group, point) for point in powers) + tau_of(ceremony, group))


def tau_of(ceremony: Ceremony, group: Group) -> bytes:
    """Return g2([tau]_2)."""
    return group.encode_g2(_decompress_g2(group, ceremony.powers_g2[1], 1))


def check_ceremony(ceremony: Ceremony, group: Group) -> None:
    """Check every point of a ceremony file.

    `check_power_lists` looks at the powers; for the Lagrange basis, with rho_i of 128 random bits:
        sum rho_i [l_i(tau)]_1 = sum_j c_j [tau^j]_1, c the coefficients of the polynomial through the rho_i

    Soundness: a wrong point passes with probability at most 2^-128.

    Raises
    ------
    CeremonyError : point (no point of the subgroup), generator, powers, lagrange.
    """
    lagrange = decompress_all(group, ceremony.lagrange, "Lagrange point")
    _check_members(group, "Lagrange point", lagrange)
    powers = check_power_lists(ceremony, group)
    _check_lagrange(group, powers, lagrange)


def check_power_lists(ceremony: Ceremony, group: Group) -> list[Point]:
    """Check both lists of powers and return those in G1, decompressed.

    With rho_i of 128 random bits:
        e(sum rho_i [tau^(i+1)]_1, [1]_2) = e(sum rho_i [tau^i]_1, [tau]_2)
        e([tau]_1, sum rho_i [tau^i]_2) = e([1]_1, sum rho_i [tau^(i+1)]_2)

    Soundness: a wrong point passes with probability at most 2^-128.

    Raises
    ------
    CeremonyError : point (no point of the subgroup), generator (also for tau = 1), powers.
    """
    powers = decompress_all(group, ceremony.powers, "power")
    powers_g2 = [_decompress_g2(group, encoded, i) for i, encoded in enumerate(ceremony.powers_g2)]
    _check_members(group, "power", powers)
    _check_members(group, "G2 power", powers_g2)
    if encode_point(group, powers[0]) != GENERATOR_G1:
        raise CeremonyError("generator", "the first power is not the generator of G1")
    if group.encode_g2(powers_g2[0]) != GENERATOR_G2:
        raise CeremonyError("generator", "the first power is not the generator of G2")
    if encode_point(group, powers[1]) == GENERATOR_G1:
        raise CeremonyError("generator", "tau is 1: nobody has contributed")
    _check_powers_g1(group, powers, powers_g2)
    _check_powers_g2(group, powers, powers_g2)
    return powers


def _check_members(group: Group, name: str, points: list[Point]) -> None:
    for i, point in enumerate(points):
        if not group.in_subgroup(point):
            raise CeremonyError("point", f"{name} {i}: subgroup")


def _check_powers_g1(group: Group, powers: list[Point], powers_g2: list[Point]) -> None:
    weights = _draw_weights(len(powers) - 1)
    raised = group.multi_scalar(powers[1:], weights)
    plain = group.multi_scalar(powers[:-1], weights)
    if not group.pairings_equal((raised, powers_g2[0]), (plain, powers_g2[1])):
        raise CeremonyError("powers", "the G1 points are not the powers of one number")


def _check_powers_g2(group: Group, powers: list[Point], powers_g2: list[Point]) -> None:
    weights = _draw_weights(len(powers_g2) - 1)
    plain = group.multi_scalar_g2(powers_g2[:-1], weights)
    raised = group.multi_scalar_g2(powers_g2[1:], weights)
    if not group.pairings_equal((powers[1], plain), (powers[0], raised)):
        raise CeremonyError("powers", "the G2 points are not the powers of the number in G1")


def _check_lagrange(group: Group, powers: list[Point], lagrange: list[Point]) -> None:
    weights = _draw_weights(len(lagrange))
    found = group.coordinates(group.multi_scalar(lagrange, weights))
    expected = group.coordinates(group.multi_scalar(powers, interpolate(weights)))
    if found != expected:
        raise CeremonyError("lagrange", "the Lagrange points do not follow from the powers")


def _draw_weights(count: int) -> list[int]:
    return [secrets.randbits(CHECK_BITS) | 1 << CHECK_BITS for _ in range(count)]


def _decompress_g2(group: Group, encoded: bytes, index: int) -> Point:
    try:
        return group.decompress_g2(encoded)
    except PointFault as fault:
        raise CeremonyError("point", f"G2 power {index}: {fault.fault}") from fault
