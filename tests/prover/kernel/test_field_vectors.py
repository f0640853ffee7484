"""Field vectors of both implementations against formulas on integers."""

import secrets

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.errors import KernelInputError
from prover.field import SCALAR_MODULUS as R
from prover.kernel import Kernel
from prover.kernel.fast import FastKernel
from prover.kernel.plain import PlainKernel

EDGES = [
    0,
    1,
    2,
    R - 1,
    R - 2,
    R // 2,
    R // 2 + 1,
    2**64 - 1,
    2**64,
    2**128 - 1,
    2**192,
    2**254,
    (1 << 256) % R,
]
RANDOM = [secrets.randbelow(R) for _ in range(7)]
A = EDGES + RANDOM
B = [secrets.randbelow(R) for _ in EDGES] + EDGES[-7:]
N = len(A)
C = secrets.randbelow(R)


def test_values_are_reduced_and_read_back(field: Kernel) -> None:
    wide = [-1, -R, -R - 5, R, R + 1, 3 * R - 1, 2**300, -(2**300), *A]
    v = field.vector(wide)
    assert len(v) == len(wide)
    assert field.ints(v) == [x % R for x in wide]
    assert field.ints(field.vector([])) == []


def test_signed_integers(field: Kernel) -> None:
    values = [0, 1, -1, 2**63 - 1, -(2**63), -(2**63) + 1, 12345, -54321]
    assert field.ints(field.from_int64(np.array(values, dtype=np.int64))) == [x % R for x in values]
    strided = np.array(values, dtype=np.int64)[::2]
    assert field.ints(field.from_int64(strided)) == [x % R for x in values[::2]]


@pytest.mark.parametrize(
    "values", [np.array([1.5]), np.array([1], dtype=np.uint64), np.zeros((2, 2), dtype=np.int64)]
)
def test_other_arrays_are_not_signed_integers(field: Kernel, values: np.ndarray) -> None:
    with pytest.raises(KernelInputError, match="int64"):
        field.from_int64(values)


def test_constants(field: Kernel) -> None:
    assert field.ints(field.zeros(3)) == [0, 0, 0]
    assert field.ints(field.constant(-2, 3)) == [R - 2] * 3


def test_entrywise_operations(field: Kernel) -> None:
    a, b = field.vector(A), field.vector(B)
    pairs = list(zip(A, B, strict=True))
    assert field.ints(field.add(a, b)) == [(x + y) % R for x, y in pairs]
    assert field.ints(field.sub(a, b)) == [(x - y) % R for x, y in pairs]
    assert field.ints(field.mul(a, b)) == [x * y % R for x, y in pairs]
    assert field.ints(field.neg(a)) == [-x % R for x in A]
    assert field.ints(field.axpy(a, C, b)) == [(x + C * y) % R for x, y in pairs]


@pytest.mark.parametrize(
    "c", [0, 1, -1, pytest.param(C, id="drawn"), pytest.param(C + R, id="drawn-plus-r"), R - 1]
)
def test_operations_with_a_scalar(field: Kernel, c: int) -> None:
    a = field.vector(A)
    assert field.ints(field.scale(a, c)) == [c * x % R for x in A]
    assert field.ints(field.add_scalar(a, c)) == [(c + x) % R for x in A]
    assert field.ints(field.powers(c, 9)) == [pow(c, i, R) for i in range(9)]


@pytest.mark.parametrize("n", range(6))
def test_few_powers(field: Kernel, n: int) -> None:
    assert field.ints(field.powers(C, n)) == [pow(C, i, R) for i in range(n)]


def test_operations_leave_their_arguments_alone(field: Kernel) -> None:
    a, b = field.vector(A), field.vector(B)
    for result in (
        field.add(a, b),
        field.mul(a, b),
        field.neg(a),
        field.scale(a, 3),
        field.rotate(a, 1),
        field.segment(a, 0, N),
        field.pad(a, N),
        field.prefix_sum(a),
        field.coset_ntt(a, 32, 7),
        field.coset_intt(field.segment(a, 0, 16), 7),
    ):
        assert len(result)
    assert field.ints(a) == A
    assert field.ints(b) == B


@pytest.mark.parametrize("k", [0, 1, 5, -1, N, N + 2, -3 * N - 1])
def test_rotate(field: Kernel, k: int) -> None:
    assert field.ints(field.rotate(field.vector(A), k)) == [A[(i + k) % N] for i in range(N)]


