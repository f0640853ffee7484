"""A chain with nothing but the exchange and a pool that rests, and a deployment to make on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from agent import cli
from agent.vault_config import deployment_template
from contracts.node import Anvil
from contracts.uniswap import Market
from tests.agent.support.live_vault import INTERVAL, write_light_keystore

PASSPHRASE = "correct horse"
DOLLAR = 10**6
WINDOW = 33
START = 480_000
GENESIS = (START - 1) * INTERVAL
CENTRE = 200_000
LIQUIDITY = 10**20
ETHER = 10**18


@dataclass
class DeploymentCase:
    """The chain, the account that deploys, and the folder with its configuration."""

    node: Anvil
    market: Market
    strategy_folder: Path
    folder: Path
    account: LocalAccount = field(default_factory=Account.create)

    @property
    def config(self) -> Path:
        return self.folder / "vault.yaml"

    @property
    def record_file(self) -> Path:
        return self.folder / "deployment.json"

    def record(self) -> dict[str, Any]:
        found = json.loads(self.record_file.read_text())
        assert isinstance(found, dict)
        return found

    def write(self, *, opening: bool = True, **changes: object) -> None:
        """Write the configuration, some keys replaced (`section__key`)."""
        values: dict[tuple[str, str], object] = {
            ("chain", "rpc_url"): self.node.rpc_url,
            ("chain", "chain_id"): 31337,
            ("account", "keystore_file"): "key.json",
            ("market", "factory"): self.market.factory.address,
            ("market", "pool"): self.market.pool.address,
            ("market", "base"): self.market.base.address,
            ("market", "risky"): self.market.risky.address,
            ("price_log", "min_cardinality"): 100,
            ("price_log", "slots_per_call"): 60,
            ("strategy", "public_folder"): self.strategy_folder / "public",
            ("rules", "min_liquidity"): LIQUIDITY // 2,
            ("rules", "cut_base_tokens"): "100",
            ("rules", "bounty_base_tokens"): "1.5",
            ("roles", "guardian"): self.node.accounts[1],
            ("zap", "deploy"): True,
        }
        if opening:
            values[("opening", "seed_base_tokens")] = "1000"
            values[("opening", "bond_base_tokens")] = "4000"
        for name, value in changes.items():
            section, _, key = name.partition("__")
            values[section, key] = value
        self.config.write_text(deployment_template(values))

    def rest(self) -> None:
        """Let the pool rest for longer than a window, so that one swap shows it a whole window of history."""
        self.node.mine((START + WINDOW + 2) * INTERVAL + 60)

    def swap(self) -> None:
        """Move the price by a tick, which writes an observation."""
        self.market.move_to_tick(self.market.slot0().tick + 1)

    def run(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
        """Run `provault vault deploy` and return its code, its document, and what it said on the way."""
        capsys.readouterr()
        code = cli.run(["vault", "deploy", "--config", str(self.config), "--json", *words])
        out, err = capsys.readouterr()
        found = json.loads(out)
        assert isinstance(found, dict)
        return code, found, err

    def sent(self) -> int:
        return int(self.node.web3.eth.get_transaction_count(self.account.address))


def build_case(node: Anvil, strategy_folder: Path, folder: Path) -> DeploymentCase:
    """Make the exchange and a pool of one observation; fund the account that deploys."""
    node.request("anvil_setBlockTimestampInterval", 12)
    market = Market.create(node.web3, sender=node.accounts[0], tick=CENTRE)
    market.add_full_range(LIQUIDITY)
    case = DeploymentCase(node, market, strategy_folder, folder)
    node.set_balance(case.account.address, 1_000 * ETHER)
    market.mint_tokens(market.base, case.account.address, 5_000 * DOLLAR)
    case.rest()
    write_light_keystore(folder / "key.json", case.account, PASSPHRASE)
    case.write()
    return case


def addresses(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the contracts of a deployment."""
    return dict(document["contracts"])
