"""Networks to lay out, and the relation of docs/protocol.md section 6 in plain integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.cells import count_rows
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import Layout, LayoutParameters
from prover.compile.witness import Witness

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


@dataclass(frozen=True)
class Network:
    """An architecture that keeps every rule, a layout for it, weights and inputs within the bounds."""

    architecture: Architecture
    parameters: LayoutParameters
    weights: IntegerWeights
    inputs: tuple[int, ...]


def dense(
    widths: list[int], *, shift_bits: int, weight_bound: int, bias_bound: int, high: int
) -> Architecture:
    """Describe relu layers of the given widths over inputs in [-high, high]."""
    layers = tuple(
        Layer(inputs, outputs, "relu", weight_bound, bias_bound) for inputs, outputs in pairwise(widths)
    )
    return Architecture((InputRun(widths[0], -high, high),), layers, None, shift_bits)


def edge_or_any(low: int, high: int) -> st.SearchStrategy[int]:
    """Draw an integer of [low, high], the ends often."""
    return st.one_of(st.sampled_from([low, high]), st.integers(low, high))


@st.composite
def draw_architecture(draw: Any) -> Architecture:
    """Draw a small architecture that meets rule R4, often exactly at its limit."""
    shift_bits = draw(st.integers(1, 4))
    modulus = 1 << shift_bits
    limit = modulus**4 // 2 - modulus - 1
    runs: list[InputRun] = []
    for _ in range(draw(st.integers(1, 3))):
        low = draw(st.integers(-3, 2))
        run = InputRun(draw(st.integers(1, 4)), low, draw(st.integers(low, 3)))
        if not runs or (runs[-1].low, runs[-1].high) != (run.low, run.high):
            runs.append(run)
    width = sum(run.count for run in runs)
    largest = max(max(abs(run.low), abs(run.high)) for run in runs)
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        weight_bound = draw(edge_or_any(0, limit // max(width * largest, 1) if largest else 3))
        bias_bound = draw(edge_or_any(0, limit - width * largest * weight_bound))
        outputs = draw(st.integers(1, 5))
        activation = draw(st.sampled_from(["relu", "signed"]))
        layers.append(Layer(width, outputs, activation, weight_bound, bias_bound))
        width = outputs
        largest = Architecture(tuple(runs), tuple(layers), None, shift_bits).value_bounds().values[-1]
    return Architecture(tuple(runs), tuple(layers), None, shift_bits)


def fit_parameters(architecture: Architecture, lanes: int, weight_lanes: int, packs: int) -> LayoutParameters:
    """Give the fewest rows that hold the network, with just enough powers for them."""
    columns = max(weight_lanes, 2)
    rows = 2
    while True:
        powers = columns * (rows + 4)
        found = LayoutParameters(rows, columns, lanes, weight_lanes, packs, architecture.shift_bits, powers)
        if rows >= lanes and count_rows(architecture, found).needed <= rows:
            return found
        rows *= 2


def draw_integers(draw: Any, bound: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw an int64 array in [-bound, bound], the ends often."""
    count = int(np.prod(shape))
    values = draw(st.lists(edge_or_any(-bound, bound), min_size=count, max_size=count))
    return np.array(values, dtype=np.int64).reshape(shape)


@st.composite
def draw_network(draw: Any) -> Network:
    """Draw a whole network."""
    architecture = draw(draw_architecture())
    lanes = draw(st.integers(6, 8))
    parameters = fit_parameters(
        architecture, lanes, draw(st.one_of(st.just(lanes), st.integers(1, lanes))), draw(st.integers(1, 3))
    )
    layers = tuple(
        (
            draw_integers(draw, layer.weight_bound, (layer.outputs, layer.inputs)),
            draw_integers(draw, layer.bias_bound, (layer.outputs,)),
        )
        for layer in architecture.layers
    )
    inputs = tuple(draw(edge_or_any(low, high)) for low, high in architecture.input_bounds)
    return Network(architecture, parameters, IntegerWeights(layers), inputs)


