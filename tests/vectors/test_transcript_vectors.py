"""Both Python implementations reproduce the shared transcript vectors and accept their proofs.

The Vyper side is held against the same file in tests/contracts/test_verifier_transcript.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.verifier.verify import verify as audit_verify
from prover.ceremony import load_ceremony
from prover.kernel import default_kernel
from prover.protocol.key import VerifyingKey
from prover.protocol.messages import Proof
from prover.protocol.statement import Statement
from prover.protocol.verify import VerifierSetup, derive_challenges

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "transcript.json").read_text(encoding="ascii")
)["vectors"]
NAMES = [vector["name"] for vector in VECTORS]
CHALLENGES = ("alpha", "beta", "theta", "chi", "y", "gamma", "z")


def field(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_prover_package_reproduces_the_vector(vector: dict[str, Any]) -> None:
    key = VerifyingKey.from_bytes(field(vector, "key"))
    assert key.digest == field(vector, "key_digest")
    statement = Statement.build(
        key, field(vector, "commitment"), field(vector, "context"), vector["inputs"], vector["outputs"]
    )
    proof = Proof.from_bytes(field(vector, "proof"), key.shape)
    assert proof.to_bytes() == field(vector, "proof")
    chain = [statement.transcript]
    for message in (
        proof.witness.to_bytes(),
        proof.sums.to_bytes(),
        proof.quotient.to_bytes(),
        proof.evaluations.to_bytes(),
        proof.opening,
    ):
        chain.append(chain[-1].absorb(message))
    assert [link.state.hex() for link in chain] == vector["chain"]
    found = derive_challenges(statement, proof)
    first = found.first
    values = (first.alpha, first.beta, first.theta, found.chi, found.y, found.gamma, found.z)
    assert [f"{value:064x}" for value in values] == [vector[name] for name in CHALLENGES]


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_both_verifiers_accept_the_vector(vector: dict[str, Any]) -> None:
    key, commitment, context, proof = (
        field(vector, name) for name in ("key", "commitment", "context", "proof")
    )
    setup = VerifierSetup.load(default_kernel(), load_ceremony(), key, commitment)
    setup.verify(context, vector["inputs"], vector["outputs"], proof)
    audit_verify(key, commitment, context, vector["inputs"], vector["outputs"], proof)


def test_every_shape_is_among_the_vectors() -> None:
    shapes = [VerifyingKey.from_bytes(field(vector, "key")).shape for vector in VECTORS]
    assert any(shape.quotient_chunks > 1 for shape in shapes)
    assert any(shape.witness_packs > 1 for shape in shapes)
    assert any(shape.weight_packs > 1 for shape in shapes)
    with_helper = [shape for shape in shapes if shape.bus_sums == 2]
    assert {shape.witness_packs > 1 for shape in with_helper} == {True, False}
    assert any(shape.quotient_chunks > 1 for shape in with_helper)
