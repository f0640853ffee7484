"""Turn an ONNX model into integer weights and the architecture that declares them.

Known: Gemm, MatMul followed by Add, Relu, Clip with a lower end of 0. Anything else is refused by name.

With M = 2^shift_bits and scales c_l (c_0 = 1, inputs; the last is 1, the output's own unit) the integers are

    w_int = round(M c_l w / c_(l-1)),  b_int = round(M c_l b)

so that layer l computes c_l times the model's values, each rounded to an integer. ReLU keeps positive scales.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from prover.compile.architecture import Architecture, InputRun, Market
from prover.compile.integer_model import IntegerWeights, evaluate_many
from strategies.errors import DataMissingError, QuantiseError
from strategies.integer_bounds import DenseShape, clip_layers, dense_architecture

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FloatLayer:
    """Hold one dense layer of the model: weights [outputs, inputs], biases [outputs], ReLU or nothing."""

    weights: Floats
    biases: Floats
    activation: Literal["relu", "signed"]


@dataclass(frozen=True)
class FloatModel:
    """Hold a model as dense layers, and the upper end of its output clip or None."""

    layers: tuple[FloatLayer, ...]
    clip_at: int | None

    def hidden(self, inputs: Floats) -> list[Floats]:
        """Return the values after every layer for inputs [samples, n_in], in float64."""
        values, kept = inputs, []
        for layer in self.layers:
            values = values @ layer.weights.T + layer.biases
            if layer.activation == "relu":
                values = np.maximum(values, 0.0)
            kept.append(values)
        return kept

    def evaluate(self, inputs: Floats) -> Floats:
        """Return the model's outputs [samples, n_out] in float64, without any rounding."""
        values = self.hidden(inputs)[-1]
        return values if self.clip_at is None else np.minimum(values, float(self.clip_at))


def read_onnx(path: str | Path) -> FloatModel:
    """Read a chain of dense layers from an ONNX file.

    Raises: DataMissingError; QuantiseError naming the operator or the tensor that cannot be used.
    """
    file = Path(path)
    if not file.is_file():
        raise DataMissingError(file)
    try:
        graph = onnx.load_model(str(file), load_external_data=False).graph
    except Exception as error:
        # The parser raises its own types, among them ones that only protobuf knows.
        raise QuantiseError(file.name, f"is no ONNX file ({type(error).__name__})") from None
    tensors = {}
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise QuantiseError(
                tensor.name, "its values lie outside the file; export with external_data=False"
            )
        tensors[tensor.name] = numpy_helper.to_array(tensor).astype(np.float64)
    return _chain(graph, tensors)


def _chain(graph: onnx.GraphProto, tensors: dict[str, Floats]) -> FloatModel:
    """Follow the one value that runs through the graph."""
    inputs = [value.name for value in graph.input if value.name not in tensors]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise QuantiseError(
            "graph", f"{len(inputs)} inputs and {len(graph.output)} outputs, expected one each"
        )
    layers: list[FloatLayer] = []
    clip_at: int | None = None
    value = inputs[0]
    product: Floats | None = None  # of a MatMul that still waits for its Add
    for node in graph.node:
        if node.op_type == "Constant":
            tensors[node.output[0]] = numpy_helper.to_array(node.attribute[0].t).astype(np.float64)
            continue
        if value not in node.input:
            raise QuantiseError(node.op_type, f"node {node.name or node.op_type} does not continue the chain")
        if clip_at is not None:
            raise QuantiseError(node.op_type, "stands after the output clip")
        others = [name for name in node.input if name != value]
        if product is not None and node.op_type != "Add":
            raise QuantiseError(node.op_type, "follows a MatMul without its bias")
        if node.op_type == "Gemm":
            layers.append(_gemm(node, tensors))
        elif node.op_type == "MatMul":
            product = _tensor(node, tensors, others[0]).T
        elif node.op_type == "Add" and product is not None:
            bias = np.broadcast_to(_tensor(node, tensors, others[0]), (len(product),))
            layers.append(FloatLayer(product, bias, "signed"))
            product = None
        elif node.op_type == "Relu" and layers:
            layers[-1] = FloatLayer(layers[-1].weights, layers[-1].biases, "relu")
        elif node.op_type == "Clip" and layers:
            clip_at = _clip_at(node, tensors)
            layers[-1] = FloatLayer(layers[-1].weights, layers[-1].biases, "relu")
        else:
            raise QuantiseError(node.op_type, "this operator is not known here")
        value = node.output[0]
    if product is not None or not layers or value != graph.output[0].name:
        raise QuantiseError("graph", "is no chain of dense layers from its input to its output")
    return FloatModel(tuple(layers), clip_at)


