"""Compiled loops over vectors of F_r; every array is (n, 4) limbs in Montgomery form.

Callers check lengths: nothing here does. Scalars come as (4,) arrays, results go to `out`.
"""

from typing import Final

import numpy as np

from prover.field import SCALAR_MODULUS
from prover.kernel.compiled import ELEMENT, ELEMENTS, INTEGERS, compiled, subroutine
from prover.kernel.interface import SmallInts
from prover.kernel.montgomery import (
    RADIX,
    Element,
    Limbs,
    difference,
    load,
    load_one,
    product,
    store,
    total,
)


def _constant(value: int) -> Element:
    limbs = [np.uint64((value >> (64 * i)) & (2**64 - 1)) for i in range(4)]
    return (limbs[0], limbs[1], limbs[2], limbs[3])  # type: ignore[return-value]


ZERO: Final = _constant(0)
PLAIN_ONE: Final = _constant(1)
ONE: Final = _constant(RADIX % SCALAR_MODULUS)
RADIX_SQUARED: Final = _constant(RADIX * RADIX % SCALAR_MODULUS)
_INVERSE_EXPONENT: Final = _constant(SCALAR_MODULUS - 2)
_SHIFT_ONE: Final = np.uint64(1)


@compiled(ELEMENTS, ELEMENTS)
def to_montgomery(canonical: Limbs, out: Limbs) -> None:
    """out_i = canonical_i 2^256."""
    for i in range(canonical.shape[0]):
        store(out, i, product(load(canonical, i), RADIX_SQUARED))


@compiled(ELEMENTS, ELEMENTS)
def from_montgomery(a: Limbs, out: Limbs) -> None:
    """out_i = a_i / 2^256, the canonical integers."""
    for i in range(a.shape[0]):
        store(out, i, product(load(a, i), PLAIN_ONE))


@compiled(INTEGERS, ELEMENTS)
def from_small(values: SmallInts, out: Limbs) -> None:
    """out_i = values_i."""
    for i in range(values.shape[0]):
        value = values[i]
        magnitude = np.uint64(value) if value >= 0 else np.uint64(-value)
        element = product((magnitude, ZERO[1], ZERO[2], ZERO[3]), RADIX_SQUARED)
        store(out, i, element if value >= 0 else difference(ZERO, element))


@compiled(ELEMENT, ELEMENTS)
def fill(c: Limbs, out: Limbs) -> None:
    """out_i = c."""
    value = load_one(c)
    for i in range(out.shape[0]):
        store(out, i, value)


@compiled(ELEMENTS, ELEMENTS, ELEMENTS)
def add(a: Limbs, b: Limbs, out: Limbs) -> None:
    """out_i = a_i + b_i."""
    for i in range(a.shape[0]):
        store(out, i, total(load(a, i), load(b, i)))


@compiled(ELEMENTS, ELEMENTS, ELEMENTS)
def sub(a: Limbs, b: Limbs, out: Limbs) -> None:
    """out_i = a_i - b_i."""
    for i in range(a.shape[0]):
        store(out, i, difference(load(a, i), load(b, i)))


@compiled(ELEMENTS, ELEMENTS, ELEMENTS)
def mul(a: Limbs, b: Limbs, out: Limbs) -> None:
    """out_i = a_i b_i."""
    for i in range(a.shape[0]):
        store(out, i, product(load(a, i), load(b, i)))


@compiled(ELEMENTS, ELEMENTS)
def neg(a: Limbs, out: Limbs) -> None:
    """out_i = -a_i."""
    for i in range(a.shape[0]):
        store(out, i, difference(ZERO, load(a, i)))


@compiled(ELEMENTS, ELEMENT, ELEMENTS)
def scale(a: Limbs, c: Limbs, out: Limbs) -> None:
    """out_i = c a_i."""
    factor = load_one(c)
    for i in range(a.shape[0]):
        store(out, i, product(load(a, i), factor))


