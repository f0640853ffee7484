"""The gas literals of the layout cost model are what a chain and the verifier contract take."""

from __future__ import annotations

import json

import pytest

from agent.cli import run
from agent.gas_constants import FIT_LAYOUTS, Verification, fit_verifications, product_gas
from contracts.node import Anvil
from prover.compile import cost_model
from prover.compile.contract_limits import contract_refuses
from prover.compile.parameters import LayoutParameters
from prover.compile.proof_counts import ProofCounts, count_proof
from prover.compile.reference import reference_architecture

#: How far a measurement may be from its literal. Few layouts have several chunks, and they cost least.
TOLERANCES = {
    "g1_msm_gas": 0.0,
    "g1_discount_entries": 0.0,
    "calldata_byte_gas": 0.0,
    "point_gas": 0.1,
    "evaluation_gas": 0.1,
    "general_path_gas": 0.1,
    "chunks_gas": 0.3,
}
PRODUCTS = [
    cost_model.G1_MSM_GAS * points * discount // 1000
    for points, discount in enumerate(cost_model.G1_DISCOUNT, start=1)
]


def fitted_layouts() -> list[tuple[LayoutParameters, ProofCounts]]:
    architecture = reference_architecture("r1")
    found = []
    for n, t, lanes, wa, packs, sums in FIT_LAYOUTS:
        parameters = LayoutParameters(n, t, lanes, wa, packs, 7, bus_sums=sums)
        counts = count_proof(architecture, parameters)
        assert contract_refuses(architecture, parameters, counts) == ""
        found.append((parameters, counts))
    return found


def test_the_fit_finds_the_literals_in_what_the_model_says() -> None:
    """The layouts tell the four parts apart: gas made by the model gives the model's own numbers back."""
    rows = []
    for parameters, counts in fitted_layouts():
        estimate = cost_model.estimate(reference_architecture("r1"), parameters)
        rows.append(
            Verification(
                counts.product_points,
                counts.evaluations,
                counts.proof_bytes,
                cost_model.takes_loops(parameters, counts),
                counts.chunks > 1,
                100_000 + estimate.gas,
            )
        )
    fit = fit_verifications(rows, PRODUCTS, cost_model.CALLDATA_BYTE_GAS)
    assert fit.residual < 1
    assert fit.found == pytest.approx(
        {
            "point_gas": cost_model.POINT_GAS,
            "evaluation_gas": cost_model.EVALUATION_GAS,
            "general_path_gas": cost_model.GENERAL_PATH_GAS,
            "chunks_gas": cost_model.CHUNKS_GAS,
        }
    )


def test_the_layouts_differ_in_everything_that_is_fitted() -> None:
    found = fitted_layouts()
    assert len(found) == len(set(FIT_LAYOUTS)) == 15
    loops = [cost_model.takes_loops(*each) for each in found]
    assert 5 <= sum(loops) <= 10
    assert sum(counts.chunks > 1 for _, counts in found) >= 3
    assert {parameters.bus_sums for parameters, _ in found} == {1, 2}


def test_a_product_costs_what_the_model_says() -> None:
    with Anvil() as node:
        for points in (1, 2, 10, 45, 60):
            assert product_gas(node, points) == PRODUCTS[points - 1]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_literals_are_near_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "constants", "--only", "gas", "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert set(document) == set(TOLERANCES)
    for name, entry in document.items():
        assert entry["measured"] == pytest.approx(entry["literal"], rel=TOLERANCES[name]), name
    (line,) = [line for line in captured.err.splitlines() if line.startswith("largest residual")]
    assert int(line.split()[5]) < 2_000
