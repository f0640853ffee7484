"""The configuration file: what it takes, what it refuses, and what is generated from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from agent.config import AgentConfig, config_schema, config_template, load_config
from agent.errors import ConfigError, MissingFileError, UnreadableFileError

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "0x00000000000000000000000000000000000000aA"
LEAST = f"""
chain:
  rpc_url: http://127.0.0.1:8545
  chain_id: 31337
vault:
  address: {ADDRESS}
  strategy_folder: strategy
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with the keys that have no default."""
    path = tmp_path / "agent.yaml"
    path.write_text(LEAST)
    return path


def test_the_shipped_example_and_schema_are_fresh() -> None:
    assert (ROOT / "configs/agent.yaml").read_text() == config_template()
    assert (ROOT / "configs/agent.schema.json").read_text() == config_schema()


def test_the_example_is_valid_and_names_every_key() -> None:
    config = load_config(ROOT / "configs/agent.yaml", {})
    text = (ROOT / "configs/agent.yaml").read_text()
    for section, field in AgentConfig.model_fields.items():
        assert f"{section}:" in text
        model = type(getattr(config, section)) if field.default is not None else None
        for key, item in (model.model_fields if model else {}).items():
            assert f"{key}:" in text
            assert item.description
            assert item.description in text


def test_every_default_documented_in_the_schema_is_the_one_in_force(file: Path) -> None:
    config = load_config(file, {}).model_dump(mode="json")
    schema = json.loads(config_schema())
    for definition in schema["$defs"].values():
        assert definition["additionalProperties"] is False
    documented = schema["$defs"]["FeesConfig"]["properties"]
    assert config["fees"] == {key: item["default"] for key, item in documented.items()}


def test_paths_are_relative_to_the_file(file: Path) -> None:
    file.write_text(LEAST + "account:\n  keystore_file: key.json\nstate:\n  journal_file: j.sqlite\n")
    config = load_config(file, {})
    assert config.vault.strategy_folder == file.parent / "strategy"
    assert config.account.keystore_file == file.parent / "key.json"
    assert config.state.journal_file == file.parent / "j.sqlite"


def test_the_environment_replaces_single_values(file: Path) -> None:
    environment = {
        "PROVAULT__FEES__MAX_FEE_WEI": "5000000000",
        "PROVAULT__VAULT__ADDRESS": "0x00000000000000000000000000000000000000bb",
        "PROVAULT_PASSPHRASE": "not a key of the file",
    }
    config = load_config(file, environment)
    assert config.fees.max_fee_wei == 5_000_000_000
    assert config.vault.address== "0x00000000000000000000000000000000000000bb"
    assert load_config(file, {}).fees.max_fee_wei == 100_000_000_000


def test_a_loaded_configuration_is_frozen(file: Path) -> None:
    config = load_config(file, {})
    with pytest.raises(ValueError, match="frozen"):
        config.chain.chain_id = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        ("fees:\n  max_fee_gwei: 3\n", "fees.max_fee_gwei is not a key that is known"),
        ("feees:\n  max_fee_wei: 3\n", "feees is not a key that is known"),
        ("fees:\n  max_fee_wei: 0\n", "fees.max_fee_wei should be greater than 0"),
        ("fees:\n  max_fee_wei: 5\n  priority_fee_wei: 6\n", "fees priority_fee_wei exceeds max_fee_wei"),
        ("guards:\n  chain_lag_secs: 100000\n", "guards.chain_lag_secs should be less than or equal to 3600"),
        ("exchange:\n  venues: []\n  symbol: ETH/USDT\n", "exchange.venues"),
        ("fees: 3\n", "fees should be a valid dictionary"),
        ("fees:\n  max_fee_wei: 3\nfees:\n  max_fee_wei: 4\n", "fees is named twice in line"),
        ("fees: [\n", "it is not readable as YAML"),
    ],
)
def test_what_is_wrong_is_named(file: Path, added: str, sentence: str) -> None:
    file.write_text(LEAST + added)
    with pytest.raises(ConfigError) as refusal:
        load_config(file, {})
    assert sentence in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("chain_id: 31337", "chain_id: 0"), "chain.chain_id should be greater than or equal to 1"),
        (("chain_id: 31337", "chain_id: 1\n  local_time: true"), "local_time is for chain 31337 only"),
        (("http://", "ftp://"), "chain.rpc_url must be a URL"),
        ((ADDRESS, "0x12"), "vault.address must be an address"),
        ((ADDRESS, "0x" + "0" * 40), "vault.address must not be the zero address"),
        (("  strategy_folder: strategy\n", ""), "vault.strategy_folder is missing"),
    ],
)
def test_a_wrong_value_is_named(file: Path, change: tuple[str, str], sentence: str) -> None:
    file.write_text(LEAST.replace(*change))
    with pytest.raises(ConfigError) as refusal:
        load_config(file, {})
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("PROVAULT__FEES__MAX_FEE", "fees.max_fee is not a key that is known"),
        ("PROVAULT__FEES", "PROVAULT__FEES in the environment is not PROVAULT__SECTION__KEY"),
        ("PROVAULT__FEES__A__B", "is not PROVAULT__SECTION__KEY"),
    ],
)
def test_an_unknown_variable_is_named(file: Path, name: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_config(file, {name: "1"})
    assert sentence in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"agent\.yaml does not exist"):
        load_config(tmp_path / "agent.yaml", {})
    with pytest.raises(UnreadableFileError, match="is a directory"):
        load_config(tmp_path, {})


def test_an_address_is_never_read_as_a_number(file: Path) -> None:
    digits = "0x" + "12" * 20
    file.write_text(LEAST.replace(ADDRESS, digits))
    assert load_config(file, {}).vault.address.lower() == digits
    assert isinstance(yaml.safe_load(f"a: {digits}")["a"], int), "what a plain reader would do"
