"""Counts in a key that no machine has room for: refused by arithmetic, in one word, by all verifiers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.attacks.circuits import Circuit
from tests.attacks.claims import Claim, all_verdicts, audit_verdict, fast_verdict
from tests.attacks.conftest import Verifiers
from tests.attacks.test_faults_encoding import put_word

LANES, PACKS, PUBLIC, INPUTS, OUTPUTS, RUNS = 5, 7, 11, 12, 13, 14


@pytest.fixture(scope="module")
def honest(relu_circuit: Circuit) -> Claim:
    return Claim.honest(relu_circuit)


@pytest.mark.parametrize("lanes", [2**16 + 1, 2**40, 2**63, 2**200])
def test_a_key_of_countless_lanes_is_refused(lanes: int, honest: Claim, verifiers: Verifiers) -> None:
    """|pub| is a multiple of L, so that such a key is consistent: the auditor once laid the padding out."""
    key = put_word(put_word(honest.key, LANES, lanes), PUBLIC, lanes)
    assert all_verdicts(verifiers, replace(honest, key=key)) == ("key",) * 3


@pytest.mark.parametrize("packs", [2**16 + 1, 2**40, 2**200])
def test_a_key_of_countless_packs_is_refused(packs: int, honest: Claim, verifiers: Verifiers) -> None:
    key = put_word(honest.key, PACKS, packs)
    assert all_verdicts(verifiers, replace(honest, key=key)) == ("key",) * 3


@pytest.mark.parametrize("count", [2**40, 2**200])
def test_a_key_of_countless_outputs_is_refused(count: int, honest: Claim, verifiers: Verifiers) -> None:
    """A consistent |pub| too; the proof then lacks the integers, and the contract has no room for the key."""
    public = -(-(4 + count) // 6) * 6
    claim = replace(honest, key=put_word(put_word(honest.key, OUTPUTS, count), PUBLIC, public))
    assert all_verdicts(verifiers, claim) == ("count", "count", "key")


def test_counts_that_do_not_fit_together_are_refused(honest: Claim) -> None:
    for word in (PUBLIC, INPUTS, OUTPUTS, RUNS):
        for count in (0, 2**40, 2**200, 2**256 - 1):
            claim = replace(honest, key=put_word(honest.key, word, count))
            assert (fast_verdict(claim), audit_verdict(claim)) == ("key", "key"), (word, count)


def test_the_largest_counts_off_chain_are_the_same(honest: Claim) -> None:
    key = put_word(put_word(honest.key, LANES, 2**16), PUBLIC, 2**16)
    claim = replace(honest, key=key)
    assert (fast_verdict(claim), audit_verdict(claim)) == ("length", "length")
