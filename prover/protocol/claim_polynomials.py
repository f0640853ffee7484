"""The polynomials of the batched opening, as the prover computes them (docs/protocol.md section 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from prover.errors import WitnessError
from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import Vector
from prover.protocol.constraints import FirstChallenges
from prover.protocol.messages import EvaluationMessage
from prover.protocol.opening import Exponents
from prover.protocol.proving_key import ProvingKey
from prover.protocol.rounds import AfterQuotient, AfterSums, AfterWitness, Session


@dataclass(frozen=True)
class Opening:
    """Everything the last two rounds need, and the polynomials that both use."""

    session: Session
    after_1: AfterWitness
    after_2: AfterSums
    after_3: AfterQuotient
    values: EvaluationMessage
    challenges: FirstChallenges
    chi: int
    y: int
    gamma: int

    @cached_property
    def exponents(self) -> Exponents:
        """Return the powers of gamma of the claims."""
        return Exponents.of(self.session.proving_key.key.shape)

    def gamma_power(self, exponent: int) -> int:
        """Return gamma^exponent."""
        return pow(self.gamma, exponent, R)

    @cached_property
    def packed(self) -> list[Vector]:
        """Return, per slot i, the column sum_g gamma^g f_{g,i} over the claims with modulus X^t - y.

        U enters as S + Z_H(y) P: its columns are sum_k theta^k s_{i,k} + Z_H(y) (p_i + p'_i X).
        """
        proving_key = self.session.proving_key
        kernel, shape = proving_key.kernel, proving_key.key.shape
        length = shape.rows + 2
        slots = [kernel.zeros(length) for _ in range(shape.pack_columns)]

        def add(exponent: int, columns: Sequence[Vector]) -> None:
            factor = self.gamma_power(exponent)
            for slot, column in enumerate(columns):
                slots[slot] = kernel.axpy(slots[slot], factor, kernel.pad(column, length))

        width = shape.pack_columns
        for index in range(shape.witness_packs):
            add(index, self.after_1.columns[index * width : (index + 1) * width])
        for index in range(shape.fixed_packs):
            add(
                self.exponents.fixed + index,
                proving_key.fixed_coefficients[index * width : (index + 1) * width],
            )
        add(self.exponents.weights, self._opened_weights())
        return slots

    def _opened_weights(self) -> list[Vector]:
        proving_key = self.session.proving_key
        kernel, rows = proving_key.kernel, proving_key.key.shape.rows
        vanishing = pow(self.y, rows, R) - 1
        plain = self.session.weight_columns.combine(self.challenges.theta)
        columns = []
        for column, pair in zip(plain, self.after_1.rerandomisers, strict=True):
            mask = kernel.pad(kernel.vector([vanishing * value for value in pair]), rows + 2)
            columns.append(kernel.add(kernel.pad(column, rows + 2), mask))
        return columns

    @cached_property
    def combined_quotient(self) -> Vector:
        """Return V = sum_i y^{i (N - 1)} T_i."""
        kernel = self.session.proving_key.kernel
        step = pow(self.y, self.session.proving_key.key.shape.powers - 1, R)
        total, weight = self.after_3.chunks[0], 1
        for chunk in self.after_3.chunks[1:]:
            weight = weight * step % R
            total = kernel.axpy(total, weight, kernel.pad(chunk, len(total)))
        return total

    @cached_property
    def sums_factor(self) -> int:
        """Return gamma^F kappa, kappa = (1 - omega) y."""
        omega = self.session.proving_key.key.omega
        return self.gamma_power(self.exponents.sums) * (1 - omega) * self.y % R

    @cached_property
    def quotient_factor(self) -> int:
        """Return gamma^T (y - 1) Z_H(y)."""
        rows = self.session.proving_key.key.shape.rows
        vanishing = pow(self.y, rows, R) - 1
        return self.gamma_power(self.exponents.quotient) * (self.y - 1) * vanishing % R

    @cached_property
    def quotients(self) -> Vector:
        """Return W = sum_g gamma^g (claim_g - remainder_g) / modulus_g."""
        proving_key = self.session.proving_key
        kernel, key = proving_key.kernel, proving_key.key
        slots = [kernel.divide(column, self.y) for column in self.packed]
        length = max(len(slots[0]), key.shape.rows + 2)
        slots = [kernel.pad(column, length) for column in slots]
        for slot, column in enumerate(self.after_2.pack):
            twice = kernel.divide(kernel.divide(column, self.y), key.omega * self.y % R)
            slots[slot] = kernel.axpy(slots[slot], self.sums_factor, kernel.pad(twice, length))
        packed = kernel.interleave(slots)
        chunk = kernel.divide(self.combined_quotient, self.y)
        size = max(len(packed), len(chunk))
        return kernel.axpy(kernel.pad(packed, size), self.quotient_factor, kernel.pad(chunk, size))


def trimmed(proving_key: ProvingKey, coefficients: Vector) -> Vector:
    """Drop the zero coefficients at and above N that padding may have left.

    Raises: WitnessError `relation` when one of them is not zero.
    """
    kernel, powers = proving_key.kernel, proving_key.key.shape.powers
    if len(coefficients) <= powers:
        return coefficients
    excess = kernel.segment(coefficients, powers, len(coefficients))
    if not kernel.equal(excess, kernel.zeros(len(excess))):
        raise WitnessError("relation", "a polynomial of the opening is too long")
    return kernel.segment(coefficients, 0, powers)
