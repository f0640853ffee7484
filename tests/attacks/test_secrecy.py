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
from prover.protocol.shape import FIXED_COLUMN_COUNT
from prover.protocol.statement import Statement
from prover.protocol.verify import derive_challenges
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, commit, small_architecture
from tests.attacks.linear_algebra import rank, solve, solve_each

#: A record of decisions: the weights are the same in all of them, the inputs are not.
RECORD = (INPUTS, (4, 4, -4), (0, 1, 2), (-3, 0, 3))


@dataclass(frozen=True)
class Sight:
    """What one proof shows of the weights and of the witness."""

    theta: int
    y: int
    values: EvaluationMessage


def watch(circuit: Circuit, inputs: Sequence[tuple[int, ...]], count: int) -> list[Sight]:
    """Collect the public values of `count` accepted proofs of one strategy, over the inputs in turn."""
    sights = []
    for index in range(count):
        chosen = inputs[index % len(inputs)]
        outputs, proof = circuit.prover.prove(CONTEXT, chosen)
        circuit.setup.verify(CONTEXT, chosen, outputs, proof)
        statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, chosen, outputs)
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
    """Assert the rank condition, then try to solve for the K weight columns of a lane from each public value.

    An entry for every evaluation of message 4, in its order: the coefficients of K columns, or None when no
    columns give these values.
    """
    system = weight_system(circuit, sights)
    shape = circuit.setup.key.shape
    unknowns = shape.weight_packs * (shape.rows + 1)
    assert len(system[0]) == unknowns <= len(sights) - 2
    seen = zip(*(sight.values.scalars() for sight in sights), strict=True)
    found_rank, solutions = solve_each(system, list(seen))
    assert found_rank == unknowns
    return solutions


def weight_slots(circuit: Circuit) -> range:
    """Where u'_0(y) .. u'_{wa-1}(y) stand in message 4."""
    shape = circuit.setup.key.shape
    return range(shape.lanes + 2, shape.lanes + 2 + shape.weight_lanes)


def fixed_slots(circuit: Circuit) -> range:
    """Where the fixed columns stand, which everybody knows."""
    start = weight_slots(circuit).stop
    return range(start, start + FIXED_COLUMN_COUNT)


def assert_nothing_is_found(circuit: Circuit, sights: Sequence[Sight]) -> None:
    """No public value but those of the public columns is a combination of columns that stay the same."""
    found = recover_weights(circuit, sights)
    solved = [slot for slot, solution in enumerate(found) if solution is not None]
    assert solved == list(fixed_slots(circuit))


def assert_weights_are_found(circuit: Circuit, sights: Sequence[Sight]) -> None:
    """Every weight column of every lane comes out, with the constant multiple of Z_H that is no mask."""
    found = recover_weights(circuit, sights)
    rows = circuit.setup.key.shape.rows
    for lane, slot in enumerate(weight_slots(circuit)):
        expected = committed_coefficients(circuit, lane)
        expected[0], expected[rows] = (expected[0] - 1) % R, (expected[rows] + 1) % R  # + Z_H
        assert found[slot] == expected


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
    assert_nothing_is_found(circuit, watch(circuit, RECORD, proofs_needed(circuit)))


def test_the_same_attack_succeeds_without_the_mask(circuit: Circuit, monkeypatch: pytest.MonkeyPatch) -> None:
    unmask_weights(monkeypatch)
    assert_weights_are_found(circuit, watch(circuit, RECORD, proofs_needed(circuit)))


def test_no_number_of_proofs_of_one_input_gives_a_witness_column(circuit: Circuit) -> None:
    """The lanes, o and m of one input are the same in every proof; their masks are not."""
    rows = circuit.setup.key.shape.rows
    sights = watch(circuit, [INPUTS], rows + 1)
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
    sights = watch(circuit, [INPUTS], rows + 1)
    system = [[pow(sight.y, power, R) for power in range(rows)] for sight in sights]
    found = solve(system, [sight.values.lanes[0] for sight in sights])
    kernel = circuit.prover.proving_key.kernel
    assert found == kernel.ints(kernel.intt(kernel.from_int64(circuit.witness().lanes[0])))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("masked", [True, False], ids=["masked", "mask-off"])
def test_no_number_of_proofs_gives_the_weights_of_r1(masked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At full size: 516 proofs, 514 unknowns a lane, of four lanes."""
    architecture = reference_architecture("r1")
    circuit = commit(architecture, LAYOUTS["r1"], random_weights(architecture, 1))
    record = [tuple(range(start, start + 32)) for start in (-16, 0, 100)]
    if masked:
        assert_nothing_is_found(circuit, watch(circuit, record, proofs_needed(circuit)))
    else:
        unmask_weights(monkeypatch)
        assert_weights_are_found(circuit, watch(circuit, record, proofs_needed(circuit)))
