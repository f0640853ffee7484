"""Hostile proofs and integers against all three verifiers at once: none accepts, and all give one word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.attacks.circuits import Circuit
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verifiers
from tests.attacks.test_bent_bytes import fields, put
from tests.attacks.test_fuzz_proofs import SPECIAL_POINTS, SPECIAL_SCALARS

WORDS = ("length", "scalar", "point", "opening")
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
INT256 = st.integers(-(2**255), 2**255 - 1)


@pytest.fixture(scope="module")
def honest(relu_circuit: Circuit, verifiers: Verifiers) -> Claim:
    claim = Claim.honest(relu_circuit)
    assert all_verdicts(verifiers, claim) == (None, None, None)
    return claim


def refused_alike(verifiers: Verifiers, claim: Claim) -> str:
    words = set(all_verdicts(verifiers, claim))
    assert len(words) == 1, words
    (word,) = words
    assert word is not None
    return word


@given(flips=st.lists(st.tuples(st.integers(0, 4095), st.integers(1, 255)), min_size=1, max_size=3))
@QUICK
def test_flipped_bytes_are_refused_in_one_word(
    honest: Claim, verifiers: Verifiers, flips: list[tuple[int, int]]
) -> None:
    proof = bytearray(honest.proof)
    for place, mask in flips:
        proof[place % len(proof)] ^= mask
    assume(bytes(proof) != honest.proof)
    assert refused_alike(verifiers, replace(honest, proof=bytes(proof))) in WORDS


@given(data=st.data())
@QUICK
def test_special_values_are_refused_in_one_word(
    relu_circuit: Circuit, honest: Claim, verifiers: Verifiers, data: st.DataObject
) -> None:
    """Points and scalars at limits, one field at a time: with two the order of words may differ on chain."""
    _, start, length = data.draw(st.sampled_from(list(fields(relu_circuit))))
    if length == 96:
        field = data.draw(st.sampled_from(SPECIAL_POINTS))
    else:
        scalar = data.draw(st.one_of(st.sampled_from(SPECIAL_SCALARS), st.integers(0, 2**256 - 1)))
        field = min(scalar, 2**256 - 1).to_bytes(32, "big")
    proof = put(honest.proof, start, field)
    assume(proof != honest.proof)
    assert refused_alike(verifiers, replace(honest, proof=proof)) in ("scalar", "point", "opening")


@given(
    inputs=st.lists(st.one_of(st.integers(-6, 6), INT256), max_size=4),
    outputs=st.lists(st.one_of(st.integers(-1, 70), INT256), max_size=2),
)
@QUICK
def test_other_integers_are_refused_in_one_word(
    honest: Claim, verifiers: Verifiers, inputs: list[int], outputs: list[int]
) -> None:
    """The contract counts inputs and outputs together: another split of the same number is no fault there."""
    claim = replace(honest, inputs=tuple(inputs), outputs=tuple(outputs))
    assume(len(inputs) == 3 or len(inputs) + len(outputs) != 4)
    assume((claim.inputs, claim.outputs) != (honest.inputs, honest.outputs))
    assert refused_alike(verifiers, claim) in ("count", "input", "opening")


@given(length=st.integers(0, 4096), fill=st.binary(min_size=1, max_size=64))
@QUICK
def test_other_lengths_are_refused_in_one_word(
    honest: Claim, verifiers: Verifiers, length: int, fill: bytes
) -> None:
    proof = (honest.proof + fill * 64)[:length].ljust(length, b"\0")
    assume(proof != honest.proof)
    assert refused_alike(verifiers, replace(honest, proof=proof)) in WORDS
