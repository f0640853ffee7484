"""The witness: limbs that recombine, multiplicities that count, refusals before a weight is touched."""

import numpy as np
import pytest

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import IntegerWeights, evaluate_plain, requantise
from prover.compile.layout import build_layout, choose_parameters
from prover.compile.witness import fill_witness, split_limbs, weight_columns
from prover.errors import WitnessError


def edge_accumulators(shift_bits):
    """Give accumulators around every place where a limb, a sign or saturation turns, within rule R4."""
    modulus = 1 << shift_bits
    limit = modulus**4 // 2 - modulus
    turns = [
        0,
        modulus // 2,
        modulus,
        modulus**2,
        modulus**3,
        modulus**3 - modulus // 2,
        limit - 1,
        limit // 3,
    ]
    near = {sign * turn + step for turn in turns for sign in (1, -1) for step in range(-2, 3)}
    return np.array(sorted(v for v in near if abs(v) < limit), dtype=np.int64)


@pytest.mark.parametrize("shift_bits", range(1, 13))
def test_limbs_recombine_and_stay_in_range(shift_bits):
    modulus = 1 << shift_bits
    accumulators = edge_accumulators(shift_bits)
    for v, *limbs in zip(
        accumulators.tolist(), *split_limbs(accumulators, "relu", shift_bits).tolist(), strict=True
    ):
        x0, x1, x2, x3, b, d = limbs
        lo = x1 + modulus * x2
        assert all(0 <= limb < modulus for limb in limbs)
        assert b in (0, 1)
        assert d in (0, 1)
        assert d or not x3
        assert (2 * b - 1) * (x0 + modulus * lo + modulus**3 * d * (1 + x3)) - modulus // 2 == v
        expected = min(max((v + modulus // 2) // modulus, 0), modulus**2 - 1)
        assert b * ((1 - d) * lo + d * (modulus**2 - 1)) == expected
        assert requantise(np.array([v]), "relu", shift_bits).tolist() == [expected]
    signed = split_limbs(accumulators, "signed", shift_bits)
    for v, *limbs in zip(accumulators.tolist(), *signed.tolist(), strict=True):
        x0, x1, x2, x3 = limbs
        assert all(0 <= limb < modulus for limb in limbs)
        assert x0 + modulus * x1 + modulus**2 * x2 + modulus**3 * x3 - modulus // 2 - modulus**4 // 2 == v
        assert x1 + modulus * x2 + modulus**2 * x3 - modulus**3 // 2 == (v + modulus // 2) // modulus


def test_b_is_one_where_the_shifted_accumulator_is_zero():
    assert split_limbs(np.array([-4]), "relu", 3)[:, 0].tolist() == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize("activation", ["relu", "signed"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("shift_bits", [1, 3, 5])
def test_inputs_and_accumulators_at_their_bounds_are_provable_in_every_layer(
    fit, broken, activation, sign, shift_bits
):
    """Every layer reaches +-V_l: the first by inputs and weights at their bounds, the others by biases."""
    limit = (1 << shift_bits) ** 4 // 2 - (1 << shift_bits) - 1
    high = min(limit, 2)
    first = Layer(1, 2, activation, limit // high, limit - high * (limit // high))
    rest = Layer(2, 2, activation, 0, limit)
    network = Architecture((InputRun(1, -high, high),), (first, rest, rest), None, shift_bits)
    assert network.value_bounds().accumulators == (limit,) * 3
    biases = (first.bias_bound, limit, limit)
    weights = IntegerWeights(
        tuple(
            (
                np.full((layer.outputs, layer.inputs), layer.weight_bound, dtype=np.int64),
                np.full(layer.outputs, sign * bias, dtype=np.int64),
            )
            for layer, bias in zip(network.layers, biases, strict=True)
        )
    )
    layout = build_layout(network, fit(network, 6, 2, 1))
    witness = fill_witness(layout, weights, [sign * high])
    assert witness.accumulators.tolist() == [sign * limit] * 6
    assert broken(layout, witness, theta=13**60) == set()


def test_bounded_runs_are_provable_at_both_ends(small, small_parameters, broken):
    layout, weights = build_layout(small, small_parameters), random_weights(small, 9)
    for end in (0, 1):
        witness = fill_witness(layout, weights, [bounds[end] for bounds in small.input_bounds])
        assert broken(layout, witness, theta=13**60) == set()


def test_accumulators_follow_the_neurons(small, small_parameters):
    layout, weights = build_layout(small, small_parameters), random_weights(small, 2)
    inputs = [5, -3, 0, 1, 0]
    witness = fill_witness(layout, weights, inputs)
    values, expected = inputs, []
    for (matrix, biases), layer in zip(weights.layers, small.layers, strict=True):
        sums = [
            int(bias + sum(w * x for w, x in zip(row, values, strict=True)))
            for row, bias in zip(matrix, biases, strict=True)
        ]
        expected += sums
        values = requantise(np.array(sums), layer.activation, small.shift_bits).tolist()
    assert witness.accumulators.tolist() == expected
    assert witness.o[layout.gather_plan.requantisation_rows].tolist()[-2:] == values


def test_multiplicities_count_every_fetch(small, small_parameters):
    layout = build_layout(small, small_parameters)
    witness = fill_witness(layout, random_weights(small, 2), [5, -3, 0, 1, 0])
    assert witness.m.sum() == witness.lanes.size
    assert witness.m.min() == 0


def test_prepared_weight_columns_give_the_same_witness(small, small_parameters):
    layout, weights = build_layout(small, small_parameters), random_weights(small, 2)
    columns = weight_columns(layout, weights)
    one = fill_witness(layout, weights, [0] * 5)
    other = fill_witness(layout, weights, [0] * 5, columns=columns)
    assert other.weights is columns
    for name in ("lanes", "o", "m", "weights", "accumulators"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert one.public == other.public
    assert all(type(value) is int for value in one.public)


class Untouchable:
    """Weights that must not be read."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was read")


@pytest.mark.parametrize(
    ("inputs", "rule"),
    [([6, 0, 0, 0, 0], "input"), ([0, 0, 0, 0, -1], "input"), ([0] * 4, "count"), ([0] * 6, "count")],
)
def test_inputs_are_refused_before_a_weight_is_touched(small, small_parameters, inputs, rule):
    with pytest.raises(WitnessError) as caught:
        fill_witness(build_layout(small, small_parameters), Untouchable(), inputs)
    assert caught.value.rule == rule


def test_weights_beyond_their_bound_are_refused(small, small_parameters, r1):
    layout, weights = build_layout(small, small_parameters), random_weights(small, 2)
    (matrix, biases), *rest = weights.layers
    excess = matrix.copy()
    excess[0, 0] = 10
    for forged, rule in (
        (IntegerWeights(((excess, biases), *rest)), "weight"),
        (random_weights(r1, 1), "shape"),
    ):
        for fill in (lambda w: fill_witness(layout, w, [0] * 5), lambda w: weight_columns(layout, w)):
            with pytest.raises(WitnessError) as caught:
                fill(forged)
            assert caught.value.rule == rule


def test_a_witness_does_not_show_its_values(small, small_parameters):
    witness = fill_witness(build_layout(small, small_parameters), random_weights(small, 2), [0] * 5)
    assert repr(witness) == f"Witness(lanes=(6, {small_parameters.rows}), public={len(witness.public)})"


def test_public_vector_of_r1_holds_inputs_and_output(r1):
    layout, weights = build_layout(r1, choose_parameters(r1)), random_weights(r1, 5)
    inputs = list(range(-16, 16))
    witness = fill_witness(layout, weights, inputs)
    assert witness.public == (*inputs, *evaluate_plain(r1, weights, inputs), 0, 0, 0)
