"""Strategies beside the shipped one: small networks, committed with fresh blinding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from prover.artefacts import create_strategy
from prover.compile.architecture import Architecture, InputRun, Layer, Market
from prover.compile.cost_model import choose_parameters
from prover.compile.integer_model import IntegerWeights
from tests.agent.support.live_vault import WINDOW

SHIFT_BITS = 7
TARGET_BPS = 6_000


def write_strategy(
    folder: Path,
    *,
    window: int = WINDOW,
    previous_target: bool = False,
    market: bool = True,
    outputs: int = 1,
    lanes: int = 0,
) -> Path:
    """Commit to a network that holds about a fixed target, and return its folder."""
    runs: tuple[InputRun, ...] = (InputRun(window - 1, -2_000, 2_000),)
    runs += (InputRun(1, 0, 10_000),) if previous_target else ()
    inputs = window - 1 + previous_target
    architecture = Architecture(
        inputs=runs,
        layers=(Layer(inputs, outputs, "relu", 1 << SHIFT_BITS, 1 << 20),),
        market=Market(window, previous_target=previous_target) if market else None,
        shift_bits=SHIFT_BITS,
    )
    weights = np.zeros((outputs, inputs), dtype=np.int64)
    weights[0, window - 2] = 1 << SHIFT_BITS
    parameters = choose_parameters(architecture)
    if lanes:
        parameters = replace(parameters, lanes=lanes)
    layer = (weights, np.full(outputs, TARGET_BPS << SHIFT_BITS, dtype=np.int64))
    create_strategy(folder, architecture, parameters, IntegerWeights((layer,)))
    return folder
