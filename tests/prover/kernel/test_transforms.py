"""Transforms and polynomials of both implementations against evaluation by definition."""

import secrets

import pytest

from prover.errors import KernelInputError
from prover.field import SCALAR_MODULUS as R
from prover.field import TWO_ADICITY, field_inverse, root_of_unity
from prover.kernel import Kernel
from prover.kernel.fast import FastKernel
from prover.kernel.plain import PlainKernel

SHIFT = 7


def at(coeffs: list[int], x: int) -> int:
    return sum(c * pow(x, i, R) for i, c in enumerate(coeffs)) % R


def random_values(n: int) -> list[int]:
    return [secrets.randbelow(R) for _ in range(n)]


@pytest.mark.parametrize("size", [1, 2, 4, 64, 2**TWO_ADICITY])
def test_root_of_unity_has_exactly_its_order(size: int) -> None:
    omega = root_of_unity(size)
    assert omega == pow(7, (R - 1) // size, R)
    assert pow(omega, size, R) == 1
    assert size == 1 or pow(omega, size // 2, R) == R - 1


@pytest.mark.parametrize("size", [0, -2, 3, 12, 2 ** (TWO_ADICITY + 1)])
def test_sizes_without_a_root(size: int) -> None:
    with pytest.raises(KernelInputError, match="power of two"):
        root_of_unity(size)


def test_zero_has_no_field_inverse() -> None:
    assert field_inverse(3) * 3 % R == 1
    for zero in (0, R, -R):
        with pytest.raises(ZeroDivisionError):
            field_inverse(zero)


@pytest.mark.parametrize("size", [1, 2, 4, 8, 32])
def test_ntt_evaluates_in_natural_order(field: Kernel, size: int) -> None:
    coeffs = random_values(size)
    omega = root_of_unity(size)
    values = field.ntt(field.vector(coeffs))
    assert field.ints(values) == [at(coeffs, pow(omega, i, R)) for i in range(size)]
    assert field.ints(field.intt(values)) == coeffs


@pytest.mark.parametrize(
    ("length", "size"), [(0, 4), (1, 1), (1, 8), (2, 8), (3, 8), (5, 8), (8, 8), (9, 16)]
)
@pytest.mark.parametrize("shift", [1, SHIFT, SHIFT + R, R - 1])
def test_coset_ntt_evaluates_on_the_coset(field: Kernel, length: int, size: int, shift: int) -> None:
    coeffs = random_values(length)
    omega = root_of_unity(size)
    values = field.coset_ntt(field.vector(coeffs), size, shift)
    assert field.ints(values) == [at(coeffs, shift * pow(omega, i, R) % R) for i in range(size)]
    assert field.ints(field.coset_intt(values, shift)) == coeffs + [0] * (size - length)


@pytest.mark.parametrize("size", [4, 64, 512])
def test_several_columns_are_transformed_as_one_by_one(field: Kernel, size: int) -> None:
    """Columns of one length, of several and of none; 40 of 512 are shared out between threads."""
    columns = [field.vector(random_values(size)) for _ in range(40)]
    assert [field.ints(f) for f in field.intts(columns)] == [field.ints(field.intt(f)) for f in columns]
    shorter = [field.segment(f, 0, (7 * i) % (size + 1)) for i, f in enumerate(columns)]
    for shift in (1, SHIFT):
        values = [field.ints(f) for f in field.coset_ntts(shorter, size, shift)]
        assert values == [field.ints(field.coset_ntt(f, size, shift)) for f in shorter]
    assert field.intts([]) == field.coset_ntts([], size, SHIFT) == []


def test_sizes_that_cannot_be_transformed(field: Kernel) -> None:
    three = field.vector([1, 2, 3])
    for call in (
        lambda: field.ntt(three),
        lambda: field.intt(three),
        lambda: field.ntt(field.zeros(0)),
        lambda: field.intts([three]),
        lambda: field.intts([field.zeros(4), three]),
        lambda: field.coset_ntts([field.zeros(2), three], 2, SHIFT),
        lambda: field.coset_ntts([three], 4, R),
        lambda: field.coset_ntt(three, 2, SHIFT),
        lambda: field.coset_ntt(three, 6, SHIFT),
        lambda: field.coset_ntt(three, 4, 0),
        lambda: field.coset_ntt(three, 4, R),
        lambda: field.coset_intt(three, SHIFT),
        lambda: field.coset_intt(field.zeros(4), 0),
    ):
        with pytest.raises(KernelInputError):
            call()


@pytest.mark.parametrize("length", [1, 2, 3, 8, 13])
def test_evaluate_and_divide(field: Kernel, length: int) -> None:
    coeffs = random_values(length)
    f = field.vector(coeffs)
    x, z = random_values(2)
    assert field.evaluate(f, x) == at(coeffs, x)
    quotient = field.ints(field.divide(f, x))
    assert len(quotient) == length - 1
    assert at(quotient, z) * (z - x) % R == (at(coeffs, z) - at(coeffs, x)) % R
    assert field.ints(field.divide(f, 0)) == coeffs[1:]


def test_evaluate_and_divide_nothing(field: Kernel) -> None:
    assert field.evaluate(field.zeros(0), 5) == 0
    assert len(field.divide(field.zeros(0), 5)) == 0


@pytest.mark.parametrize("size", [256, 4096])
def test_large_transforms_agree(fast: FastKernel, size: int) -> None:
    plain = PlainKernel()
    coeffs = random_values(size)
    assert fast.ints(fast.ntt(fast.vector(coeffs))) == plain.ints(plain.ntt(plain.vector(coeffs)))
    short = coeffs[: size // 8 + 3]
    assert fast.ints(fast.coset_ntt(fast.vector(short), size, SHIFT)) == plain.ints(
        plain.coset_ntt(plain.vector(short), size, SHIFT)
    )


def test_product_of_polynomials_by_transforms(fast: FastKernel) -> None:
    size = 2**15
    a, b = random_values(size // 2), random_values(size // 2)
    left, right = (fast.coset_ntt(fast.vector(values), size, 1) for values in (a, b))
    product = fast.intt(fast.mul(left, right))
    x = secrets.randbelow(R)
    assert (
        fast.evaluate(product, x) == fast.evaluate(fast.vector(a), x) * fast.evaluate(fast.vector(b), x) % R
    )
    assert fast.ints(product)[:2] == [a[0] * b[0] % R, (a[0] * b[1] + a[1] * b[0]) % R]
