"""Training: its loss is the card's, its rounded pass is the integer network, its seed decides everything."""

from datetime import date

import numpy as np
import pytest
import torch

from prover.compile.integer_model import evaluate_many
from strategies.errors import ConfigError, DataMissingError, TrainingError
from strategies.model_card import card_facts
from strategies.performance import activity, measure, samples_of
from strategies.quantise import quantise, read_onnx
from strategies.training import (
    _batch,
    config_architecture,
    describe,
    export_onnx,
    fit,
    load_splits,
    train,
    training_loss,
)
from strategies.training_config import read_training_config, zoo_config
from strategies.zoo.mlp import Mlp

SHORT = {"float_steps": 12, "integer_steps": 3}


@pytest.fixture
def config():
    """The shipped configuration on a few months, with few steps."""
    full = read_training_config(zoo_config("mlp"))
    data = full.data.model_copy(
        update={
            "fit_from": date(2020, 1, 1),
            "select_from": date(2020, 4, 1),
            "test_from": date(2020, 5, 1),
            "test_until": date(2020, 7, 1),
        }
    )
    return full.model_copy(update={**SHORT, "data": data})


def quiet(line):
    """Take a line of progress."""


def test_the_rounded_pass_is_the_integer_network_and_so_is_the_export(config, price_data, tmp_path):
    splits = load_splits(config)
    model = fit(config, splits, quiet)
    samples = samples_of(splits.test, config.window_ticks)
    with torch.no_grad():
        rounded = model.forward_rounded(torch.from_numpy(samples.inputs.astype(np.float64))).clamp(0, 1)
    export_onnx(model, tmp_path / "m.onnx", {"provault.seed": "1"})
    architecture = config_architecture(config)
    found, weights = quantise(
        read_onnx(tmp_path / "m.onnx"),
        inputs=architecture.inputs,
        market=architecture.market,
        shift_bits=config.shift_bits,
    )
    assert found == architecture
    targets = evaluate_many(architecture, weights, np.ascontiguousarray(samples.inputs))[:, 0]
    assert np.array_equal(np.rint(rounded.numpy() * 10_000).astype(np.int64), targets)
    assert np.abs(rounded.numpy() * 10_000 - targets).max() < 1e-6
    assert len(np.unique(targets)) > 10


def test_saturation_and_bounds_are_in_the_rounded_pass(config):
    torch.manual_seed(3)
    architecture = config_architecture(config)
    model = Mlp(config, architecture)
    with torch.no_grad():
        for layer in model.layers:
            layer.weight.mul_(40)
    layers = []
    for index, (weight_bound, bias_bound) in enumerate(model.bounds):
        weights, biases = model.integer_layer(index)
        layers.append(
            (
                weights.detach().round().clamp(-weight_bound, weight_bound).numpy().astype(np.int64),
                biases.detach().round().clamp(-bias_bound, bias_bound).numpy().astype(np.int64),
            )
        )
    from prover.compile.integer_model import IntegerWeights
    from strategies.integer_bounds import clip_layers

    weights = IntegerWeights((*layers, *clip_layers(1, 10_000, 7)))
    rows = np.random.default_rng(5).integers(-2000, 2001, (300, 32))
    with torch.no_grad():
        rounded = model.forward_rounded(torch.from_numpy(rows.astype(np.float64))).clamp(0, 1)
    targets = evaluate_many(architecture, weights, rows)[:, 0]
    assert np.array_equal(np.rint(rounded.numpy() * 10_000).astype(np.int64), targets)
    reached = [np.abs(weights).max() for weights, _ in layers]
    assert any(most == bound for most, (bound, _) in zip(reached, model.bounds, strict=True))


def test_the_differentiated_loss_is_the_cards_loss(config, price_data):
    bare = config.model_copy(
        update={"activity_weight": 0.0, "turnover_weight": 0.0, "mean_weight": 0.0, "range_weight": 0.0}
    )
    samples = samples_of(load_splits(config).select, config.window_ticks)
    targets = np.random.default_rng(1).integers(0, 10_001, len(samples.returns))
    loss = training_loss(bare, torch.from_numpy(targets / 10_000), _batch(samples), 8760.0)
    assert loss.item() == pytest.approx(
        measure(targets, samples, cost=config.cost, intervals_a_year=8760.0).loss, rel=1e-9
    )


