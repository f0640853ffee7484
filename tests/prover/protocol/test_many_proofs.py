"""A prover prepared for many proofs makes the same proofs as one that is not."""

from __future__ import annotations

import pytest

from audit.verifier.verify import verify as audit_verify
from prover.artefacts import ProofRequest
from prover.compile.demo_weights import random_weights
from prover.compile.reference import LAYOUTS, reference_architecture
from prover.kernel.bucket_product import PreparedPoints
from prover.proof_batch import LONG_BATCH, prove_batch
from prover.protocol import prove as prove_module
from prover.protocol import randomness
from prover.protocol.statement import Context
from tests.attacks.circuits import CONTEXT, Circuit, commit, small_circuit


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    architecture = reference_architecture("r1")
    return commit(architecture, LAYOUTS["r1"], random_weights(architecture, 1))


def test_both_make_the_same_bytes_from_the_same_masks(
    circuit: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(randomness.secrets, "token_bytes", lambda count: bytes(count))
    inputs = tuple(range(-16, 16))
    prepared = circuit.prover.for_many_proofs()
    found = {maker.prove(CONTEXT, inputs) for maker in (circuit.prover, prepared, prepared.for_many_proofs())}
    ((outputs, proof),) = found
    circuit.setup.verify(CONTEXT, inputs, outputs, proof)
    audit_verify(circuit.key_bytes, circuit.commitment, CONTEXT, inputs, outputs, proof)


def test_what_is_prepared_is_no_longer_than_the_longest_product(circuit: Circuit) -> None:
    key = circuit.prover.for_many_proofs().proving_key
    assert isinstance(key.powers, PreparedPoints) and isinstance(key.basis.cells, PreparedPoints)
    assert len(key.powers) == 9 * (256 + 4)
    assert len(circuit.prover.proving_key.powers) == 4096
    assert not isinstance(circuit.prover.proving_key.powers, PreparedPoints)


def test_a_long_batch_is_proven_by_a_prepared_prover(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = small_circuit("relu")
    used = []
    run = prove_module.run_rounds

    def watched(session: prove_module.Session) -> prove_module.Proof:
        used.append(isinstance(session.proving_key.powers, PreparedPoints))
        return run(session)

    monkeypatch.setattr(prove_module, "run_rounds", watched)
    for size, prepared in ((2, False), (LONG_BATCH, True)):
        used.clear()
        requests = [ProofRequest((1, 2, -3), Context(epoch=epoch)) for epoch in range(size)]
        batch = prove_batch(circuit.prover, requests, lambda done, whole: None)
        assert used == [prepared] * size
        for made in batch.proofs[:2]:
            circuit.setup.verify(made.context.digest(), made.inputs, made.outputs, made.proof)
