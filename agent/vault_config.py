"""State everything that a vault's deployment is configured with; `agent.config_file` says how it is read.

Amounts in tokens are decimals written as text, exact to the last unit: "100.5". Paths are relative to the
file's folder. What the strategy itself says (its window, whether it reads the previous target) has no key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agent.config_file import Address, Section, Url, read_config, schema_of, template_of
from contracts.vault_parameters import DAY_SECS

MOST_GAS = 16_000_000
EXAMPLE = "0x00000000000000000000000000000000000000"


def _decimal(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        raise ValueError('must be written as text, such as "0.5": a number with a point is not exact')
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _plain(value: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise ValueError('must be a decimal such as "100" or "0.5"')
    return value


Tokens = Annotated[str, BeforeValidator(_decimal), AfterValidator(_plain)]


class DeployChainConfig(Section):
    """The node and the chain behind it."""

    rpc_url: Url = Field(description="JSON-RPC URL of the node.", examples=["http://127.0.0.1:8545"])
    chain_id: int = Field(ge=1, description="Id of the chain; another one is refused.", examples=[1])
    request_timeout_secs: float = Field(default=20.0, gt=0, le=300, description="Patience with one request.")
    sequencer_feed: Address | None = Field(
        default=None,
        description="Uptime feed of a rollup's sequencer; absent on a chain that has none.",
        examples=[EXAMPLE + "f1"],
    )


class DeployAccountConfig(Section):
    """The account that sends every transaction and pays for it; with opening it is the operator."""

    keystore_file: Path | None = Field(
        default=None,
        description="Encrypted keystore; needed with --live. Passphrase: PROVAULT_PASSPHRASE or _FILE.",
        examples=[Path("operator.json")],
    )


class DeployFeesConfig(Section):
    """What a transaction may cost, in wei per gas, and how long to wait for it."""

    max_fee_wei: int = Field(
        default=100_000_000_000, gt=0, lt=2**63, description="Ceiling; a replacement stays below it too."
    )
    priority_fee_wei: int = Field(
        default=1_000_000_000, ge=0, lt=2**63, description="Offered to the block's maker."
    )
    confirm_wait_secs: float = Field(
        default=300.0, gt=0, le=3600, description="How long to wait for one transaction before leaving."
    )
    confirmations: int = Field(default=1, ge=1, le=64, description="Blocks until a transaction counts.")

    @model_validator(mode="after")
    def _ordered(self) -> DeployFeesConfig:
        if self.priority_fee_wei > self.max_fee_wei:
            raise ValueError("priority_fee_wei exceeds max_fee_wei")
        return self


class MarketConfig(Section):
    """The venue: one pool of the Uniswap v3 factory, and its two tokens."""

    factory: Address = Field(
        description="The factory.", examples=["0x1F98431c8aD98523631AE4a59f267346ea31F984"]
    )
    pool: Address = Field(
        description="The pool; it has to be the factory's.",
        examples=["0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"],
    )
    base: Address = Field(
        description="Token that the vault is measured in.",
        examples=["0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"],
    )
    base_decimals: int = Field(
        ge=0, le=18, description="Its decimals; another number on chain is refused.", examples=[6]
    )
    risky: Address = Field(
        description="Token that it trades.", examples=["0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"]
    )
    risky_decimals: int = Field(
        ge=0, le=18, description="Its decimals; another number on chain is refused.", examples=[18]
    )


class PriceLogConfig(Section):
    """The price log of the pool, and the observations that it needs."""

    address: Address | None = Field(
        default=None,
        description="An existing one of the same pool; absent: one is deployed.",
        examples=[EXAMPLE + "a1"],
    )
    interval_secs: int = Field(
        default=3_600, ge=60, lt=2**32, description="Length of an interval, and an epoch."
    )
    max_step_ticks: int = Field(
        default=2_000, ge=1, lt=2**31, description="Largest difference of two neighbouring ticks."
    )
    min_cardinality: int = Field(
        default=600,
        ge=1,
        le=65_535,
        description="Observations that the pool must keep; at least 2 * interval / block time.",
    )
    slots_per_call: int = Field(
        default=300, ge=1, le=600, description="Observations paid for in one transaction, 22,300 gas each."
    )


class VerifierConfig(Section):
    """The proof check; one serves every vault of a chain."""

    address: Address | None = Field(
        default=None, description="An existing one; absent: one is deployed.", examples=[EXAMPLE + "a2"]
    )


class DeployStrategyConfig(Section):
    """The committed strategy that the vault begins with."""

    public_folder: Path = Field(
        description="Its public folder: architecture.json, layout.json, key.bin, commitment.json.",
        examples=[Path("strategy/public")],
    )


class ShareConfig(Section):
    """The share token."""

    name: str = Field(min_length=1, max_length=64, description="Its name.", examples=["provault ETH"])
    symbol: str = Field(min_length=1, max_length=32, description="Its symbol.", examples=["pvETH"])


class RolesConfig(Section):
    """The two powers over the vault."""

    operator: Address | None = Field(
        default=None,
        description="Owes the decisions; absent: the account that deploys.",
        examples=[EXAMPLE + "b1"],
    )
    guardian: Address = Field(
        description="May pause, revoke a pending strategy, and shut.", examples=[EXAMPLE + "b2"]
    )


class RulesConfig(Section):
    """The vault's numbers; none can change later, but the fee may fall."""

    decide_secs: int = Field(default=1_200, ge=1, description="Time after an epoch begins to decide it.")
    recent_secs: int = Field(default=600, ge=1, description="Span of the recent price.")
    tolerance_ticks: int = Field(
        default=40, ge=1, le=300, description="How far a trade may fill beyond the recent price."
    )
    deviation_ticks: int = Field(
        default=250, ge=0, le=887_272, description="How far the recent price may leave the interval's."
    )
    band_bps: int = Field(default=50, ge=0, le=9_999, description="Distances to the target within it rest.")
    budget_bps: int = Field(
        default=50, ge=1, le=10_000, description="Share of net asset value that trading may cost per period."
    )
    period_secs: int = Field(default=DAY_SECS, ge=1, description="In which the budget refills.")
    min_liquidity: int = Field(
        ge=1,
        description="Least harmonic mean liquidity to trade in, the pool's unit; about 0.8 of the usual.",
        examples=[1_000_000_000_000_000_000],
    )
    cut_base_tokens: Tokens = Field(
        description="From the bond to the holders at each miss; a fortieth of the bond.", examples=["250"]
    )
    bounty_base_tokens: Tokens = Field(
        description="From the bond to whoever claims a miss; about three times its gas.", examples=["5"]
    )
    drip_secs: int = Field(default=7 * DAY_SECS, ge=1, description="In which a cut reaches the holders.")
    unbond_secs: int = Field(default=14 * DAY_SECS, ge=1, description="From retirement to the end.")
    timelock_secs: int = Field(
        default=7 * DAY_SECS, ge=7 * DAY_SECS, description="Notice of another strategy."
    )
    fee_e18: int = Field(
        default=10**12,
        ge=0,
        description="Share of the supply minted per decision, times 1e18; 2 % a year at most.",
    )
    seed_min_base_tokens: Tokens = Field(
        description="Least seed; its shares are locked for ever.", examples=["100"]
    )
    max_supply_shares: Tokens = Field(
        description="Most shares; a full rebalance should fit a few fills of the pool.", examples=["1000000"]
    )


