"""The honest witness satisfies every constraint; a changed one does not, unless the cell has no meaning."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import evaluate_plain
from prover.compile.layout import RowKind, build_layout, choose_parameters
from prover.compile.witness import fill_witness

THETAS = st.integers(1, 2**250)


@settings(max_examples=120)
@given(data=st.data())
def test_every_witness_satisfies_the_relation(networks, broken, data):
    network = data.draw(networks)
    layout = build_layout(network.architecture, network.parameters)
    witness = fill_witness(layout, network.weights, network.inputs)
    assert broken(layout, witness, theta=data.draw(THETAS)) == set()
    outputs = evaluate_plain(network.architecture, network.weights, network.inputs)
    start = layout.output_start - 1
    assert witness.public[: len(network.inputs)] == network.inputs
    assert witness.public[start : start + len(outputs)] == outputs
    assert not any(witness.public[len(network.inputs) : start] + witness.public[start + len(outputs) :])


def test_the_reference_networks_satisfy_the_relation(r1, r1_clipped, broken):
    inputs = [2000 if index % 3 else -2000 for index in range(32)]
    for architecture in (r1, r1_clipped):
        layout = build_layout(architecture, choose_parameters(architecture))
        witness = fill_witness(layout, random_weights(architecture, 5), inputs)
        assert broken(layout, witness, theta=7**80) == set()


def recount(layout, lanes, o):
    """Give the multiplicities that make the bus close, as far as the cells fetched are provided."""
    m = np.zeros_like(o)
    fetching = (layout.q_dot + layout.q_pub) == 1
    addresses = layout.base + np.arange(layout.parameters.lanes)[:, None] * fetching
    for row in range(layout.parameters.rows):
        m[row] = ((addresses == layout.padr[row]) & (lanes == o[row])).sum()
    return m


def is_without_meaning(layout, witness, lane, row):
    """Say whether a cell is free: idle rows, lanes not named, x_3 of a relu with d = 0."""
    kind = layout.row_kind[row]
    if kind == RowKind.IDLE:
        return True
    if kind == RowKind.RELU:
        return lane >= 6 or (lane == 3 and witness.lanes[5, row] == 0)
    return kind == RowKind.SIGNED and lane >= 4


@pytest.mark.parametrize("lanes", [6, 7])
def test_every_changed_cell_is_refused_unless_it_has_no_meaning(small, fit, broken, lanes):
    layout = build_layout(small, fit(small, lanes, 4, 2))
    weights = random_weights(small, 3)
    witness = fill_witness(layout, weights, [5, -3, 2, 1, 0])
    accepted = 0
    for lane in range(lanes):
        for row in range(layout.parameters.rows):
            changed = witness.lanes.copy()
            changed[lane, row] += 1 if changed[lane, row] < layout.parameters.modulus - 1 else -1
            forged = dataclasses.replace(witness, lanes=changed, m=recount(layout, changed, witness.o))
            free = is_without_meaning(layout, witness, lane, row)
            assert (broken(layout, forged, theta=11**70) == set()) == free, (lane, row)
            accepted += free
    assert accepted > 0


def test_every_changed_provided_value_or_multiplicity_is_refused(small, small_parameters, broken):
    layout = build_layout(small, small_parameters)
    witness = fill_witness(layout, random_weights(small, 3), [5, -3, 2, 1, 0])
    for row in range(layout.parameters.rows):
        changed = witness.o.copy()
        changed[row] += 1
        forged = dataclasses.replace(witness, o=changed, m=recount(layout, witness.lanes, changed))
        # An input's row is constrained by the fetches alone; each input is fetched.
        assert broken(layout, forged, theta=11**70), row
        counts = witness.m.copy()
        counts[row] += 1
        forged = dataclasses.replace(witness, m=counts)
        assert broken(layout, forged, theta=11**70), row


def test_every_changed_weight_that_meets_a_value_is_refused(small, small_parameters, broken):
    layout = build_layout(small, small_parameters)
    witness = fill_witness(layout, random_weights(small, 3), [5, -3, 2, 1, 1])
    checked = 0
    for lane, pack, row in np.ndindex(witness.weights.shape):
        changed = witness.weights.copy()
        changed[lane, pack, row] += 1
        forged = dataclasses.replace(witness, weights=changed)
        kind = layout.row_kind[row]
        meets = kind == RowKind.DOT and witness.lanes[lane, row] != 0
        meets = meets or (kind in (RowKind.RELU, RowKind.SIGNED) and lane == 0)
        assert bool(broken(layout, forged, theta=11**70)) == meets, (lane, pack, row)
        checked += meets
    assert checked > 20


def test_a_public_value_that_is_not_the_networks_is_refused(small, small_parameters, broken):
    layout = build_layout(small, small_parameters)
    witness = fill_witness(layout, random_weights(small, 3), [5, -3, 2, 1, 1])
    for index in range(layout.public_count):
        public = list(witness.public)
        public[index] += 1
        assert broken(layout, dataclasses.replace(witness, public=tuple(public)), theta=11**70)
