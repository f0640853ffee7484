"""Give `provault prove` and `provault verify`: one decision, files in, file out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from agent.output import Document

StrategyOption = Annotated[Path, typer.Option("--strategy", help="Folder of a committed strategy.")]
PublicOption = Annotated[Path, typer.Option("--strategy", help="Public folder of a committed strategy.")]
InputOption = Annotated[
    Path, typer.Option("--input", help='JSON: {"inputs": ["12", ...]}, and a context if it has one.')
]
OutOption = Annotated[Path, typer.Option("--out", help="Proof file to write.")]
BatchOption = Annotated[bool, typer.Option("--batch", help="The file holds many decisions.")]
ProofOption = Annotated[Path, typer.Option("--proof", help="Proof file to check.")]


def register(app: typer.Typer) -> None:
    """Add both commands to the application."""

    @app.command("prove")
    def prove(
        strategy: StrategyOption,
        input: InputOption,
        out: OutOption,
        batch: BatchOption = False,
        json: JsonOption = False,
    ) -> None:
        """Prove one decision of a committed strategy, or with --batch many: {"decisions": [{...}, ...]}.

        Example: provault prove --strategy my-strategy --input inputs.json --out proof.json
        """
        action = prove_many if batch else prove_file
        run_command(lambda: action(strategy, input, out), json=json, render=_render_proof)

    @app.command("verify")
    def verify(
        strategy: PublicOption, proof: ProofOption, batch: BatchOption = False, json: JsonOption = False
    ) -> None:
        """Check a proof against a public folder; exit 0 when it holds, 1 with the reason when it does not.

        Example: provault verify --strategy my-strategy/public --proof proof.json
        """
        action = verify_many if batch else verify_file
        run_command(lambda: action(strategy, proof), json=json, render=_render_verdict)


def prove_file(strategy: Path, input_path: Path, out: Path) -> Document:
    """Prove the decision that an input file asks for and write the proof file.

    Raises: prover.errors.ProverError by name; FileNotFoundError.
    """
    from prover.artefacts import ProofFile, ProofRequest, load_prover
    from prover.kernel.cache import write_atomic
    from prover.protocol.key import strategy_commitment

    request = ProofRequest.read(input_path)
    prover = load_prover(strategy)
    key = prover.proving_key.key
    started = time.perf_counter()
    outputs, proof = prover.prove(request.context.digest(), request.inputs)
    seconds = time.perf_counter() - started
    file = ProofFile(
        key.circuit_digest,
        strategy_commitment(key.digest, prover.commitment),
        request.context,
        request.inputs,
        outputs,
        proof,
    )
    write_atomic(out, file.to_bytes())
    return {
        "proof": out,
        "outputs": [str(value) for value in outputs],
        "proof_bytes": len(proof),
        "prove_seconds": round(seconds, 4),
    }


def prove_many(strategy: Path, input_path: Path, out: Path) -> Document:
    """Prove every decision of a batch file with one prepared prover, and write one file.

    Raises: prover.errors.ProverError by name; FileNotFoundError.
    """
    from rich.console import Console
    from rich.progress import Progress

    from prover.artefacts import load_prover
    from prover.kernel.cache import write_atomic
    from prover.proof_batch import prove_batch, read_requests

    requests = read_requests(input_path)
    prover = load_prover(strategy)
    started = time.perf_counter()
    with Progress(console=Console(stderr=True)) as shown:
        task = shown.add_task("proving", total=len(requests))
        batch = prove_batch(prover, requests, lambda done, _: shown.update(task, completed=done))
    seconds = time.perf_counter() - started
    write_atomic(out, batch.to_bytes())
    return {
        "proof": out,
        "outputs": [str(value) for proof in batch.proofs for value in proof.outputs],
        "proof_bytes": sum(len(proof.proof) for proof in batch.proofs),
        "prove_seconds": round(seconds, 4),
        "decisions": len(requests),
    }


def verify_many(public: Path, proof: Path) -> Document:
    """Check a batch file with one pairing check.

    Raises: prover.errors.BatchRefusedError naming every refused proof.
    """
    from prover.proof_batch import ProofBatch, verify_batch_file

    batch = ProofBatch.read(proof)
    started = time.perf_counter()
    verify_batch_file(public, batch)
    return {
        "valid": True,
        "strategy_commitment": batch.strategy_commitment,
        "decisions": len(batch.proofs),
        "outputs": [str(value) for found in batch.proofs for value in found.outputs],
        "verify_seconds": round(time.perf_counter() - started, 4),
    }


def verify_file(public: Path, proof: Path) -> Document:
    """Check a proof file.

    Raises: prover.errors.VerificationError by the word of docs/protocol.md section 10.
    """
    from prover.artefacts import ProofFile, verify_proof_file

    file = ProofFile.read(proof)
    verify_proof_file(public, file)
    return {
        "valid": True,
        "strategy_commitment": file.strategy_commitment,
        "context": {name: str(value) for name, value in vars(file.context).items()},
        "outputs": [str(value) for value in file.outputs],
    }


def _render_proof(document: Document) -> str:
    if "decisions" in document:
        count, seconds = document["decisions"], document["prove_seconds"]
        return f"proved {count} decisions in {seconds} s; all in {document['proof']}"
    outputs = ", ".join(document["outputs"])
    return (
        f"proved outputs {outputs} in {document['prove_seconds']} s;"
        f" {document['proof_bytes']} bytes in {document['proof']}"
    )


def _render_verdict(document: Document) -> str:
    if "decisions" in document:
        return f"valid: {document['decisions']} decisions"
    return f"valid: outputs {', '.join(document['outputs'])}"
