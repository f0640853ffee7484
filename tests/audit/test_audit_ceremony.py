"""The ceremony file: pinned bytes, and a full check that names what is wrong."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import G1, G2, multiply

from audit.errors import CeremonyError
from audit.verifier.ceremony import (
    CARRIER_PACKAGE,
    CARRIER_PLACE,
    CEREMONY_DIGEST,
    POWER_COUNT,
    TAU_G2,
    Ceremony,
    load_ceremony,
    parse_ceremony,
)
from audit.verifier.ceremony_check import ceremony_digest, check_ceremony
from audit.verifier.curve import choose_group
from audit.verifier.field import SCALAR_MODULUS, horner, interpolate
from audit.verifier.transcript import keccak256

TAU = 0x123456789ABCDEF0FEDCBA98765432100112233445566778899AABBCCDDEEFF
COUNT, COUNT_G2 = 8, 4


def short_g1(scalar: int) -> bytes:
    return int(compress_G1(multiply(G1, scalar % SCALAR_MODULUS))).to_bytes(48, "big")


def short_g2(scalar: int) -> bytes:
    return b"".join(
        int(half).to_bytes(48, "big") for half in compress_G2(multiply(G2, scalar % SCALAR_MODULUS))
    )


@cache
def toy() -> Ceremony:
    """A ceremony of eight powers whose secret is known."""
    basis = [interpolate([int(i == j) for j in range(COUNT)]) for i in range(COUNT)]
    return Ceremony(
        lagrange=tuple(short_g1(horner(coefficients, TAU)) for coefficients in basis),
        powers_g2=tuple(short_g2(pow(TAU, i, SCALAR_MODULUS)) for i in range(COUNT_G2)),
        powers=tuple(short_g1(pow(TAU, i, SCALAR_MODULUS)) for i in range(COUNT)),
    )


def as_text(ceremony: Ceremony) -> bytes:
    points = [*ceremony.lagrange, *ceremony.powers_g2, *ceremony.powers]
    return "\n".join([str(COUNT), str(COUNT_G2), *(point.hex() for point in points)]).encode() + b"\n"


def replaced(points: tuple[bytes, ...], index: int, point: bytes) -> tuple[bytes, ...]:
    return (*points[:index], point, *points[index + 1 :])


def test_the_file_carried_by_eth_account_is_the_pinned_one() -> None:
    ceremony = load_ceremony()
    assert (len(ceremony.lagrange), len(ceremony.powers_g2), len(ceremony.powers)) == (
        POWER_COUNT,
        65,
        POWER_COUNT,
    )
    group = choose_group(True)
    assert ceremony_digest(ceremony, group) == CEREMONY_DIGEST
    for fast in (True, False):
        group = choose_group(fast)
        assert group.encode_g2(group.decompress_g2(ceremony.powers_g2[1])) == TAU_G2


def test_the_digest_covers_every_power_and_tau_in_g2() -> None:
    group = choose_group(True)
    digest = ceremony_digest(toy(), group)
    points = toy().decompress_powers(group, COUNT)
    spelled = b"".join(
        value.to_bytes(48, "big") for point in points for value in (group.coordinates(point) or ())
    )
    assert digest != keccak256(spelled)
    for index in (0, COUNT - 1):
        assert (
            ceremony_digest(replace(toy(), powers=replaced(toy().powers, index, short_g1(77))), group)
            != digest
        )
    assert (
        ceremony_digest(replace(toy(), powers_g2=replaced(toy().powers_g2, 1, short_g2(77))), group) != digest
    )


def test_every_point_of_the_real_file_belongs_to_one_setup() -> None:
    check_ceremony(load_ceremony(), choose_group(True))


def test_one_altered_byte_of_the_file_is_refused_by_its_hash(tmp_path: Path) -> None:
    content = bytearray(files(CARRIER_PACKAGE).joinpath(CARRIER_PLACE).read_bytes())
    content[-2] ^= 1
    altered = tmp_path / "altered.txt"
    altered.write_bytes(content)
    with pytest.raises(CeremonyError) as caught:
        load_ceremony(altered)
    assert caught.value.reason == "hash"


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CeremonyError) as caught:
        load_ceremony(tmp_path / "absent.txt")
    assert caught.value.reason == "file"


def test_a_toy_file_survives_parse_and_check() -> None:
    assert parse_ceremony(as_text(toy())) == toy()
    for fast in (True, False):
        check_ceremony(toy(), choose_group(fast))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"8\n",
        b"8\nfour\n",
        b"8\n4\nzz\n",
        b"\xff",
        as_text(toy()) + b"00\n",
        b"\n".join(as_text(toy()).split(b"\n")[:-2]),
        as_text(toy()).replace(toy().powers[3].hex().encode(), toy().powers[3].hex().encode()[2:]),
        b"1\n1\n" + b"\n".join(as_text(toy()).split(b"\n")[2:5]),
    ],
    ids=["empty", "no-g2", "word", "no-hex", "no-ascii", "point-more", "point-less", "short-point", "counts"],
)
def test_a_malformed_file_is_refused(content: bytes) -> None:
    with pytest.raises(CeremonyError) as caught:
        parse_ceremony(content)
    assert caught.value.reason == "format"


@pytest.mark.parametrize(
    ("field", "index", "reason"),
    [
        ("powers", 0, "generator"),
        ("powers", 1, "powers"),
        ("powers", 4, "powers"),
        ("powers", COUNT - 1, "powers"),
        ("powers_g2", 0, "generator"),
        ("powers_g2", 1, "powers"),
        ("powers_g2", COUNT_G2 - 1, "powers"),
        ("lagrange", 0, "lagrange"),
        ("lagrange", 3, "lagrange"),
        ("lagrange", COUNT - 1, "lagrange"),
    ],
)
def test_one_altered_point_in_any_list_is_caught(field: str, index: int, reason: str) -> None:
    other = short_g2(99) if field == "powers_g2" else short_g1(99)
    altered = replace(toy(), **{field: replaced(getattr(toy(), field), index, other)})
    with pytest.raises(CeremonyError) as caught:
        check_ceremony(altered, choose_group(True))
    assert caught.value.reason == reason


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("field", ["powers", "lagrange"])
def test_a_point_outside_the_subgroup_is_caught(field: str, fast: bool) -> None:
    order_three = bytes([0x80]) + bytes(47)
    altered = replace(toy(), **{field: replaced(getattr(toy(), field), 2, order_three)})
    with pytest.raises(CeremonyError) as caught:
        check_ceremony(altered, choose_group(fast))
    assert (caught.value.reason, "subgroup" in str(caught.value)) == ("point", True)


@pytest.mark.parametrize(("field", "size"), [("powers", 48), ("lagrange", 48), ("powers_g2", 96)])
@pytest.mark.parametrize("first_byte", [0x00, 0xC0, 0x9F])
@pytest.mark.parametrize("fast", [True, False])
def test_an_encoding_of_no_point_is_caught(field: str, size: int, first_byte: int, fast: bool) -> None:
    broken = bytes([first_byte]) + (b"\xff" if first_byte == 0x9F else b"\x00") * (size - 1)
    altered = replace(toy(), **{field: replaced(getattr(toy(), field), 1, broken)})
    with pytest.raises(CeremonyError) as caught:
        check_ceremony(altered, choose_group(fast))
    assert caught.value.reason == "point"


def test_a_g2_point_outside_the_subgroup_is_caught() -> None:
    for x in range(1, 200):
        candidate = bytes([0x80]) + bytes(47) + x.to_bytes(48, "big")
        altered = replace(toy(), powers_g2=replaced(toy().powers_g2, 2, candidate))
        try:
            check_ceremony(altered, choose_group(True))
        except CeremonyError as error:
            assert error.reason == "point"
            if "subgroup" in str(error):
                return
    raise AssertionError("no point of the twist found")


def test_the_combination_weights_are_fresh() -> None:
    from audit.verifier.ceremony_check import CHECK_BITS, _draw_weights

    first, second = _draw_weights(4), _draw_weights(4)
    assert len({*first, *second}) == 8
    assert all(weight >> CHECK_BITS == 1 for weight in first + second)
