"""Which bytes are points: every kernel refuses the same ones for the same reason."""

import secrets

import pytest
from py_ecc.bls.point_compression import compress_G2
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
from py_ecc.optimized_bls12_381 import G2, b2, is_inf, is_on_curve, multiply, normalize

from prover.errors import KernelInputError, PointError
from prover.field import BASE_MODULUS as P
from prover.field import SCALAR_MODULUS as R
from prover.kernel import GENERATOR_G1, GENERATOR_G2, INFINITY_G1, INFINITY_G2, Kernel
from prover.kernel.compressed import decompress_g1, decompress_g2
from prover.kernel.encoding import encode_coordinates


def word(value: int) -> bytes:
    return value.to_bytes(48, "big")


def encode_g2(point: tuple) -> bytes:
    x, y = normalize(point)
    return encode_coordinates(*(int(c) for element in (x, y) for c in element.coeffs))


@pytest.fixture(scope="module")
def outside_g2() -> bytes:
    """A point of the twist outside the subgroup, found through its compressed form."""
    for x in range(1, 50):
        try:
            encoding = decompress_g2(bytes([0x80]) + bytes(47) + word(x))
        except PointError:
            continue
        coordinates = [int.from_bytes(encoding[i : i + 48], "big") for i in range(0, 192, 48)]
        point = (FQ2(coordinates[:2]), FQ2(coordinates[2:]), FQ2([1, 0]))
        assert is_on_curve(point, b2)
        assert not is_inf(multiply(point, R))
        return encoding
    raise AssertionError("no point found")


X1, Y1 = GENERATOR_G1[:48], GENERATOR_G1[48:]
G1_CASES = {
    "empty": (b"", "encoding"),
    "short": (GENERATOR_G1[:-1], "encoding"),
    "long": (GENERATOR_G1 + b"\x00", "encoding"),
    "as G2": (GENERATOR_G2, "encoding"),
    "short zeros": (bytes(95), "encoding"),
    "long zeros": (bytes(97), "encoding"),
    "x = p": (word(P) + Y1, "encoding"),
    "x + p": (
        word(int.from_bytes(X1, "big") + P) if int.from_bytes(X1, "big") + P < 2**384 else b"",
        "encoding",
    ),
    "y = p": (X1 + word(P), "encoding"),
    "y + p": (X1 + word(int.from_bytes(Y1, "big") + P), "encoding"),
    "compression flag": (bytes([GENERATOR_G1[0] | 0x80]) + GENERATOR_G1[1:], "encoding"),
    "infinity flag": (bytes([0x40]) + bytes(95), "encoding"),
    "both flags": (bytes([0xC0]) + bytes(95), "encoding"),
    "sign flag": (bytes([GENERATOR_G1[0] | 0x20]) + GENERATOR_G1[1:], "encoding"),
    "infinity": (INFINITY_G1, "infinity"),
    "y + 1": (X1 + word(int.from_bytes(Y1, "big") + 1), "curve"),
    "swapped": (Y1 + X1, "curve"),
    "x = 0": (bytes(48) + Y1, "curve"),
    "y = 0": (X1 + bytes(48), "curve"),
}


@pytest.mark.parametrize("case", G1_CASES)
def test_refused_in_g1(kernel: Kernel, case: str) -> None:
    encoding, reason = G1_CASES[case]
    with pytest.raises(PointError) as refusal:
        kernel.check_point(encoding)
    assert refusal.value.reason == reason


def test_refused_outside_the_subgroup(kernel: Kernel, outside_g1: list[bytes], outside_g2: bytes) -> None:
    for encoding in outside_g1:
        with pytest.raises(PointError) as refusal:
            kernel.check_point(encoding)
        assert refusal.value.reason == "subgroup"
    with pytest.raises(PointError) as refusal:
        kernel.check_point_g2(outside_g2)
    assert refusal.value.reason == "subgroup"


def _g2(position: int, value: int) -> bytes:
    return GENERATOR_G2[: 48 * position] + word(value) + GENERATOR_G2[48 * position + 48 :]


G2_CASES = {
    "short": (GENERATOR_G2[:-1], "encoding"),
    "as G1": (GENERATOR_G1, "encoding"),
    "short zeros": (bytes(191), "encoding"),
    "infinity": (INFINITY_G2, "infinity"),
    "infinity flag": (bytes([0x40]) + bytes(191), "encoding"),
    "infinity flag second": (bytes(48) + bytes([0x40]) + bytes(143), "encoding"),
    "compression flag": (bytes([GENERATOR_G2[0] | 0x80]) + GENERATOR_G2[1:], "encoding"),
    "compression flag second": (
        GENERATOR_G2[:48] + bytes([GENERATOR_G2[48] | 0x80]) + GENERATOR_G2[49:],
        "encoding",
    ),
    "imaginary part first": (
        GENERATOR_G2[48:96] + GENERATOR_G2[:48] + GENERATOR_G2[144:] + GENERATOR_G2[96:144],
        "curve",
    ),
    **{f"coordinate {i} = p": (_g2(i, P), "encoding") for i in range(4)},
    **{f"coordinate {i} all ones": (_g2(i, 2**384 - 1), "encoding") for i in range(4)},
    **{f"coordinate {i} = 1": (_g2(i, 1), "curve") for i in range(4)},
}