@compiled(ELEMENTS, ELEMENT, ELEMENTS)
def add_scalar(a: Limbs, c: Limbs, out: Limbs) -> None:
    """out_i = a_i + c."""
    addend = load_one(c)
    for i in range(a.shape[0]):
        store(out, i, total(load(a, i), addend))


@compiled(ELEMENTS, ELEMENT, ELEMENTS, ELEMENTS)
def axpy(a: Limbs, c: Limbs, b: Limbs, out: Limbs) -> None:
    """out_i = a_i + c b_i."""
    factor = load_one(c)
    for i in range(a.shape[0]):
        store(out, i, total(load(a, i), product(load(b, i), factor)))


@compiled(ELEMENT, ELEMENTS)
def powers(c: Limbs, out: Limbs) -> None:
    """out_i = c^i; four independent chains, so that one product does not wait for the last."""
    base = load_one(c)
    n = out.shape[0]
    value = ONE
    for i in range(min(n, 4)):
        store(out, i, value)
        value = product(value, base)
    # value = c^4 once four entries stand
    for i in range(4, n):
        store(out, i, product(load(out, i - 4), value))


@compiled(ELEMENTS, ELEMENTS)
def prefix_sum(a: Limbs, out: Limbs) -> None:
    """out_i = sum of a_j, j < i."""
    value = ZERO
    for i in range(a.shape[0]):
        store(out, i, value)
        value = total(value, load(a, i))


@compiled(ELEMENTS, ELEMENTS, ELEMENTS)
def inner(a: Limbs, b: Limbs, out: Limbs) -> None:
    """out_0 = sum of a_i b_i."""
    value = ZERO
    for i in range(a.shape[0]):
        value = total(value, product(load(a, i), load(b, i)))
    store(out, 0, value)


@compiled(ELEMENTS, ELEMENTS)
def add_up(a: Limbs, out: Limbs) -> None:
    """out_0 = sum of a_i."""
    value = ZERO
    for i in range(a.shape[0]):
        value = total(value, load(a, i))
    store(out, 0, value)


@subroutine
def invert_one(value: Element) -> Element:
    """Return 1/value as value^(r-2)."""
    result = ONE
    for limb in range(4):
        for bit in range(64):
            word = _INVERSE_EXPONENT[3 - limb] >> np.uint64(63 - bit)
            result = product(result, result)
            if word & _SHIFT_ONE:
                result = product(result, value)
    return result


@compiled(ELEMENTS, ELEMENTS)
def inverse(a: Limbs, out: Limbs) -> bool:
    """out_i = 1/a_i with one inversion; return False, leaving `out` undefined, if any a_i is 0.

    Source: Montgomery, "Speeding the Pollard and elliptic curve methods", 1987, section 10.3.1.
    """
    n = a.shape[0]
    running = ONE
    for i in range(n):
        store(out, i, running)
        running = product(running, load(a, i))
    if (running[0] | running[1] | running[2] | running[3]) == ZERO[0]:
        return False
    running = invert_one(running)
    for k in range(n):
        i = n - 1 - k
        value = load(a, i)
        store(out, i, product(running, load(out, i)))
        running = product(running, value)
    return True


@compiled(ELEMENTS, ELEMENT, ELEMENTS)
def evaluate(coeffs: Limbs, x: Limbs, out: Limbs) -> None:
    """out_0 = f(x) by Horner's rule."""
    point = load_one(x)
    value = ZERO
    n = coeffs.shape[0]
    for k in range(n):
        value = total(product(value, point), load(coeffs, n - 1 - k))
    store(out, 0, value)


@compiled(ELEMENTS, ELEMENT, ELEMENTS)
def divide(coeffs: Limbs, x: Limbs, out: Limbs) -> None:
    """out = (f - f(x)) / (X - x) by synthetic division; out has one entry fewer than coeffs."""
    point = load_one(x)
    value = ZERO
    n = out.shape[0]
    for k in range(n):
        i = n - 1 - k
        value = total(product(value, point), load(coeffs, i + 1))
        store(out, i, value)
