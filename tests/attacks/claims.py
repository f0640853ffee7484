"""A claim as bytes, so that key and commitment can be attacked too, and what all verifiers say to it."""

from __future__ import annotations

from dataclasses import dataclass

from audit.errors import VerificationError as AuditRefusal
from audit.verifier.verify import verify as audit_verify
from prover.ceremony import load_ceremony
from prover.errors import VerificationError
from prover.kernel import default_kernel
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit
from tests.attacks.conftest import Verdict, Verifiers


@dataclass(frozen=True)
class Claim:
    """Everything that a verifier is given."""

    key: bytes
    commitment: bytes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes
    context: bytes = CONTEXT

    @classmethod
    def honest(cls, circuit: Circuit, inputs: tuple[int, ...] = INPUTS) -> Claim:
        """Prove a circuit's own output."""
        outputs, proof = circuit.prover.prove(CONTEXT, inputs)
        return cls(circuit.key_bytes, circuit.commitment, inputs, outputs, proof)


def fast_verdict(claim: Claim) -> Verdict:
    """Ask the fast verifier, from key bytes on; None when it accepts."""
    try:
        setup = VerifierSetup.load(default_kernel(), load_ceremony(), claim.key, claim.commitment)
        setup.verify(claim.context, claim.inputs, claim.outputs, claim.proof)
    except VerificationError as refusal:
        return refusal.reason
    return None


def audit_verdict(claim: Claim) -> Verdict:
    """Ask the independent verifier over its fast group; None when it accepts."""
    try:
        audit_verify(
            claim.key, claim.commitment, claim.context, claim.inputs, claim.outputs, claim.proof, fast=True
        )
    except AuditRefusal as refusal:
        return refusal.reason
    return None


def all_verdicts(verifiers: Verifiers, claim: Claim) -> tuple[Verdict, Verdict, Verdict]:
    """Ask the fast verifier, the independent one and the contract."""
    public = (*claim.inputs, *claim.outputs)
    on_chain = verifiers.chain.verdict(claim.key, claim.commitment, claim.context, public, claim.proof)
    return fast_verdict(claim), audit_verdict(claim), on_chain
