"""The choice of layout: deterministic, in integers, and the cheapest that fits."""

from dataclasses import replace

import pytest

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.cells import count_rows
from prover.compile.cost_model import choose_parameters, cost, estimate, rank_parameters
from prover.compile.layout import LayoutParameters, build_layout
from prover.errors import LayoutError


def test_the_reference_networks_get_their_layouts(r1, r1_clipped, r2):
    assert choose_parameters(r1) == LayoutParameters(256, 9, 6, 4, 2, 7)
    assert choose_parameters(r1_clipped) == LayoutParameters(256, 9, 6, 4, 2, 7)
    assert choose_parameters(r2) == LayoutParameters(1024, 3, 6, 3, 32, 8)
    assert (build_layout(r1_clipped, choose_parameters(r1_clipped)).row_kind != 0).sum() == 255


def test_the_choice_is_the_cheapest_of_its_neighbours(r1):
    chosen = choose_parameters(r1)
    cheapest = cost(chosen)
    fits = 0
    for field in ("rows", "pack_columns", "lanes", "weight_lanes", "weight_packs"):
        value = getattr(chosen, field)
        for other in {value - 1, value + 1, value * 2, value // 2}:
            neighbour = replace(chosen, **{field: other})
            try:
                build_layout(r1, neighbour)
            except LayoutError:
                continue
            fits += 1
            assert cost(neighbour) > cheapest, neighbour
    assert fits > 3


def test_fewest_weight_packs_are_chosen(r2):
    chosen = choose_parameters(r2)
    assert count_rows(r2, replace(chosen, weight_packs=chosen.weight_packs - 1)).needed > chosen.rows


def test_costs_are_integers(r1):
    assert type(cost(choose_parameters(r1))) is int


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
    assert ranked["time"][0].estimate.prove_micros == min(c.estimate.prove_micros for c in ranked["gas"])
    assert ranked["gas"][0].estimate.gas == min(c.estimate.gas for c in ranked["time"])
    assert ranked["time"][0].parameters != ranked["gas"][0].parameters
    assert ranked["balanced"][0].parameters == choose_parameters(r1)


def test_candidates_are_listed_cheapest_first_and_all_fit(r1):
    ranked = rank_parameters(r1)
    assert [candidate.cost for candidate in ranked] == sorted(candidate.cost for candidate in ranked)
    assert ranked[0].estimate == estimate(ranked[0].parameters)
    for candidate in ranked[:3] + ranked[-3:]:
        build_layout(r1, candidate.parameters)
