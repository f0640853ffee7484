"""Declare the bounds of an integer network from its shape alone.

A verifying key states bounds that are declared, never measured: a measured one would tell about weights.

    B = M^4/2 - M - 1;  bias bound = floor(B / 32);  weight bound = floor((B - bias bound) / (inputs * X))

X is the largest operand: the input bound in the first layer, M^2 - 1 after a ReLU. Every V_l is then below
M^4/2 - M, and a clip at c is two layers of one weight per output: c - relu(c - relu(v)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prover.compile.architecture import Architecture, InputRun, Layer, Market
from prover.compile.integer_model import Integers
from strategies.errors import QuantiseError
from strategies.vault_rules import BPS

BIAS_SHARE = 32


@dataclass(frozen=True)
class DenseShape:
    """Describe one dense layer: its width, and `relu` or `signed`."""

    outputs: int
    activation: Literal["relu", "signed"]


def dense_architecture(
    inputs: Sequence[InputRun],
    shapes: Sequence[DenseShape],
    *,
    clip_at: int | None,
    market: Market | None,
    shift_bits: int,
) -> Architecture:
    """Build the architecture of dense layers, with an output clip to 0..clip_at if asked.

    Raises: QuantiseError when a clip cannot be expressed; ArchitectureError.
    """
    modulus = 1 << shift_bits
    budget = modulus**4 // 2 - modulus - 1
    operand = max(max(abs(run.low), abs(run.high)) for run in inputs)
    width = sum(run.count for run in inputs)
    layers = []
    for shape in shapes:
        bias_bound = budget // BIAS_SHARE
        weight_bound = (budget - bias_bound) // (width * operand)
        layers.append(Layer(width, shape.outputs, shape.activation, weight_bound, bias_bound))
        rounded = (width * operand * weight_bound + bias_bound + modulus // 2) >> shift_bits
        operand = min(modulus**2 - 1, rounded) if shape.activation == "relu" else rounded + 1
        width = shape.outputs
    if clip_at is not None:
        if shapes[-1].activation != "relu" or not 0 < clip_at < modulus**2:
            raise QuantiseError("clip", f"0..{clip_at} needs a last ReLU and values below M^2")
        layers += [Layer(width, width, "relu", modulus, clip_at * modulus)] * 2
    return Architecture(tuple(inputs), tuple(layers), market, shift_bits)


def clip_layers(outputs: int, clip_at: int, shift_bits: int) -> tuple[tuple[Integers, Integers], ...]:
    """Return the two layers that turn v >= 0 into c - relu(c - v) = min(v, c), exactly."""
    modulus = 1 << shift_bits
    weights = -modulus * np.eye(outputs, dtype=np.int64)
    biases = np.full(outputs, clip_at * modulus, dtype=np.int64)
    return ((weights, biases), (weights, biases))


def market_inputs(market: Market, max_step_ticks: int) -> tuple[InputRun, ...]:
    """Return the inputs of a trading strategy: W - 1 differences, then the previous target if asked for."""
    runs = [InputRun(market.window_ticks - 1, -max_step_ticks, max_step_ticks)]
    if market.previous_target:
        runs.append(InputRun(1, 0, BPS))
    return tuple(runs)
