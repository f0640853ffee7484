"""State everything that an agent's configuration holds; `agent.config_file` says how it is read.

Paths are relative to the file's folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, model_validator

from agent.config_file import Address, Section, Url, read_config, schema_of, template_of

LOCAL_CHAIN_ID = 31337


class ChainConfig(Section):
    """The node and the chain behind it."""

    rpc_url: Url = Field(description="JSON-RPC URL of the node.", examples=["http://127.0.0.1:8545"])
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

    address: Address = Field(
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
    return _anchored(read_config(path, environment, AgentConfig), path.resolve().parent)


def config_schema() -> str:
    """Return the JSON schema of a configuration file."""
    return schema_of(AgentConfig)


def config_template(values: Mapping[tuple[str, str], object] | None = None) -> str:
    """Return a configuration with every key, its documentation, and defaults or examples."""
    return template_of(AgentConfig, "a provault agent", values)


def _anchored(config: AgentConfig, folder: Path) -> AgentConfig:
    """Make relative paths absolute, from the file's folder."""
    vault = config.vault.model_copy(update={"strategy_folder": folder / config.vault.strategy_folder})
    account, state = config.account, config.state
    if account.keystore_file is not None:
        account = account.model_copy(update={"keystore_file": folder / account.keystore_file})
    if state.journal_file is not None:
        state = state.model_copy(update={"journal_file": folder / state.journal_file})
    return config.model_copy(update={"vault": vault, "account": account, "state": state})
