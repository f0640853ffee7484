"""Layouts for other numbers of powers than 4096: compiled, proven and verified off chain.

The ceremony file is made by the test in the published form, with taus that everybody knows, and read by the
code that reads the published one. Each size has a tau of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import CeremonyError as AuditCeremonyError
from audit.errors import CircuitError
from audit.errors import VerificationError as AuditRefusal
from audit.verifier.key import parse_key
from audit.verifier.key_build import build_key
from audit.verifier.proof_file import verify_proof_file as audit_verify_file
from audit.verifier.verify import verify as audit_verify
from contracts.node import Anvil
from prover.artefacts import ProofFile, create_strategy, load_prover, verify_proof_file
from prover.ceremony import load_ceremony
from prover.ceremony_transcript import ENVIRONMENT_VARIABLE, ceremony_for
from prover.compile.cost_model import choose_parameters
from prover.compile.demo_weights import random_weights
from prover.compile.layout import LayoutParameters
from prover.errors import CeremonyError, VerificationError
from prover.protocol.key import strategy_commitment
from prover.protocol.statement import Context
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, commit, small_architecture
from tests.attacks.on_chain import ChainVerifier
from tests.prover.own_transcript import OwnTranscript

TAUS, COUNTS = (0xA11CE, 0xB0B, 0xCAFE), (64, 128, 256)
#: (n, t, L, wa, K, lam, N) and the chunks of T: with N = 128 deg T is bounded by 234, two chunks.
SHAPES = [(LayoutParameters(32, 3, 6, 2, 2, 3, 128), 2), (LayoutParameters(32, 7, 6, 2, 2, 3, 256), 1)]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pin a transcript of known taus for this file, and name it in the environment."""
    with OwnTranscript.make(TAUS, COUNTS).named(tmp_path_factory.mktemp("own")) as path:
        yield path


def circuit_for(parameters: LayoutParameters) -> Circuit:
    architecture = small_architecture("relu")
    return commit(architecture, parameters, random_weights(architecture, 3))


@pytest.mark.parametrize(("parameters", "chunks"), SHAPES, ids=["chunks", "one-chunk"])
def test_a_layout_for_other_powers_is_proven_and_verified(
    parameters: LayoutParameters, chunks: int, named: Path
) -> None:
    circuit = circuit_for(parameters)
    key = circuit.setup.key
    assert (key.shape.powers, key.shape.quotient_chunks) == (parameters.powers, chunks)
    assert key.ceremony_digest == ceremony_for(parameters.powers).digest
    outputs, proof = circuit.prover.prove(CONTEXT, INPUTS)
    circuit.setup.verify(CONTEXT, INPUTS, outputs, proof)
    for fast in (True, False):
        audit_verify(circuit.key_bytes, circuit.commitment, CONTEXT, INPUTS, outputs, proof, fast=fast)
    layout = circuit.layout
    rebuilt = build_key(layout.architecture.to_bytes(), layout.parameters.to_bytes(), fast=True)
    assert rebuilt == circuit.key_bytes

    for bent in (bytes([proof[0] ^ 1]) + proof[1:], proof[:-33] + bytes([proof[-33] ^ 1]) + proof[-32:]):
        with pytest.raises(VerificationError, match="point"):
            circuit.setup.verify(CONTEXT, INPUTS, outputs, bent)
    other = (outputs[0] + 1,)
    with pytest.raises(VerificationError, match="opening"):
        circuit.setup.verify(CONTEXT, INPUTS, other, proof)
    with pytest.raises(AuditRefusal, match="opening"):
        audit_verify(circuit.key_bytes, circuit.commitment, CONTEXT, INPUTS, other, proof, fast=True)


def test_each_chunk_of_the_quotient_is_masked_and_counts(named: Path) -> None:
    """Two proofs of one witness share no chunk; chunks exchanged are refused."""
    circuit = circuit_for(SHAPES[0][0])
    shape = circuit.setup.key.shape
    first = 96 * (shape.witness_packs + 2)
    outputs, proof = circuit.prover.prove(CONTEXT, INPUTS)
    _, other = circuit.prover.prove(CONTEXT, INPUTS)
    one, two = proof[first : first + 96], proof[first + 96 : first + 192]
    assert {one, two}.isdisjoint({other[first : first + 96], other[first + 96 : first + 192]})
    exchanged = proof[:first] + two + one + proof[first + 192 :]
    with pytest.raises(VerificationError, match="opening"):
        circuit.setup.verify(CONTEXT, INPUTS, outputs, exchanged)