class ZapConfig(Section):
    """Entry and exit with base alone; a contract without any privilege."""

    deploy: bool = Field(default=False, description="Deploy one for the vault.")


class OpeningConfig(Section):
    """The opening by the operator; absent: the vault is deployed and not opened."""

    seed_base_tokens: Tokens = Field(description="First holding of the vault.", examples=["1000"])
    bond_base_tokens: Tokens = Field(
        description="Pays for decisions left out; at least a cut and a bounty.", examples=["10000"]
    )


class RecordConfig(Section):
    """What the deployment writes down."""

    file: Path = Field(
        default=Path("deployment.json"),
        description="Every step with its transaction; a second run goes on from it.",
    )


class DeploymentConfig(Section):
    """Everything about one deployment."""

    chain: DeployChainConfig
    account: DeployAccountConfig = DeployAccountConfig()
    fees: DeployFeesConfig = DeployFeesConfig()
    market: MarketConfig
    price_log: PriceLogConfig = PriceLogConfig()
    verifier: VerifierConfig = VerifierConfig()
    strategy: DeployStrategyConfig
    share: ShareConfig
    roles: RolesConfig
    rules: RulesConfig
    zap: ZapConfig = ZapConfig()
    opening: OpeningConfig | None = None
    record: RecordConfig = RecordConfig()


def load_deployment_config(path: Path, environment: Mapping[str, str]) -> DeploymentConfig:
    """Read the configuration of a deployment and what the environment replaces in it.

    Raises: MissingFileError, UnreadableFileError, ConfigError naming the key.
    """
    config = read_config(path, environment, DeploymentConfig)
    folder = path.resolve().parent
    account = config.account
    if account.keystore_file is not None:
        account = account.model_copy(update={"keystore_file": folder / account.keystore_file})
    strategy = config.strategy.model_copy(update={"public_folder": folder / config.strategy.public_folder})
    record = config.record.model_copy(update={"file": folder / config.record.file})
    return config.model_copy(update={"account": account, "strategy": strategy, "record": record})


def deployment_schema() -> str:
    """Return the JSON schema of a deployment's configuration."""
    return schema_of(DeploymentConfig)


def deployment_template(values: Mapping[tuple[str, str], object] | None = None) -> str:
    """Return a configuration of a deployment with every key, its documentation, and defaults or examples."""
    return template_of(DeploymentConfig, "a vault's deployment", values)