def broken_constraints(layout: Layout, witness: Witness, *, theta: int) -> set[tuple[str, int]]:
    """Return (constraint, row) for everything that a witness breaks, in plain integers modulo r.

    The accumulator e is run forward by c1, so that a wrong sum shows in c2 where it must vanish. The bus is
    compared as a multiset of (address, value): what random alpha and beta compare but for their error term. A
    cell whose fetches differ from its multiplicity is reported as c0 at the row that provides it, or at -1.
    """
    broken: set[tuple[str, int]] = set()
    n, lanes = layout.parameters.rows, layout.parameters.lanes
    modulus = layout.parameters.modulus
    theta_inverse = pow(theta, -1, R)
    columns = {
        name: getattr(layout, name).tolist() for name in ("base", "padr", "tab", "q_in", "q_dot", "q_pub")
    }
    columns |= {name: getattr(layout, name).tolist() for name in ("q_rel", "q_sgn", "q_zero")}
    x, o, m = witness.lanes.tolist(), witness.o.tolist(), witness.m.tolist()
    weights = witness.weights.tolist()
    bus: Counter[tuple[int, int]] = Counter()
    pi = sum(value * pow(theta, index, R) for index, value in enumerate(witness.public)) % R
    e = pi
    for row in range(n):
        q = {name: column[row] for name, column in columns.items()}
        x0, x1, x2, x3, b, d = (x[lane][row] for lane in range(6))
        lo = x1 + modulus * x2
        v_rel = (2 * b - 1) * (x0 + modulus * lo + modulus**3 * d * (1 + x3)) - modulus // 2
        o_rel = b * ((1 - d) * lo + d * (modulus**2 - 1))
        v_sgn = x0 + modulus * lo + modulus**3 * x3 - modulus // 2 - modulus**4 // 2
        o_sgn = lo + modulus**2 * x3 - modulus**3 // 2
        u = [
            sum(
                weights[lane][pack][row] * pow(theta, pack, R)
                for pack in range(layout.parameters.weight_packs)
            )
            for lane in range(layout.parameters.weight_lanes)
        ]
        for lane in range(lanes):
            bus[(q["base"] + lane * (q["q_dot"] + q["q_pub"])) % R, x[lane][row] % R] += 1
        bus[q["padr"] % R, o[row] % R] -= m[row]
        if (q["q_zero"] * e - (pi if row == 0 else 0)) % R:
            broken.add(("c2", row))
        if (o[row] - q["tab"] - q["q_in"] * o[row] - q["q_rel"] * o_rel - q["q_sgn"] * o_sgn) % R:
            broken.add(("c3", row))
        if q["q_rel"] * (b * b - b) % R:
            broken.add(("c4", row))
        if q["q_rel"] * (d * d - d) % R:
            broken.add(("c5", row))
        if q["q_pub"]:
            peeled = sum(x[lane][row] * pow(theta, lane, R) for lane in range(lanes))
            e = (e - peeled) * pow(theta_inverse, lanes, R) % R
        elif q["q_dot"]:
            e = (e + sum(x[lane][row] * u[lane] for lane in range(layout.parameters.weight_lanes))) % R
        elif q["q_rel"] or q["q_sgn"]:
            e = (e + u[0] - (v_rel if q["q_rel"] else v_sgn)) * theta_inverse % R
        else:
            e = 0
    rows = {address: row for row, address in enumerate(columns["padr"])}
    broken |= {("c0", rows.get(address, -1)) for (address, _), count in bus.items() if count % R}
    return broken


@pytest.fixture(scope="session")
def networks() -> st.SearchStrategy[Network]:
    """Give the strategy that draws whole networks."""
    return draw_network()


@pytest.fixture(scope="session")
def architectures() -> st.SearchStrategy[Architecture]:
    """Give the strategy that draws architectures which meet rule R4."""
    return draw_architecture()


@pytest.fixture(scope="session")
def broken() -> Callable[..., set[tuple[str, int]]]:
    """Give the relation's checker."""
    return broken_constraints


@pytest.fixture(scope="session")
def fit() -> Callable[[Architecture, int, int, int], LayoutParameters]:
    """Give the function that finds the fewest rows for (architecture, L, wa, K)."""
    return fit_parameters


@pytest.fixture(scope="session")
def r1() -> Architecture:
    """Give R1: Linear 32-32, ReLU, 32-16, ReLU, 16-1."""
    return dense([32, 32, 16, 1], shift_bits=7, weight_bound=255, bias_bound=2**18, high=2000)


@pytest.fixture(scope="session")
def r1_clipped(r1: Architecture) -> Architecture:
    """Give R1 with its output clipped to 0 .. 10000 by two further layers: 10000 - relu(10000 - x)."""
    clip = Layer(1, 1, "relu", 128, 10000 * 128)
    return Architecture(r1.inputs, (*r1.layers, clip, clip), None, 7)


@pytest.fixture(scope="session")
def r2() -> Architecture:
    """Give R2: Linear 64-256, ReLU, 256-128, ReLU, 128-1, eight bits of shift."""
    return dense([64, 256, 128, 1], shift_bits=8, weight_bound=100, bias_bound=2**16, high=2000)


@pytest.fixture(scope="session")
def small() -> Architecture:
    """Give a network with both activations, padding in every vector and blocks of unequal size."""
    layers = (Layer(5, 3, "signed", 9, 100), Layer(3, 3, "relu", 9, 100), Layer(3, 2, "signed", 9, 100))
    return Architecture((InputRun(3, -3, 5), InputRun(2, 0, 1)), layers, None, 3)


@pytest.fixture(scope="session")
def small_parameters(small: Architecture) -> LayoutParameters:
    """Give L = 6, wa = 4, K = 2 and the fewest rows."""
    return fit_parameters(small, 6, 4, 2)