@pytest.mark.parametrize("case", G2_CASES)
def test_refused_in_g2(kernel: Kernel, case: str) -> None:
    encoding, reason = G2_CASES[case]
    with pytest.raises(PointError) as refusal:
        kernel.check_point_g2(encoding)
    assert refusal.value.reason == reason


def test_accepted(kernel: Kernel) -> None:
    kernel.check_point(GENERATOR_G1)
    kernel.check_point(kernel.mul_point(GENERATOR_G1, secrets.randbelow(R - 1) + 1))
    kernel.check_point_g2(GENERATOR_G2)
    kernel.check_point_g2(encode_g2(multiply(G2, secrets.randbelow(R - 1) + 1)))
    assert encode_g2(G2) == GENERATOR_G2


def test_product_of_pairings(kernel: Kernel) -> None:
    a, b = (secrets.randbelow(R - 1) + 1 for _ in range(2))
    left = kernel.mul_point(GENERATOR_G1, a)
    right = encode_g2(multiply(G2, b))
    balance = kernel.mul_point(GENERATOR_G1, -a * b)
    assert kernel.pairing_product_is_one([(left, right), (balance, GENERATOR_G2)])
    other = kernel.add_points([balance, GENERATOR_G1])
    assert not kernel.pairing_product_is_one([(left, right), (other, GENERATOR_G2)])
    assert not kernel.pairing_product_is_one([(left, right)])


def test_infinity_pairs_to_one(kernel: Kernel) -> None:
    assert kernel.pairing_product_is_one([(INFINITY_G1, GENERATOR_G2)])
    assert kernel.pairing_product_is_one([(GENERATOR_G1, INFINITY_G2), (INFINITY_G1, INFINITY_G2)])
    assert not kernel.pairing_product_is_one([(INFINITY_G1, GENERATOR_G2), (GENERATOR_G1, GENERATOR_G2)])


def test_no_pairings_are_refused(kernel: Kernel) -> None:
    with pytest.raises(KernelInputError, match="vacuous"):
        kernel.pairing_product_is_one([])


def test_pairings_refuse_what_is_no_point(kernel: Kernel, outside_g1: list[bytes], outside_g2: bytes) -> None:
    for pair, reason in (
        ((outside_g1[0], GENERATOR_G2), "subgroup"),
        ((outside_g1[1], INFINITY_G2), "subgroup"),
        ((GENERATOR_G1, outside_g2), "subgroup"),
        ((INFINITY_G1, outside_g2), "subgroup"),
        ((bytes(95), GENERATOR_G2), "encoding"),
        ((GENERATOR_G1, bytes(193)), "encoding"),
        ((bytes([0x40]) + bytes(95), GENERATOR_G2), "encoding"),
        ((X1 + bytes(48), GENERATOR_G2), "curve"),
        ((GENERATOR_G1, _g2(0, 1)), "curve"),
    ):
        with pytest.raises(PointError) as refusal:
            kernel.pairing_product_is_one([(GENERATOR_G1, GENERATOR_G2), pair])
        assert refusal.value.reason == reason


def test_decompression_in_g2_agrees_with_py_ecc() -> None:
    for k in (1, R - 1, *(secrets.randbelow(R - 1) + 1 for _ in range(4))):
        point = multiply(G2, k)
        z1, z2 = compress_G2(point)
        assert decompress_g2(z1.to_bytes(48, "big") + z2.to_bytes(48, "big")) == encode_g2(point)


@pytest.mark.parametrize(("size", "decompress"), [(48, decompress_g1), (96, decompress_g2)])
def test_compressed_bytes_that_are_no_point(size: int, decompress: object) -> None:
    assert callable(decompress)
    no_point = next(x for x in range(9) if pow((x**3 + 4) % P, (P - 1) // 2, P) != 1)
    cases = [
        (b"\x80" + bytes(size), "encoding"),
        (b"\x80" + bytes(size - 2), "encoding"),
        (bytes(size), "encoding"),
        (b"\xc0" + bytes(size - 1), "infinity"),
        (b"\x9f" + b"\xff" * (size - 1), "encoding"),
        (bytes([0x80 | word(P)[0]]) + word(P)[1:] + bytes(size - 48), "encoding"),
    ]
    if size == 48:
        cases.append((b"\x80" + word(no_point)[1:], "curve"))
    for encoding, reason in cases:
        with pytest.raises(PointError) as refusal:
            decompress(encoding)
        assert refusal.value.reason == reason


def test_compressed_g2_off_the_curve() -> None:
    refused = 0
    for x in range(1, 20):
        try:
            decompress_g2(b"\x80" + bytes(47) + word(x))
        except PointError as error:
            assert error.reason == "curve"
            refused += 1
    assert 0 < refused < 19
