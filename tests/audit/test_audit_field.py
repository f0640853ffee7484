"""Field encodings and interpolation against their definitions."""

from __future__ import annotations

import pytest

from audit.verifier.field import (
    SCALAR_MODULUS,
    encode_element,
    encode_signed,
    encode_unsigned,
    horner,
    interpolate,
    root_of_unity,
)


def test_negative_integers_enter_as_the_modulus_less_their_size() -> None:
    assert encode_element(-5) == (SCALAR_MODULUS - 5).to_bytes(32, "big")
    assert encode_element(5) == bytes(31) + b"\x05"
    assert encode_signed(-1) == b"\xff" * 32


@pytest.mark.parametrize("value", [-1, 1 << 256])
def test_an_unsigned_word_refuses_what_does_not_fit(value: int) -> None:
    with pytest.raises(OverflowError):
        encode_unsigned(value)


@pytest.mark.parametrize("bits", [1, 8, 32])
def test_roots_have_exactly_their_order(bits: int) -> None:
    omega = root_of_unity(1 << bits)
    assert pow(omega, 1 << bits, SCALAR_MODULUS) == 1
    assert pow(omega, 1 << (bits - 1), SCALAR_MODULUS) == SCALAR_MODULUS - 1
    assert omega == pow(7, (SCALAR_MODULUS - 1) >> bits, SCALAR_MODULUS)


@pytest.mark.parametrize("count", [0, 1 << 33])
def test_a_subgroup_that_does_not_exist_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="no subgroup"):
        root_of_unity(count)


@pytest.mark.parametrize("count", [1, 2, 16])
def test_interpolation_returns_the_values_at_the_rows(count: int) -> None:
    values = [pow(3, i + 50, SCALAR_MODULUS) for i in range(count)]
    coefficients = interpolate(values)
    omega = root_of_unity(count)
    assert [horner(coefficients, pow(omega, i, SCALAR_MODULUS)) for i in range(count)] == values
