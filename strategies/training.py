"""Train a strategy of the zoo by one command, from one seed, and write its artefacts.

The loss is minus the annualised Sharpe ratio of log growth after costs (`performance.py`), plus penalties:
too few buys, sells or holds in a day, too much turnover, a mean target away from one half. Fitting sees the
days before `select_from`; the checkpoint is the one with the least loss from there to `test_from`; the days
after it are measured once, for the card.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prover.compile.architecture import Architecture, Market
from strategies.artefacts import CARD_FILE, MODEL_FILE
from strategies.candles import Candles, read_candles
from strategies.data_folder import data_file
from strategies.errors import TrainingError
from strategies.integer_bounds import DenseShape, dense_architecture, market_inputs
from strategies.model_card import (
    ModelCard,
    file_digest,
    measure_period,
    quantisation_figures,
    render_card,
    targets_of,
    ticks_digest,
)
from strategies.performance import Samples, check_movement, samples_of
from strategies.quantise import FloatModel, quantise, read_onnx
from strategies.ticks import TickSeries, tick_series
from strategies.training_config import TrainingConfig, midnight_secs
from strategies.vault_rules import BPS

if TYPE_CHECKING:
    from torch import Tensor

    from strategies.zoo.mlp import Mlp

CHECK_EVERY_STEPS = 10
_BAND = 0.005
_SOFTNESS = 0.0007
_DAY = 24

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Splits:
    """Hold the ticks of each part of the data, and the seconds of one interval."""

    fit: TickSeries
    select: TickSeries
    test: TickSeries
    interval_secs: int


def load_splits(config: TrainingConfig) -> Splits:
    """Read the candles and split them by time.

    Raises: DataMissingError, DataFormatError.
    """
    return split(config, read_candles(data_file(config.data.file)))


def split(config: TrainingConfig, candles: Candles) -> Splits:
    """Split candles by the configuration's dates; no window reaches from one part into another."""
    series = tick_series(candles, config.max_step_ticks)
    data = config.data
    days = (data.fit_from, data.select_from, data.test_from, data.test_until)
    ends = [midnight_secs(day) for day in days]
    fit, select, test = (series.between(start, end) for start, end in pairwise(ends))
    return Splits(fit, select, test, candles.interval_secs)


def config_architecture(config: TrainingConfig) -> Architecture:
    """Return the public architecture that a configuration gives, whatever the weights will be."""
    market = Market(config.window_ticks, previous_target=False)
    shapes = [DenseShape(width, "relu") for width in (*config.hidden, 1)]
    return dense_architecture(
        market_inputs(market, config.max_step_ticks),
        shapes,
        clip_at=BPS,
        market=market,
        shift_bits=config.shift_bits,
    )


@dataclass(frozen=True)
class _Batch:
    """Hold samples as tensors."""

    inputs: Tensor
    returns: Tensor
    continued: Tensor  # False where the decision before is not known, first row excluded


def _batch(samples: Samples) -> _Batch:
    import torch

    return _Batch(
        torch.from_numpy(samples.inputs.astype(np.float64)),
        torch.from_numpy(samples.returns),
        torch.from_numpy(~samples.starts[1:]),
    )


def training_loss(config: TrainingConfig, unclipped: Tensor, batch: _Batch, year_intervals: float) -> Tensor:
    """Return the loss with its penalties for targets as weights before the clip."""
    import torch

    weights = unclipped.clamp(0.0, 1.0)
    held = weights * (1 + batch.returns) / (1 + weights * batch.returns)
    change = (weights[1:] - held[:-1]) * batch.continued
    growth = torch.log1p(weights * batch.returns)
    growth = growth + torch.nn.functional.pad(torch.log1p(-config.cost * change.abs()), (1, 0))
    sharpe = growth.mean() / growth.std() * year_intervals**0.5

    buys = torch.sigmoid((change - _BAND) / _SOFTNESS)
    sells = torch.sigmoid((-change - _BAND) / _SOFTNESS)
    kinds = torch.stack([buys, sells, 1 - buys - sells])
    a_day = torch.nn.functional.avg_pool1d(kinds, _DAY, 1) * _DAY
    least = torch.tensor(config.activity_least, dtype=a_day.dtype)[:, None]
    shortfall = torch.relu(least - a_day).sum(0).mean()

    loss: Tensor = (
        -sharpe
        + config.activity_weight * shortfall
        + config.turnover_weight * torch.relu(change.abs().mean() / config.turnover_most - 1) ** 2
        + config.mean_weight * (weights.mean() - 0.5) ** 2
        + config.range_weight * (torch.relu(unclipped - 1) + torch.relu(-unclipped)).mean()
    )
    return loss


