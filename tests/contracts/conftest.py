"""Fixtures: one local node for the session, and its state put back after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from contracts.node import Anvil

if TYPE_CHECKING:
    from tests.contracts.support.vault_world import World

GENESIS_SECS = 1_600_000_000


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """A node on its own port; without an installed anvil this is an error, never a skip."""
    with Anvil(genesis_secs=GENESIS_SECS) as node:
        yield node


@pytest.fixture
def chain(anvil: Anvil) -> Iterator[Anvil]:
    """The node, with everything that the test did undone afterwards."""
    before = anvil.snapshot()
    yield anvil
    anvil.revert(before)


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """What a module has `built` once, with everything that the test did to it undone afterwards."""
    with built.undone():
        yield built
