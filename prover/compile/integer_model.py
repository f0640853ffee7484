"""The integer network itself: weights, their file, and exact evaluation (docs/protocol.md section 4)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from eth_hash.auto import keccak

from prover.compile.architecture import Activation, Architecture
from prover.errors import WitnessError

Integers = npt.NDArray[np.int64]

MAGIC: Final = b"provault/weights"
VERSION: Final = 1
#: Below this bound on accumulators, every partial sum and every rounding fits int64.
INT64_SAFE: Final = 2**61


@dataclass(frozen=True, eq=False, repr=False)
class IntegerWeights:
    """Secret weights and biases of a network; neither `repr` nor an error shows one.

    Parameters: layers, each a pair (weights int64 [outputs, inputs], biases int64 [outputs]); copied.
    Raises: WitnessError `shape` when the arrays do not form a network of dense layers.
    """

    layers: tuple[tuple[Integers, Integers], ...]

    def __post_init__(self) -> None:
        """Copy the arrays, check that they chain, and make them read-only."""
        layers = tuple((_frozen(weights, 2), _frozen(biases, 1)) for weights, biases in self.layers)
        if not layers:
            raise WitnessError("shape", "a network has at least one layer")
        width = layers[0][0].shape[1]
        for index, (weights, biases) in enumerate(layers):
            if 0 in weights.shape or weights.shape[1] != width or len(biases) != len(weights):
                raise WitnessError("shape", f"layer {index} does not take what comes in")
            width = len(biases)
        object.__setattr__(self, "layers", layers)

    def __repr__(self) -> str:
        """Show shapes, never values."""
        return f"IntegerWeights({[weights.shape for weights, _ in self.layers]})"

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, IntegerWeights) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Serialise as `weights.bin`.

        ascii("provault/weights") || version || layer count, per layer outputs || inputs (4 bytes each) ||
        weights row by row || biases (each 8 bytes, two's complement); all big endian.
        """
        parts = [MAGIC, struct.pack(">II", VERSION, len(self.layers))]
        for weights, biases in self.layers:
            parts += [struct.pack(">II", *weights.shape), weights.astype(">i8").tobytes()]
            parts.append(biases.astype(">i8").tobytes())
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> IntegerWeights:
        """Read `weights.bin`.

        Raises: WitnessError `encoding` for another magic or version, a wrong length or trailing bytes.
        """
        header = len(MAGIC) + 8
        if len(data) < header or data[: len(MAGIC)] != MAGIC:
            raise WitnessError("encoding", "not a provault weights file")
        version, count = struct.unpack_from(">II", data, len(MAGIC))
        if version != VERSION:
            raise WitnessError("encoding", f"weights file version {version}, this program reads {VERSION}")
        layers, offset = [], header
        for _ in range(count):
            if len(data) < offset + 8:
                raise WitnessError("encoding", "the weights file is cut short")
            outputs, inputs = struct.unpack_from(">II", data, offset)
            offset += 8
            size = outputs * (inputs + 1)
            if len(data) < offset + 8 * size:
                raise WitnessError("encoding", "the weights file is cut short")
            values = np.frombuffer(data, dtype=">i8", count=size, offset=offset).astype(np.int64)
            offset += 8 * size
            layers.append((values[: outputs * inputs].reshape(outputs, inputs), values[outputs * inputs :]))
        if offset != len(data):
            raise WitnessError("encoding", "bytes after the last layer of the weights file")
        return cls(tuple(layers))

    def digest(self) -> bytes:
        """Return Keccak-256 of `weights.bin`."""
        return keccak(self.to_bytes())

    def check(self, architecture: Architecture) -> None:
        """Check shapes and declared bounds.

        Raises: WitnessError `shape`, `weight` or `bias`, naming the layer.
        """
        if len(self.layers) != len(architecture.layers):
            raise WitnessError("shape", f"{len(self.layers)} layers, expected {len(architecture.layers)}")
        pairs = zip(self.layers, architecture.layers, strict=True)
        for index, ((weights, biases), layer) in enumerate(pairs):
            if weights.shape != (layer.outputs, layer.inputs):
                expected = (layer.outputs, layer.inputs)
                raise WitnessError("shape", f"layer {index} is {weights.shape}, expected {expected}")
            if weights.min() < -layer.weight_bound or weights.max() > layer.weight_bound:
                raise WitnessError("weight", f"layer {index} has a weight beyond {layer.weight_bound}")
            if biases.min() < -layer.bias_bound or biases.max() > layer.bias_bound:
                raise WitnessError("bias", f"layer {index} has a bias beyond {layer.bias_bound}")


