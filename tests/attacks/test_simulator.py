"""Zero knowledge as a program: a simulator that knows tau and no weight makes proofs that verify.

It is also fault 29 from the other side: under a setup whose tau somebody knows, everything has a proof.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.verifier.verify import verify as audit_verify
from prover import ceremony_transcript
from prover.ceremony import load_ceremony
from prover.errors import CeremonyError, VerificationError
from prover.protocol.statement import Statement
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit
from tests.attacks.known_tau import SHAPES, TAUS, known_circuits
from tests.attacks.simulator import simulate


@pytest.fixture(scope="module")
def circuits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Circuit]]:
    with known_circuits(tmp_path_factory.mktemp("known"), "signed") as found:
        yield found


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("lie", [0, 1], ids=["true", "false"])
def test_a_simulator_without_weights_is_believed_under_its_tau(
    name: str, lie: int, circuits: dict[str, Circuit]
) -> None:
    """What a proof shows can be made without the weights: it tells nothing about them, true or false."""
    circuit = circuits[name]
    outputs = (circuit.outputs()[0] + lie,)
    setup, proving_key = circuit.setup, circuit.prover.proving_key
    statement = Statement.build(setup.key, circuit.commitment, CONTEXT, INPUTS, outputs)
    proof = simulate(setup, proving_key, TAUS[setup.key.shape.powers], statement)
    setup.verify(CONTEXT, INPUTS, outputs, proof)
    audit_verify(circuit.key_bytes, circuit.commitment, CONTEXT, INPUTS, outputs, proof, fast=True)
    wrong = simulate(setup, proving_key, 12345, statement)
    with pytest.raises(VerificationError, match="opening"):
        setup.verify(CONTEXT, INPUTS, outputs, wrong)


def test_fault_29_whoever_knows_tau_proves_anything(
    circuits: dict[str, Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A false output under a setup with known tau: refused by name wherever nobody pinned that setup."""
    circuit = circuits["one"]
    setup, outputs = circuit.setup, (circuit.outputs()[0] + 1,)
    statement = Statement.build(setup.key, circuit.commitment, CONTEXT, INPUTS, outputs)
    proof = simulate(setup, circuit.prover.proving_key, TAUS[256], statement)
    setup.verify(CONTEXT, INPUTS, outputs, proof)

    with pytest.raises(VerificationError, match="ceremony"):
        VerifierSetup.load(setup.kernel, load_ceremony(), circuit.key_bytes, circuit.commitment)
    monkeypatch.setattr(ceremony_transcript, "TRANSCRIPTS", {})
    with pytest.raises(CeremonyError) as size:
        ceremony_transcript.ceremony_for(256)
    assert size.value.reason == "size"
