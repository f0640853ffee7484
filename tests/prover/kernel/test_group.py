"""Group operations of every kernel, against py_ecc and against known discrete logarithms."""

import secrets

import numpy as np
import pytest
from py_ecc.bls.g2_primitives import G1_to_pubkey, pubkey_to_G1
from py_ecc.optimized_bls12_381 import G1, add, multiply, normalize

from prover.errors import KernelInputError, PointError
from prover.field import SCALAR_MODULUS as R
from prover.field import root_of_unity
from prover.kernel import GENERATOR_G1, INFINITY_G1, Kernel, Vector
from prover.kernel.compressed import decompress_g1
from prover.kernel.fast import FastKernel

LOGARITHMS = [1, 2, R - 1, 0, *(secrets.randbelow(R) for _ in range(4))]


def encode(point: tuple) -> bytes:
    x, y = normalize(point)
    return int(x).to_bytes(48, "big") + int(y).to_bytes(48, "big")


def decode(encoding: bytes) -> tuple:
    field = type(G1[0])
    return field(int.from_bytes(encoding[:48], "big")), field(int.from_bytes(encoding[48:], "big")), field(1)


ENCODINGS = [encode(multiply(G1, k)) if k else INFINITY_G1 for k in LOGARITHMS]


def times_generator(k: int) -> bytes:
    return encode(multiply(G1, k % R)) if k % R else INFINITY_G1


def test_generator_is_py_eccs() -> None:
    assert encode(G1) == GENERATOR_G1


def test_points_are_read_and_written(kernel: Kernel) -> None:
    points = kernel.points(b"".join(ENCODINGS))
    assert len(points) == len(ENCODINGS)
    assert kernel.encode_points(points) == b"".join(ENCODINGS)
    assert kernel.encode_points(kernel.slice_points(points, 1, 4)) == b"".join(ENCODINGS[1:4])
    assert len(kernel.points(b"")) == len(kernel.slice_points(points, 2, 2)) == 0


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2), (0, len(ENCODINGS) + 1)])
def test_slices_outside_a_table(kernel: Kernel, start: int, stop: int) -> None:
    with pytest.raises(KernelInputError, match="no points"):
        kernel.slice_points(kernel.points(b"".join(ENCODINGS)), start, stop)


def test_a_table_must_hold_whole_points_on_the_curve(kernel: Kernel, outside_g1: list[bytes]) -> None:
    for broken, reason in (
        (GENERATOR_G1 + GENERATOR_G1[:-1], "encoding"),
        (GENERATOR_G1 + b"\xff" * 96, "encoding"),
        (GENERATOR_G1 + GENERATOR_G1[:-1] + b"\x00", "curve"),
    ):
        with pytest.raises(PointError) as refusal:
            kernel.points(broken)
        assert refusal.value.reason == reason
    assert len(kernel.points(b"".join(outside_g1))) == len(outside_g1)


