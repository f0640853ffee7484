"""Small ONNX models, built node by node."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def tensor(name: str, values: object) -> TensorProto:
    """A constant."""
    return numpy_helper.from_array(np.array(values, dtype=np.float32), name)


def save(
    path: Path, nodes: Sequence[onnx.NodeProto], constants: Sequence[TensorProto], inputs: int, outputs: int
) -> Path:
    """Write a graph from `x` [n, inputs] to `y` [n, outputs]."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs])],
        list(constants),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def node(operator: str, inputs: Sequence[str], output: str, **attributes: object) -> onnx.NodeProto:
    """One node."""
    return helper.make_node(operator, list(inputs), [output], **attributes)
