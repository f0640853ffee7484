"""The choice of layout: deterministic, in integers, and the cheapest that fits."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.cells import count_rows
from prover.compile.contract_limits import contract_refuses
from prover.compile.cost_model import choose_parameters, cost, estimate, rank_parameters
from prover.compile.layout import LayoutParameters, build_layout
from prover.compile.proof_counts import count_proof
from prover.compile.reference import dense_architecture, reference_architecture
from prover.errors import LayoutError
from prover.protocol.shape import Shape


def test_the_reference_networks_get_their_layouts(r1, r1_clipped, r2):
    assert choose_parameters(r1) == LayoutParameters(256, 9, 6, 4, 2, 7)
    assert choose_parameters(r1_clipped) == LayoutParameters(256, 9, 6, 4, 2, 7)
    assert choose_parameters(r2) == LayoutParameters(1024, 3, 6, 3, 32, 8)
    assert choose_parameters(r2, objective="time") == LayoutParameters(1024, 3, 6, 3, 32, 8, bus_sums=2)
    assert (build_layout(r1_clipped, choose_parameters(r1_clipped)).row_kind != 0).sum() == 255


def test_the_choice_is_the_cheapest_of_its_neighbours(r1):
    chosen = choose_parameters(r1)
    cheapest = cost(r1, chosen)
    fits = 0
    for field in ("rows", "pack_columns", "lanes", "weight_lanes", "weight_packs", "bus_sums"):
        value = getattr(chosen, field)
        for other in {value - 1, value + 1, value * 2, value // 2}:
            neighbour = replace(chosen, **{field: other})
            try:
                build_layout(r1, neighbour)
            except LayoutError:
                continue
            fits += 1
            assert cost(r1, neighbour) > cheapest, neighbour
    assert fits > 3


def test_fewest_weight_packs_are_chosen(r2):
    chosen = choose_parameters(r2)
    assert count_rows(r2, replace(chosen, weight_packs=chosen.weight_packs - 1)).needed > chosen.rows


def test_costs_are_integers(r1):
    for objective in ("time", "gas", "balanced"):
        assert type(cost(r1, choose_parameters(r1), objective)) is int


def test_a_network_that_fits_nowhere_is_refused():
    network = Architecture((InputRun(3000, 0, 1),), (Layer(3000, 1, "relu", 1, 0),), None, 7)
    with pytest.raises(LayoutError) as caught:
        choose_parameters(network)
    assert caught.value.rule == "rows"


def test_a_network_beyond_its_limbs_is_refused():
    network = Architecture((InputRun(1, 0, 1),), (Layer(1, 1, "relu", 0, 2**40),), None, 7)
    with pytest.raises(LayoutError) as caught:
        choose_parameters(network)
    assert caught.value.rule == "bounds"


def test_more_powers_allow_more_rows(r2):
    chosen = choose_parameters(r2, powers=2**15)
    assert chosen.powers == 2**15
    assert chosen.pack_columns * (chosen.rows + 4) <= 2**15
    build_layout(r2, chosen)


def test_each_objective_minimises_what_it_names(r1):
    ranked = {name: rank_parameters(r1, objective=name) for name in ("time", "gas", "balanced")}
    fastest = min(c.estimate.prove_micros for c in ranked["gas"])
    assert fastest <= ranked["time"][0].estimate.prove_micros < 1.02 * fastest
    assert ranked["gas"][0].estimate.gas == min(c.estimate.gas for c in ranked["time"])
    assert (ranked["time"][0].parameters.bus_sums, ranked["gas"][0].parameters.bus_sums) == (2, 1)
    assert ranked["balanced"][0].parameters == choose_parameters(r1)


def test_candidates_are_listed_cheapest_first_and_all_fit(r1):
    ranked = rank_parameters(r1, off_chain=True)
    assert [candidate.cost for candidate in ranked] == sorted(candidate.cost for candidate in ranked)
    assert ranked[0].estimate == estimate(r1, ranked[0].parameters)
    for candidate in ranked[:3] + ranked[-3:]:
        build_layout(r1, candidate.parameters)


def test_the_choice_does_not_depend_on_the_process(r1):
    """Hash order, threads and clock change nothing: another interpreter ranks the same layouts alike."""
    program = (
        "from prover.compile.cost_model import rank_parameters;"
        "from prover.compile.reference import reference_architecture;"
        "print([c.parameters.to_bytes() for c in rank_parameters(reference_architecture('r1'))][:50])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "TZ": "Asia/Tokyo"}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    here = [c.parameters.to_bytes() for c in rank_parameters(reference_architecture("r1"))][:50]
    assert (found.stderr, found.stdout.strip()) == ("", str(here))


def test_counts_are_those_of_the_protocol(r1):
    """The optimiser counts what `Shape` counts, for layouts of both kinds."""
    for candidate in rank_parameters(r1)[::40]:
        p = candidate.parameters
        shape = Shape(p.rows, p.pack_columns, p.lanes, p.weight_lanes, p.weight_packs, p.powers, p.bus_sums)
        counts = count_proof(r1, p)
        assert (counts.witness_packs, counts.fixed_packs) == (shape.witness_packs, shape.fixed_packs)
        assert (counts.degree_bound, counts.chunks) == (shape.quotient_degree_bound, shape.quotient_chunks)
        assert (counts.evaluations, counts.proof_bytes) == (shape.evaluations, shape.proof_bytes)
        assert (counts.sum_columns, counts.product_points) == (shape.sum_columns, shape.product_terms)


def test_what_the_contract_refuses_comes_last_unless_it_is_not_for_the_chain():
    """64-512-64-1 needs more weight packs than the contract has points for in the quickest layout."""
    network = dense_architecture((40, 240, 120, 1), 7)
    on_chain = rank_parameters(network, objective="time", powers=4096)
    assert on_chain[0].refused_on_chain == ""
    refused = [bool(candidate.refused_on_chain) for candidate in on_chain]
    assert any(refused) and refused == sorted(refused)
    anywhere = rank_parameters(network, objective="time", off_chain=True)
    assert [c.cost for c in anywhere] == sorted(c.cost for c in on_chain)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"powers": 8192}, "powers"),
        ({"lanes": 17}, "lanes"),
        ({"lanes": 12, "bus_sums": 2}, "lanes"),
        ({"weight_packs": 64}, "weight packs"),
        ({"weight_packs": 51}, "points"),
    ],
)
def test_limits_of_the_contract(r1, change, what):
    at_limit = LayoutParameters(256, 9, 16, 4, 50, 7)
    assert contract_refuses(r1, at_limit, count_proof(r1, at_limit)) == ""
    two = replace(at_limit, lanes=11, bus_sums=2)
    assert contract_refuses(r1, two, count_proof(r1, two)) == ""
    beyond = replace(at_limit, **change)
    assert contract_refuses(r1, beyond, count_proof(r1, beyond)) == what


def test_limits_of_the_contract_that_the_network_breaks(r1):
    runs = tuple(InputRun(1, 0, high) for high in range(1, 16))
    layout = LayoutParameters(512, 7, 6, 4, 2, 7)
    many = Architecture(runs, (Layer(15, 1, "relu", 1, 0),), None, 7)
    assert contract_refuses(many, layout, count_proof(many, layout)) == "bound runs and fixed packs"
    wide = Architecture((InputRun(192, 0, 1),), (Layer(192, 1, "relu", 1, 0),), None, 7)
    assert contract_refuses(wide, layout, count_proof(wide, layout)) == "public cells"
