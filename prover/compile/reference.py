"""Reference networks: the shapes that benchmarks, tests and first trials use by name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from prover.compile.architecture import Activation, Architecture, InputRun, Layer
from prover.compile.parameters import LayoutParameters
from prover.errors import ArchitectureError

#: Names and layer widths. R1 has 1,601 parameters, R2 has 49,665.
WIDTHS: Final = {"r1": (32, 32, 16, 1), "r2": (64, 256, 128, 1)}
SHIFT_BITS: Final = {"r1": 7, "r2": 8}
#: Layouts made by hand and prototyped; see docs/decisions/041-cost-model.md.
LAYOUTS: Final = {
    "r1": LayoutParameters(256, 9, 6, 4, 2, 7),
    "r2": LayoutParameters(1024, 3, 6, 3, 32, 8),
}
INPUT_BOUND: Final = 2000


def reference_architecture(name: str) -> Architecture:
    """Return a dense network with relu between its layers and a signed output.

    Raises: ArchitectureError for a name that is not in WIDTHS.
    """
    if name not in WIDTHS:
        raise ArchitectureError("name", f"{name!r} is not one of {', '.join(sorted(WIDTHS))}")
    return dense_architecture(WIDTHS[name], SHIFT_BITS[name])


def dense_architecture(widths: Sequence[int], shift_bits: int) -> Architecture:
    """Return a dense network whose declared weight bound is the largest that every layer has room for.

    V_l = inputs X_(l-1) weight_bound + bias_bound < M^4/2 - M, bias_bound = M^3/4, X = M^2 - 1 after relu.
    """
    modulus = 1 << shift_bits
    limit = modulus**4 // 2 - modulus - 1
    bias_bound = modulus**3 // 4
    layers = []
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        operand = INPUT_BOUND if index == 0 else modulus**2 - 1
        weight_bound = min(2 * modulus - 1, (limit - bias_bound) // (inputs * operand))
        activation: Activation = "signed" if index == len(widths) - 2 else "relu"
        layers.append(Layer(inputs, outputs, activation, weight_bound, bias_bound))
    return Architecture((InputRun(widths[0], -INPUT_BOUND, INPUT_BOUND),), tuple(layers), None, shift_bits)


def parameter_count(architecture: Architecture) -> int:
    """Count weights and biases."""
    return sum(layer.outputs * (layer.inputs + 1) for layer in architecture.layers)
