"""The networks that the prover's benchmark measures, each written as an ONNX file first.

provault and its peer read the same file. Weights are drawn as a framework initialises a dense layer,
U(-1, 1) / sqrt(inputs), from a fixed seed, so that no time here depends on training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from agent.errors import BenchmarkError
from prover.compile.architecture import Architecture, InputRun
from prover.compile.integer_model import IntegerWeights
from prover.compile.parameters import LayoutParameters

if TYPE_CHECKING:
    from prover.compile.cost_model import Objective

#: R1, the same in its layout for time, R2, and a ladder of about 1,000, 5,000, 20,000 and 50,000 parameters.
WIDTHS: Final[dict[str, tuple[int, ...]]] = {
    "r1": (32, 32, 16, 1),
    "r1-time": (32, 32, 16, 1),
    "r2": (64, 256, 128, 1),
    "1k": (32, 24, 8, 1),
    "5k": (64, 56, 24, 1),
    "20k": (64, 160, 59, 1),
    "50k": (96, 256, 98, 1),
}
LARGEST: Final = "largest"
NAMES: Final = (*WIDTHS, LARGEST)
_SHIFT_BITS: Final = {"r1": 7, "r1-time": 7, "1k": 7}
#: Networks whose layout is another than the one in balance.
_OBJECTIVES: Final[dict[str, Objective]] = {"r1-time": "time"}
_WIDE_SHIFT_BITS: Final = 8
INPUT_BOUND: Final = 2000
#: The inputs that are proven: hourly moves in ticks are seldom beyond this.
INPUT_LIMIT: Final = 100
#: Outputs are in basis points of a vault, not in ticks.
_OUTPUT_SCALE: Final = 64
_SEED: Final = 1
_LARGEST_INPUTS: Final = 64
_POWERS: Final = 4096


@dataclass(frozen=True)
class BenchmarkModel:
    """One network, its layout, and how it was chosen."""

    name: str
    widths: tuple[int, ...]
    shift_bits: int
    chosen_by: str

    @property
    def params(self) -> int:
        """Count weights and biases."""
        return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(self.widths))


def benchmark_model(name: str) -> BenchmarkModel:
    """Return a network by name; `largest` is searched for.

    Raises: BenchmarkError for a name that is not in NAMES.
    """
    if name == LARGEST:
        widths, how = largest_widths()
        return BenchmarkModel(name, widths, _WIDE_SHIFT_BITS, how)
    if name not in WIDTHS:
        raise BenchmarkError(f"{name!r} is no benchmark network; known: {', '.join(NAMES)}")
    return BenchmarkModel(name, WIDTHS[name], _SHIFT_BITS.get(name, _WIDE_SHIFT_BITS), "by hand")


def write_onnx(model: BenchmarkModel, path: Path) -> None:
    """Write the network as Gemm and Relu nodes in float32."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.default_rng(_SEED)
    nodes, constants, value = [], [], "x"
    for index, (inputs, outputs) in enumerate(pairwise(model.widths)):
        spread = 1 / np.sqrt(inputs)
        weights = generator.uniform(-spread, spread, (outputs, inputs)).astype(np.float32)
        biases = generator.uniform(-spread, spread, outputs).astype(np.float32)
        names = [f"weight{index}", f"bias{index}"]
        last = index == len(model.widths) - 2
        scale = np.float32(_OUTPUT_SCALE if last else 1)
        constants += [
            numpy_helper.from_array(scale * array, name)
            for array, name in zip((weights, biases), names, strict=True)
        ]
        result = "y" if last else f"sum{index}"
        nodes.append(helper.make_node("Gemm", [value, *names], [result], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"relu{index}"]))
        value = f"relu{index}"
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "-".join(map(str, model.widths)),
        [tensor("x", TensorProto.FLOAT, [1, model.widths[0]])],
        [tensor("y", TensorProto.FLOAT, [1, model.widths[-1]])],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())


@dataclass(frozen=True)
class CompiledBenchmark:
    """What provault made of an ONNX file, and how far its integers are from the floats."""

    architecture: Architecture
    weights: IntegerWeights
    parameters: LayoutParameters
    largest_difference: float  # over the proven inputs, in output units


def compile_onnx(model: BenchmarkModel, path: Path, inputs: npt.NDArray[np.int64]) -> CompiledBenchmark:
    """Quantise an ONNX file under declared bounds and choose its layout.

    Raises: strategies.errors.QuantiseError; prover.errors.LayoutError.
    """
    from prover.compile.cost_model import choose_parameters
    from prover.compile.reference import LAYOUTS
    from strategies.quantise import choose_scales, quantisation_difference, quantise, read_onnx

    read = read_onnx(path)
    architecture, weights = quantise(
        read,
        inputs=[InputRun(model.widths[0], -INPUT_BOUND, INPUT_BOUND)],
        market=None,
        shift_bits=model.shift_bits,
        scales=choose_scales(read, inputs.astype(np.float64), model.shift_bits),
    )
    parameters = LAYOUTS.get(model.name) or choose_parameters(
        architecture, powers=_POWERS, objective=_OBJECTIVES.get(model.name, "balanced")
    )
    _, largest = quantisation_difference(read, architecture, weights, inputs)
    return CompiledBenchmark(architecture, weights, parameters, largest)


def drawn_inputs(model: BenchmarkModel, count: int) -> npt.NDArray[np.int64]:
    """Draw inputs [count, n_in] from a fixed seed."""
    generator = np.random.default_rng(_SEED)
    return generator.integers(-INPUT_LIMIT, INPUT_LIMIT + 1, (count, model.widths[0]))


def largest_widths(fit: Callable[[int], bool] | None = None) -> tuple[tuple[int, ...], str]:
    """Return the widths 64-2m-m-1 of the largest m that fits, and how it was found.

    It fits when the optimiser finds a layout within 4096 powers that the verifier contract has room for. Its
    product of 60 points at most also keeps key and commitment far below the 24,576 bytes of EIP-170.
    """
    fit = fit or fits
    low, high = 1, 2
    while fit(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fit(middle) else (low, middle)
    how = (
        f"largest m of {_LARGEST_INPUTS}-2m-m-1 with a layout within {_POWERS} powers that the"
        f" verifier contract takes, by doubling and halving: m = {low} fits, {high} does not"
    )
    return _family(low), how


def _family(m: int) -> tuple[int, ...]:
    return (_LARGEST_INPUTS, 2 * m, m, 1)


def fits(m: int) -> bool:
    """Tell whether 64-2m-m-1 has a layout that the verifier contract takes."""
    from prover.compile.contract_limits import contract_refuses
    from prover.compile.cost_model import choose_parameters
    from prover.compile.proof_counts import count_proof
    from prover.errors import ArchitectureError, LayoutError
    from strategies.errors import QuantiseError
    from strategies.integer_bounds import DenseShape, dense_architecture

    widths = _family(m)
    shapes = [DenseShape(width, "relu") for width in widths[1:-1]]
    try:
        architecture = dense_architecture(
            [InputRun(widths[0], -INPUT_BOUND, INPUT_BOUND)],
            [*shapes, DenseShape(widths[-1], "signed")],
            clip_at=None,
            market=None,
            shift_bits=_WIDE_SHIFT_BITS,
        )
        found = choose_parameters(architecture, powers=_POWERS)
    except (ArchitectureError, LayoutError, QuantiseError):
        return False
    return not contract_refuses(architecture, found, count_proof(architecture, found))