def test_rotate_of_nothing(field: Kernel) -> None:
    assert len(field.rotate(field.zeros(0), 3)) == 0


@pytest.mark.parametrize(("start", "stop", "step"), [(0, N, 1), (2, 9, 1), (1, N, 3), (4, 4, 1), (0, 1, 50)])
def test_segment(field: Kernel, start: int, stop: int, step: int) -> None:
    part = field.segment(field.vector(A), start, stop, step)
    assert field.ints(part) == A[start:stop:step]
    assert field.ints(field.add(part, part)) == [2 * x % R for x in A[start:stop:step]]


@pytest.mark.parametrize(
    ("start", "stop", "step"), [(-1, 3, 1), (3, 2, 1), (0, N + 1, 1), (0, 2, 0), (2, 0, -1)]
)
def test_segment_outside(field: Kernel, start: int, stop: int, step: int) -> None:
    with pytest.raises(KernelInputError, match="no segment"):
        field.segment(field.vector(A), start, stop, step)


def test_joining_and_splitting(field: Kernel) -> None:
    columns = [A[i : i + 5] for i in (0, 5, 10)]
    vectors = [field.vector(column) for column in columns]
    assert field.ints(field.concat(vectors)) == A[:15]
    assert field.ints(field.concat([])) == []
    assert field.ints(field.pad(vectors[0], 8)) == [*A[:5], 0, 0, 0]
    woven = field.interleave(vectors)
    assert field.ints(woven) == [columns[i][j] for j in range(5) for i in range(3)]
    assert [field.ints(v) for v in field.deinterleave(woven, 3)] == columns


def test_lengths_that_do_not_fit(field: Kernel) -> None:
    a, b = field.vector(A), field.vector(B[:-1])
    for operation in (field.add, field.sub, field.mul, field.inner, lambda x, y: field.axpy(x, 2, y)):
        with pytest.raises(KernelInputError, match="do not fit together"):
            operation(a, b)
    with pytest.raises(KernelInputError, match="cannot pad"):
        field.pad(a, N - 1)
    with pytest.raises(KernelInputError, match="interleaved"):
        field.interleave([a, b])
    with pytest.raises(KernelInputError, match="interleaved"):
        field.interleave([])
    for t in (0, 3):
        with pytest.raises(KernelInputError, match="does not split"):
            field.deinterleave(field.zeros(20), t)


def test_inverse(field: Kernel) -> None:
    values = [x for x in A if x]
    assert field.ints(field.inverse(field.vector(values))) == [pow(x, -1, R) for x in values]
    assert field.ints(field.inverse(field.zeros(0))) == []


@pytest.mark.parametrize("position", [0, 2, 4])
def test_zero_has_no_inverse(field: Kernel, position: int) -> None:
    values = [1, 2, 3, 4, 5]
    values[position] = 0
    with pytest.raises(ZeroDivisionError):
        field.inverse(field.vector(values))


def test_sums(field: Kernel) -> None:
    a, b = field.vector(A), field.vector(B)
    assert field.ints(field.prefix_sum(a)) == [sum(A[:i]) % R for i in range(N)]
    assert field.sum(a) == sum(A) % R
    assert field.inner(a, b) == sum(x * y for x, y in zip(A, B, strict=True)) % R
    assert field.sum(field.zeros(0)) == field.inner(field.zeros(0), field.zeros(0)) == 0


def test_equality(field: Kernel) -> None:
    a = field.vector(A)
    assert field.equal(a, field.vector([x + R for x in A]))
    assert not field.equal(a, field.vector(A[:-1]))
    for i in range(N):
        assert not field.equal(a, field.vector([x + (i == j) for j, x in enumerate(A)]))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, R - 1), st.integers(0, R - 1)), min_size=1, max_size=5),
    st.integers(0, R - 1),
)
def test_fast_agrees_with_plain(pairs: list[tuple[int, int]], c: int) -> None:
    left, right = ([pair[i] for pair in pairs] for i in (0, 1))
    results = []
    for k in (FastKernel(), PlainKernel()):
        a, b = k.vector(left), k.vector(right)
        vectors = [
            k.add(a, b),
            k.sub(a, b),
            k.mul(a, b),
            k.axpy(a, c, b),
            k.divide(a, c),
            k.coset_ntt(a, 8, c or 1),
        ]
        results.append(([k.ints(v) for v in vectors], k.inner(a, b), k.evaluate(a, c)))
    assert results[0] == results[1]
