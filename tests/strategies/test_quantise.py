"""From ONNX to integers: what is read, what is refused by name, and how near the integers are."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.compile.architecture import InputRun
from prover.compile.cost_model import choose_parameters
from prover.compile.integer_model import IntegerWeights, evaluate, evaluate_many
from prover.compile.layout import build_layout
from strategies.errors import DataMissingError, QuantiseError
from strategies.integer_bounds import DenseShape, clip_layers, dense_architecture
from strategies.quantise import (
    FloatLayer,
    FloatModel,
    choose_scales,
    quantisation_difference,
    quantise,
    read_onnx,
)
from tests.strategies.support.onnx_models import node, save, tensor

W1 = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
B1 = np.array([10.0, -4.0])
W2 = np.array([[2.0, -1.5]])
B2 = np.array([100.0])
INPUTS = (InputRun(3, -200, 200),)


def two_layers(path, last, constants=()):
    nodes = [
        node("Gemm", ["x", "w1", "b1"], "h", transB=1),
        node("Relu", ["h"], "r"),
        node("Gemm", ["r", "w2", "b2"], "g", transB=1),
        *last,
    ]
    tensors = [tensor("w1", W1), tensor("b1", B1), tensor("w2", W2), tensor("b2", B2), *constants]
    return save(path, nodes, tensors, 3, 1)


def clip(path):
    ends = [tensor("low", 0.0), tensor("high", 900.0)]
    return two_layers(path, [node("Clip", ["g", "low", "high"], "y")], ends)


def test_gemm_relu_clip_is_read_as_it_computes(tmp_path):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    assert model.clip_at == 900
    x = np.array([[5.0, -3.0, 7.0], [100.0, -100.0, 100.0]])
    hidden = np.maximum(x @ W1.T + B1, 0)
    assert np.allclose(model.evaluate(x), np.clip(hidden @ W2.T + B2, 0, 900))


def test_matmul_and_add_read_like_gemm(tmp_path):
    nodes = [
        node("MatMul", ["x", "w1"], "p"),
        node("Add", ["b1", "p"], "h"),
        node("Relu", ["h"], "r"),
        node("Gemm", ["r", "w2", "b2"], "y", alpha=0.5, beta=2.0),
    ]
    path = save(
        tmp_path / "m.onnx",
        nodes,
        [tensor("w1", W1.T), tensor("b1", B1), tensor("w2", W2.T), tensor("b2", B2)],
        3,
        1,
    )
    model = read_onnx(path)
    assert [layer.activation for layer in model.layers] == ["relu", "signed"]
    x = np.array([[5.0, -3.0, 7.0]])
    assert np.allclose(model.evaluate(x), 0.5 * np.maximum(x @ W1.T + B1, 0) @ W2.T + 2 * B2)


def test_onnxruntime_gives_the_same(tmp_path):
    path = clip(tmp_path / "m.onnx")
    x = np.random.default_rng(1).integers(-200, 200, (50, 3)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(str(path)).run(None, {"x": x})
    assert np.allclose(read_onnx(path).evaluate(x.astype(np.float64)), expected, atol=1e-3)


@pytest.mark.parametrize("operator", ["Sigmoid", "Tanh", "LeakyRelu", "Softmax", "Abs"])
def test_an_unknown_operator_is_refused_by_name(tmp_path, operator):
    with pytest.raises(QuantiseError) as found:
        read_onnx(two_layers(tmp_path / "m.onnx", [node(operator, ["g"], "y")]))
    assert found.value.part == operator


@pytest.mark.parametrize(
    ("last", "constants", "part"),
    [
        ([node("Clip", ["g", "low", "high"], "y")], [tensor("low", -1.0), tensor("high", 9.0)], "Clip"),
        ([node("Clip", ["g", "low", "high"], "y")], [tensor("low", 0.0), tensor("high", 9.5)], "Clip"),
        ([node("Clip", ["g", "low"], "y")], [tensor("low", 0.0)], "Clip"),
        ([node("MatMul", ["g", "w3"], "p"), node("Relu", ["p"], "y")], [tensor("w3", [[1.0]])], "Relu"),
        ([node("Add", ["g", "g"], "y")], [], "Add"),
        ([node("MatMul", ["g", "w3"], "y")], [tensor("w3", [[1.0]])], "graph"),
        (
            [node("Clip", ["g", "low", "high"], "c"), node("Relu", ["c"], "y")],
            [tensor("low", 0.0), tensor("high", 9.0)],
            "Relu",
        ),
        ([node("Relu", ["r"], "y")], [], "Relu"),
    ],
)
def test_a_graph_that_is_no_chain_is_refused(tmp_path, last, constants, part):
    with pytest.raises(QuantiseError) as found:
        read_onnx(two_layers(tmp_path / "m.onnx", last, constants))
    assert found.value.part == part


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(DataMissingError):
        read_onnx(tmp_path / "absent.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"\xff\xff no protobuf")
    with pytest.raises(QuantiseError, match="no ONNX file"):
        read_onnx(tmp_path / "bad.onnx")


def test_integers_are_the_rounded_scaled_weights(tmp_path):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    architecture, weights = quantise(model, inputs=INPUTS, market=None, shift_bits=7, scales=[4.0])
    weights.check(architecture)
    assert weights.layers[0][0].tolist() == (W1 * 512).tolist()
    assert weights.layers[0][1].tolist() == (B1 * 512).tolist()
    assert weights.layers[1][0].tolist() == [[64, -48]]
    assert weights.layers[1][1].tolist() == [12_800]
    assert len(weights.layers) == 4
    rows = np.random.default_rng(2).integers(-200, 201, (500, 3))
    mean, most = quantisation_difference(model, architecture, weights, rows)
    # rounding of one hidden value: 0.5 / 4 each, times |2| + |1.5|, and 0.5 of the output
    assert most <= 0.125 * 3.5 + 0.5
    assert 0 < mean < most


def test_weights_are_rounded_to_the_nearest():
    layer = FloatLayer(np.array([[0.3, -0.3, 0.304]]), np.array([-0.2]), "signed")
    _, weights = quantise(FloatModel((layer,), None), inputs=INPUTS, market=None, shift_bits=7)
    # 38.4, -38.4, 38.9 and -25.6
    assert weights.layers[0][0].tolist() == [[38, -38, 39]]
    assert weights.layers[0][1].tolist() == [-26]


def test_declared_bounds_do_not_depend_on_weights(tmp_path):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    other = FloatModel(
        tuple(FloatLayer(a.weights / 3, a.biases * 0, a.activation) for a in model.layers), 900
    )
    first, _ = quantise(model, inputs=INPUTS, market=None, shift_bits=7)
    second, _ = quantise(other, inputs=INPUTS, market=None, shift_bits=7)
    assert first.to_bytes() == second.to_bytes()


@given(st.integers(0, 16_383), st.sampled_from([1, 900, 10_000, 16_383]))
def test_the_clip_is_exact(value, clip_at):
    shape = [DenseShape(1, "relu")]
    architecture = dense_architecture(
        (InputRun(1, 0, 16_383),), shape, clip_at=clip_at, market=None, shift_bits=7
    )
    identity = (np.array([[128]]), np.array([0]))
    weights = IntegerWeights((identity, *clip_layers(1, clip_at, 7)))
    assert evaluate(architecture, weights, [value]) == (min(value, clip_at),)


@given(
    st.integers(2, 9),
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.integers(1, 3000),
    st.sampled_from([6, 7, 8]),
)
def test_declared_bounds_pass_the_layout_rule(inputs, widths, most, shift_bits):
    shapes = [DenseShape(width, "relu") for width in (*widths, 1)]
    architecture = dense_architecture(
        (InputRun(inputs, -most, most),), shapes, clip_at=None, market=None, shift_bits=shift_bits
    )
    modulus = 1 << shift_bits
    assert all(v < modulus**4 // 2 - modulus for v in architecture.value_bounds().accumulators)
    assert all(layer.weight_bound > 0 for layer in architecture.layers)


@pytest.mark.parametrize(
    ("scales", "part"), [([1e9], "layer 0"), ([1e-9], "layer 1"), ([1.0, 1.0], "scales"), ([0.0], "scales")]
)
def test_scales_that_do_not_fit_are_refused(tmp_path, scales, part):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    with pytest.raises(QuantiseError) as found:
        quantise(model, inputs=INPUTS, market=None, shift_bits=7, scales=scales)
    assert found.value.part == part


def test_a_wrong_number_of_inputs_or_an_impossible_clip_is_refused(tmp_path):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    with pytest.raises(QuantiseError) as found:
        quantise(model, inputs=(InputRun(4, -1, 1),), market=None, shift_bits=7)
    assert found.value.part == "input"
    with pytest.raises(QuantiseError) as found:
        quantise(FloatModel(model.layers, 20_000), inputs=INPUTS, market=None, shift_bits=7)
    assert found.value.part == "clip"


def test_chosen_scales_use_the_range_and_do_not_saturate(tmp_path):
    model = read_onnx(clip(tmp_path / "m.onnx"))
    rows = np.random.default_rng(3).integers(-200, 201, (500, 3)).astype(np.float64)
    (scale,) = choose_scales(model, rows, 7)
    peak = model.hidden(rows)[0].max() * scale
    assert 16_384 / 8 < peak <= 16_384 / 4


def test_the_shipped_model_fits_the_layout_that_is_meant_for_it(eth_model):
    parameters = choose_parameters(eth_model.architecture)
    chosen = (parameters.rows, parameters.pack_columns, parameters.lanes, parameters.weight_lanes)
    assert (*chosen, parameters.weight_packs, parameters.limb_bits) == (256, 9, 6, 4, 2, 7)
    build_layout(eth_model.architecture, parameters)


def test_the_shipped_models_targets_are_bps_at_every_extreme(eth_model):
    rows = np.array([[2000] * 32, [-2000] * 32, [0] * 32, [2000, -2000] * 16], dtype=np.int64)
    targets = evaluate_many(eth_model.architecture, eth_model.weights, rows)
    assert targets.min() >= 0
    assert targets.max() <= 10_000
    assert len(np.unique(targets)) > 1
