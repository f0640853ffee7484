"""Weights stay secret over any number of proofs: public values are collected and solved for the weights.

A column that is the same in every proof and evaluated in the clear is interpolated after as many proofs as it
has rows. The opened weight columns are sum_k theta^k s_{i,k} + Z_H (p_i + p'_i X) with p fresh, so that the
system in the unknowns y^i theta^k, i <= n, k < K, has no solution. With the mask fixed it has one: they leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from prover.compile.demo_weights import random_weights
from prover.compile.layout import LayoutParameters
from prover.compile.reference import LAYOUTS, reference_architecture
from prover.field import SCALAR_MODULUS as R
from prover.protocol.messages import EvaluationMessage, Proof
from prover.protocol.randomness import MaskSource
from prover.protocol.statement import Statement
from prover.protocol.verify import derive_challenges
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, commit, small_architecture
from tests.attacks.linear_algebra import rank, solve


@dataclass(frozen=True)
class Sight:
    """What one proof shows of the weights and of the witness."""

    theta: int
    y: int
    values: EvaluationMessage


def watch(circuit: Circuit, inputs: tuple[int, ...], count: int) -> list[Sight]:
    """Collect the public values of `count` accepted proofs of one strategy and one input."""
    sights = []
    for _ in range(count):
        outputs, proof = circuit.prover.prove(CONTEXT, inputs)
        circuit.setup.verify(CONTEXT, inputs, outputs, proof)
        statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, inputs, outputs)
        decoded = Proof.from_bytes(proof, circuit.setup.key.shape)
        challenges = derive_challenges(statement, decoded)
        sights.append(Sight(challenges.first.theta, challenges.y, decoded.evaluations))
    return sights


def weight_system(circuit: Circuit, sights: Sequence[Sight]) -> list[list[int]]:
    """Return one row of theta^k y^i a proof, i <= n, k < K."""
    shape = circuit.setup.key.shape
    rows = []
    for sight in sights:
        powers = [1]
        for _ in range(shape.rows):
            powers.append(powers[-1] * sight.y % R)
        rows.append(
            [pow(sight.theta, pack, R) * power % R for pack in range(shape.weight_packs) for power in powers]
        )
    return rows


def unmask_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the re-randomisation off: p_i = 1 and p'_i = 0 in every proof (P = 0 has no encoding)."""
    honest = MaskSource.scalar

    def fixed(self: MaskSource, label: str) -> int:
        return int(label.endswith("/0")) if label.startswith("1/P") else honest(self, label)

    monkeypatch.setattr(MaskSource, "scalar", fixed)


def recover_weights(circuit: Circuit, sights: Sequence[Sight]) -> list[list[int] | None]:
    """Try to solve for every weight lane; an entry is the coefficients of its K columns, or None."""
    system = weight_system(circuit, sights)
    lanes = circuit.setup.key.shape.weight_lanes
    return [solve(system, [sight.values.weights[lane] for sight in sights]) for lane in range(lanes)]


def committed_coefficients(circuit: Circuit, lane: int) -> list[int]:
    """Return the coefficients that the commitment holds for a lane, K columns of n + 1 each."""
    kernel = circuit.prover.proving_key.kernel
    return [value for pack in circuit.prover.weight_columns.packs for value in kernel.ints(pack[lane])]


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    """n = 64, K = 2."""
    architecture = small_architecture("signed")
    return commit(architecture, LayoutParameters(64, 9, 6, 2, 2, 3), random_weights(architecture, 3))


def proofs_needed(circuit: Circuit) -> int:
    shape = circuit.setup.key.shape
    return shape.weight_packs * (shape.rows + 1) + 2


def test_no_number_of_proofs_gives_the_weights(circuit: Circuit) -> None:
    sights = watch(circuit, INPUTS, proofs_needed(circuit))
    assert rank(weight_system(circuit, sights)) == proofs_needed(circuit) - 2
    assert recover_weights(circuit, sights) == [None] * circuit.setup.key.shape.weight_lanes


def test_the_same_attack_succeeds_without_the_mask(circuit: Circuit, monkeypatch: pytest.MonkeyPatch) -> None:
    unmask_weights(monkeypatch)
    sights = watch(circuit, INPUTS, proofs_needed(circuit))
    assert rank(weight_system(circuit, sights)) == proofs_needed(circuit) - 2
    rows = circuit.setup.key.shape.rows
    for lane, found in enumerate(recover_weights(circuit, sights)):
        expected = committed_coefficients(circuit, lane)
        expected[0], expected[rows] = (expected[0] - 1) % R, (expected[rows] + 1) % R  # + Z_H
        assert found == expected


def test_no_number_of_proofs_of_one_input_gives_a_witness_column(circuit: Circuit) -> None:
    """The lanes, o and m of one input are the same in every proof; their masks are not."""
    rows = circuit.setup.key.shape.rows
    sights = watch(circuit, INPUTS, rows + 1)
    system = [[pow(sight.y, power, R) for power in range(rows)] for sight in sights]
    assert rank(system) == rows
    for column in range(circuit.setup.key.shape.lanes + 2):
        assert solve(system, [sight.values.witness_columns()[column] for sight in sights]) is None


def test_a_witness_column_without_masks_is_found(circuit: Circuit, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = MaskSource.scalar
    monkeypatch.setattr(
        MaskSource, "scalar", lambda self, label: 0 if label.startswith("1/x0/") else honest(self, label)
    )
    rows = circuit.setup.key.shape.rows
    sights = watch(circuit, INPUTS, rows + 1)
    system = [[pow(sight.y, power, R) for power in range(rows)] for sight in sights]
    found = solve(system, [sight.values.lanes[0] for sight in sights])
    kernel = circuit.prover.proving_key.kernel
    assert found == kernel.ints(kernel.intt(kernel.from_int64(circuit.witness().lanes[0])))


@pytest.mark.long
def test_no_number_of_proofs_gives_the_weights_of_r1() -> None:
    """At full size: 516 proofs, 514 unknowns a lane."""
    architecture = reference_architecture("r1")
    circuit = commit(architecture, LAYOUTS["r1"], random_weights(architecture, 1))
    sights = watch(circuit, tuple(range(-16, 16)), proofs_needed(circuit))
    assert rank(weight_system(circuit, sights)) == proofs_needed(circuit) - 2
    assert recover_weights(circuit, sights) == [None] * circuit.setup.key.shape.weight_lanes
