"""Fixtures: one local node for the session, and its state put back after each test."""

from collections.abc import Iterator

import pytest

from contracts.node import Anvil

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
