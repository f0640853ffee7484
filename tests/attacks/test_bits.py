"""Fault 26, the two bits of a relu row: with b or d other than 0 and 1 another output would follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import LayoutParameters
from prover.compile.witness import Witness
from prover.protocol.statement import Statement
from tests.attacks.circuits import CONTEXT, Circuit, commit, recount, with_cell
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge
from tests.attacks.test_false_statements import claim_output, output_row
from tests.prover.compile.conftest import broken_constraints

M = 8
INPUTS = (4, 4, 4)
REFUSED = ("opening", "opening", "opening")


@pytest.fixture(scope="module")
def saturated() -> Circuit:
    """One relu neuron with v = 1200, beyond M^3 = 512: d = 1, x_3 = 1, output M^2 - 1."""
    architecture = Architecture((InputRun(3, -4, 4),), (Layer(3, 1, "relu", 100, 40),), None, 3)
    weights = np.full((1, 3), 100, dtype=np.int64), np.zeros(1, dtype=np.int64)
    circuit = commit(architecture, LayoutParameters(32, 9, 6, 2, 2, 3), IntegerWeights((weights,)))
    assert circuit.outputs(INPUTS) == (M**2 - 1,)
    return circuit


def with_limbs(circuit: Circuit, limbs: tuple[int, ...]) -> Witness:
    """Write x_0 .. x_3, b, d of the output row."""
    witness = circuit.witness(INPUTS)
    for lane, value in enumerate(limbs):
        witness = with_cell(witness, "lanes", (lane, output_row(circuit)), value)
    return witness


@pytest.mark.parametrize(
    ("limbs", "output", "broken"),
    [
        ((4, 6, 2, 0, 1, 2), 2 * (M**2 - 1) - (6 + M * 2), {"c5"}),
        ((4, 6, 2, 1, 1, 1), M**2 - 1, set()),
        ((401 % M, 401 // M % M, 401 // M**2, 0, 2, 0), 2 * (401 // M), {"c4"}),
    ],
    ids=["d = 2", "honest", "b = 2"],
)
def test_fault_26_bits_that_are_none(
    limbs: tuple[int, ...], output: int, broken: set[str], saturated: Circuit, verifiers: Verifiers
) -> None:
    """v + M/2 = 1204 is 180 + M^3 2 (1 + 0) with d = 2, as it is 180 + M^3 1 (1 + 1) with d = 1.

    For b the neuron is 1199 + M/2 = 3 * 401, so that (2 b - 1) 401 = 1203 with b = 2.
    """
    circuit = saturated
    if broken == {"c4"}:
        layers = ((circuit.weights.layers[0][0], np.array([-1], dtype=np.int64)),)
        circuit = commit(
            circuit.layout.architecture, circuit.layout.parameters, IntegerWeights(layers)
        )
    witness = recount(circuit.layout, claim_output(circuit, with_limbs(circuit, limbs), output))
    statement = Statement.build(circuit.setup.key, circuit.commitment, CONTEXT, INPUTS, (output,))
    committed = replace(witness, weights=circuit.witness(INPUTS).weights, public=statement.public)
    assert {name for name, _ in broken_constraints(circuit.layout, committed, theta=2**200 + 1)} == broken
    proof = forge(circuit.prover, statement, witness).proof.to_bytes()
    claim = Claim(circuit.key_bytes, circuit.commitment, INPUTS, (output,), proof)
    assert all_verdicts(verifiers, claim) == (REFUSED if broken else (None, None, None))
