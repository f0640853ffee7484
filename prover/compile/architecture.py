"""The public architecture of an integer network: shapes, activations and declared bounds (section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple, cast

from prover.compile.canonical_json import CanonicalJsonError, decode_canonical, encode_canonical
from prover.errors import ArchitectureError

Activation = Literal["relu", "signed"]

FORMAT: Final = "provault-architecture-1"
#: Input bounds lie in [-INTEGER_LIMIT, INTEGER_LIMIT]; weight and bias bounds are below it.
INTEGER_LIMIT: Final = 2**62
MAX_SHIFT_BITS: Final = 12


class ValueBounds(NamedTuple):
    """Largest magnitudes that declared bounds allow."""

    values: tuple[int, ...]  # X_0 .. X_layers: operands of each layer, then the outputs
    accumulators: tuple[int, ...]  # V_1 .. V_layers


@dataclass(frozen=True)
class InputRun:
    """`count` consecutive inputs, each in [low, high]."""

    count: int
    low: int
    high: int


@dataclass(frozen=True)
class Layer:
    """One dense layer: v = bias + sum_i w_i x_i for every output, then the activation."""

    inputs: int
    outputs: int
    activation: Activation
    weight_bound: int  # |w| <= weight_bound
    bias_bound: int  # |bias| <= bias_bound


@dataclass(frozen=True)
class Market:
    """How a strategy's inputs come from prices: window_ticks - 1 differences, then the previous target."""

    window_ticks: int
    previous_target: bool


