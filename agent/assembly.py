"""Put an agent together from its configuration; nothing is written before all else is checked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from platformdirs import user_state_path

from agent.chain import Chain
from agent.clock import ChainClock, Clock, SystemClock
from agent.config import AgentConfig
from agent.errors import ConfigError, HaltedError, MissingFileError
from agent.exchange import MedianPrice, open_venues
from agent.gate import ExchangePrices
from agent.guards import Guards
from agent.instance_lock import InstanceLock
from agent.journal import Journal
from agent.keystore import Signer, open_keystore, read_passphrase
from agent.pipeline import Agent, AgentSettings
from agent.strategy_prover import StrategyProver
from agent.transactions import FeeSettings
from agent.vault_access import GasLimits, VaultAccess


@dataclass
class Assembly:
    """An agent with what it holds open."""

    agent: Agent
    clock: Clock
    journal: Journal
    _chain: Chain
    _lock: InstanceLock

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        self.journal.close()
        self._lock.close()
        self._chain.close()


def journal_path(config: AgentConfig) -> Path:
    """Return where the journal of a configuration is."""
    if config.state.journal_file is not None:
        return config.state.journal_file
    name = f"{config.chain.chain_id}-{config.vault.address}.sqlite"
    return user_state_path("provault", appauthor=False) / "agent" / name


def assemble(
    path: Path,
    config: AgentConfig,
    *,
    live: bool,
    environment: Mapping[str, str],
    stop: threading.Event,
    journal_type: type[Journal] = Journal,
) -> Assembly:
    """Open keystore, node, vault and strategy, then lock and journal, and compare them with each other.

    Parameters: `path` names the configuration in messages; `live` False is a dry run and opens no keystore.
    Raises: AgentError and ProverError by name.
    """
    signer = _signer(path, config, environment) if live else None
    if not config.vault.strategy_folder.is_dir():
        raise MissingFileError(config.vault.strategy_folder)
    venues = open_venues(config.exchange.venues, config.exchange.timeout_secs) if config.exchange else []
    chain = Chain(config.chain.rpc_url, timeout_secs=config.chain.request_timeout_secs)
    try:
        chain.check_id(config.chain.chain_id)
        chain.check_precompiles()
        fees = config.fees
        gas = GasLimits(fees.push_gas_limit, fees.decide_gas_limit, fees.trade_gas_limit)
        access = VaultAccess(chain, config.vault.address, gas)
        if config.chain.local_time:
            clock: Clock = ChainClock(lambda: chain.latest().time_secs, stop)
        else:
            clock = SystemClock(stop)
        prices: ExchangePrices | None = None
        if config.exchange is not None:
            apart = access.facts.rules.base_decimals - access.facts.risky_decimals
            prices = MedianPrice(venues, config.exchange.symbol, decimals_apart=apart)
        prover = StrategyProver.load(config.vault.strategy_folder)
    except BaseException:
        chain.close()
        raise
    file = journal_path(config)
    lock = InstanceLock(file)
    try:
        journal = journal_type(file)
    except BaseException:
        lock.close()
        chain.close()
        raise
    agent = Agent(
        access,
        clock=clock,
        journal=journal,
        prover=prover,
        guards=guards_of(config),
        settings=settings_of(config),
        signer=signer,
        exchange=prices,
    )
    assembly = Assembly(agent, clock, journal, chain, lock)
    try:
        agent.reconcile()
    except BaseException as error:
        if isinstance(error, HaltedError):
            agent.halt(error)
        assembly.__exit__(None, None, None)
        raise
    return assembly


def settings_of(config: AgentConfig) -> AgentSettings:
    """Return the pipeline's settings."""
    fees = config.fees
    return AgentSettings(
        chain_id=config.chain.chain_id,
        fees=FeeSettings(
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
            replace_after_secs=fees.replace_after_secs,
            confirm_wait_secs=fees.confirm_wait_secs,
            confirmations=fees.confirmations,
        ),
        max_decide_attempts=config.trade.max_decide_attempts,
        max_trade_calls=config.trade.max_calls,
        least_trade_bps=config.trade.least_bps,
    )


def guards_of(config: AgentConfig) -> Guards:
    """Return every guard with its bound."""
    return Guards.of(
        chain_lag_secs=config.guards.chain_lag_secs,
        data_age_intervals=config.guards.data_age_intervals,
        max_fee_wei=config.fees.max_fee_wei,
        exchange_bps=config.guards.exchange_bps,
    )


def _signer(path: Path, config: AgentConfig, environment: Mapping[str, str]) -> Signer:
    if config.account.keystore_file is None:
        raise ConfigError(path, "account.keystore_file is missing, and --live signs with it")
    passphrase = read_passphrase(environment)
    return open_keystore(config.account.keystore_file, passphrase)
