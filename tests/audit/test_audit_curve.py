"""Both groups against each other and against py_ecc's plain multiplication; encodings refused by name."""

from __future__ import annotations

import pytest
from py_ecc.optimized_bls12_381 import G1, G2, multiply, normalize

from audit.verifier.curve import (
    BASE_MODULUS,
    Group,
    PointFault,
    choose_group,
    decode_coordinates,
    decode_point,
    decompress,
    encode_coordinates,
    encode_point,
)
from audit.verifier.field import SCALAR_MODULUS
from audit.verifier.generators import GENERATOR_G1, GENERATOR_G2

BOTH = pytest.mark.parametrize(
    "group", [choose_group(True), choose_group(False)], ids=lambda group: group.name
)


def encoded(scalar: int) -> bytes:
    x, y = normalize(multiply(G1, scalar))
    return encode_coordinates(int(x), int(y))


def outside_subgroup() -> bytes:
    """The first point by x that the curve has; r times it is not infinity."""
    for x in range(1, 100):
        square = (x**3 + 4) % BASE_MODULUS
        y = pow(square, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
        if y * y % BASE_MODULUS == square:
            return encode_coordinates(x, y)
    raise AssertionError("no point found")


def test_the_generators_are_those_of_py_ecc() -> None:
    assert encoded(1) == GENERATOR_G1
    assert b"".join(encode_coordinates(*map(int, part.coeffs)) for part in normalize(G2)) == GENERATOR_G2


@BOTH
def test_points_survive_a_round_trip(group: Group) -> None:
    for scalar in (1, 2, SCALAR_MODULUS - 1):
        assert encode_point(group, decode_point(group, encoded(scalar))) == encoded(scalar)


@BOTH
@pytest.mark.parametrize("count", [1, 3, 40])
def test_the_multi_scalar_product_is_the_sum_of_products(group: Group, count: int) -> None:
    secrets = [pow(5, i + 1, SCALAR_MODULUS) for i in range(count)]
    scalars = [pow(11, 3 * i + 2, SCALAR_MODULUS) if i % 3 else -i for i in range(count)]
    points = [decode_point(group, encoded(secret)) for secret in secrets]
    total = sum(secret * scalar for secret, scalar in zip(secrets, scalars, strict=True)) % SCALAR_MODULUS
    found = group.multi_scalar(points, scalars)
    assert group.coordinates(found) == (None if total == 0 else decode_coordinates(encoded(total)))


@BOTH
def test_a_product_of_unequal_lengths_is_refused(group: Group) -> None:
    with pytest.raises(ValueError, match="1 points for 2 scalars"):
        group.multi_scalar([decode_point(group, encoded(1))], [1, 2])


@BOTH
def test_infinity_has_no_encoding(group: Group) -> None:
    point = decode_point(group, encoded(9))
    with pytest.raises(PointFault, match="infinity"):
        encode_point(group, group.multi_scalar([point, point], [1, -1]))


@BOTH
def test_pairings_compare_products_of_exponents(group: Group) -> None:
    x, y = normalize(multiply(G2, 6))
    six = b"".join(encode_coordinates(*map(int, part.coeffs)) for part in (x, y))
    one_g2, six_g2 = group.point_g2(GENERATOR_G2), group.point_g2(six)
    left, right, wrong = (decode_point(group, encoded(scalar)) for scalar in (30, 5, 4))
    assert group.pairings_equal((left, one_g2), (right, six_g2))
    assert not group.pairings_equal((left, one_g2), (wrong, six_g2))
    assert not group.pairings_equal((left, six_g2), (right, one_g2))


@BOTH
@pytest.mark.parametrize(
    ("fault", "content"),
    [
        ("encoding", encoded(3)[:-1]),
        ("encoding", encoded(3) + b"\x00"),
        (
            "encoding",
            (decode_coordinates(encoded(3))[0] + BASE_MODULUS).to_bytes(48, "big") + encoded(3)[48:],
        ),
        ("encoding", encoded(3)[:48] + b"\xff" * 48),
        ("infinity", bytes(96)),
        ("curve", encoded(3)[:48] + encoded(4)[48:]),
        ("subgroup", outside_subgroup()),
    ],
    ids=["short", "long", "x-plus-p", "y-too-large", "infinity", "off-curve", "off-subgroup"],
)
def test_what_is_no_point_is_refused_by_name(group: Group, fault: str, content: bytes) -> None:
    with pytest.raises(PointFault) as caught:
        decode_point(group, content)
    assert caught.value.fault == fault


def test_flag_bits_of_other_encodings_are_refused() -> None:
    for flag in (0x80, 0x40, 0x20):
        marked = bytes([encoded(3)[0] | flag]) + encoded(3)[1:]
        with pytest.raises(PointFault, match="encoding"):
            decode_coordinates(marked)


@BOTH
def test_decompression_finds_the_right_root(group: Group) -> None:
    for scalar in (7, SCALAR_MODULUS - 7):
        x, y = decode_coordinates(encoded(scalar))
        flags = 0xA0 if 2 * y > BASE_MODULUS else 0x80
        short = bytes([x.to_bytes(48, "big")[0] | flags]) + x.to_bytes(48, "big")[1:]
        assert group.coordinates(group.decompress(short)) == (x, y)


@pytest.mark.parametrize(
    ("fault", "content"),
    [
        ("encoding", bytes(48)),
        ("encoding", b"\x80" + bytes(46)),
        ("infinity", b"\xc0" + bytes(47)),
        ("encoding", bytes([0x9F]) + b"\xff" * 47),
        ("curve", b"\x80" + bytes(46) + b"\x01"),
    ],
)
def test_compressed_points_are_refused_by_name(fault: str, content: bytes) -> None:
    with pytest.raises(PointFault) as caught:
        decompress(content)
    assert caught.value.fault == fault


@BOTH
@pytest.mark.parametrize(
    ("fault", "content"),
    [
        ("encoding", b""),
        ("encoding", b"\xa0" + bytes(94)),
        ("encoding", bytes(96)),
        ("infinity", b"\xc0" + bytes(95)),
    ],
)
def test_compressed_points_of_the_twist_are_refused_by_name(group: Group, fault: str, content: bytes) -> None:
    with pytest.raises(PointFault) as caught:
        group.decompress_g2(content)
    assert caught.value.fault == fault
