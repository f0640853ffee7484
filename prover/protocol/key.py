"""The verifying key: its bytes, its digest and the conditions on it (docs/protocol.md sections 5.3 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from eth_hash.auto import keccak

from prover.errors import VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.field import root_of_unity
from prover.protocol.shape import POINT_BYTES, Shape
from prover.protocol.transcript import encode_word

MAGIC = b"provault/verifying-key" + bytes(6) + (1).to_bytes(4, "big")
HEADER_WORDS = 18
OPTIMISER = 2
INTEGER_LOW, INTEGER_HIGH = -(2**127), 2**127


@dataclass(frozen=True)
class BoundRun:
    """`count` consecutive inputs that all lie in [low, high]."""

    count: int
    low: int
    high: int


@dataclass(frozen=True)
class VerifyingKey:
    """Everything public that a proof of one circuit is checked against."""

    circuit_digest: bytes
    ceremony_digest: bytes
    shape: Shape  # n, t, L, wa, K, N, bus sums
    limb_bits: int  # lam
    public_count: int  # |pub|
    input_count: int  # n_in
    output_count: int  # n_out
    omega: int
    rows_inverse: int  # 1 / n mod r
    optimiser: int
    bounds: tuple[BoundRun, ...]
    fixed: tuple[bytes, ...]  # commitments of the fixed packs, 96 bytes each

    def to_bytes(self) -> bytes:
        """Serialise as `key.bin`."""
        shape = self.shape
        words = (
            shape.rows,
            shape.pack_columns,
            shape.lanes,
            shape.weight_lanes,
            shape.weight_packs,
            self.limb_bits,
            shape.powers,
            shape.bus_sums - 1,
            self.public_count,
            self.input_count,
            self.output_count,
            len(self.bounds),
            self.omega,
            self.rows_inverse,
            self.optimiser,
        )
        runs = b"".join(
            encode_word(run.count) + _encode_signed(run.low) + _encode_signed(run.high) for run in self.bounds
        )
        return (
            MAGIC
            + self.circuit_digest
            + self.ceremony_digest
            + b"".join(map(encode_word, words))
            + runs
            + b"".join(self.fixed)
        )

    @cached_property
    def digest(self) -> bytes:
        """Return key_digest = Keccak-256(key.bin)."""
        return keccak(self.to_bytes())

    @property
    def output_start(self) -> int:
        """Return the index in the public vector at which the outputs start: ceil(n_in / wa) wa."""
        return padded(self.input_count, self.shape.weight_lanes)

    def public_vector(self, inputs: Sequence[int], outputs: Sequence[int]) -> tuple[int, ...]:
        """Lay inputs and outputs out over the public cells, zeros between (section 5.1).

        Raises: VerificationError `count` or `input`.
        """
        found = len(inputs) + len(outputs)
        if len(inputs) != self.input_count or len(outputs) != self.output_count:
            raise VerificationError("count", expected=self.input_count + self.output_count, found=found)
        for index, value in enumerate((*inputs, *outputs)):
            if type(value) is not int:
                kind = type(value).__name__
                raise VerificationError("input", index=index, expected="an integer", found=kind)
            if not INTEGER_LOW <= value < INTEGER_HIGH:
                raise VerificationError("input", index=index, expected="within [-2^127, 2^127)", found=value)
        index = 0
        for run in self.bounds:
            for value in inputs[index : index + run.count]:
                if not run.low <= value <= run.high:
                    expected = f"within [{run.low}, {run.high}]"
                    raise VerificationError("input", index=index, expected=expected, found=value)
                index += 1
        middle = (0,) * (self.output_start - self.input_count)
        tail = (0,) * (self.public_count - self.output_start - self.output_count)
        return (*inputs, *middle, *outputs, *tail)

    @classmethod
    def from_bytes(cls, data: bytes) -> VerifyingKey:
        """Parse and check `key.bin`.

        Raises: VerificationError `key` for anything that is not exactly as section 7 says.
        """
        if len(data) < HEADER_WORDS * 32 or data[:32] != MAGIC:
            raise VerificationError("key", expected="magic and version of key.bin")
        word = [int.from_bytes(data[index * 32 : index * 32 + 32], "big") for index in range(HEADER_WORDS)]
        if word[10] not in (0, 1):
            raise VerificationError("key", expected="flags 0 or 1", found=word[10])
        shape = Shape(word[3], word[4], word[5], word[6], word[7], word[9], 1 + word[10])
        check_shape(shape, word[8])
        run_count = word[14]
        if run_count > word[12]:
            raise VerificationError("key", expected="at most one bound run an input", found=run_count)
        points_start = (HEADER_WORDS + 3 * run_count) * 32
        expected_length = points_start + POINT_BYTES * shape.fixed_packs
        if len(data) != expected_length:
            raise VerificationError("key", expected=f"{expected_length} bytes", found=len(data))
        key = cls(
            circuit_digest=data[32:64],
            ceremony_digest=data[64:96],
            shape=shape,
            limb_bits=word[8],
            public_count=word[11],
            input_count=word[12],
            output_count=word[13],
            omega=word[15],
            rows_inverse=word[16],
            optimiser=word[17],
            bounds=tuple(
                _parse_run(data[start : start + 96]) for start in range(HEADER_WORDS * 32, points_start, 96)
            ),
            fixed=tuple(data[start : start + 96] for start in range(points_start, len(data), POINT_BYTES)),
        )
        key.check()
        return key

    def check(self) -> None:
        """Check omega, 1/n, |pub| and the bound runs; raises VerificationError `key`."""
        shape = self.shape
        check_shape(shape, self.limb_bits)
        if self.omega != root_of_unity(shape.rows):
            raise VerificationError("key", expected="omega = 7^((r-1)/n)", found=self.omega)
        if self.rows_inverse >= R or self.rows_inverse * shape.rows % R != 1:
            raise VerificationError("key", expected="1/n", found=self.rows_inverse)
        if self.optimiser != OPTIMISER:
            raise VerificationError("key", expected=f"optimiser {OPTIMISER}", found=self.optimiser)
        if self.input_count < 1 or self.output_count < 1:
            raise VerificationError("key", expected="at least one input and one output")
        expected = padded(self.output_start + self.output_count, shape.lanes)
        if self.public_count != expected:
            raise VerificationError("key", expected=f"{expected} public cells", found=self.public_count)
        for run, following in zip(self.bounds, self.bounds[1:], strict=False):
            if (run.low, run.high) == (following.low, following.high):
                raise VerificationError("key", expected="neighbouring bound runs to differ")
        if sum(run.count for run in self.bounds) != self.input_count:
            raise VerificationError("key", expected=f"bounds for {self.input_count} inputs")
        for run in self.bounds:
            if run.count < 1 or not -(2**62) <= run.low <= run.high <= 2**62:
                raise VerificationError(
                    "key", expected="a non-empty run with low <= high within 2^62", found=run
                )


def padded(count: int, multiple: int) -> int:
    """Round `count` up to a multiple."""
    return -(-count // multiple) * multiple


def check_shape(shape: Shape, limb_bits: int) -> None:
    """Check the rule `parameters` of section 5.3; raises VerificationError `key`."""
    rows = shape.rows
    conditions = {
        "n = 2^k, 1 <= k <= 32": 2 <= rows <= 2**32 and rows & (rows - 1) == 0,
        "L >= 6": 6 <= shape.lanes <= 2**16,
        "1 <= wa <= min(L, t)": 1 <= shape.weight_lanes <= min(shape.lanes, shape.pack_columns),
        "t >= 2, t >= 3 with two bus sums": shape.pack_columns >= shape.sum_columns,
        "t (n + 4) <= N": shape.pack_columns * (rows + 4) <= shape.powers,
        "K >= 1": 1 <= shape.weight_packs <= 2**16,
        "1 <= lam <= 12": 1 <= limb_bits <= 12,
    }
    for condition, holds in conditions.items():
        if not holds:
            raise VerificationError("key", expected=condition, found=(shape, limb_bits))


def strategy_commitment(key_digest: bytes, commitment: bytes) -> bytes:
    """Return Keccak-256(key_digest || [S_0] || .. || [S_{K-1}])."""
    return keccak(key_digest + commitment)


def _encode_signed(value: int) -> bytes:
    return value.to_bytes(32, "big", signed=True)


def _parse_run(data: bytes) -> BoundRun:
    count = int.from_bytes(data[:32], "big")
    low, high = (int.from_bytes(data[start : start + 32], "big", signed=True) for start in (32, 64))
    return BoundRun(count, low, high)