SCALARS = [
    [1],
    [0],
    [],
    [1, 2, 3, 4, 5, 6, 7, 8],
    [0, 0, R - 1, 5],
    [R // 2, R // 2 + 1, R - 2, 0, 1],
    [R - 1] * 8,
    [2**64 - 1, 2**64, 2**128, R - 2**64, R - 2**128],
    [secrets.randbelow(R) for _ in LOGARITHMS],
    [1, 1, 1],
    [2, R - 1, 0, 5],
]


@pytest.mark.parametrize("scalars", SCALARS, ids=range(len(SCALARS)))
def test_multi_scalar_product(kernel: Kernel, scalars: list[int]) -> None:
    points = kernel.points(b"".join(ENCODINGS))
    expected = times_generator(sum(s * k for s, k in zip(scalars, LOGARITHMS, strict=False)))
    assert kernel.msm(points, kernel.vector(scalars)) == expected


SMALL = [
    [],
    [0],
    [1, -1],
    [7, -9, 0, 3],
    [0, 0, -255, 256],
    [2**63 - 1, -(2**63), 0, 1, -1, 2**62],
    [2**16 - 1, -(2**16), 2**8, 0, 0, 0, 0, 1],
    [1, 1, 1],
]


@pytest.mark.parametrize("scalars", SMALL, ids=range(len(SMALL)))
def test_multi_scalar_product_of_small_integers(kernel: Kernel, scalars: list[int]) -> None:
    points = kernel.points(b"".join(ENCODINGS))
    expected = times_generator(sum(s * k for s, k in zip(scalars, LOGARITHMS, strict=False)))
    assert kernel.msm_small(points, np.array(scalars, dtype=np.int64)) == expected


def test_scalars_beyond_the_table_or_of_another_type(kernel: Kernel) -> None:
    points = kernel.points(GENERATOR_G1)
    with pytest.raises(KernelInputError, match="2 scalars for 1 points"):
        kernel.msm(points, kernel.vector([1, 2]))
    with pytest.raises(KernelInputError, match="2 scalars for 1 points"):
        kernel.msm_small(points, np.array([1, 2], dtype=np.int64))
    for values in (np.array([1.0]), np.array([1], dtype=np.uint64), np.array([[1]], dtype=np.int64)):
        with pytest.raises(KernelInputError, match="int64"):
            kernel.msm_small(points, values)


def test_single_products_and_sums_need_no_subgroup(kernel: Kernel, outside_g1: list[bytes]) -> None:
    """A point can be judged by what it does: r P and 3 P are right whatever its order."""
    of_order_three, *others = outside_g1
    assert kernel.mul_point(of_order_three, 3) == INFINITY_G1
    assert kernel.mul_point(of_order_three, 4) == of_order_three
    assert kernel.mul_point(of_order_three, R - 1) == kernel.mul_point(of_order_three, (R - 1) % 3)
    assert kernel.add_points([of_order_three] * 3) == INFINITY_G1
    for point in others:
        last = kernel.mul_point(point, R - 1)
        assert kernel.add_points([last, point]) != INFINITY_G1
        assert last == encode(multiply(decode(point), R - 1))
        assert kernel.add_points([of_order_three, point]) == encode(
            add(decode(of_order_three), decode(point))
        )


def test_sums_of_points(kernel: Kernel) -> None:
    assert kernel.add_points([]) == INFINITY_G1
    assert kernel.add_points([INFINITY_G1, GENERATOR_G1, INFINITY_G1]) == GENERATOR_G1
    assert kernel.add_points([GENERATOR_G1, GENERATOR_G1]) == times_generator(2)
    assert kernel.add_points([GENERATOR_G1, times_generator(-1)]) == INFINITY_G1
    assert kernel.add_points(ENCODINGS) == times_generator(sum(LOGARITHMS))


@pytest.mark.parametrize("c", [0, 1, 2, -1, R, R + 5, pytest.param(secrets.randbelow(R), id="drawn")])
def test_multiple_of_a_point(kernel: Kernel, c: int) -> None:
    assert kernel.mul_point(ENCODINGS[-1], c) == times_generator(c * LOGARITHMS[-1])
    assert kernel.mul_point(INFINITY_G1, c) == INFINITY_G1


def test_sums_and_multiples_of_what_is_no_point(kernel: Kernel) -> None:
    for broken, reason in ((GENERATOR_G1[:-1], "encoding"), (GENERATOR_G1[:-1] + b"\x00", "curve")):
        with pytest.raises(PointError) as refusal:
            kernel.add_points([GENERATOR_G1, broken])
        assert refusal.value.reason == reason
        with pytest.raises(PointError) as refusal:
            kernel.mul_point(broken, 2)
        assert refusal.value.reason == reason


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_inverse_transform_of_points(kernel: Kernel, n: int) -> None:
    points = kernel.points(b"".join(ENCODINGS[:n]))
    omega = root_of_unity(n)
    expected = [
        sum(pow(omega, -j * m % n, R) * k for m, k in enumerate(LOGARITHMS[:n])) * pow(n, -1, R)
        for j in range(n)
    ]
    assert kernel.encode_points(kernel.inverse_dft_points(points, n)) == b"".join(
        map(times_generator, expected)
    )


@pytest.mark.parametrize("n", [0, 3, 4])
def test_inverse_transform_of_another_size(kernel: Kernel, n: int) -> None:
    with pytest.raises(KernelInputError):
        kernel.inverse_dft_points(kernel.points(GENERATOR_G1 * 2), n)


def test_packed_lagrange_basis(fast: FastKernel) -> None:
    """P_m = [tau^(i + t m)] becomes [X^i l_j(X^t)] at tau: values commit like coefficients."""
    n, t, i = 16, 3, 2
    tau = secrets.randbelow(R)
    powers = fast.points(b"".join(fast.mul_point(GENERATOR_G1, pow(tau, k, R)) for k in range(n * t)))
    strided = fast.points(b"".join(fast.encode_points(powers)[96 * k :][:96] for k in range(i, n * t, t)))
    basis = fast.inverse_dft_points(strided, n)
    values = fast.vector([secrets.randbelow(R) for _ in range(n)])
    zero = fast.zeros(n)
    packed = fast.interleave([fast.intt(values) if k == i else zero for k in range(t)])
    assert fast.msm(basis, values) == fast.msm(powers, packed)


@pytest.mark.parametrize("bits", [3, 8, 16, 40, 63])
@pytest.mark.parametrize("size", [31, 300, 1500])
def test_large_products_of_small_integers(fast: FastKernel, bits: int, size: int) -> None:
    points, logarithms = _progression(fast, size)
    scalars = [secrets.randbits(bits) * (1 - 2 * secrets.randbits(1)) for _ in range(size)]
    expected = sum(s * k for s, k in zip(scalars, logarithms, strict=True))
    assert fast.msm_small(points, np.array(scalars, dtype=np.int64)) == fast.mul_point(GENERATOR_G1, expected)
    assert fast.msm(points, fast.vector(scalars)) == fast.mul_point(GENERATOR_G1, expected)


@pytest.mark.parametrize("size", [2, 33, 49, 256, 4096])
def test_large_products(fast: FastKernel, size: int) -> None:
    points, logarithms = _progression(fast, size)
    scalars = [secrets.randbelow(R) for _ in range(size)]
    expected = sum(s * k for s, k in zip(scalars, logarithms, strict=True))
    assert fast.msm(points, fast.vector(scalars)) == fast.mul_point(GENERATOR_G1, expected)


@pytest.mark.parametrize("size", [300, 700, 4096])
def test_prepared_points_give_the_same_products(fast: FastKernel, size: int) -> None:
    points, logarithms = _progression(fast, size)
    prepared = fast.prepare_points(points)
    assert fast.encode_points(prepared) == fast.encode_points(points)
    assert fast.prepare_points(prepared) is prepared
    start = size // 7
    part = fast.slice_points(fast.slice_points(prepared, 1, size), start - 1, size - 1)
    for table, known in ((prepared, logarithms), (part, logarithms[start:])):
        scalars = [secrets.randbelow(R) for _ in known[: size - start]]
        expected = sum(s * k for s, k in zip(scalars, known, strict=False))
        assert fast.msm(table, fast.vector(scalars)) == fast.mul_point(GENERATOR_G1, expected)


def test_preparing_changes_no_product(kernel: Kernel) -> None:
    points, logarithms = _progression(kernel, 6)
    prepared = kernel.prepare_points(kernel.points(kernel.encode_points(points)))
    assert len(prepared) == 6
    assert kernel.prepare_points(kernel.points(b"")) is not None
    expected = kernel.mul_point(GENERATOR_G1, sum((i - 3) * k for i, k in enumerate(logarithms)))
    assert kernel.msm(prepared, kernel.vector([i - 3 for i in range(6)])) == expected
    assert kernel.msm_small(prepared, np.arange(6, dtype=np.int64) - 3) == expected


@pytest.mark.parametrize("prepare", [False, True])
@pytest.mark.parametrize("pattern", ["equal", "opposite", "infinite", "mixed"])
def test_equal_opposite_and_infinite_points(fast: FastKernel, pattern: str, prepare: bool) -> None:
    size = 600
    logarithms = {
        "equal": [5] * size,
        "opposite": [5, -5] * (size // 2),
        "infinite": [0] * size,
        "mixed": [secrets.choice((0, 1, -1, 2, -2, 4)) for _ in range(size)],
    }[pattern]
    encoded = {k: fast.mul_point(GENERATOR_G1, k) for k in set(logarithms)}
    points = fast.points(b"".join(encoded[k] for k in logarithms))
    points = fast.prepare_points(points) if prepare else points
    shared = secrets.randbelow(R)
    drawn = [secrets.randbelow(R) for _ in range(size)]
    for scalars in (drawn, [shared] * size, [R - 1, shared] * (size // 2)):
        expected = sum(s * k for s, k in zip(scalars, logarithms, strict=True))
        assert fast.msm(points, fast.vector(scalars)) == fast.mul_point(GENERATOR_G1, expected)


@pytest.mark.parametrize(
    "scalar", [1, 2**12, 2**12 + 1, 2**13 - 1, 2**64, 2**252 + 2**12, (R - 1) // 2, (R + 1) // 2]
)
def test_digits_that_carry(fast: FastKernel, scalar: int) -> None:
    points, logarithms = _progression(fast, 500)
    wide = secrets.randbelow(R)
    scalars = [scalar] * 499 + [wide]
    expected = scalar * sum(logarithms[:-1]) + wide * logarithms[-1]
    for table in (points, fast.prepare_points(points)):
        assert fast.msm(table, fast.vector(scalars)) == fast.mul_point(GENERATOR_G1, expected)


def test_one_and_two_threads_agree(fast: FastKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = _progression(fast, 400)
    scalars: Vector = fast.vector([secrets.randbelow(R) for _ in range(400)])
    results = []
    for workers in (1, 2):
        monkeypatch.setattr("prover.kernel.bucket_product.worker_count", lambda workers=workers: workers)
        monkeypatch.setattr("prover.kernel.threads.worker_count", lambda workers=workers: workers)
        results.append(
            (
                fast.msm(points, scalars),
                fast.encode_points(fast.inverse_dft_points(fast.slice_points(points, 0, 32), 32)),
            )
        )
    assert results[0] == results[1]


def test_decompression_agrees_with_py_ecc() -> None:
    for k in LOGARITHMS:
        if k:
            point = multiply(G1, k)
            assert decompress_g1(bytes(G1_to_pubkey(point))) == encode(point)
            assert pubkey_to_G1(G1_to_pubkey(point)) is not None


def _progression(fast: FastKernel, size: int) -> tuple:
    """Points (a + i b) G with known logarithms, one addition each."""
    a, b = secrets.randbelow(R), secrets.randbelow(R)
    step, point, encodings = fast.mul_point(GENERATOR_G1, b), fast.mul_point(GENERATOR_G1, a), []
    for _ in range(size):
        encodings.append(point)
        point = fast.add_points([point, step])
    return fast.points(b"".join(encodings)), [a + i * b for i in range(size)]
