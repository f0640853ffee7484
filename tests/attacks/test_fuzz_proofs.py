"""Random bytes in place of proofs, keys, commitments and integers: nothing is accepted, nothing crashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from prover.ceremony import load_ceremony
from prover.field import BASE_MODULUS
from prover.field import SCALAR_MODULUS as R
from tests.attacks.circuits import Circuit
from tests.attacks.claims import Claim, audit_verdict, fast_verdict
from tests.attacks.test_bent_bytes import fields, outside_subgroup, put

QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
GENERATOR = load_ceremony().powers_g1[:96]
SPECIAL_POINTS = [
    bytes(96),
    GENERATOR,
    GENERATOR[:48] + (BASE_MODULUS - int.from_bytes(GENERATOR[48:], "big")).to_bytes(48, "big"),
    outside_subgroup(),
    bytes(48) + (2).to_bytes(48, "big"),
    BASE_MODULUS.to_bytes(48, "big") + GENERATOR[48:],
    b"\xff" * 96,
    b"\xc0" + bytes(95),
]
SPECIAL_SCALARS = [0, 1, 2, R - 1, R, R + 1, 2 * R, 2**128, 2**255, 2**256 - 1]
Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def honest(relu_circuit: Circuit) -> Claim:
    claim = Claim.honest(relu_circuit)
    assert (fast_verdict(claim), audit_verdict(claim)) == (None, None)
    return claim


def byte_changes() -> st.SearchStrategy[Change]:
    """Flip, overwrite, cut, insert, repeat or exchange bytes anywhere."""
    places = st.integers(0, 5000)

    def at(content: bytes, place: int) -> int:
        return place % (len(content) + 1)

    return st.one_of(
        st.builds(
            lambda p, d: lambda c: put(c, p % (len(c) - len(d)), d),
            places,
            st.binary(min_size=1, max_size=40),
        ),
        st.builds(lambda p, q: lambda c: c[: at(c, p)] + c[at(c, q) :], places, places),
        st.builds(lambda p, d: lambda c: c[: at(c, p)] + d + c[at(c, p) :], places, st.binary(max_size=100)),
        st.builds(lambda p: lambda c: c[at(c, p) :] + c[: at(c, p)], places),
        st.binary(max_size=1500).map(lambda d: lambda c: d),
    )


def refused_alike(claim: Claim) -> str:
    """Ask both verifiers off chain; return the word that both give."""
    fast, independent = fast_verdict(claim), audit_verdict(claim)
    assert fast is not None and fast == independent, (fast, independent)
    return fast


@given(changes=st.lists(byte_changes(), min_size=1, max_size=3))
@QUICK
def test_changed_proof_bytes_are_refused(honest: Claim, changes: list[Change]) -> None:
    proof = honest.proof
    for change in changes:
        proof = change(proof) if len(proof) > 200 else proof
    assume(proof != honest.proof)
    assert refused_alike(replace(honest, proof=proof)) in ("length", "scalar", "point", "opening")


@given(data=st.data())
@QUICK
def test_special_values_in_the_fields_of_a_proof_are_refused(
    relu_circuit: Circuit, honest: Claim, data: st.DataObject
) -> None:
    """Valid points and scalars in wrong places reach the opening; others are refused by their form."""
    layout = list(fields(relu_circuit))
    points = [honest.proof[start : start + 96] for _, start, length in layout if length == 96]
    proof = honest.proof
    for _ in range(data.draw(st.integers(1, 4))):
        _, start, length = data.draw(st.sampled_from(layout))
        if length == 96:
            field = data.draw(st.sampled_from(SPECIAL_POINTS + points))
        else:
            scalar = data.draw(st.one_of(st.sampled_from(SPECIAL_SCALARS), st.integers(0, 2**256 - 1)))
            field = min(scalar, 2**256 - 1).to_bytes(32, "big")
        proof = put(proof, start, field)
    assume(proof != honest.proof)
    assert refused_alike(replace(honest, proof=proof)) in ("scalar", "point", "opening")


@given(
    inputs=st.lists(st.one_of(st.integers(-6, 6), st.integers(-(2**256), 2**256)), max_size=5),
    outputs=st.lists(st.one_of(st.integers(-1, 70), st.integers(-(2**256), 2**256)), max_size=3),
)
@QUICK
def test_other_public_integers_are_refused(honest: Claim, inputs: list[int], outputs: list[int]) -> None:
    claim = replace(honest, inputs=tuple(inputs), outputs=tuple(outputs))
    assume((claim.inputs, claim.outputs) != (honest.inputs, honest.outputs))
    word = refused_alike(claim)
    assert word in ("count", "input", "opening")
    assert (word == "count") == ((len(inputs), len(outputs)) != (3, 1))


@given(changes=st.lists(byte_changes(), min_size=1, max_size=2))
@QUICK
def test_changed_key_bytes_are_refused(honest: Claim, changes: list[Change]) -> None:
    key = honest.key
    for change in changes:
        key = change(key) if len(key) > 200 else key
    assume(key != honest.key)
    assert refused_alike(replace(honest, key=key)) in (
        "key",
        "ceremony",
        "point",
        "opening",
        "input",
        "length",
    )


@given(
    words=st.lists(
        st.tuples(
            st.integers(1, 20),
            st.one_of(st.integers(0, 70), st.sampled_from(SPECIAL_SCALARS), st.integers(0, 2**256 - 1)),
        ),
        min_size=1,
        max_size=4,
    )
)
@QUICK
def test_changed_words_of_the_key_are_refused(honest: Claim, words: list[tuple[int, int]]) -> None:
    key = honest.key
    for index, value in words:
        key = put(key, 32 * index, min(value, 2**256 - 1).to_bytes(32, "big"))
    assume(key != honest.key)
    refused_alike(replace(honest, key=key))


@given(changes=st.lists(byte_changes(), min_size=1, max_size=2))
@QUICK
def test_changed_commitments_are_refused(honest: Claim, changes: list[Change]) -> None:
    commitment = honest.commitment
    for change in changes:
        commitment = change(commitment) if len(commitment) > 100 else commitment
    assume(commitment != honest.commitment)
    assert refused_alike(replace(honest, commitment=commitment)) in ("key", "point", "opening")
