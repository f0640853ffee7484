"""One whole demo for the folder, run as a user runs it, its chain kept to the end; and one real path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from contracts.node import Anvil
from tests.e2e.support.live_demo import Commands, LiveDemo
from tests.e2e.support.real_path import GENESIS, RealPath, build_real_path


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """The command line with a fresh state folder."""
    return Commands(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def kept_demo(commands: Commands) -> Iterator[LiveDemo]:
    """Run the default demo with `--keep --json`; end its chain afterwards."""
    done = commands.run("demo", "--json", "--keep")
    try:
        assert done.returncode == 0, done.stderr
        provider = HTTPProvider(json.loads(done.stdout)["rpc_url"])
        yield LiveDemo(commands, done, Web3(provider))
        for _, session in provider._request_session_manager.session_cache.items():
            session.close()
    finally:
        stopped = commands.run("demo", "--stop", "--json")
        assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def demo(price_data: Path, kept_demo: LiveDemo) -> LiveDemo:
    """The demo on the pinned period, for tests that state what happened in it."""
    assert price_data.is_dir()
    return kept_demo


@pytest.fixture(scope="session")
def built_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPath]:
    """Give one world for all tests of the real path; they take `path`."""
    with Anvil(genesis_secs=GENESIS) as node:
        yield build_real_path(node, tmp_path_factory.mktemp("real path"))


@pytest.fixture
def path(built_path: RealPath) -> Iterator[RealPath]:
    """Give the world as it was built: opened, entered through the Zap, in the epoch before the first."""
    with built_path.undone():
        yield built_path


@pytest.fixture
def invested(path: RealPath) -> RealPath:
    """The first epoch decided and traded: half of the vault is risky."""
    path.next_epoch()
    receipt = path.decide(and_trade=True)
    assert path.events(receipt, "Traded")
    return path
