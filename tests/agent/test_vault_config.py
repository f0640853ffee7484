"""The configuration of a deployment: what it takes, what it refuses, and what is generated from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent import cli
from agent.config_file import Section
from agent.errors import ConfigError
from agent.vault_config import (
    DeploymentConfig,
    deployment_schema,
    deployment_template,
    load_deployment_config,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the shipped example."""
    path = tmp_path / "vault.yaml"
    path.write_text(deployment_template())
    return path


def test_the_shipped_example_and_schema_are_fresh() -> None:
    assert (ROOT / "configs/vault.yaml").read_text() == deployment_template()
    assert (ROOT / "configs/vault.schema.json").read_text() == deployment_schema()


def test_every_key_is_documented_in_the_example() -> None:
    text = (ROOT / "configs/vault.yaml").read_text()
    for section, field in DeploymentConfig.model_fields.items():
        assert f"{section}:" in text
        model = next(
            one
            for one in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(one, type) and issubclass(one, Section)
        )
        for key, item in model.model_fields.items():
            assert f"{key}:" in text
            assert item.description
            assert item.description in text
    for definition in json.loads(deployment_schema())["$defs"].values():
        assert definition["additionalProperties"] is False


def test_the_example_is_valid_and_its_paths_are_the_file_s(file: Path) -> None:
    config = load_deployment_config(file, {})
    assert config.opening is None
    assert config.strategy.public_folder == file.parent / "strategy/public"
    assert config.record.file == file.parent / "deployment.json"
    assert config.rules.cut_base_tokens == "250"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('cut_base_tokens: "250"', "cut_base_tokens: 0.5"), "rules.cut_base_tokens must be written as text"),
        (('cut_base_tokens: "250"', 'cut_base_tokens: "1e3"'), "rules.cut_base_tokens must be a decimal"),
        (('cut_base_tokens: "250"', 'cut_base_tokens: "-1"'), "rules.cut_base_tokens must be a decimal"),
        (("band_bps: 50", "band_bps: 10000"), "rules.band_bps should be less than or equal to 9999"),
        (("timelock_secs: 604800", "timelock_secs: 60"), "rules.timelock_secs should be greater than"),
        (("slots_per_call: 300", "slots_per_call: 601"), "price_log.slots_per_call"),
        (("  deploy: false", "  deploy: false\n  speed: 1"), "zap.speed is not a key that is known"),
        (('guardian: "0x', 'guardian: "1x'), "roles.guardian must be an address"),
        (("max_fee_wei: 100000000000", "max_fee_wei: 5"), "fees priority_fee_wei exceeds max_fee_wei"),
    ],
)
def test_a_wrong_value_is_named(file: Path, change: tuple[str, str], sentence: str) -> None:
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change))
    with pytest.raises(ConfigError) as refusal:
        load_deployment_config(file, {})
    assert sentence in str(refusal.value)


def test_a_whole_number_of_tokens_needs_no_quotes_and_the_environment_replaces_it(file: Path) -> None:
    file.write_text(file.read_text().replace('cut_base_tokens: "250"', "cut_base_tokens: 250"))
    assert load_deployment_config(file, {}).rules.cut_base_tokens == "250"
    replaced = load_deployment_config(file, {"PROVAULT__RULES__CUT_BASE_TOKENS": '"0.25"'})
    assert replaced.rules.cut_base_tokens == "0.25"


def test_config_new_check_and_show_know_the_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    new = ["config", "new", "vault.yaml", "--kind", "vault", "--chain-id", "5", "--strategy", "s"]
    assert cli.run(new) == 0
    assert cli.run(["config", "check", "vault.yaml", "--kind", "vault"]) == 0
    assert cli.run(["config", "check", "vault.yaml"]) == 1
    capsys.readouterr()
    assert cli.run(["config", "show", "vault.yaml", "--kind", "vault", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["chain"]["chain_id"] == 5
    assert shown["strategy"]["public_folder"] == str(tmp_path / "s" / "public")
    assert cli.run(["config", "new", "x.yaml", "--kind", "vault", "--vault", "0x" + "11" * 20]) == 2
