"""The packed opening of a toy circuit: plain polynomials, the real ceremony, the real precompiles."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from web3.exceptions import ContractLogicError

from contracts.compile import compile_contract, deploy
from contracts.node import Anvil
from prover.ceremony import load_ceremony
from prover.kernel import plain_kernel
from prover.kernel.interface import GENERATOR_G1, GENERATOR_G2
from tests.contracts.support.verifier_transcript import R

BASE = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
ROWS, WIDTH = 4, 3  # n, t
Polynomial = list[int]


def add(*terms: tuple[int, Sequence[int]]) -> Polynomial:
    """Sum c f over (c, f)."""
    length = max(len(polynomial) for _, polynomial in terms)
    out = [0] * length
    for scalar, polynomial in terms:
        for index, value in enumerate(polynomial):
            out[index] = (out[index] + scalar * value) % R
    return out


def multiply(left: Sequence[int], right: Sequence[int]) -> Polynomial:
    out = [0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            out[i + j] = (out[i + j] + a * b) % R
    return out


def divide(polynomial: Sequence[int], monic: Sequence[int]) -> tuple[Polynomial, Polynomial]:
    """Return quotient and remainder of a division by a monic polynomial."""
    rest, degree = [value % R for value in polynomial], len(monic) - 1
    quotient = [0] * max(1, len(rest) - degree)
    for index in range(len(rest) - degree - 1, -1, -1):
        quotient[index] = rest[index + degree]
        for j, value in enumerate(monic):
            rest[index + j] = (rest[index + j] - quotient[index] * value) % R
    return quotient, rest[:degree]


def evaluate(polynomial: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * x + coefficient) % R
    return value


def pack(columns: Sequence[Polynomial]) -> Polynomial:
    """F(X) = sum_i X^i f_i(X^t)."""
    out = [0] * (WIDTH * max(map(len, columns)))
    for slot, column in enumerate(columns):
        for power, value in enumerate(column):
            out[slot + WIDTH * power] = value
    return out


def commit(polynomial: Sequence[int]) -> bytes:
    kernel = plain_kernel()
    powers = kernel.points(load_ceremony().powers_g1[: 96 * len(polynomial)])
    return kernel.msm(powers, kernel.vector(list(polynomial)))


def padded(encoding: bytes) -> bytes:
    return b"".join(encoding[at : at + 48].rjust(64, b"\0") for at in range(0, len(encoding), 48))


def negated_g2() -> bytes:
    y = [BASE - int.from_bytes(GENERATOR_G2[at : at + 48], "big") for at in (96, 144)]
    return GENERATOR_G2[:96] + b"".join(part.to_bytes(48, "big") for part in y)


@dataclass(frozen=True)
class Opening:
    """Claims about three packs and a plain polynomial, as docs/protocol.md section 9.1 batches them."""

    points: tuple[bytes, ...]  # [A], [F], [V], [W]
    last: bytes  # [W']
    a_values: tuple[int, ...]  # columns of A at y
    here: tuple[int, int]  # columns of F at y
    following: tuple[int, int]  # and at omega y
    v_value: int
    y: int
    gamma: int
    z: int

    def terms(self) -> bytes:
        """Points and scalars of Q, with claims A, F (times kappa), V at gamma^0, gamma^1, gamma^2."""
        omega = pow(7, (R - 1) // ROWS, R)
        y, gamma, z = self.y, self.gamma, self.z
        p1, p2, p3 = pow(z, WIDTH, R) - y, pow(z, WIDTH, R) - omega * y, z - y
        kappa = (1 - omega) * y
        r_a = evaluate(self.a_values, z)
        r_0, r_1 = evaluate(self.here, z), evaluate(self.following, z)
        constant = p2 * p3 * r_a + gamma * p3 * (p2 * r_0 - p1 * r_1) + gamma**2 * p1 * p2 * self.v_value
        scalars = (p2 * p3, gamma * p3 * kappa, gamma**2 * p1 * p2, -p1 * p2 * p3, -constant, z)
        points = (*self.points, GENERATOR_G1, self.last)
        pairs = zip(points, scalars, strict=True)
        return b"".join(padded(point) + (scalar % R).to_bytes(32, "big") for point, scalar in pairs)


def honest_opening() -> Opening:
    def column(length: int) -> Polynomial:
        return [secrets.randbelow(R) for _ in range(length)]

    omega = pow(7, (R - 1) // ROWS, R)
    y, gamma, z = (1 + secrets.randbelow(R - 1) for _ in range(3))
    a_columns, f_columns, v = (
        [column(ROWS + 2) for _ in range(3)],
        [column(ROWS + 4) for _ in range(2)],
        column(9),
    )
    a, f = pack(a_columns), pack(f_columns)
    m1, m2 = [-y % R, 0, 0, 1], [-omega * y % R, 0, 0, 1]
    kappa = (1 - omega) * y % R
    # every claim's quotient; the remainders are what the columns' values say
    a_quotient, a_rest = divide(a, m1)
    values = tuple(evaluate(c, y) for c in a_columns)
    assert tuple(a_rest) == values
    here, following = (tuple(evaluate(c, x) for c in f_columns) for x in (y, omega * y % R))
    f_quotient, f_rest = divide(add((kappa, f)), multiply(m1, m2))
    joint = add((1, multiply(here, m2)), (-1, multiply(following, m1)))
    assert f_rest == joint + [0] * (len(f_rest) - len(joint))
    v_quotient, (v_value,) = divide(v, [-y % R, 1])
    w = add((1, a_quotient), (gamma, f_quotient), (gamma**2, v_quotient))
    p1, p2, p3 = pow(z, WIDTH, R) - y, pow(z, WIDTH, R) - omega * y, z - y
    r_0, r_1 = evaluate(here, z), evaluate(following, z)
    numerator = add(
        (p2 * p3, add((1, a), (-1, [evaluate(values, z)]))),
        (gamma * p3, add((kappa, f), (-1, [p2 * r_0 - p1 * r_1]))),
        (gamma**2 * p1 * p2, add((1, v), (-1, [v_value]))),
        (-p1 * p2 * p3, w),
    )
    last, rest = divide(numerator, [-z % R, 1])
    assert rest == [0]
    points = (commit(a), commit(f), commit(v), commit(w))
    return Opening(points, commit(last), values, here, following, v_value, y, gamma, z)


@pytest.fixture(scope="module")
def opening() -> Opening:
    return honest_opening()


def test_the_opening_of_a_toy_circuit(chain: Anvil, opening: Opening) -> None:
    contract = deploy(chain.web3, compile_contract("testing/VerifierOpening"), sender=chain.accounts[0])
    others = padded(negated_g2()), padded(load_ceremony().tau_g2)

    def check(claimed: Opening) -> None:
        contract.functions.check(claimed.terms(), padded(claimed.last), *others).call()

    check(opening)
    call = contract.functions.check(opening.terms(), padded(opening.last), *others)
    receipt = chain.web3.eth.wait_for_transaction_receipt(call.transact({"from": chain.accounts[0]}))
    assert receipt["status"] == 1
    print(f"\ntoy opening, 6 points: {receipt['gasUsed']} gas the whole transaction")

    x, x_next = opening.here
    for claimed in (
        replace(opening, a_values=(*opening.a_values[:2], opening.a_values[2] + 1)),
        replace(opening, here=(x + 1, x_next)),
        replace(opening, following=opening.here),
        replace(opening, v_value=opening.v_value + 1),
        replace(opening, y=opening.y + 1),
        replace(opening, gamma=opening.gamma + 1),
        replace(opening, z=opening.z + 1),
        replace(opening, points=(opening.points[1], opening.points[0], *opening.points[2:])),
        replace(opening, last=opening.points[3]),
    ):
        with pytest.raises(ContractLogicError, match="execution reverted: opening"):
            check(claimed)
