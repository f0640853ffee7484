"""The batched opening: claims, moduli and remainders (docs/protocol.md section 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.field import SCALAR_MODULUS as R
from prover.protocol.constraints import FirstChallenges, combine_at_point
from prover.protocol.key import VerifyingKey
from prover.protocol.messages import EvaluationMessage
from prover.protocol.shape import Shape


@dataclass(frozen=True)
class Exponents:
    """The power of gamma of each claim."""

    weights: int  # U
    fixed: int  # the first fixed pack
    sums: int  # F
    quotient: int  # T

    @classmethod
    def of(cls, shape: Shape) -> Exponents:
        """Return a, a + 1, a + f + 1, a + f + 2; pack A_i has exponent i - 1."""
        packs, fixed = shape.witness_packs, shape.fixed_packs
        return cls(packs, packs + 1, packs + fixed + 1, packs + fixed + 2)


@dataclass(frozen=True)
class PointFactors:
    """p1 = z^t - y, p2 = z^t - omega y, p3 = z - y."""

    pack: int
    pack_next: int
    point: int

    @classmethod
    def at(cls, z: int, y: int, key: VerifyingKey) -> PointFactors:
        """Evaluate the three moduli at z."""
        z_pack = pow(z, key.shape.pack_columns, R)
        return cls((z_pack - y) % R, (z_pack - key.omega * y) % R, (z - y) % R)


def evaluate_plain(coefficients: Sequence[int], x: int) -> int:
    """Evaluate a short polynomial by Horner's rule."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % R
    return value


def packs_of(columns: Sequence[int], width: int) -> list[Sequence[int]]:
    """Cut a list of columns into packs of at most `width`."""
    return [columns[start : start + width] for start in range(0, len(columns), width)]


def pack_remainders(values: EvaluationMessage, shape: Shape) -> list[tuple[int, Sequence[int]]]:
    """List (exponent of gamma, coefficients of the remainder) for every claim with modulus X^t - y."""
    exponents = Exponents.of(shape)
    width = shape.pack_columns
    witness = list(enumerate(packs_of(values.witness_columns(), width)))
    fixed = [(exponents.fixed + index, pack) for index, pack in enumerate(packs_of(values.fixed, width))]
    return [*witness, (exponents.weights, values.weights), *fixed]


def quotient_value(
    key: VerifyingKey,
    values: EvaluationMessage,
    public: Sequence[int],
    challenges: FirstChallenges,
    chi: int,
    y: int,
) -> int:
    """Return C*(y) = (y - 1)(c0 + .. + chi^6 c6)(y) - chi^2 Pi Z_H(y) / n."""
    inside = combine_at_point(values, challenges, chi, key.limb_bits)
    public_value = evaluate_plain(public, challenges.theta)
    vanishing = pow(y, key.shape.rows, R) - 1
    return ((y - 1) * inside - chi * chi * public_value * vanishing * key.rows_inverse) % R
