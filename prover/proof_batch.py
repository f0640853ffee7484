"""Many decisions of one strategy in one file: proven with shared set-up, verified with one pairing check."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.artefacts import ProofFile, ProofRequest, load_public
from prover.errors import FileFormatError, VerificationError
from prover.json_fields import from_hex, parse_context, parse_integers, read_json, to_hex
from prover.protocol.key import strategy_commitment
from prover.protocol.prove import Prover
from prover.protocol.verify import VerifierSetup
from prover.protocol.verify_batch import Claim, verify_batch

BATCH_FORMAT = "provault-proof-batch-1"
#: Decisions from which a batch saves more than preparing the prover for many proofs costs.
LONG_BATCH = 16
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ProofBatch:
    """The proofs of one strategy's decisions, in order."""

    circuit_digest: bytes
    strategy_commitment: bytes
    proofs: tuple[ProofFile, ...]

    def to_bytes(self) -> bytes:
        """Encode as JSON, each decision as in a proof file without the digests that all share."""
        document = {
            "format": BATCH_FORMAT,
            "circuit_digest": to_hex(self.circuit_digest),
            "strategy_commitment": to_hex(self.strategy_commitment),
            "decisions": [
                {
                    "context": {name: str(value) for name, value in vars(proof.context).items()},
                    "inputs": [str(value) for value in proof.inputs],
                    "outputs": [str(value) for value in proof.outputs],
                    "proof": to_hex(proof.proof),
                }
                for proof in self.proofs
            ],
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> ProofBatch:
        """Read a batch file.

        Raises: FileFormatError; FileNotFoundError.
        """
        document = read_json(path, BATCH_FORMAT)
        if set(document) != {"format", "circuit_digest", "strategy_commitment", "decisions"}:
            raise FileFormatError(path.name, "expected format, both digests, decisions and no more")
        circuit = from_hex(path, document.get("circuit_digest"), 32)
        commitment = from_hex(path, document.get("strategy_commitment"), 32)
        proofs = []
        for decision in _decisions(path, document, {"context", "inputs", "outputs", "proof"}):
            context = parse_context(path, decision["context"])
            inputs, outputs = (parse_integers(path, decision[name]) for name in ("inputs", "outputs"))
            proof = from_hex(path, decision["proof"], None)
            proofs.append(ProofFile(circuit, commitment, context, inputs, outputs, proof))
        return cls(circuit, commitment, tuple(proofs))


def read_requests(path: Path) -> tuple[ProofRequest, ...]:
    """Read `{"decisions": [{"inputs": [...], "context": {...}}, ...]}`.

    Raises: FileFormatError; FileNotFoundError.
    """
    document = read_json(path, None)
    return tuple(
        ProofRequest(
            parse_integers(path, decision["inputs"]), parse_context(path, decision["context"])
        )
        for decision in _decisions(path, document, {"inputs", "context"})
    )


def prove_batch(prover: Prover, requests: Sequence[ProofRequest], progress: Progress) -> ProofBatch:
    """Prove every request with one prepared prover; `progress` hears (done, all) after each.

    Raises: WitnessError `input` for inputs out of their bounds.
    """
    if len(requests) >= LONG_BATCH:
        prover = prover.for_many_proofs()
    key = prover.proving_key.key
    commitment = strategy_commitment(key.digest, prover.commitment)
    proofs = []
    for done, request in enumerate(requests, start=1):
        outputs, proof = prover.prove(request.context.digest(), request.inputs)
        proofs.append(
            ProofFile(key.circuit_digest, commitment, request.context, request.inputs, outputs, proof)
        )
        progress(done, len(requests))
    return ProofBatch(key.circuit_digest, commitment, tuple(proofs))


def verify_batch_file(public_folder: Path, batch: ProofBatch) -> None:
    """Check a batch against a public folder with one pairing check.

    Raises: VerificationError `key`; BatchRefusedError naming every refused proof; what `load_public` raises.
    """
    public = load_public(public_folder)
    key = public.proving_key.key
    for found, expected in (
        (batch.circuit_digest, key.circuit_digest),
        (batch.strategy_commitment, public.commitment_digest),
    ):
        if found != expected:
            raise VerificationError("key", expected=to_hex(expected), found=to_hex(found))
    setup = VerifierSetup.load(
        public.proving_key.kernel, public.proving_key.ceremony, key.to_bytes(), public.commitment
    )
    claims = [
        Claim(proof.context.digest(), proof.inputs, proof.outputs, proof.proof) for proof in batch.proofs
    ]
    verify_batch(setup, claims)


def _decisions(path: Path, document: object, keys: set[str]) -> list[dict[str, object]]:
    decisions = document.get("decisions") if isinstance(document, dict) else None
    if not isinstance(decisions, list) or not decisions:
        raise FileFormatError(path.name, "expected a list of decisions, at least one")
    for index, decision in enumerate(decisions):
        if not isinstance(decision, dict) or set(decision) != keys:
            raise FileFormatError(path.name, f"decision {index}: expected the keys {', '.join(sorted(keys))}")
    return decisions