def fit(config: TrainingConfig, splits: Splits, progress: Progress) -> Mlp:
    """Fit the network, first without rounding, then through its integers; return the selected checkpoint.

    Raises: TrainingError when the loss is not finite.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise TrainingError("torch is not installed; install provault[train]") from None

    from strategies.zoo.mlp import Mlp

    torch.manual_seed(config.seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    year = 365 * 86_400 / splits.interval_secs
    seen = _batch(samples_of(splits.fit, config.window_ticks))
    selecting = _batch(samples_of(splits.select, config.window_ticks))
    model = Mlp(config, config_architecture(config))
    best_loss, best_state = float("inf"), model.state_dict()
    phases = (
        ("float", config.float_steps, config.learning_rate),
        ("integer", config.integer_steps, config.integer_learning_rate),
    )
    for phase, steps, rate in phases:
        optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=config.weight_decay)
        forward = model.forward if phase == "float" else model.forward_rounded
        for step in range(1, steps + 1):
            optimiser.zero_grad()
            inputs = seen.inputs
            if config.input_noise:
                noise = config.input_noise * torch.randn(inputs.shape, dtype=inputs.dtype)
                inputs = (inputs * (1 + noise)).round()
            loss = training_loss(config, forward(inputs), seen, year)
            if not torch.isfinite(loss):
                raise TrainingError(f"the loss is not finite at {phase} step {step}")
            torch.autograd.backward([loss])
            optimiser.step()
            if step % CHECK_EVERY_STEPS and step != steps:
                continue
            with torch.no_grad():
                selected = float(training_loss(config, forward(selecting.inputs), selecting, year))
            progress(f"{phase} step {step}/{steps}: loss {loss.item():.3f}, selection loss {selected:.3f}")
            if phase == "integer" and selected < best_loss:
                best_loss = selected
                best_state = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    return model


def train(config: TrainingConfig, folder: Path, progress: Progress, *, public: bool = False) -> ModelCard:
    """Train, refuse a model that does not move out of sample, and write `model.onnx` and `card.md`.

    Parameters: `public` says in the card that the weights are no secret.
    Raises: TrainingError, DataMissingError, DataFormatError, QuantiseError.
    """
    source = data_file(config.data.file)
    splits = split(config, read_candles(source))
    model = fit(config, splits, progress)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        draft = Path(work) / MODEL_FILE
        export_onnx(model, draft, {"provault.name": config.name, "provault.seed": str(config.seed)})
        card = describe(config, splits, read_onnx(draft), data_file_sha256=file_digest(source), public=public)
        (folder / CARD_FILE).write_text(render_card(card), "utf-8")
        draft.replace(folder / MODEL_FILE)
    return card


def describe(
    config: TrainingConfig, splits: Splits, model: FloatModel, *, data_file_sha256: str, public: bool
) -> ModelCard:
    """Measure an exported model on every part of the data.

    Raises: TrainingError for a model that does not move out of sample; QuantiseError.
    """
    expected = config_architecture(config)
    architecture, weights = quantise(
        model, inputs=expected.inputs, market=expected.market, shift_bits=config.shift_bits
    )
    if architecture != expected:
        raise TrainingError("the exported model does not have the configured architecture")
    unseen = samples_of(splits.test, config.window_ticks)
    check_movement(
        targets_of(architecture, weights, unseen),
        least_std_bps=config.least_std_bps,
        least_distinct=config.least_distinct,
    )
    mean, most = quantisation_figures(model, architecture, weights, unseen)
    fitted, selected, tested = (
        measure_period(architecture, weights, part, config.window_ticks, config.cost)
        for part in (splits.fit, splits.select, splits.test)
    )
    return ModelCard(
        name=config.name,
        seed=config.seed,
        data_file=config.data.file,
        data_file_sha256=data_file_sha256,
        training_ticks_sha256=ticks_digest(splits.fit, splits.select),
        interval_secs=splits.interval_secs,
        window_ticks=config.window_ticks,
        cost=config.cost,
        fit=fitted,
        select=selected,
        test=tested,
        quantisation_mean_bps=mean,
        quantisation_most_bps=most,
        public=public,
        notes=config.notes,
    )


def export_onnx(model: Mlp, path: Path, metadata: dict[str, str]) -> None:
    """Write the network from ticks to bps as ONNX in one file, with its origin as metadata."""
    import onnx
    import torch

    from strategies.zoo.mlp import IntegerUnitMlp

    example = torch.zeros(1, model.layers[0].in_features)
    # It reports every optional package that is absent.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # What the exporter says about itself; other warnings stay.
        for message in (".*legacy TorchScript-based ONNX export.*", ".*treespec.*", ".*LeafSpec.*"):
            warnings.filterwarnings("ignore", message=message)
        program = torch.onnx.export(
            IntegerUnitMlp(model).eval(),
            (example,),
            dynamo=True,
            external_data=False,
            input_names=["ticks"],
            output_names=["target_bps"],
            dynamic_shapes=({0: torch.export.Dim("samples")},),
            verbose=False,
        )
    if program is None:
        raise TrainingError("the exporter returned no model")
    exported = program.model_proto
    for node in exported.graph.node:
        del node.metadata_props[:]
    for value in (*exported.graph.value_info, *exported.graph.input, *exported.graph.output):
        del value.metadata_props[:]
    del exported.graph.metadata_props[:]
    del exported.metadata_props[:]
    for key in sorted(metadata):
        entry = exported.metadata_props.add()
        entry.key, entry.value = key, metadata[key]
    onnx.checker.check_model(exported)
    path.write_bytes(exported.SerializeToString(deterministic=True))