def _tensor(node: onnx.NodeProto, tensors: dict[str, Floats], name: str) -> Floats:
    """Return a constant operand of a node."""
    if name not in tensors:
        raise QuantiseError(node.op_type, f"operand {name} is no constant")
    return tensors[name]


def _gemm(node: onnx.NodeProto, tensors: dict[str, Floats]) -> FloatLayer:
    """Read y = alpha x B' + beta C."""
    attributes: dict[str, Any] = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if attributes.get("transA", 0):
        raise QuantiseError("Gemm", "a transposed input is not known here")
    weights = _tensor(node, tensors, node.input[1])
    weights = weights if attributes.get("transB", 0) else weights.T
    biases = _tensor(node, tensors, node.input[2]) if len(node.input) > 2 else np.zeros(1)
    biases = np.broadcast_to(biases.reshape(-1), (len(weights),))
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    return FloatLayer(alpha * weights, beta * biases, "signed")


def _clip_at(node: onnx.NodeProto, tensors: dict[str, Floats]) -> int:
    """Return the upper end of a Clip whose lower end is 0."""
    ends = [float(_tensor(node, tensors, name)) if name else None for name in node.input[1:]]
    if len(ends) != 2 or ends[0] != 0.0 or ends[1] is None or ends[1] <= 0 or ends[1] != int(ends[1]):
        raise QuantiseError("Clip", f"clips to {ends}, expected 0 and a positive integer")
    return int(ends[1])


def choose_scales(model: FloatModel, calibration: Floats, shift_bits: int) -> tuple[float, ...]:
    """Return a power of two for each hidden layer: the largest that keeps calibration below a quarter of M^2.

    The scales go into the weights alone; nothing public tells them.
    """
    room = (1 << 2 * shift_bits) / 4
    scales = []
    for values in model.hidden(calibration)[:-1]:
        peak = max(float(np.abs(values).max()), 2.0**-40)
        scales.append(2.0 ** int(np.floor(np.log2(room / peak))))
    return tuple(scales)


def quantise(
    model: FloatModel,
    *,
    inputs: Sequence[InputRun],
    market: Market | None,
    shift_bits: int,
    scales: Sequence[float] | None = None,
) -> tuple[Architecture, IntegerWeights]:
    """Round a model to integers under the bounds that its shape declares.

    Parameters: `scales`, one positive number for each hidden layer, all 1 when absent.
    Raises: QuantiseError for shapes that do not chain, or a weight beyond its declared bound.
    """
    count = sum(run.count for run in inputs)
    if model.layers[0].weights.shape[1] != count:
        raise QuantiseError(
            "input", f"the model takes {model.layers[0].weights.shape[1]} values, not {count}"
        )
    hidden = tuple(scales) if scales is not None else (1.0,) * (len(model.layers) - 1)
    if len(hidden) != len(model.layers) - 1 or any(not scale > 0 for scale in hidden):
        raise QuantiseError("scales", f"expected {len(model.layers) - 1} positive numbers")
    factors = (1.0, *hidden, 1.0)
    shapes = [DenseShape(len(layer.biases), layer.activation) for layer in model.layers]
    architecture = dense_architecture(
        inputs, shapes, clip_at=model.clip_at, market=market, shift_bits=shift_bits
    )
    modulus = 1 << shift_bits
    layers = []
    for i, layer in enumerate(model.layers):
        weights = np.rint(modulus * factors[i + 1] / factors[i] * layer.weights)
        biases = np.rint(modulus * factors[i + 1] * layer.biases)
        declared = architecture.layers[i]
        for name, values, bound in (
            ("weight", weights, declared.weight_bound),
            ("bias", biases, declared.bias_bound),
        ):
            if not np.all(np.isfinite(values)) or np.abs(values).max() > bound:
                raise QuantiseError(
                    f"layer {i}", f"a {name} is beyond the declared bound {bound}; lower its scale"
                )
        layers.append((weights.astype(np.int64), biases.astype(np.int64)))
    if model.clip_at is not None:
        layers += clip_layers(len(model.layers[-1].biases), model.clip_at, shift_bits)
    return architecture, IntegerWeights(tuple(layers))


def quantisation_difference(
    model: FloatModel,
    architecture: Architecture,
    weights: IntegerWeights,
    inputs: NDArray[np.int64],
) -> tuple[float, float]:
    """Return the mean and the largest |integer output - float output| over inputs, in output units."""
    difference = np.abs(
        evaluate_many(architecture, weights, inputs) - model.evaluate(inputs.astype(np.float64))
    )
    return float(difference.mean()), float(difference.max())
