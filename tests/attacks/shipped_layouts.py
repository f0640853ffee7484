"""Every layout that the product ships or names, with the network that it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from prover.compile.architecture import Architecture
from prover.compile.cost_model import Objective, choose_parameters
from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import IntegerWeights
from prover.compile.parameters import LayoutParameters
from prover.compile.reference import LAYOUTS, reference_architecture
from strategies.artefacts import load_model, shipped_model, shipped_models


@dataclass(frozen=True)
class Shipped:
    """A network, its layout and weights for it."""

    architecture: Architecture
    parameters: LayoutParameters
    weights: IntegerWeights


def shipped_layouts() -> dict[str, Shipped]:
    """Return the reference networks, R1 with two bus sums, and each shipped model for each objective."""
    found = {}
    for name, parameters in {
        **LAYOUTS,
        "r1-two-sums": LayoutParameters(256, 4, 6, 4, 2, 7, bus_sums=2),
    }.items():
        architecture = reference_architecture(name.partition("-")[0])
        found[name] = Shipped(architecture, parameters, random_weights(architecture, 1))
    for model in shipped_models():
        compiled = load_model(shipped_model(model))
        for objective in get_args(Objective):
            parameters = choose_parameters(compiled.architecture, objective=objective)
            found[f"{model}-{objective}"] = Shipped(compiled.architecture, parameters, compiled.weights)
    return found
