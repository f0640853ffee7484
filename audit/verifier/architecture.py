"""`architecture.json`: the public shape of a network and its declared bounds (protocol, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from audit.errors import CircuitError
from audit.verifier.canonical_json import parse_canonical, take_fields, take_integer

ARCHITECTURE_FORMAT: Final = "provault-architecture-1"
BOUND_LIMIT: Final = 1 << 62
COUNT_LIMIT: Final = (1 << 32) - 1
MAX_LIMB_BITS: Final = 12
ACTIVATIONS: Final = ("relu", "signed")


@dataclass(frozen=True)
class InputRun:
    """Bound `count` neighbouring inputs by low <= x <= high."""

    count: int
    low: int
    high: int


@dataclass(frozen=True)
class Layer:
    """Describe one dense layer: v = bias + sum_i w_i x_i, then the activation."""

    inputs: int
    outputs: int
    activation: str
    weight_bound: int
    bias_bound: int


@dataclass(frozen=True)
class Architecture:
    """Hold what `architecture.json` says."""

    runs: tuple[InputRun, ...]
    layers: tuple[Layer, ...]
    shift_bits: int

    @property
    def input_count(self) -> int:
        """Return n_in."""
        return sum(run.count for run in self.runs)

    @property
    def output_count(self) -> int:
        """Return n_out."""
        return self.layers[-1].outputs

    def accumulator_bounds(self) -> tuple[int, ...]:
        """Return V_l of every layer.

        V_l = inputs X_(l-1) weight_bound + bias_bound
        X_l = min(M^2 - 1, floor((V_l + M/2) / M)) for relu, floor((V_l + M/2) / M) + 1 for signed
        """
        limb = 1 << self.shift_bits
        value_bound = max(max(abs(run.low), abs(run.high)) for run in self.runs)
        bounds = []
        for layer in self.layers:
            bound = layer.inputs * value_bound * layer.weight_bound + layer.bias_bound
            bounds.append(bound)
            scaled = (bound + limb // 2) // limb
            value_bound = min(limb * limb - 1, scaled) if layer.activation == "relu" else scaled + 1
        return tuple(bounds)


def parse_architecture(content: bytes) -> Architecture:
    """Parse `architecture.json`.

    Raises
    ------
    CircuitError : architecture, anything that section 4 does not allow.
    """
    try:
        fields = take_fields(
            parse_canonical(content), "the file", {"format", "inputs", "layers", "market", "shift_bits"}
        )
        if fields["format"] != ARCHITECTURE_FORMAT:
            raise ValueError(f"format is {fields['format']!r}, expected {ARCHITECTURE_FORMAT!r}")
        architecture = Architecture(
            runs=tuple(_parse_run(item) for item in _take_list(fields, "inputs")),
            layers=tuple(_parse_layer(item) for item in _take_list(fields, "layers")),
            shift_bits=take_integer(fields, "shift_bits", 1, MAX_LIMB_BITS),
        )
        _check_runs(architecture.runs)
        _check_layers(architecture)
        _check_market(fields["market"], architecture.input_count)
    except ValueError as error:
        raise CircuitError("architecture", str(error)) from error
    return architecture


def check_runs_differ(runs: tuple[InputRun, ...]) -> int | None:
    """Return the index of the first run with the bounds of the run before it, None when all differ."""
    for i in range(1, len(runs)):
        if (runs[i].low, runs[i].high) == (runs[i - 1].low, runs[i - 1].high):
            return i
    return None


def _take_list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields[name]
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name} is not a list with entries")
    return value


def _parse_run(item: object) -> InputRun:
    fields = take_fields(item, "an input run", {"count", "high", "low"})
    return InputRun(
        count=take_integer(fields, "count", 1, COUNT_LIMIT),
        low=take_integer(fields, "low", -BOUND_LIMIT, BOUND_LIMIT),
        high=take_integer(fields, "high", -BOUND_LIMIT, BOUND_LIMIT),
    )


def _parse_layer(item: object) -> Layer:
    fields = take_fields(item, "a layer", {"activation", "bias_bound", "inputs", "outputs", "weight_bound"})
    if fields["activation"] not in ACTIVATIONS:
        raise ValueError(f"activation is {fields['activation']!r}, expected one of {ACTIVATIONS}")
    return Layer(
        inputs=take_integer(fields, "inputs", 1, COUNT_LIMIT),
        outputs=take_integer(fields, "outputs", 1, COUNT_LIMIT),
        activation=fields["activation"],
        weight_bound=take_integer(fields, "weight_bound", 0, BOUND_LIMIT - 1),
        bias_bound=take_integer(fields, "bias_bound", 0, BOUND_LIMIT - 1),
    )


def _check_runs(runs: tuple[InputRun, ...]) -> None:
    for i, run in enumerate(runs):
        if run.low > run.high:
            raise ValueError(f"input run {i} has low {run.low} above high {run.high}")
    repeated = check_runs_differ(runs)
    if repeated is not None:
        raise ValueError(f"input run {repeated} repeats the bounds before it")


def _check_layers(architecture: Architecture) -> None:
    width = architecture.input_count
    for i, layer in enumerate(architecture.layers):
        if layer.inputs != width:
            raise ValueError(f"layer {i} has {layer.inputs} inputs, expected {width}")
        width = layer.outputs


def _check_market(market: object, input_count: int) -> None:
    if market is None:
        return
    fields = take_fields(market, "market", {"previous_target", "window_ticks"})
    if not isinstance(fields["previous_target"], bool):
        raise ValueError("previous_target is neither true nor false")
    window_ticks = take_integer(fields, "window_ticks", 2, COUNT_LIMIT)
    expected = window_ticks - 1 + int(fields["previous_target"])
    if input_count != expected:
        raise ValueError(f"{input_count} inputs for a window that gives {expected}")
