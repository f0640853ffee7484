"""A vault on a real node: the real exchange, price log, verifier and proofs; a random strategy decides."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract

from agent.chain import Chain
from agent.clock import ChainClock, Clock
from agent.gate import ExchangePrices
from agent.guards import Guards
from agent.journal import EpochState, Journal
from agent.keystore import KeystoreSigner
from agent.pipeline import Agent, AgentSettings
from agent.strategy_prover import StrategyProver
from agent.transactions import FeeSettings
from agent.vault_access import GasLimits, VaultAccess
from contracts.deploy import (
    MarketAddresses,
    PriceLogPlan,
    StrategyFiles,
    VaultStack,
    deploy_price_log,
    deploy_stack,
    open_vault,
    push_prices,
)
from contracts.node import Anvil
from contracts.tick_math import sqrt_ratio_at_tick
from contracts.uniswap import Market
from contracts.vault_parameters import VaultRules

INTERVAL = 3_600
WINDOW = 33
START = 480_000  # first interval of the history
GENESIS = (START - 1) * INTERVAL
CENTRE = 200_000  # raw tick where the price begins
DOLLAR = 10**6
SEED, BOND = 100_000 * DOLLAR, 4_000 * DOLLAR
CARDINALITY = 300
GAS = GasLimits(push=3_000_000, decide=5_000_000, trade=1_500_000)
GWEI = 10**9
MINING_SECS = 300.0


@dataclass
class LiveVault:
    """One vault and the means to move its market and its time."""

    node: Anvil
    market: Market
    stack: VaultStack
    strategy_folder: Path
    prover: StrategyProver
    operator: LocalAccount  # the agent's account; no transaction of the set-up was sent from it

    @property
    def vault(self) -> Contract:
        return self.stack.vault

    @property
    def now(self) -> int:
        return self.node.now_secs

    @property
    def epoch(self) -> int:
        return self.now // INTERVAL

    def next_epoch(self, drift: int = 40, *, offset: int = 24) -> int:
        """Move the price in the middle of the running epoch and go to `offset` seconds into the next."""
        epoch = self.epoch
        middle = epoch * INTERVAL + INTERVAL // 2
        if middle > self.now:
            self.node.set_next_timestamp(middle)
        self.market.move_to_tick(self.market.slot0().tick + drift)
        self.node.mine((epoch + 1) * INTERVAL + offset)
        return epoch + 1

    def next_epoch_held(self, *, offset: int = 24) -> int:
        """Go into the next epoch while nothing is mined by itself."""
        self.node.mine((self.epoch + 1) * INTERVAL + offset)
        return self.epoch

    def decisions(self) -> dict[int, str]:
        """Return who decided each epoch, as the chain has it."""
        found = {}
        for event in self.vault.events.Decision().get_logs(from_block=0):
            sender = self.node.web3.eth.get_transaction(event["transactionHash"])["from"]
            if event["args"]["epoch"] in found:
                raise RuntimeError(f"epoch {event['args']['epoch']} is decided twice")
            found[event["args"]["epoch"]] = sender
        return found

    @property
    def stranger(self) -> str:
        """An account that the node holds and the agent does not know."""
        return self.node.accounts[5]

    def pending(self) -> list[dict[str, Any]]:
        """Return the transactions that wait to be mined."""
        waiting = self.node.request("txpool_content")["pending"]
        return [one for sender in waiting.values() for one in sender.values()]

    def copy_call(self, waiting: dict[str, Any], *, tip_wei: int) -> None:
        """Send what somebody else is about to send, as a stranger who pays more."""
        self.node.web3.eth.send_transaction(
            {
                "from": self.stranger,
                "to": Web3.to_checksum_address(waiting["to"]),
                "data": waiting["input"],
                "gas": int(waiting["gas"], 16),
                "maxFeePerGas": 100 * GWEI,
                "maxPriorityFeePerGas": tip_wei,
            }
        )

    def send_as_stranger(self, call: Any) -> None:
        """Send a call that must succeed."""
        hash_ = call.transact({"from": self.stranger, "gas": 5_000_000})
        if self.node.web3.eth.wait_for_transaction_receipt(hash_)["status"] != 1:
            raise RuntimeError(f"{call.fn_name} is refused")

    def stranger_agent(self, journal: Journal) -> Agent:
        """Build an agent of somebody else who has the same strategy."""
        other = replace(self, operator=Account.create())
        self.node.set_balance(other.operator.address, 10**20)
        return agent_for(other, journal)

    def sent(self) -> int:
        """Return how many transactions of the agent's account were mined."""
        return self.node.web3.eth.get_transaction_count(self.operator.address)

    def wait_until_mined(self) -> None:
        """Wait until nothing is pending: a node answers a broadcast before it mines."""
        until = time.monotonic() + MINING_SECS
        while self.pending():
            if time.monotonic() > until:
                raise TimeoutError("a transaction is still pending")
            time.sleep(0.01)


