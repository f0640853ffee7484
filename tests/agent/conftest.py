"""One node and one vault for all tests of the agent; each test begins from the same state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal import Journal
from agent.strategy_prover import StrategyProver
from contracts.node import Anvil
from prover.artefacts import create_strategy
from prover.compile.cost_model import choose_parameters
from strategies.artefacts import load_model, shipped_model
from tests.agent.support.live_vault import GENESIS, LiveVault, build_live_vault


@pytest.fixture(scope="session")
def strategy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the shipped model, committed with fresh blinding."""
    folder = tmp_path_factory.mktemp("agent") / "strategy"
    model = load_model(shipped_model("eth_mlp"))
    create_strategy(folder, model.architecture, choose_parameters(model.architecture), model.weights)
    return folder


@pytest.fixture(scope="session")
def strategy_prover(strategy_folder: Path) -> StrategyProver:
    """Give the real prover of that strategy."""
    return StrategyProver.load(strategy_folder)


@pytest.fixture(scope="session")
def built_vault(strategy_folder: Path, strategy_prover: StrategyProver) -> Iterator[LiveVault]:
    """Give a vault that is built once; tests take `live`."""
    with Anvil(genesis_secs=GENESIS) as node:
        yield build_live_vault(node, strategy_folder, strategy_prover)


@pytest.fixture
def live(built_vault: LiveVault) -> Iterator[LiveVault]:
    """Give the vault as it was built, one interval before its first epoch."""
    state = built_vault.node.snapshot()
    yield built_vault
    # what still waits would be mined while the node goes back, and its receipt would outlive that
    built_vault.node.request("anvil_dropAllTransactions")
    built_vault.node.request("evm_setAutomine", True)
    built_vault.node.revert(state)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Give an empty journal."""
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()