def test_files_of_a_strategy_with_other_powers_go_round(named: Path, tmp_path: Path) -> None:
    """Commit, prove, verify from files, with both off-chain verifiers; then without the transcript."""
    architecture = small_architecture("relu")
    folder = tmp_path / "strategy"
    create_strategy(folder, architecture, SHAPES[0][0], random_weights(architecture, 3))
    prover = load_prover(folder)
    key, context = prover.proving_key.key, Context()
    outputs, proof = prover.prove(context.digest(), INPUTS)
    commitment = strategy_commitment(key.digest, prover.commitment)
    file = ProofFile(key.circuit_digest, commitment, context, INPUTS, outputs, proof)
    path = tmp_path / "proof.json"
    path.write_bytes(file.to_bytes())
    verify_proof_file(folder / "public", file)
    audit_verify_file(folder / "public", path, fast=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(ENVIRONMENT_VARIABLE)
        with pytest.raises(CeremonyError) as missing:
            verify_proof_file(folder / "public", file)
        assert missing.value.reason == "missing"
        with pytest.raises(CircuitError, match="N = 128"):
            audit_verify_file(folder / "public", path, fast=True)
        with pytest.raises(AuditRefusal, match="ceremony"):
            parse_key(key.to_bytes())


def test_a_proof_under_another_setup_is_refused(named: Path) -> None:
    """The same layout but for N, the key of one set with the digest of another, the wrong set loaded."""
    circuit = circuit_for(SHAPES[1][0])
    outputs, proof = circuit.prover.prove(CONTEXT, INPUTS)
    key = circuit.setup.key
    for ceremony in (ceremony_for(128), load_ceremony()):
        with pytest.raises(VerificationError, match="ceremony"):
            VerifierSetup.load(circuit.setup.kernel, ceremony, circuit.key_bytes, circuit.commitment)
    bent = replace(key, ceremony_digest=ceremony_for(128).digest)
    with pytest.raises(VerificationError, match="ceremony"):
        VerifierSetup.load(circuit.setup.kernel, ceremony_for(256), bent.to_bytes(), circuit.commitment)
    with pytest.raises(AuditRefusal, match="ceremony"):
        audit_verify(bent.to_bytes(), circuit.commitment, CONTEXT, INPUTS, outputs, proof, fast=True)


def test_the_contract_takes_4096_powers_only(named: Path) -> None:
    circuit = circuit_for(SHAPES[1][0])
    outputs, proof = circuit.prover.prove(CONTEXT, INPUTS)
    with Anvil() as node:
        verdict = ChainVerifier(node).verdict(
            circuit.key_bytes, circuit.commitment, CONTEXT, (*INPUTS, *outputs), proof
        )
    assert verdict == "ceremony"


def test_the_optimiser_fills_a_larger_file(named: Path) -> None:
    parameters = choose_parameters(small_architecture("relu"), powers=256)
    assert parameters.powers == 256
    circuit = circuit_for(parameters)
    outputs, proof = circuit.prover.prove(CONTEXT, INPUTS)
    circuit.setup.verify(CONTEXT, INPUTS, outputs, proof)


def test_fault_29_a_setup_of_ones_own_is_refused_where_nobody_pins_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Powers of a known tau, consistent in every equation: both readers refuse the file by its hash."""
    path = tmp_path / "transcript.json"
    path.write_bytes(OwnTranscript.make((1234567, 7654321), (16, 8)).content())
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(path))
    with pytest.raises(CeremonyError) as fast:
        ceremony_for(8192)
    assert fast.value.reason == "hash"
    layout = LayoutParameters(32, 9, 6, 2, 2, 3, 8192).to_bytes()
    with pytest.raises(AuditCeremonyError) as independent:
        build_key(small_architecture("relu").to_bytes(), layout, fast=True)
    assert independent.value.reason == "hash"
