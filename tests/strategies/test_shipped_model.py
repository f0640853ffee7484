"""The shipped model: its card says what its integers do, and it moves out of sample."""

import numpy as np
import pytest

from strategies.artefacts import (
    CompiledModel,
    load_model,
    read_strategy,
    shipped_model,
    shipped_models,
    write_compiled,
)
from strategies.errors import ArtefactError, TrainingError
from strategies.model_card import (
    card_facts,
    file_digest,
    measure_period,
    quantisation_figures,
    targets_of,
    ticks_digest,
)
from strategies.performance import check_movement, samples_of
from strategies.quantise import read_onnx
from strategies.training import config_architecture, split
from strategies.training_config import read_training_config, zoo_config


@pytest.fixture(scope="module")
def config():
    return read_training_config(zoo_config("mlp"))


@pytest.fixture(scope="module")
def facts():
    return card_facts((shipped_model("eth_mlp") / "card.md").read_text("utf-8"))


def test_the_card_names_seed_period_and_data(facts, config, price_data, eth_candles):
    splits = split(config, eth_candles)
    assert facts["public"] is True
    assert facts["seed"] == config.seed
    assert facts["data_file_sha256"] == file_digest(price_data / config.data.file)
    assert facts["training_ticks_sha256"] == ticks_digest(splits.fit, splits.select)
    assert facts["fit"]["last_interval"] < facts["select"]["first_interval"]
    assert facts["select"]["last_interval"] < facts["test"]["first_interval"]


@pytest.mark.parametrize("part", ["fit", "select", "test"])
def test_the_cards_figures_are_those_of_the_integer_model(facts, config, eth_candles, eth_model, part):
    series = getattr(split(config, eth_candles), part)
    period = measure_period(
        eth_model.architecture, eth_model.weights, series, config.window_ticks, config.cost
    )
    stated = facts[part]
    assert (stated["first_interval"], stated["last_interval"]) == (
        period.first_interval,
        period.last_interval,
    )
    for row, figures in period.figures.items():
        assert stated["figures"][row] == pytest.approx(figures, abs=2e-6)
    assert stated["activity"] == pytest.approx(period.activity, abs=2e-6)


def test_the_rounding_stated_is_the_rounding_measured(facts, config, eth_candles, eth_model):
    samples = samples_of(split(config, eth_candles).test, config.window_ticks)
    model = read_onnx(shipped_model("eth_mlp") / "model.onnx")
    mean, most = quantisation_figures(model, eth_model.architecture, eth_model.weights, samples)
    assert facts["quantisation_mean_bps"] == pytest.approx(mean, abs=1e-5)
    assert facts["quantisation_most_bps"] == pytest.approx(most, abs=1e-5)
    assert most < 10


def test_its_output_moves_out_of_sample(config, eth_candles, eth_model):
    samples = samples_of(split(config, eth_candles).test, config.window_ticks)
    targets = targets_of(eth_model.architecture, eth_model.weights, samples)
    check_movement(targets, least_std_bps=config.least_std_bps, least_distinct=config.least_distinct)


@pytest.mark.parametrize("targets", [np.full(500, 5000), np.arange(5000, 5500) % 3 + 5000])
def test_a_model_that_does_not_move_is_refused(config, targets):
    with pytest.raises(TrainingError, match="does not move out of sample"):
        check_movement(targets, least_std_bps=config.least_std_bps, least_distinct=config.least_distinct)


def test_it_trades_both_ways_and_holds_in_nearly_every_day(facts):
    assert facts["test"]["activity"]["days_with_all"] > 0.98


def test_its_architecture_is_the_one_configured(config, eth_model):
    assert eth_model.architecture == config_architecture(config)
    assert eth_model.architecture.market is not None
    assert eth_model.architecture.market.window_ticks == 33


def test_shipped_models_are_found_by_name():
    assert "eth_mlp" in shipped_models()
    with pytest.raises(ArtefactError, match="no shipped model"):
        shipped_model("eth_lmp")


def test_a_compiled_folder_parts_public_from_secret(tmp_path, eth_model):
    folder = tmp_path / "strategy"
    write_compiled(folder, eth_model)
    assert sorted(path.name for path in (folder / "public").iterdir()) == ["architecture.json", "card.md"]
    secret = folder / "secret" / "weights.bin"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700
    strategy = read_strategy(folder)
    assert (strategy.architecture, strategy.weights, strategy.digest) == (
        eth_model.architecture,
        eth_model.weights,
        None,
    )


def test_a_committed_folder_is_not_written_over(tmp_path, eth_model):
    write_compiled(tmp_path, eth_model)
    (tmp_path / "public" / "commitment.json").write_text('{"strategy_commitment": "0x' + "ab" * 32 + '"}')
    assert read_strategy(tmp_path).digest == "0x" + "ab" * 32
    with pytest.raises(ArtefactError, match="already holds a committed strategy"):
        write_compiled(tmp_path, eth_model)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"strategy_commitment": "0x12"}', '{"strategy_commitment": 5}']
)
def test_a_commitment_that_cannot_be_read_is_refused(tmp_path, eth_model, content):
    write_compiled(tmp_path, eth_model)
    (tmp_path / "public" / "commitment.json").write_text(content)
    with pytest.raises(ArtefactError, match="commitment"):
        read_strategy(tmp_path)


@pytest.mark.parametrize("name", ["public/architecture.json", "secret/weights.bin"])
def test_a_missing_file_is_named(tmp_path, eth_model, name):
    write_compiled(tmp_path, eth_model)
    (tmp_path / name).unlink()
    with pytest.raises(ArtefactError, match=f"{name} is missing"):
        read_strategy(tmp_path)


def test_a_model_folder_without_a_card_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes((shipped_model("eth_mlp") / "model.onnx").read_bytes())
    with pytest.raises(ArtefactError, match=r"card\.md is missing"):
        load_model(tmp_path)


def test_it_loads_as_public(eth_model):
    assert isinstance(eth_model, CompiledModel)
    assert "The weights are public" in eth_model.card