@dataclass(frozen=True)
class Architecture:
    """A network as `architecture.json` states it; it holds no weight.

    Raises: ArchitectureError on construction when a part is not well formed.
    Source: docs/protocol.md section 4.
    """

    inputs: tuple[InputRun, ...]
    layers: tuple[Layer, ...]
    market: Market | None
    shift_bits: int

    def __post_init__(self) -> None:
        """Refuse what is not an architecture."""
        _check_inputs(self.inputs)
        _check_layers(self.layers, self.input_count)
        _check_integer("shift_bits", self.shift_bits, 1, MAX_SHIFT_BITS)
        _check_market(self.market, self.input_count)

    @property
    def input_count(self) -> int:
        """Return n_in."""
        return sum(run.count for run in self.inputs)

    @property
    def output_count(self) -> int:
        """Return n_out."""
        return self.layers[-1].outputs

    @property
    def input_bounds(self) -> tuple[tuple[int, int], ...]:
        """Return (low, high) of every input in order."""
        return tuple((run.low, run.high) for run in self.inputs for _ in range(run.count))

    def value_bounds(self) -> ValueBounds:
        """Return X_l and V_l.

        X_0 = max |input bound|;  V_l = inputs X_{l-1} weight_bound + bias_bound;
        X_l = min(M^2 - 1, floor((V_l + M/2) / M)) for relu, floor((V_l + M/2) / M) + 1 for signed.
        """
        modulus = 1 << self.shift_bits
        values = [max(max(abs(run.low), abs(run.high)) for run in self.inputs)]
        accumulators = []
        for layer in self.layers:
            accumulator = layer.inputs * values[-1] * layer.weight_bound + layer.bias_bound
            rounded = (accumulator + modulus // 2) >> self.shift_bits
            accumulators.append(accumulator)
            values.append(min(modulus**2 - 1, rounded) if layer.activation == "relu" else rounded + 1)
        return ValueBounds(tuple(values), tuple(accumulators))

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON, the content of `architecture.json`."""
        market = None
        if self.market is not None:
            market = {
                "previous_target": self.market.previous_target,
                "window_ticks": self.market.window_ticks,
            }
        return encode_canonical(
            {
                "format": FORMAT,
                "inputs": [{"count": run.count, "high": run.high, "low": run.low} for run in self.inputs],
                "layers": [
                    {
                        "activation": layer.activation,
                        "bias_bound": layer.bias_bound,
                        "inputs": layer.inputs,
                        "outputs": layer.outputs,
                        "weight_bound": layer.weight_bound,
                    }
                    for layer in self.layers
                ],
                "market": market,
                "shift_bits": self.shift_bits,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Architecture:
        """Decode `architecture.json`, accepting only what `to_bytes` writes.

        Raises: ArchitectureError.
        """
        try:
            document = decode_canonical(data)
        except CanonicalJsonError as error:
            raise ArchitectureError("encoding", str(error)) from error
        fields = _object("architecture", document, ("format", "inputs", "layers", "market", "shift_bits"))
        if fields["format"] != FORMAT:
            raise ArchitectureError("format", f"expected {FORMAT!r}")
        runs = [_object("inputs", run, ("count", "high", "low")) for run in _list("inputs", fields["inputs"])]
        layer_keys = ("activation", "bias_bound", "inputs", "outputs", "weight_bound")
        layers = [_object("layers", layer, layer_keys) for layer in _list("layers", fields["layers"])]
        market = None
        if fields["market"] is not None:
            found = _object("market", fields["market"], ("previous_target", "window_ticks"))
            market = Market(cast(int, found["window_ticks"]), cast(bool, found["previous_target"]))
        # The constructor checks the type and range of every value that is cast here.
        architecture = cls(
            tuple(InputRun(**cast(dict[str, int], run)) for run in runs),
            tuple(Layer(**cast(dict[str, int], layer)) for layer in layers),  # type: ignore[arg-type]
            market,
            cast(int, fields["shift_bits"]),
        )
        if architecture.to_bytes() != data:
            raise ArchitectureError("encoding", "not the canonical bytes of this architecture")
        return architecture


def _object(field: str, value: object, keys: Iterable[str]) -> Mapping[str, object]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ArchitectureError(field, f"expected an object with exactly the keys {', '.join(keys)}")
    return value


def _list(field: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise ArchitectureError(field, "expected a list")
    return value


def _check_integer(field: str, value: object, low: int, high: int) -> None:
    if type(value) is not int:
        raise ArchitectureError(field, f"expected an integer, found {type(value).__name__}")
    if not low <= value <= high:
        raise ArchitectureError(field, f"outside [{low}, {high}]")


def _check_inputs(runs: tuple[InputRun, ...]) -> None:
    if not runs:
        raise ArchitectureError("inputs", "expected at least one run")
    for run in runs:
        _check_integer("inputs.count", run.count, 1, INTEGER_LIMIT)
        _check_integer("inputs.low", run.low, -INTEGER_LIMIT, INTEGER_LIMIT)
        _check_integer("inputs.high", run.high, -INTEGER_LIMIT, INTEGER_LIMIT)
        if run.low > run.high:
            raise ArchitectureError("inputs.low", f"low {run.low} is above high {run.high}")
    for before, after in pairwise(runs):
        if (before.low, before.high) == (after.low, after.high):
            raise ArchitectureError("inputs", "neighbouring runs have equal bounds: write them as one run")


def _check_layers(layers: tuple[Layer, ...], input_count: int) -> None:
    if not layers:
        raise ArchitectureError("layers", "expected at least one layer")
    width = input_count
    for index, layer in enumerate(layers):
        _check_integer("layers.inputs", layer.inputs, 1, INTEGER_LIMIT)
        _check_integer("layers.outputs", layer.outputs, 1, INTEGER_LIMIT)
        _check_integer("layers.weight_bound", layer.weight_bound, 0, INTEGER_LIMIT - 1)
        _check_integer("layers.bias_bound", layer.bias_bound, 0, INTEGER_LIMIT - 1)
        if layer.activation not in ("relu", "signed"):
            raise ArchitectureError("layers.activation", "expected relu or signed")
        if layer.inputs != width:
            detail = f"layer {index} takes {layer.inputs} values, {width} come in"
            raise ArchitectureError("layers.inputs", detail)
        width = layer.outputs


def _check_market(market: Market | None, input_count: int) -> None:
    if market is None:
        return
    _check_integer("market.window_ticks", market.window_ticks, 2, INTEGER_LIMIT)
    if type(market.previous_target) is not bool:
        raise ArchitectureError("market.previous_target", "expected true or false")
    expected = market.window_ticks - 1 + market.previous_target
    if input_count != expected:
        detail = f"the window gives {expected} inputs, the network takes {input_count}"
        raise ArchitectureError("market", detail)