def test_the_penalties_point_the_right_way(config, price_data):
    samples = samples_of(load_splits(config).select, config.window_ticks)
    batch = _batch(samples)
    moving = np.where(np.arange(len(samples.returns)) % 3 == 0, 0.49, 0.51)
    still = np.full(len(samples.returns), 0.5)
    assert activity(still, samples).days_with_all < activity(moving, samples).days_with_all

    def loss(weights, **only):
        zero = dict.fromkeys(("activity_weight", "turnover_weight", "mean_weight", "range_weight"), 0.0)
        chosen = config.model_copy(update={**zero, **only})
        with_penalty = training_loss(chosen, torch.from_numpy(weights), batch, 8760.0).item()
        without = training_loss(
            config.model_copy(update=zero), torch.from_numpy(weights), batch, 8760.0
        ).item()
        return with_penalty - without

    assert loss(still, activity_weight=1.0) > loss(moving, activity_weight=1.0)
    assert loss(np.where(np.arange(len(still)) % 2, 0.1, 0.9), turnover_weight=1.0) > 1.0
    assert loss(still, turnover_weight=1.0) == pytest.approx(0.0, abs=1e-9)
    assert loss(still + 0.3, mean_weight=1.0) == pytest.approx(0.09, abs=1e-6)
    assert loss(still + 0.7, range_weight=1.0) == pytest.approx(0.2, abs=1e-6)


def test_one_seed_gives_one_file_and_another_another(config, price_data, tmp_path):
    files = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        card = train(config.model_copy(update={"seed": seed}), tmp_path / name, quiet)
        assert card.seed == seed
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["card.md", "model.onnx"]
        files[name] = (tmp_path / name / "model.onnx").read_bytes()
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]
    assert (tmp_path / "a" / "card.md").read_text() == (tmp_path / "b" / "card.md").read_text()
    assert "secret" in (tmp_path / "a" / "card.md").read_text()


def test_a_model_whose_output_does_not_move_is_refused_and_nothing_is_written(config, price_data, tmp_path):
    torch.manual_seed(1)
    splits = load_splits(config)
    model = Mlp(config, config_architecture(config))
    with torch.no_grad():
        model.layers[-1].weight.zero_()
    export_onnx(model, tmp_path / "m.onnx", {})
    with pytest.raises(TrainingError, match="does not move out of sample"):
        describe(config, splits, read_onnx(tmp_path / "m.onnx"), data_file_sha256="", public=False)
    strict = config.model_copy(update={"least_std_bps": 5000.0})
    with pytest.raises(TrainingError, match="does not move out of sample"):
        train(strict, tmp_path / "out", quiet)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_loss_that_is_not_finite_stops(config, price_data):
    with pytest.raises(TrainingError, match="not finite"):
        fit(config.model_copy(update={"learning_rate": 1e300}), load_splits(config), quiet)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("seed: 20171", "sead: 20171"),
        ("window_ticks: 33", "window_ticks: 129"),
        ("hidden_scales: [500.0, 2000.0]", "hidden_scales: [500.0]"),
        ("select_from: 2020-01-01", "select_from: 2016-01-01"),
        ("name: mlp", "name: [mlp"),
    ],
)
def test_a_bad_configuration_is_refused_by_its_key(tmp_path, change, key):
    text = zoo_config("mlp").read_text()
    assert change in text
    path = tmp_path / "mlp.yaml"
    path.write_text(text.replace(change, key))
    with pytest.raises(ConfigError):
        read_training_config(path)


def test_unknown_names_and_absent_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="known: mlp"):
        zoo_config("lmp")
    with pytest.raises(DataMissingError):
        read_training_config(tmp_path / "absent.yaml")


@pytest.mark.long
def test_the_shipped_model_is_trained_again(price_data, tmp_path):
    """One processor gives the same bytes twice; the shipped file's figures, whose processor may be another,
    are met within what another order of additions was seen to change."""
    from strategies.artefacts import shipped_model

    config = read_training_config(zoo_config("mlp"))
    for folder in (tmp_path / "first", tmp_path / "second"):
        train(config, folder, quiet, public=True)
    for name in ("model.onnx", "card.md"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    again, shipped = (
        card_facts((folder / "card.md").read_text("utf-8"))
        for folder in (tmp_path / "first", shipped_model("eth_mlp"))
    )
    for fact in ("seed", "data_file_sha256", "training_ticks_sha256", "window_ticks", "cost"):
        assert again[fact] == shipped[fact]
    for part in ("fit", "select", "test"):
        figures = again[part]["figures"]
        assert figures["holding"] == shipped[part]["figures"]["holding"]
        assert figures["model"]["loss"] == pytest.approx(shipped[part]["figures"]["model"]["loss"], abs=0.15)
    assert again["test"]["figures"]["model"]["loss"] < again["test"]["figures"]["holding"]["loss"]
