"""Read an agent's configuration: one YAML file, checked key by key; the environment may replace values.

    PROVAULT__SECTION__KEY=value      replaces section.key; the value is read as YAML

Unknown keys, keys named twice and values of the wrong kind are refused. The unit is in the key's name. Paths
are relative to the file's folder. Secrets have no key here: the passphrase comes from the environment alone.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.errors import ConfigError, MissingFileError, UnreadableFileError

ENVIRONMENT_PREFIX = "PROVAULT__"
LOCAL_CHAIN_ID = 31337
SHOWN_PROBLEMS = 3


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("must be an address, 0x and 40 hexadecimal digits")
    if int(value, 16) == 0:
        raise ValueError("must not be the zero address")
    return to_checksum_address(value)


def _url(value: str) -> str:
    scheme, _, host = value.partition("://")
    if scheme not in ("http", "https") or not host:
        raise ValueError("must be a URL that begins with http:// or https://")
    return value


class Section(BaseModel):
    """A section: frozen, and without room for keys that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class ChainConfig(Section):
    """The node and the chain behind it."""

    rpc_url: Annotated[str, AfterValidator(_url)] = Field(
        description="JSON-RPC URL of the node.", examples=["http://127.0.0.1:8545"]
    )
    chain_id: int = Field(ge=1, description="Id of the chain; another one is refused.", examples=[1])
    request_timeout_secs: float = Field(default=20.0, gt=0, le=300, description="Patience with one request.")
    local_time: bool = Field(
        default=False,
        description="Take the latest block's time as now; for local chains (31337) with moved time.",
    )

    @model_validator(mode="after")
    def _only_local(self) -> ChainConfig:
        if self.local_time and self.chain_id != LOCAL_CHAIN_ID:
            raise ValueError(f"local_time is for chain {LOCAL_CHAIN_ID} only")
        return self


class VaultConfig(Section):
    """The vault and the strategy that it pins."""

    address: Annotated[str, AfterValidator(_address)] = Field(
        description="The vault.", examples=["0x00000000000000000000000000000000000000aA"]
    )
    strategy_folder: Path = Field(
        description="Folder of the committed strategy, with public/ and secret/ in it.",
        examples=[Path("strategy")],
    )


class AccountConfig(Section):
    """The account that pays for gas; it holds no power over the vault."""

    keystore_file: Path | None = Field(
        default=None,
        description="Encrypted keystore; needed with --live. Passphrase: PROVAULT_PASSPHRASE or _FILE.",
        examples=[Path("keystore.json")],
    )


class FeesConfig(Section):
    """What a transaction may cost, in wei per gas, and how long the agent waits for it."""

    max_fee_wei: int = Field(
        default=100_000_000_000, gt=0, lt=2**63, description="Ceiling; above it nothing is sent."
    )
    priority_fee_wei: int = Field(
        default=1_000_000_000, ge=0, lt=2**63, description="Offered to the block's maker."
    )
    replace_after_secs: int = Field(
        default=60,
        ge=1,
        description="A transaction that waits longer is replaced, same nonce, an eighth dearer.",
    )
    confirm_wait_secs: float = Field(
        default=30.0, gt=0, le=600, description="How long one step waits for a receipt."
    )
    confirmations: int = Field(default=1, ge=1, le=64, description="Blocks until a transaction counts.")
    push_gas_limit: int = Field(
        default=3_000_000, ge=100_000, le=16_000_000, description="Most gas of a push."
    )
    decide_gas_limit: int = Field(
        default=5_000_000, ge=100_000, le=16_000_000, description="Most gas of a decision."
    )
    trade_gas_limit: int = Field(
        default=1_500_000, ge=100_000, le=16_000_000, description="Most gas of a trade."
    )

    @model_validator(mode="after")
    def _ordered(self) -> FeesConfig:
        if self.priority_fee_wei > self.max_fee_wei:
            raise ValueError("priority_fee_wei exceeds max_fee_wei")
        return self


class GuardsConfig(Section):
    """Bounds of the guards; each bound has a most, and no guard can be turned off."""

    chain_lag_secs: int = Field(
        default=120,
        ge=1,
        le=3600,
        description="The latest block may be this far from the clock; else nothing is sent.",
    )
    data_age_intervals: int = Field(
        default=24,
        ge=1,
        le=256,
        description="The price log may be this far behind; else trades are withheld.",
    )
    exchange_bps: int = Field(
        default=200,
        ge=1,
        le=2000,
        description="Pool and exchanges may differ by this; else trades are withheld.",
    )


class ExchangeConfig(Section):
    """Exchanges whose median price the pool is compared with."""

    venues: tuple[str, ...] = Field(
        min_length=1, description="Names as ccxt has them.", examples=[("binance", "kraken", "coinbase")]
    )
    symbol: str = Field(
        pattern="^[A-Z0-9]+/[A-Z0-9]+$", description="Risky asset / base asset.", examples=["ETH/USDT"]
    )
    timeout_secs: float = Field(default=10.0, gt=0, le=60, description="Patience with one venue.")


class TradeConfig(Section):
    """How hard the agent tries within one epoch."""

    max_calls: int = Field(default=4, ge=1, le=64, description="Calls of trade per epoch.")
    least_bps: int = Field(
        default=5, ge=1, le=1000, description="Least fill worth a call, in basis points of net asset value."
    )
    max_decide_attempts: int = Field(
        default=3, ge=1, le=16, description="Reverted decisions per epoch until it rests."
    )


