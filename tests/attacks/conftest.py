"""Circuits to attack, and all verifiers behind one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from audit.errors import VerificationError as AuditRefusal
from audit.verifier.verify import verify as audit_verify
from contracts.node import Anvil
from prover.errors import VerificationError
from tests.attacks.circuits import CONTEXT, Circuit, small_circuit
from tests.attacks.on_chain import ChainVerifier

Verdict = str | None


@dataclass(frozen=True)
class Verifiers:
    """The fast verifier, the independent one with py_ecc, and the contract on a real node."""

    chain: ChainVerifier

    def fast(
        self,
        circuit: Circuit,
        inputs: Sequence[int],
        outputs: Sequence[int],
        proof: bytes,
        context: bytes = CONTEXT,
    ) -> Verdict:
        """Return the fast verifier's word of refusal, or None when it accepts."""
        try:
            circuit.setup.verify(context, inputs, outputs, proof)
        except VerificationError as refusal:
            return refusal.reason
        return None

    def independent(
        self,
        circuit: Circuit,
        inputs: Sequence[int],
        outputs: Sequence[int],
        proof: bytes,
        context: bytes = CONTEXT,
    ) -> Verdict:
        """Return the independent verifier's word of refusal, or None when it accepts."""
        try:
            audit_verify(circuit.key_bytes, circuit.commitment, context, inputs, outputs, proof)
        except AuditRefusal as refusal:
            return refusal.reason
        return None

    def contract(
        self,
        circuit: Circuit,
        inputs: Sequence[int],
        outputs: Sequence[int],
        proof: bytes,
        context: bytes = CONTEXT,
    ) -> Verdict:
        """Return the contract's word of refusal, or None when it accepts."""
        return self.chain.verdict(circuit.key_bytes, circuit.commitment, context, (*inputs, *outputs), proof)

    def verdicts(
        self,
        circuit: Circuit,
        inputs: Sequence[int],
        outputs: Sequence[int],
        proof: bytes,
        context: bytes = CONTEXT,
    ) -> tuple[Verdict, Verdict, Verdict]:
        """Ask all three."""
        arguments = (circuit, inputs, outputs, proof, context)
        return self.fast(*arguments), self.independent(*arguments), self.contract(*arguments)


@pytest.fixture(scope="session")
def verifiers() -> Iterator[Verifiers]:
    """Start a node and deploy the verifier contract."""
    with Anvil() as node:
        yield Verifiers(ChainVerifier(node))


@pytest.fixture(scope="session")
def relu_circuit() -> Circuit:
    """A circuit whose last layer is relu."""
    return small_circuit("relu")


@pytest.fixture(scope="session")
def signed_circuit() -> Circuit:
    """A circuit whose last layer is signed."""
    return small_circuit("signed")


@pytest.fixture(scope="session")
def circuits(relu_circuit: Circuit, signed_circuit: Circuit) -> Callable[[str], Circuit]:
    """Give a circuit by the kind of its last layer, and with `-two` one of two bus sums."""
    return {
        "relu": relu_circuit,
        "signed": signed_circuit,
        "relu-two": small_circuit("relu", bus_sums=2),
        "signed-two": small_circuit("signed", bus_sums=2),
    }.__getitem__
