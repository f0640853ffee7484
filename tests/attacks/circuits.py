"""Small committed circuits that attacks work on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from prover.compile.architecture import Activation, Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import IntegerWeights, evaluate
from prover.compile.layout import Layout, LayoutParameters, build_layout
from prover.compile.witness import Witness, fill_witness
from prover.kernel import default_kernel
from prover.protocol.prove import Prover
from prover.protocol.proving_key import build_proving_key
from prover.protocol.registration import register
from prover.protocol.verify import VerifierSetup

CONTEXT = bytes(range(32))
INPUTS = (3, -2, 1)


@dataclass(frozen=True)
class Circuit:
    """A committed network with everything that its prover and its verifiers hold."""

    prover: Prover
    setup: VerifierSetup

    @property
    def layout(self) -> Layout:
        return self.prover.proving_key.layout

    @property
    def key_bytes(self) -> bytes:
        return self.setup.key.to_bytes()

    @property
    def commitment(self) -> bytes:
        return self.prover.commitment

    @property
    def weights(self) -> IntegerWeights:
        return self.prover.strategy.weights

    def witness(self, inputs: tuple[int, ...] = INPUTS) -> Witness:
        return fill_witness(self.layout, self.weights, inputs)

    def outputs(self, inputs: tuple[int, ...] = INPUTS) -> tuple[int, ...]:
        return evaluate(self.layout.architecture, self.weights, inputs)


def small_architecture(last: Activation) -> Architecture:
    """3 inputs, 3 hidden relu neurons (one block of 2 and one of 1), 1 output; M = 8."""
    return Architecture(
        (InputRun(3, -4, 4),), (Layer(3, 3, "relu", 9, 40), Layer(3, 1, last, 9, 40)), None, 3
    )


def commit(architecture: Architecture, parameters: LayoutParameters, weights: IntegerWeights) -> Circuit:
    """Build the key, commit, and load a verifier."""
    proving_key = build_proving_key(build_layout(architecture, parameters))
    strategy, commitment = register(proving_key, weights)
    setup = VerifierSetup.load(
        default_kernel(), proving_key.ceremony, proving_key.key.to_bytes(), commitment
    )
    return Circuit(Prover.of(proving_key, strategy), setup)


def small_circuit(last: Activation, *, seed: int = 3, bus_sums: int = 1) -> Circuit:
    """Commit to a small network in 32 rows: L = 6, wa = 2, K = 2, lam = 3; t = 9, or 4 with two bus sums."""
    architecture = small_architecture(last)
    parameters = LayoutParameters(32, 9 if bus_sums == 1 else 4, 6, 2, 2, 3, bus_sums=bus_sums)
    return commit(architecture, parameters, random_weights(architecture, seed))


def recount(layout: Layout, witness: Witness) -> Witness:
    """Set m to what an adversary would choose: the number of fetches of exactly the provided pair.

    A pair that nobody provides stays uncounted, whatever m is.
    """
    q_c = layout.q_dot + layout.q_pub
    fetched: dict[tuple[int, int], int] = {}
    for lane, values in enumerate(witness.lanes):
        for row, value in enumerate(values):
            pair = (int(layout.base[row] + lane * q_c[row]), int(value))
            fetched[pair] = fetched.get(pair, 0) + 1
    m = np.array(
        [
            fetched.get((int(address), int(value)), 0)
            for address, value in zip(layout.padr, witness.o, strict=True)
        ],
        dtype=np.int64,
    )
    return replace(witness, m=m)


def with_cell(witness: Witness, column: str, index: tuple[int, ...], value: int) -> Witness:
    """Change one cell of one column of a witness."""
    array = getattr(witness, column).copy()
    array[index] = value
    return replace(witness, **{column: array})
