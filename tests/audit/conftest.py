"""Strategies that the product's prover committed and proved, for the independent verifier to judge."""

from __future__ import annotations

import pytest

from tests.audit.support.cases import (
    CHUNKED_ARCHITECTURE,
    CHUNKED_LAYOUT,
    HELPED_LAYOUT,
    R1_ARCHITECTURE,
    R1_LAYOUT,
    TINY_ARCHITECTURE,
    TINY_LAYOUT,
    Case,
    prove_case,
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Three inputs, two relu neurons, one signed output; three witness packs, three fixed packs."""
    return prove_case(tmp_path_factory.mktemp("tiny"), TINY_ARCHITECTURE, TINY_LAYOUT, (3, -2, 1), 5)


@pytest.fixture(scope="session")
def helped(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The network of `tiny` with two bus sums."""
    return prove_case(tmp_path_factory.mktemp("helped"), TINY_ARCHITECTURE, HELPED_LAYOUT, (3, -2, 1), 5)


@pytest.fixture(scope="session")
def r1(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The reference network R1 in its own layout."""
    inputs = tuple(37 * i % 401 - 200 for i in range(32))
    return prove_case(tmp_path_factory.mktemp("r1"), R1_ARCHITECTURE, R1_LAYOUT, inputs, 1)


@pytest.fixture(scope="session")
def chunked(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A layout whose quotient needs two chunks."""
    inputs = tuple(range(-80, 80, 10))
    return prove_case(tmp_path_factory.mktemp("chunked"), CHUNKED_ARCHITECTURE, CHUNKED_LAYOUT, inputs, 2)
