"""The prover's messages as typed values and as bytes (docs/protocol.md section 8)."""

from __future__ import annotations

from dataclasses import dataclass

from prover.errors import VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.protocol.shape import FIXED_COLUMN_COUNT, POINT_BYTES, SCALAR_BYTES, Shape
from prover.protocol.transcript import encode_scalars


@dataclass(frozen=True)
class WitnessMessage:
    """Message 1."""

    packs: tuple[bytes, ...]  # [A_1] .. [A_a]
    mask: bytes  # [P]

    def to_bytes(self) -> bytes:
        """Encode [A_1] || .. || [A_a] || [P]."""
        return b"".join(self.packs) + self.mask


@dataclass(frozen=True)
class SumMessage:
    """Message 2."""

    sums: bytes  # [F], the pack of phi, e and, with two bus sums, g

    def to_bytes(self) -> bytes:
        """Encode [F]."""
        return self.sums


@dataclass(frozen=True)
class QuotientMessage:
    """Message 3."""

    chunks: tuple[bytes, ...]  # [T_0] .. [T_{c-1}]

    def to_bytes(self) -> bytes:
        """Encode [T_0] || .. || [T_{c-1}]."""
        return b"".join(self.chunks)


@dataclass(frozen=True)
class EvaluationMessage:
    """Message 4: every column at y, those of F also at omega y; g is 0 where there is none."""

    lanes: tuple[int, ...]  # x_j(y)
    output: int  # o(y)
    fetches: int  # m(y)
    weights: tuple[int, ...]  # u'_i(y)
    fixed: tuple[int, ...]  # the nine fixed columns at y, in key order
    sum_here: int  # phi(y)
    sum_next: int  # phi(omega y)
    accumulator_here: int  # e(y)
    accumulator_next: int  # e(omega y)
    helper: tuple[int, ...] = ()  # g(y) and g(omega y), with two bus sums

    @property
    def helper_here(self) -> int:
        """Return g(y), 0 with one bus sum."""
        return self.helper[0] if self.helper else 0

    @property
    def helper_next(self) -> int:
        """Return g(omega y), 0 with one bus sum."""
        return self.helper[1] if self.helper else 0

    def scalars(self) -> tuple[int, ...]:
        """List the evaluations in the order in which they are absorbed."""
        return (
            *self.lanes,
            self.output,
            self.fetches,
            *self.weights,
            *self.fixed,
            self.sum_here,
            self.sum_next,
            self.accumulator_here,
            self.accumulator_next,
            *self.helper,
        )

    def sums_here(self) -> tuple[int, ...]:
        """List phi(y), e(y), g(y), the columns of F in order."""
        return (self.sum_here, self.accumulator_here, self.helper_here)

    def sums_next(self) -> tuple[int, ...]:
        """List phi(omega y), e(omega y), g(omega y)."""
        return (self.sum_next, self.accumulator_next, self.helper_next)

    def witness_columns(self) -> tuple[int, ...]:
        """List x_0(y) .. x_{L-1}(y), o(y), m(y), the columns of the packs A_i in order."""
        return (*self.lanes, self.output, self.fetches)

    def to_bytes(self) -> bytes:
        """Encode every evaluation, 32 bytes each."""
        return encode_scalars(self.scalars())


@dataclass(frozen=True)
class Proof:
    """The six messages of one proof."""

    witness: WitnessMessage
    sums: SumMessage
    quotient: QuotientMessage
    evaluations: EvaluationMessage
    opening: bytes  # [W]
    opening_at_z: bytes  # [W']

    def to_bytes(self) -> bytes:
        """Concatenate messages 1 to 6."""
        return (
            self.witness.to_bytes()
            + self.sums.to_bytes()
            + self.quotient.to_bytes()
            + self.evaluations.to_bytes()
            + self.opening
            + self.opening_at_z
        )

    @classmethod
    def from_bytes(cls, data: bytes, shape: Shape) -> Proof:
        """Split a proof into its messages; points are cut out but not yet decoded.

        Raises: VerificationError `length` or `scalar` (an evaluation not below r, with its index).
        """
        if len(data) != shape.proof_bytes:
            raise VerificationError("length", expected=shape.proof_bytes, found=len(data))
        cursor = 0

        def take(count: int) -> tuple[bytes, ...]:
            nonlocal cursor
            cut = tuple(
                data[cursor + index * POINT_BYTES : cursor + (index + 1) * POINT_BYTES]
                for index in range(count)
            )
            cursor += count * POINT_BYTES
            return cut

        packs = take(shape.witness_packs)
        mask, sums = take(2)
        chunks = take(shape.quotient_chunks)
        scalars = _scalars(data[cursor : cursor + shape.evaluations * SCALAR_BYTES])
        cursor += shape.evaluations * SCALAR_BYTES
        opening, opening_at_z = take(2)
        return cls(
            WitnessMessage(packs, mask),
            SumMessage(sums),
            QuotientMessage(chunks),
            _evaluations(scalars, shape),
            opening,
            opening_at_z,
        )


def _scalars(data: bytes) -> tuple[int, ...]:
    scalars = []
    for index in range(len(data) // SCALAR_BYTES):
        value = int.from_bytes(data[index * SCALAR_BYTES : (index + 1) * SCALAR_BYTES], "big")
        if value >= R:
            raise VerificationError("scalar", index=index, expected="below r", found=value)
        scalars.append(value)
    return tuple(scalars)


def _evaluations(scalars: tuple[int, ...], shape: Shape) -> EvaluationMessage:
    lanes, weights = shape.lanes, shape.weight_lanes
    fixed_start = lanes + 2 + weights
    fixed_stop = fixed_start + FIXED_COLUMN_COUNT
    sum_here, sum_next, accumulator_here, accumulator_next, *helper = scalars[fixed_stop:]
    return EvaluationMessage(
        scalars[:lanes],
        scalars[lanes],
        scalars[lanes + 1],
        scalars[lanes + 2 : fixed_start],
        scalars[fixed_start:fixed_stop],
        sum_here,
        sum_next,
        accumulator_here,
        accumulator_next,
        tuple(helper),
    )
