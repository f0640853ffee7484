"""The transcript is the same in the specification, the prover, the auditor and the contract."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.verifier.transcript import Transcript as AuditTranscript
from contracts.node import Anvil
from prover.protocol.key import VerifyingKey
from prover.protocol.messages import Proof
from prover.protocol.statement import Statement
from prover.protocol.verify import derive_challenges
from tests.contracts.support.verifier_cases import Case
from tests.contracts.support.verifier_chain import ChainVerifier, challenge_program
from tests.contracts.support.verifier_transcript import NAMES, chain, challenges, messages

PATH = Path(__file__).parent.parent / "vectors" / "transcript.json"
DOCUMENT: dict[str, Any] = json.loads(PATH.read_text(encoding="ascii"))
VECTORS: list[dict[str, Any]] = DOCUMENT["vectors"]


def case_of(vector: dict[str, Any]) -> Case:
    key, commitment, context, proof = (
        bytes.fromhex(vector[name]) for name in ("key", "commitment", "context", "proof")
    )
    return Case(key, commitment, context, tuple(vector["inputs"]), tuple(vector["outputs"]), proof)


def expected(vector: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(vector[name], 16) for name in NAMES)


@pytest.fixture(scope="module")
def on_chain(anvil: Anvil) -> ChainVerifier:
    """`verify` of Verifier.vy, cut off after its challenges."""
    return ChainVerifier(anvil, challenge_program())


@pytest.fixture(params=VECTORS, ids=[vector["name"] for vector in VECTORS])
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


def test_the_file_is_the_documented_format() -> None:
    assert DOCUMENT["format"] == "provault-transcript-vectors-1"
    plain = ["single", "single_runs", "packs", "many", "chunks"]
    assert [vector["name"] for vector in VECTORS] == [*plain, "sums", "sums_single", "sums_chunks"]


def test_specification(vector: dict[str, Any]) -> None:
    case = case_of(vector)
    assert [len(message) for message in messages(case)] == vector["messages"]
    assert [link.hex() for link in chain(case)] == vector["chain"]
    assert challenges(case) == expected(vector)


def test_prover(vector: dict[str, Any]) -> None:
    case = case_of(vector)
    key = VerifyingKey.from_bytes(case.key)
    assert key.digest.hex() == vector["key_digest"]
    statement = Statement.build(key, case.commitment, case.context, case.inputs, case.outputs)
    assert statement.transcript.state.hex() == vector["chain"][0]
    found = derive_challenges(statement, Proof.from_bytes(case.proof, key.shape))
    first = found.first
    assert (first.alpha, first.beta, first.theta, found.chi, found.y, found.gamma, found.z) == expected(
        vector
    )


def test_auditor(vector: dict[str, Any]) -> None:
    parts = messages(case_of(vector))
    transcript = AuditTranscript(parts[0])
    assert transcript.state.hex() == vector["chain"][0]
    found: list[int] = []
    for part, count in zip(parts[1:6], (3, 1, 1, 1, 1), strict=True):
        found += transcript.absorb(part, count)
    assert transcript.state.hex() == vector["chain"][5]
    assert tuple(found) == expected(vector)


def test_contract(vector: dict[str, Any], on_chain: ChainVerifier) -> None:
    assert tuple(on_chain.call(case_of(vector))) == expected(vector)


def test_contract_absorbs_every_part_of_every_message(on_chain: ChainVerifier) -> None:
    """A byte of each field changes every challenge from its message on, and none before."""
    case = case_of(next(vector for vector in VECTORS if vector["name"] == "single"))
    before = challenges(case)
    first_of_message = (0, 0, 3, 4, 5, 6)
    changed: list[tuple[int, Case]] = [
        (0, replace(case, context=bytes([case.context[0] ^ 1]) + case.context[1:])),
        (0, replace(case, commitment=case.commitment[:-1] + bytes([case.commitment[-1] ^ 1]))),
        (0, case.with_word(1, case.word(1) ^ 1)),
        (0, case.with_public((int(case.inputs[0] == 0), *case.public[1:]))),
        (0, case.with_public((*case.public[:-1], case.public[-1] ^ 1))),
    ]
    start = 0
    for number, message in enumerate(messages(case)[1:6], start=1):
        for place in range(start + 31, start + len(message), 32):
            bent = case.proof[:place] + bytes([case.proof[place] ^ 1]) + case.proof[place + 1 :]
            changed.append((number, case.with_proof(bent)))
        start += len(message)
    for number, bent_case in changed:
        found = tuple(on_chain.call(bent_case))
        kept = first_of_message[number]
        assert found == challenges(bent_case)
        assert found[:kept] == before[:kept]
        assert all(new != old for new, old in zip(found[kept:], before[kept:], strict=True)), number
