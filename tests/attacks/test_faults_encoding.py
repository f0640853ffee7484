"""Faults 7 to 9, 17 and 19: encodings of points, integers and keys, and modes that check less."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.verifier.verify import verify as audit_verify
from contracts.compile import compile_contract
from prover.field import SCALAR_MODULUS as R
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import INPUTS, Circuit
from tests.attacks.claims import Claim, all_verdicts, audit_verdict, fast_verdict
from tests.attacks.conftest import Verifiers
from tests.attacks.test_bent_bytes import outside_subgroup

#: Words of the header that only the key digest binds, as no verifier computes with them.
DIGEST_WORD = 1


@pytest.fixture(scope="module")
def honest(relu_circuit: Circuit) -> Claim:
    return Claim.honest(relu_circuit)


def put_word(key: bytes, index: int, value: int) -> bytes:
    return key[: 32 * index] + value.to_bytes(32, "big") + key[32 * (index + 1) :]


@pytest.mark.parametrize(
    "point", [bytes(96), outside_subgroup(), b"\xff" * 96], ids=["infinity", "off-subgroup", "not-below-p"]
)
def test_fault_07_malformed_points_in_key_and_commitment(
    point: bytes, honest: Claim, verifiers: Verifiers
) -> None:
    """In each S_k and in the fixed pack, where a proof's own checks do not look."""
    for pack in range(2):
        bent = honest.commitment[: 96 * pack] + point + honest.commitment[96 * pack + 96 :]
        assert all_verdicts(verifiers, replace(honest, commitment=bent)) == ("point",) * 3
    assert all_verdicts(verifiers, replace(honest, key=honest.key[:-96] + point)) == ("point",) * 3


def test_fault_08_public_integers_plus_the_modulus(honest: Claim, verifiers: Verifiers) -> None:
    """x + r and x - r are the same field element, and fit the contract's int256: one form is accepted."""
    assert all_verdicts(verifiers, honest) == (None, None, None)
    for step in (R, -R):
        for index in range(len(honest.inputs)):
            inputs = tuple(value + step * (i == index) for i, value in enumerate(honest.inputs))
            assert all_verdicts(verifiers, replace(honest, inputs=inputs)) == ("input",) * 3
        outputs = (honest.outputs[0] + step,)
        assert all_verdicts(verifiers, replace(honest, outputs=outputs)) == ("input",) * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda claim: replace(claim, key=claim.key + b"\0"),
        lambda claim: replace(claim, key=claim.key[:-1]),
        lambda claim: replace(claim, key=claim.key + claim.key[-96:]),
        lambda claim: replace(claim, key=b""),
        lambda claim: replace(claim, commitment=claim.commitment + b"\0"),
        lambda claim: replace(claim, commitment=claim.commitment[:-1]),
        lambda claim: replace(claim, commitment=claim.commitment[:96]),
        lambda claim: replace(claim, commitment=claim.commitment + claim.commitment[:96]),
        lambda claim: replace(claim, commitment=b""),
    ],
    ids=["key+1", "key-1", "key+point", "key-none", "S+1", "S-1", "S-point", "S+point", "S-none"],
)
def test_fault_09_lengths_of_key_and_commitment(
    change: Callable[[Claim], Claim], honest: Claim, verifiers: Verifiers
) -> None:
    assert all_verdicts(verifiers, change(honest)) == ("key",) * 3


def test_fault_09_every_header_word_of_the_key(honest: Claim, verifiers: Verifiers) -> None:
    """Each word at values near limits: refused by all, in the same word. No other key takes the proof."""
    values = (0, 1, 2, 7, 13, 64, 4096, 2**32, 2**63, 2**255, R)
    for index in range(21):
        old = int.from_bytes(honest.key[32 * index : 32 * index + 32], "big")
        for value in {*values, old + 1, old - 1, old + R, 2 * old} - {old}:
            claim = replace(honest, key=put_word(honest.key, index, value % 2**256))
            fast = fast_verdict(claim)
            assert fast is not None and audit_verdict(claim) == fast, (index, value)
            if value in (0, 2**255, old + 1):
                assert all_verdicts(verifiers, claim) == (fast,) * 3, (index, value)
    assert fast_verdict(replace(honest, key=put_word(honest.key, DIGEST_WORD, 1))) == "opening"


def test_fault_17_bounds_are_the_keys(honest: Claim, verifiers: Verifiers) -> None:
    """An input one beyond its declared bound, on each side, and one of another sign's range."""
    for value in (-5, 5, 2**62, -(2**62), 2**126, -(2**127)):
        inputs = (value, *INPUTS[1:])
        assert all_verdicts(verifiers, replace(honest, inputs=inputs)) == ("input",) * 3


def test_fault_19_no_mode_checks_less() -> None:
    """The verifiers have no option but the independent one's choice of arithmetic; one function on chain."""
    assert list(inspect.signature(VerifierSetup.verify).parameters) == [
        "self",
        "context",
        "inputs",
        "outputs",
        "proof",
    ]
    options = [
        name
        for name, parameter in inspect.signature(audit_verify).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    assert options == ["fast"]
    functions = [item["name"] for item in compile_contract("Verifier").abi if item["type"] == "function"]
    assert functions == ["verify"]
