"""Committed circuits of many shapes and honest proofs of them, for the contract that verifies."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from contracts.registration import PREFIX
from prover.compile.architecture import Activation, Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.layout import LayoutParameters, build_layout
from prover.protocol.prove import Prover
from prover.protocol.proving_key import build_proving_key
from prover.protocol.registration import register

CONTEXT = bytes(range(1, 33))


@dataclass(frozen=True)
class Shape:
    """A network and its layout."""

    runs: tuple[tuple[int, int, int], ...]  # count, low, high
    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    shift_bits: int
    weight_bound: int
    bias_bound: int
    layout: LayoutParameters

    @property
    def architecture(self) -> Architecture:
        runs = tuple(InputRun(*run) for run in self.runs)
        pairs = zip(self.sizes, self.sizes[1:], self.activations, strict=False)
        layers = tuple(Layer(a, b, kind, self.weight_bound, self.bias_bound) for a, b, kind in pairs)
        return Architecture(runs, layers, None, self.shift_bits)


#: Each name says what its shape is there for.
SHAPES = {
    # one pack of each kind, one chunk: the contract's straight-line path
    "single": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "signed"), 4, 7, 50, LayoutParameters(64, 9, 6, 4, 2, 4)
    ),
    "single_runs": Shape(
        ((3, -9, 9), (2, 0, 20), (1, -5, -1)),
        (6, 2, 1),
        ("relu", "relu"),
        4,
        7,
        50,
        LayoutParameters(64, 10, 8, 3, 1, 4),
    ),
    "single_wide": Shape(
        ((8, -9, 9),), (8, 2, 3), ("signed", "relu"), 4, 7, 50, LayoutParameters(64, 10, 7, 5, 3, 4)
    ),
    # several packs of columns, loops over packs
    "packs": Shape(
        ((3, -9, 9),), (3, 4, 2), ("relu", "signed"), 4, 7, 50, LayoutParameters(64, 4, 7, 3, 3, 4)
    ),
    "packs_two": Shape(
        ((1, -9, 9), (6, 0, 5)),
        (7, 2, 2),
        ("signed", "signed"),
        4,
        7,
        50,
        LayoutParameters(64, 2, 6, 2, 5, 4),
    ),
    "packs_wide": Shape(
        ((9, -9, 9),), (9, 3, 1), ("relu", "relu"), 4, 7, 50, LayoutParameters(64, 8, 11, 6, 2, 4)
    ),
    # one chunk and one pack of one kind, two of the other
    "fixed_two": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "signed"), 4, 7, 50, LayoutParameters(64, 8, 6, 4, 2, 4)
    ),
    "witness_two": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "signed"), 4, 7, 50, LayoutParameters(64, 9, 8, 4, 2, 4)
    ),
    # one pack of each kind, and one thing more than the straight-line path has places for
    "single_packs": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "signed"), 4, 7, 50, LayoutParameters(64, 9, 6, 4, 5, 4)
    ),
    "single_crowded": Shape(
        tuple((1, -9, 9 + index % 2) for index in range(12)),
        (12, 2, 1),
        ("relu", "signed"),
        4,
        7,
        50,
        LayoutParameters(64, 9, 6, 4, 4, 4),
    ),
    "single_public": Shape(
        ((50, -9, 9),), (50, 2, 1), ("relu", "signed"), 4, 1, 50, LayoutParameters(128, 9, 6, 4, 3, 4)
    ),
    # many strategy commitments, read through a window: 16 + 8 + 2 of them
    "many": Shape(
        ((4, -9, 9),), (4, 26, 1), ("relu", "signed"), 4, 7, 50, LayoutParameters(128, 9, 6, 4, 26, 4)
    ),
    # a quotient in several chunks
    "chunks": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "relu"), 4, 7, 50, LayoutParameters(512, 3, 8, 3, 3, 4)
    ),
    # two bus sums: h = 3, h = 5 with lanes beyond the sixth, one pack of each kind, several chunks
    "sums": Shape(
        ((5, -9, 9),),
        (5, 3, 2),
        ("relu", "signed"),
        4,
        7,
        50,
        LayoutParameters(64, 3, 7, 3, 2, 4, bus_sums=2),
    ),
    "sums_wide": Shape(
        ((2, -9, 9), (2, 0, 9)),
        (4, 5, 1),
        ("signed", "relu"),
        4,
        7,
        50,
        LayoutParameters(64, 5, 11, 5, 3, 4, bus_sums=2),
    ),
    "sums_single": Shape(
        ((5, -9, 9),), (5, 3, 2), ("relu", "relu"), 4, 7, 50, LayoutParameters(64, 10, 8, 4, 2, 4, bus_sums=2)
    ),
    "sums_chunks": Shape(
        ((5, -9, 9),),
        (5, 3, 2),
        ("relu", "relu"),
        4,
        7,
        50,
        LayoutParameters(1024, 3, 6, 3, 3, 4, bus_sums=2),
    ),
    # the two networks whose gas is stated, and the first of them made for time
    "r1": Shape(
        ((32, -2000, 2000),),
        (32, 32, 16, 1),
        ("relu", "relu", "signed"),
        7,
        255,
        2**18,
        LayoutParameters(256, 9, 6, 4, 2, 7),
    ),
    "r1_fast": Shape(
        ((32, -2000, 2000),),
        (32, 32, 16, 1),
        ("relu", "relu", "signed"),
        7,
        255,
        2**18,
        LayoutParameters(256, 4, 6, 4, 2, 7, bus_sums=2),
    ),
    "r2": Shape(
        ((64, -2000, 2000),),
        (64, 256, 128, 1),
        ("relu", "relu", "signed"),
        8,
        100,
        2**18,
        LayoutParameters(1024, 3, 6, 3, 32, 8),
    ),
}


@dataclass(frozen=True)
class Case:
    """One honest proof with everything that is handed to a verifier."""

    key: bytes
    commitment: bytes
    context: bytes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes

    @property
    def code(self) -> bytes:
        return PREFIX + self.key + self.commitment

    @property
    def public(self) -> tuple[int, ...]:
        return (*self.inputs, *self.outputs)

    def with_proof(self, proof: bytes) -> Case:
        return replace(self, proof=proof)

    def with_public(self, public: Sequence[int]) -> Case:
        count = len(self.inputs)
        return replace(self, inputs=tuple(public[:count]), outputs=tuple(public[count:]))

    def with_word(self, index: int, value: int) -> Case:
        """Replace one word of the key."""
        start = 32 * index
        return replace(
            self, key=self.key[:start] + (value % 2**256).to_bytes(32, "big") + self.key[start + 32 :]
        )

    def word(self, index: int) -> int:
        return int.from_bytes(self.key[32 * index : 32 * index + 32], "big")


@cache
def prover_of(name: str, seed: int = 5) -> Prover:
    """Build a circuit and commit to random weights."""
    shape = SHAPES[name]
    proving_key = build_proving_key(build_layout(shape.architecture, shape.layout))
    strategy, _ = register(proving_key, random_weights(shape.architecture, seed))
    return Prover.of(proving_key, strategy)


def fresh_case(name: str, seed: int, context: bytes = CONTEXT) -> Case:
    """Prove one decision on inputs drawn from the seed, bounds included now and then."""
    prover = prover_of(name)
    draw = random.Random(seed)
    inputs = tuple(
        draw.choice((low, high, draw.randint(low, high), draw.randint(low, high)))
        for low, high in SHAPES[name].architecture.input_bounds
    )
    outputs, proof = prover.prove(context, inputs)
    return Case(prover.proving_key.key.to_bytes(), prover.commitment, context, inputs, outputs, proof)


@cache
def case(name: str) -> Case:
    """One honest proof of a shape, the same in the whole run."""
    return fresh_case(name, 1)
