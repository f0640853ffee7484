"""The integer network: three evaluations that agree exactly, and a weights file that accepts nothing else."""

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from prover.compile import integer_model
from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import IntegerWeights, evaluate, evaluate_many, evaluate_plain
from prover.errors import WitnessError


def one_neuron(activation, *, bias, shift_bits=3):
    architecture = Architecture(
        (InputRun(1, -(2**40), 2**40),), (Layer(1, 1, activation, 1, bias),), None, shift_bits
    )
    return architecture, IntegerWeights(((np.array([[1]]), np.array([0])),))


@pytest.mark.parametrize(
    ("activation", "value", "expected"),
    [
        ("signed", 0, 0),
        ("signed", 3, 0),
        ("signed", 4, 1),
        ("signed", -4, 0),
        ("signed", -5, -1),
        ("signed", -12, -1),
        ("signed", -13, -2),
        ("signed", 12, 2),
        ("signed", -(2**40), -(2**37)),
        ("relu", 3, 0),
        ("relu", 4, 1),
        ("relu", -4, 0),
        ("relu", -5, 0),
        ("relu", -(2**40), 0),
        ("relu", 63 * 8 + 3, 63),
        ("relu", 63 * 8 - 5, 62),
        ("relu", 63 * 8 + 4, 63),
        ("relu", 2**40, 63),
    ],
)
def test_rounding_is_toward_minus_infinity_after_half(activation, value, expected):
    architecture, weights = one_neuron(activation, bias=0)
    assert evaluate(architecture, weights, [value]) == (expected,)
    assert evaluate_plain(architecture, weights, [value]) == (expected,)


@given(data=st.data())
def test_all_evaluations_agree(networks, data):
    network = data.draw(networks)
    expected = evaluate_plain(network.architecture, network.weights, network.inputs)
    assert evaluate(network.architecture, network.weights, network.inputs) == expected
    samples = np.array([network.inputs] * 3, dtype=np.int64)
    assert evaluate_many(network.architecture, network.weights, samples).tolist() == [list(expected)] * 3


@given(data=st.data())
def test_python_integers_serve_where_machine_integers_could_overflow(networks, data):
    network = data.draw(networks)
    expected = evaluate_plain(network.architecture, network.weights, network.inputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integer_model, "INT64_SAFE", 0)
        assert evaluate(network.architecture, network.weights, network.inputs) == expected


def test_accumulators_beyond_64_bits_are_exact():
    bound = 2**61
    layers = (Layer(2, 2, "signed", bound, 0), Layer(2, 1, "signed", bound, 5))
    architecture = Architecture((InputRun(2, -9, 9),), layers, None, 12)
    near = bound - 1
    weights = IntegerWeights(
        (
            (np.array([[bound, near], [near, bound]]), np.zeros(2, np.int64)),
            (np.array([[4096, -4096]]), np.array([5])),
        )
    )
    assert evaluate(architecture, weights, [9, -9]) == evaluate_plain(architecture, weights, [9, -9])
    largest = IntegerWeights(
        ((np.full((2, 2), bound), np.zeros(2, np.int64)), (np.full((1, 2), bound), np.array([5])))
    )
    assert evaluate_plain(architecture, largest, [9, 9])[0] > 2**63
    with pytest.raises(WitnessError) as caught:
        evaluate(architecture, largest, [9, 9])
    assert caught.value.rule == "output"


def test_many_samples_equal_one_by_one(r1):
    weights = random_weights(r1, 11)
    samples = np.random.default_rng(2).integers(-2000, 2001, size=(40, 32))
    expected = [evaluate_plain(r1, weights, sample.tolist()) for sample in samples]
    assert evaluate_many(r1, weights, samples).tolist() == [list(outputs) for outputs in expected]
    assert len(set(expected)) > 1
    assert evaluate_many(r1, weights, samples[:0]).shape == (0, 1)


@pytest.mark.parametrize("run", [evaluate, evaluate_plain])
@pytest.mark.parametrize(
    ("inputs", "rule"),
    [
        ([0] * 31, "count"),
        ([0] * 33, "count"),
        ([2001] + [0] * 31, "input"),
        ([0] * 31 + [-2001], "input"),
        ([2**70] + [0] * 31, "input"),
        ([1.0] + [0] * 31, "input"),
        ([True] + [0] * 31, "input"),
    ],
)
def test_inputs_outside_the_declaration_are_refused(r1, run, inputs, rule):
    with pytest.raises(WitnessError) as caught:
        run(r1, random_weights(r1, 1), inputs)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("samples", "rule"),
    [
        (np.zeros((2, 31), np.int64), "count"),
        (np.zeros(32, np.int64), "count"),
        (np.zeros((2, 32)), "input"),
        (np.full((2, 32), 2001), "input"),
        (np.full((2, 32), -2001), "input"),
    ],
)
def test_samples_outside_the_declaration_are_refused(r1, samples, rule):
    with pytest.raises(WitnessError) as caught:
        evaluate_many(r1, random_weights(r1, 1), samples)
    assert caught.value.rule == rule


