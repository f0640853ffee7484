"""A multilayer perceptron whose training runs through its own integers.

    h_0 = x / input_scale;  h_l = relu(W_l h_(l-1) + b_l);  target = clip(W_L h_(L-1) + b_L + 1/2, 0, 1)

In integer units layer l computes c_l h_l: c_l are the hidden scales, c_0 = 1 tick and c_L = 10000 bps. With
M = 2^shift_bits

    w_int = round(M c_l / c_(l-1) w),  b_int = round(M c_l b),  h_int = clamp(floor(v / M + 1/2), 0, M^2 - 1)

The rounded pass computes exactly these integers in float64; its gradient is that of the unrounded pass.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from prover.compile.architecture import Architecture
from strategies.training_config import TrainingConfig
from strategies.vault_rules import BPS


class Mlp(nn.Module):
    """Map windows of tick differences [samples, W - 1] to target weights [samples], before the clip."""

    def __init__(self, config: TrainingConfig, architecture: Architecture) -> None:
        """Draw initial weights from torch's generator, which the caller seeds."""
        super().__init__()
        widths = [config.window_ticks - 1, *config.hidden, 1]
        self.layers = [nn.Linear(a, b).double() for a, b in pairwise(widths)]
        self.registered = nn.ModuleList(self.layers)
        self.modulus = 2.0**config.shift_bits
        self.scales = [1.0, *config.hidden_scales, float(BPS)]
        self.input_scale = config.input_scale
        declared = architecture.layers[: len(self.layers)]
        self.bounds = [(float(layer.weight_bound), float(layer.bias_bound)) for layer in declared]
        with torch.no_grad():
            self.layers[-1].bias.fill_(0.5)

    def integer_layer(self, index: int) -> tuple[Tensor, Tensor]:
        """Return a layer's weights and biases in integer units, not rounded."""
        layer = self.layers[index]
        before = self.scales[index] * (self.input_scale if index == 0 else 1.0)
        scale = self.modulus * self.scales[index + 1]
        weights: Tensor = layer.weight * (scale / before)
        biases: Tensor = layer.bias * scale
        return weights, biases

    def forward(self, inputs: Tensor) -> Tensor:
        """Return targets as weights, before the clip, without rounding."""
        values = inputs / self.input_scale
        for layer in self.layers[:-1]:
            values = torch.relu(layer(values))
        targets: Tensor = self.layers[-1](values)[:, 0]
        return targets

    def forward_rounded(self, inputs: Tensor) -> Tensor:
        """Return targets as weights, before the clip to 10000 bps, exactly as the integer network does.

        Every accumulator is below 2^27, so float64 holds it exactly.
        """
        values = inputs
        for index, (weight_bound, bias_bound) in enumerate(self.bounds):
            weights, biases = self.integer_layer(index)
            weights = _straight_through(weights.round().clamp(-weight_bound, weight_bound), weights)
            biases = _straight_through(biases.round().clamp(-bias_bound, bias_bound), biases)
            exact = (values @ weights.T + biases) / self.modulus
            rounded = torch.floor(exact + 0.5)
            if index < len(self.bounds) - 1:
                exact = torch.relu(exact)
                rounded = rounded.clamp(0.0, self.modulus**2 - 1)
            values = _straight_through(rounded, exact)
        return values[:, 0] / BPS


class IntegerUnitMlp(nn.Module):
    """Hold the rounded weights of an Mlp as a plain network from ticks to bps, for export."""

    def __init__(self, source: Mlp) -> None:
        """Copy the weights as float32: integers over a power of two, which float32 holds exactly."""
        super().__init__()
        layers: list[nn.Module] = []
        with torch.no_grad():
            for index, (weight_bound, bias_bound) in enumerate(source.bounds):
                weights, biases = source.integer_layer(index)
                dense = nn.Linear(weights.shape[1], weights.shape[0])
                dense.weight.copy_(weights.round().clamp(-weight_bound, weight_bound) / source.modulus)
                dense.bias.copy_(biases.round().clamp(-bias_bound, bias_bound) / source.modulus)
                layers += [dense, nn.ReLU()]
        self.body = nn.Sequential(*layers[:-1])

    def forward(self, ticks: Tensor) -> Tensor:
        """Return target_bps [samples, 1] for oriented tick differences [samples, W - 1]."""
        return torch.clamp(self.body(ticks), 0.0, float(BPS))


def _straight_through(forward: Tensor, backward: Tensor) -> Tensor:
    """Return the value of one tensor with the gradient of another."""
    return backward + (forward - backward).detach()
