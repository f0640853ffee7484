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
ProofOption = Annotated[Path, typer.Option("--proof", help="Proof file to check.")]


def register(app: typer.Typer) -> None:
    """Add both commands to the application."""

    @app.command("prove")
    def prove(strategy: StrategyOption, input: InputOption, out: OutOption, json: JsonOption = False) -> None:
        """Prove one decision of a committed strategy.

        Example: provault prove --strategy my-strategy --input inputs.json --out proof.json
        """
        run_command(lambda: prove_file(strategy, input, out), json=json, render=_render_proof)

    @app.command("verify")
    def verify(strategy: PublicOption, proof: ProofOption, json: JsonOption = False) -> None:
        """Check a proof against a public folder; exit 0 when it holds, 1 with the reason when it does not.

        Example: provault verify --strategy my-strategy/public --proof proof.json
        """
        run_command(lambda: verify_file(strategy, proof), json=json, render=_render_verdict)


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
    outputs = ", ".join(document["outputs"])
    return (
        f"proved outputs {outputs} in {document['prove_seconds']} s;"
        f" {document['proof_bytes']} bytes in {document['proof']}"
    )


def _render_verdict(document: Document) -> str:
    return f"valid: outputs {', '.join(document['outputs'])}"
