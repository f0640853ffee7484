"""Weight columns as polynomials, and their virtual re-randomisation (docs/protocol.md sections 7 and 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.compile.witness import weight_columns
from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import Kernel, Vector
from prover.protocol.masking import add_vanishing_multiple
from prover.protocol.proving_key import ProvingKey
from prover.protocol.registration import StrategySecret


@dataclass(frozen=True)
class WeightColumns:
    """Coefficients of s_{i,k} + [i = 0] b_k Z_H, n + 1 each, indexed packs[k][i]."""

    kernel: Kernel
    packs: tuple[tuple[Vector, ...], ...] = field(repr=False)

    @classmethod
    def of(cls, proving_key: ProvingKey, strategy: StrategySecret) -> WeightColumns:
        """Interpolate the committed columns of a strategy."""
        kernel = proving_key.kernel
        columns = weight_columns(proving_key.layout, strategy.weights)
        packs = tuple(
            tuple(
                add_vanishing_multiple(
                    proving_key, kernel.intt(kernel.from_int64(column)), [blinder if lane == 0 else 0]
                )
                for lane, column in enumerate(columns[:, pack])
            )
            for pack, blinder in enumerate(strategy.blinders)
        )
        return cls(kernel, packs)

    def combine(self, theta: int) -> list[Vector]:
        """Return the coefficients of u_i = sum_k theta^k (s_{i,k} + [i = 0] b_k Z_H)."""
        columns = list(self.packs[0])
        for pack, coefficients in enumerate(self.packs[1:], start=1):
            factor = pow(theta, pack, R)
            columns = [
                self.kernel.axpy(column, factor, extra)
                for column, extra in zip(columns, coefficients, strict=True)
            ]
        return columns


def rerandomise(
    proving_key: ProvingKey, columns: Sequence[Vector], pairs: Sequence[tuple[int, int]]
) -> tuple[Vector, ...]:
    """Return the coefficients of u'_i = u_i + Z_H (p_i + p'_i X)."""
    return tuple(
        add_vanishing_multiple(proving_key, column, pair) for column, pair in zip(columns, pairs, strict=True)
    )
