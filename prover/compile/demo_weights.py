"""Weights for trying a circuit out: reproducible from a seed, and therefore no secret."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import numpy.typing as npt

from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights

DOMAIN = b"provault/demo-weights/1"


def random_weights(architecture: Architecture, seed: int) -> IntegerWeights:
    """Draw every weight and bias within its declared bound, the same on every machine.

    value = (128 bits of SHAKE256( domain || seed || layer || part ), big endian, mod 2 bound + 1) - bound

    Parameters: seed, 0 .. 2^64 - 1.
    """
    layers = []
    for index, layer in enumerate(architecture.layers):
        weights = _draw(seed, index, 0, layer.outputs * layer.inputs, layer.weight_bound)
        biases = _draw(seed, index, 1, layer.outputs, layer.bias_bound)
        layers.append((weights.reshape(layer.outputs, layer.inputs), biases))
    return IntegerWeights(tuple(layers))


def _draw(seed: int, layer: int, part: int, count: int, bound: int) -> npt.NDArray[np.int64]:
    stream = hashlib.shake_256(DOMAIN + struct.pack(">QII", seed, layer, part)).digest(16 * count)
    numbers = (int.from_bytes(stream[16 * index : 16 * index + 16], "big") for index in range(count))
    return np.array([number % (2 * bound + 1) - bound for number in numbers], dtype=np.int64)