def build_live_vault(node: Anvil, folder: Path, prover: StrategyProver) -> LiveVault:
    """Deploy everything, walk W + 1 intervals of prices, and open the vault."""
    web3 = node.web3
    node.request("anvil_setBlockTimestampInterval", 12)
    admin = node.accounts[0]
    market = Market.create(web3, sender=admin, tick=CENTRE)
    market.grow_cardinality(CARDINALITY)
    liquidity = SEED * 2 * sqrt_ratio_at_tick(CENTRE) * 10_000 // (30 << 96)
    market.add_full_range(liquidity)
    node.mine(START * INTERVAL)
    for step in range(WINDOW + 1):
        node.set_next_timestamp((START + step) * INTERVAL + 1_200)
        market.move_to_tick(CENTRE + 60 * ((step * 7) % 5) - 11 * step)
    opened_in = START + WINDOW + 1
    node.mine(opened_in * INTERVAL + 12)
    plan = PriceLogPlan(first=START, min_cardinality=CARDINALITY)
    price_log = deploy_price_log(web3, market.pool.address, plan, sender=admin)
    push_prices(price_log, opened_in, sender=admin)
    public = folder / "public"
    stack = deploy_stack(
        web3,
        market=MarketAddresses(
            market.factory.address, market.pool.address, market.base.address, market.risky.address
        ),
        strategy=StrategyFiles(
            (public / "key.bin").read_bytes(),
            prover.prover.commitment,
            (public / "architecture.json").read_bytes(),
            (public / "layout.json").read_bytes(),
        ),
        rules=VaultRules(
            window=WINDOW,
            liquidity=liquidity // 2,
            cut=BOND // 40,
            bounty=DOLLAR,
            seed_min=1_000 * DOLLAR,
            max_shares=10**24,
            base_decimals=6,
        ),
        operator=admin,
        guardian=node.accounts[1],
        name="Test vault",
        symbol="TV",
        price_log=price_log,
    )
    market.mint_tokens(market.base, admin, SEED + BOND)
    open_vault(stack.vault, market.base, seed=SEED, bond=BOND, operator=admin)
    operator: LocalAccount = Account.create()
    node.set_balance(operator.address, 10**20)
    return LiveVault(node, market, stack, folder, prover, operator)


def write_light_keystore(path: Path, account: LocalAccount, passphrase: str) -> None:
    """Write a keystore that opens at once: its key derivation is as weak as a test may be."""
    path.write_text(json.dumps(Account.encrypt(account.key, passphrase, kdf="pbkdf2", iterations=1_000)))


def settings_for(chain_id: int = 31337, **fees: float) -> AgentSettings:
    """Return settings for a local chain."""
    values = {
        "max_fee_wei": 100 * GWEI,
        "priority_fee_wei": GWEI,
        "replace_after_secs": 60,
        "confirm_wait_secs": 120.0,  # over as soon as there is a receipt
        "confirmations": 1,
        **fees,
    }
    return AgentSettings(chain_id=chain_id, fees=FeeSettings(**values))  # type: ignore[arg-type]


def state_of(journal: Journal, live: LiveVault, epoch: int) -> EpochState:
    """Return how far an epoch has come."""
    row = journal.epoch(live.node.web3.eth.chain_id, live.vault.address, epoch)
    assert row is not None
    return EpochState(row.state)


def agent_for(
    live: LiveVault,
    journal: Journal,
    *,
    dry: bool = False,
    chain: Chain | None = None,
    clock: Clock | None = None,
    exchange: ExchangePrices | None = None,
    **fees: float,
) -> Agent:
    """Build the product's agent for a test vault."""
    chain = chain or Chain(live.node.rpc_url)
    return Agent(
        VaultAccess(chain, live.vault.address, GAS),
        clock=clock or ChainClock(lambda: chain.latest().time_secs),
        journal=journal,
        prover=live.prover,
        guards=Guards.of(
            chain_lag_secs=120, data_age_intervals=48, max_fee_wei=100 * GWEI, exchange_bps=200
        ),
        settings=settings_for(**fees),
        signer=None if dry else KeystoreSigner(live.operator),
        exchange=exchange,
    )
