"""The frozen states that pass from round to round (docs/protocol.md section 9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from prover.compile.witness import Witness
from prover.kernel.interface import Vector
from prover.protocol.proving_key import ProvingKey
from prover.protocol.randomness import MaskSource
from prover.protocol.statement import Statement
from prover.protocol.weights import WeightColumns


@dataclass(frozen=True)
class Session:
    """What every round sees."""

    proving_key: ProvingKey
    weight_columns: WeightColumns
    statement: Statement
    witness: Witness = field(repr=False)
    masks: MaskSource = field(repr=False)


@dataclass(frozen=True)
class AfterWitness:
    """State after round 1."""

    columns: tuple[Vector, ...]  # masked coefficients of x_0.., o, m
    rerandomisers: tuple[tuple[int, int], ...]  # (p_i, p'_i)


@dataclass(frozen=True)
class AfterSums:
    """State after round 2."""

    sums: Vector  # masked coefficients of phi
    accumulator: Vector  # masked coefficients of e
    weights: tuple[Vector, ...]  # coefficients of u'_i
    helper: Vector | None = None  # masked coefficients of g, with two bus sums

    @property
    def pack(self) -> tuple[Vector, ...]:
        """Return the columns of F in order: phi, e and, with two bus sums, g."""
        pair = (self.sums, self.accumulator)
        return pair if self.helper is None else (*pair, self.helper)


@dataclass(frozen=True)
class AfterQuotient:
    """State after round 3."""

    chunks: tuple[Vector, ...]  # coefficients of the chunks of T, carries included
    excess: Vector  # what C / Z_H has above the bound D: zero, unless the statement is false