def changed(weights, layer, part, value):
    layers = [[matrix.copy(), biases.copy()] for matrix, biases in weights.layers]
    layers[layer][part].flat[-1] = value
    return IntegerWeights(tuple((matrix, biases) for matrix, biases in layers))


@pytest.mark.parametrize(
    ("layer", "part", "bound", "rule"), [(0, 0, 255, "weight"), (2, 0, 255, "weight"), (1, 1, 2**18, "bias")]
)
def test_weights_beyond_the_declaration_are_refused_and_not_shown(r1, layer, part, bound, rule):
    weights = random_weights(r1, 1)
    for value in (bound, -bound):
        changed(weights, layer, part, value).check(r1)
    for value in (bound + 91, -bound - 91, np.iinfo(np.int64).min, np.iinfo(np.int64).max):
        with pytest.raises(WitnessError) as caught:
            changed(weights, layer, part, value).check(r1)
        assert caught.value.rule == rule
        assert str(abs(int(value))) not in str(caught.value)
        with pytest.raises(WitnessError):
            evaluate(r1, changed(weights, layer, part, value), [0] * 32)


def test_weights_of_another_shape_are_refused(r1, r1_clipped, r2):
    for other in (r1_clipped, r2):
        with pytest.raises(WitnessError) as caught:
            random_weights(other, 1).check(r1)
        assert caught.value.rule == "shape"


@pytest.mark.parametrize(
    "layers",
    [
        (),
        ((np.zeros((2, 3)), np.zeros(2)),),
        ((np.zeros((2, 3), np.int64), np.zeros(3, np.int64)),),
        ((np.zeros((2, 3), np.int64), np.zeros((2, 1), np.int64)),),
        ((np.zeros((0, 3), np.int64), np.zeros(0, np.int64)),),
        (
            (np.zeros((2, 3), np.int64), np.zeros(2, np.int64)),
            (np.zeros((1, 3), np.int64), np.zeros(1, np.int64)),
        ),
    ],
)
def test_arrays_that_are_no_network_are_refused(layers):
    with pytest.raises(WitnessError) as caught:
        IntegerWeights(layers)
    assert caught.value.rule == "shape"


def test_weights_file_is_the_written_one():
    weights = IntegerWeights(((np.array([[1, -2, 3]]), np.array([-4])),))
    expected = b"provault/weights" + bytes.fromhex("00000001 00000001 00000001 00000003")
    expected += b"".join(value.to_bytes(8, "big", signed=True) for value in (1, -2, 3, -4))
    assert weights.to_bytes() == expected
    assert weights.digest() == keccak.new(digest_bits=256, data=expected).digest()


def test_weights_survive_their_file_and_are_equal_by_content(r1):
    weights = random_weights(r1, 3)
    again = IntegerWeights.from_bytes(weights.to_bytes())
    assert again == weights
    assert hash(again) == hash(weights)
    assert again != random_weights(r1, 4)
    assert again != "weights"


def test_a_bent_weights_file_is_refused(small):
    data = random_weights(small, 3).to_bytes()
    bent = [data[:length] for length in range(len(data))]
    bent += [
        data + b"\0",
        b"x" + data[1:],
        data[:19] + b"\2" + data[20:],
        b"",
        data[:20] + b"\xff" * 4 + data[24:],
    ]
    bent.append(data[:24] + b"\xff" * 8 + data[32:])
    for broken in bent:
        with pytest.raises(WitnessError) as caught:
            IntegerWeights.from_bytes(broken)
        assert caught.value.rule == "encoding"


def test_weights_are_neither_shown_nor_writable(r1):
    weights = IntegerWeights(((np.array([[7919, -7919]]), np.array([7907])),))
    assert repr(weights) == "IntegerWeights([(1, 2)])"
    with pytest.raises(ValueError, match="read-only"):
        weights.layers[0][0][0, 0] = 1
    source = np.array([[1]])
    copied = IntegerWeights(((source, np.array([0])),))
    source[0, 0] = 2
    assert copied.layers[0][0][0, 0] == 1


def test_demo_weights_are_reproducible_and_fill_their_bounds(r1):
    weights = random_weights(r1, 5)
    assert weights == random_weights(r1, 5)
    assert weights.digest().hex() == "5274e5a055d66a7d49d8125245a3c634ff225f1a36f823639ddbf0d439ea4232"
    weights.check(r1)
    matrix = weights.layers[0][0]
    assert matrix.min() < -240
    assert matrix.max() > 240