class ScheduleConfig(Section):
    """When the agent looks."""

    poll_secs: float = Field(default=12.0, gt=0, le=600, description="Time between two looks at the chain.")
    retry_first_secs: float = Field(
        default=2.0, gt=0, le=60, description="Pause after a failure; it doubles."
    )
    retry_most_secs: float = Field(default=60.0, gt=0, le=600, description="Longest pause.")


class StateConfig(Section):
    """What the agent keeps."""

    journal_file: Path | None = Field(
        default=None,
        description="SQLite journal; absent: one per vault in the state folder of the user.",
        examples=[Path("journal.sqlite")],
    )


class AgentConfig(Section):
    """Everything about one agent."""

    chain: ChainConfig
    vault: VaultConfig
    account: AccountConfig = AccountConfig()
    fees: FeesConfig = FeesConfig()
    guards: GuardsConfig = GuardsConfig()
    exchange: ExchangeConfig | None = None
    trade: TradeConfig = TradeConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    state: StateConfig = StateConfig()


def load_config(path: Path, environment: Mapping[str, str]) -> AgentConfig:
    """Read a configuration file and what the environment replaces in it.

    Raises: MissingFileError, UnreadableFileError, ConfigError naming the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, (error.strerror or "no reason").lower()) from None
    except ValueError:
        raise UnreadableFileError(path, "it is not text in UTF-8") from None
    document = _parse(path, text)
    _replace_from(path, document, environment)
    for section, field in AgentConfig.model_fields.items():
        if field.default is not None and section in document and document[section] is None:
            document[section] = {}  # every key of the section is commented out
    try:
        config = AgentConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(path, _problems(error)) from None
    return _anchored(config, path.resolve().parent)


def config_schema() -> str:
    """Return the JSON schema of a configuration file."""
    return json.dumps(AgentConfig.model_json_schema(), indent=2) + "\n"


def config_template(values: Mapping[tuple[str, str], object] | None = None) -> str:
    """Return a configuration with every key, its documentation, and defaults or examples.

    Optional keys and sections that are absent by default are commented out. `values` replaces single ones.
    """
    given = values or {}
    lines = ["# Configuration of a provault agent. Every key may also come from the environment, as"]
    lines.append("# PROVAULT__SECTION__KEY. Paths are relative to this file.")
    for section, field in AgentConfig.model_fields.items():
        optional = field.default is None
        models = [field.annotation, *get_args(field.annotation)]
        model = next(one for one in models if isinstance(one, type) and issubclass(one, Section))
        mark = "# " if optional else ""
        lines += ["", f"# {model.__doc__}", f"{mark}{section}:"]
        for key, item in model.model_fields.items():
            required = item.is_required()
            value = given.get((section, key))
            absent = not required and item.default is None and value is None
            if value is None:
                value = item.examples[0] if (required or absent) and item.examples else item.default
            lines.append(f"{mark}  # {item.description}")
            lines.append(f"{mark}  {'# ' if absent else ''}{key}: {_scalar(value)}")
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value)


class _StrictLoader(yaml.SafeLoader):
    """Refuse keys named twice, and read 0x... as text: an address is no number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping whose keys differ."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                twice = f"{key} is named twice"
                raise yaml.constructor.ConstructorError(None, None, twice, key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


_INTEGER_TAG: Literal["tag:yaml.org,2002:int"] = "tag:yaml.org,2002:int"


def _construct_integer(loader: _StrictLoader, node: yaml.ScalarNode) -> int | str:
    text = str(node.value)
    return text if text.lower().startswith(("0x", "-0x", "+0x")) else loader.construct_yaml_int(node)


_StrictLoader.add_constructor(_INTEGER_TAG, _construct_integer)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigError(path, f"it is not readable as YAML: {error.problem}{line}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(path, f"it is not readable as YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(document, dict):
        raise ConfigError(path, "it holds no sections")
    return document


def _replace_from(path: Path, document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        parts = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if len(parts) != 2 or not all(parts):
            raise ConfigError(path, f"{name} in the environment is not {ENVIRONMENT_PREFIX}SECTION__KEY")
        try:
            value = yaml.load(environment[name], Loader=_StrictLoader)
        except yaml.YAMLError:
            raise ConfigError(path, f"{name} in the environment is not readable as YAML") from None
        section = document.setdefault(parts[0], {})
        if section is None:
            section = document[parts[0]] = {}
        if not isinstance(section, dict):
            raise ConfigError(path, f"{parts[0]} is not a section")
        section[parts[1]] = value


def _problems(error: ValidationError) -> str:
    found = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        if problem["type"] == "extra_forbidden":
            found.append(f"{key} is not a key that is known")
        elif problem["type"] == "missing":
            found.append(f"{key} is missing")
        else:
            said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            found.append(f"{key} {said[0].lower()}{said[1:]}" if said else key)
    more = len(found) - SHOWN_PROBLEMS
    return "; ".join(found[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def _anchored(config: AgentConfig, folder: Path) -> AgentConfig:
    """Make relative paths absolute, from the file's folder."""
    vault = config.vault.model_copy(update={"strategy_folder": folder / config.vault.strategy_folder})
    account, state = config.account, config.state
    if account.keystore_file is not None:
        account = account.model_copy(update={"keystore_file": folder / account.keystore_file})
    if state.journal_file is not None:
        state = state.model_copy(update={"journal_file": folder / state.journal_file})
    return config.model_copy(update={"vault": vault, "account": account, "state": state})