def check_inputs(architecture: Architecture, inputs: Sequence[int]) -> None:
    """Check inputs against the declared bounds.

    Raises: WitnessError `count` or `input`, naming the position.
    """
    if len(inputs) != architecture.input_count:
        raise WitnessError("count", f"{len(inputs)} inputs, expected {architecture.input_count}")
    for index, (value, (low, high)) in enumerate(zip(inputs, architecture.input_bounds, strict=True)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise WitnessError("input", f"input {index} is not an integer")
        if not low <= value <= high:
            raise WitnessError("input", f"input {index} is {value}, outside [{low}, {high}]")


def evaluate(architecture: Architecture, weights: IntegerWeights, inputs: Sequence[int]) -> tuple[int, ...]:
    """Evaluate the network exactly.

    Raises: WitnessError.
    """
    check_inputs(architecture, inputs)
    row = np.array([[int(value) for value in inputs]], dtype=np.int64)
    outputs = evaluate_many(architecture, weights, row)
    return tuple(int(value) for value in outputs[0])


def evaluate_many(architecture: Architecture, weights: IntegerWeights, inputs: Integers) -> Integers:
    """Evaluate the network on every row of an int64 array [samples, n_in], exactly.

    Machine integers serve while the declared bounds keep every accumulator below 2^61, else Python integers.

    Returns: int64 [samples, n_out].
    Raises: WitnessError `count`, `input`, `output` beyond int64, or what `IntegerWeights.check` raises.
    """
    if inputs.ndim != 2 or inputs.shape[1] != architecture.input_count:
        detail = f"inputs are {inputs.shape}, expected (samples, {architecture.input_count})"
        raise WitnessError("count", detail)
    if inputs.dtype != np.int64:
        raise WitnessError("input", f"inputs are {inputs.dtype}, expected int64")
    low, high = np.array(architecture.input_bounds, dtype=np.int64).T
    outside = np.argwhere((inputs < low) | (inputs > high))
    if len(outside):
        sample, index = outside[0].tolist()
        found, bounds = inputs[sample, index], f"[{low[index]}, {high[index]}]"
        raise WitnessError("input", f"input {index} of sample {sample} is {found}, outside {bounds}")
    weights.check(architecture)
    exact = max(architecture.value_bounds().accumulators) < INT64_SAFE
    values: npt.NDArray[Any] = inputs if exact else inputs.astype(object)
    for layer, (matrix, biases) in zip(architecture.layers, weights.layers, strict=True):
        accumulators = values @ matrix.T.astype(values.dtype) + biases
        values = requantise(accumulators, layer.activation, architecture.shift_bits)
    try:
        return values.astype(np.int64)
    except OverflowError as error:
        raise WitnessError(
            "output", "an output does not fit 64 bits; no layout holds such a network"
        ) from error


def requantise(accumulators: npt.NDArray[Any], activation: Activation, shift_bits: int) -> npt.NDArray[Any]:
    """Round, and for relu clamp: floor((v + M/2) / M), relu: min(max(., 0), M^2 - 1).

    Parameters: accumulators, an array of int64 or of Python integers; a right shift is a floor for both.
    """
    rounded: npt.NDArray[Any] = (accumulators + (1 << shift_bits >> 1)) >> shift_bits
    if activation == "signed":
        return rounded
    clamped: npt.NDArray[Any] = np.minimum(np.maximum(rounded, 0), (1 << 2 * shift_bits) - 1)
    return clamped


def evaluate_plain(
    architecture: Architecture, weights: IntegerWeights, inputs: Sequence[int]
) -> tuple[int, ...]:
    """Evaluate the network in plain Python integers, the reference for everything faster.

    Raises: WitnessError.
    """
    check_inputs(architecture, inputs)
    weights.check(architecture)
    modulus = 2**architecture.shift_bits
    values = [int(value) for value in inputs]
    for layer, (matrix, biases) in zip(architecture.layers, weights.layers, strict=True):
        outputs = []
        for row, bias in zip(matrix.tolist(), biases.tolist(), strict=True):
            accumulator = bias + sum(weight * value for weight, value in zip(row, values, strict=True))
            rounded = (accumulator + modulus // 2) // modulus
            if layer.activation == "relu":
                rounded = min(max(rounded, 0), modulus**2 - 1)
            outputs.append(rounded)
        values = outputs
    return tuple(values)


def _frozen(array: Integers, dimensions: int) -> Integers:
    found = np.array(array)
    if found.dtype != np.int64 or found.ndim != dimensions:
        detail = f"expected int64 with {dimensions} dimensions, found {found.dtype} with {found.ndim}"
        raise WitnessError("shape", detail)
    found.flags.writeable = False
    return found
