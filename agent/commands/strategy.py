"""Give `provault strategy`: make, commit and show strategies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from agent.output import Document

ReferenceOption = Annotated[str, typer.Option("--reference", help="Reference network: r1 or r2.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder to write; public/ and secret/ come into it.")]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of the weights, which then are no secret.")
]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="strategy", help="Make, commit and show strategies.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("random")
    def random(
        out: OutOption, reference: ReferenceOption = "r1", seed: SeedOption = None, json: JsonOption = False
    ) -> None:
        """Commit to a reference network with random weights, to try proving without training.

        Example: provault strategy random --reference r1 --out my-strategy
        """
        run_command(lambda: commit_random(reference, out, seed), json=json, render=_render_commitment)


def commit_random(reference: str, out: Path, seed: int | None) -> Document:
    """Draw weights, commit to them with fresh blinding, and write both folders.

    Raises: prover.errors.ProverError by name.
    """
    import secrets

    from prover.artefacts import create_strategy
    from prover.compile.demo_weights import random_weights
    from prover.compile.reference import LAYOUTS, reference_architecture

    architecture = reference_architecture(reference)
    weights = random_weights(architecture, secrets.randbits(64) if seed is None else seed)
    strategy = create_strategy(out, architecture, LAYOUTS[reference], weights)
    return {
        "strategy": out,
        "circuit_digest": strategy.proving_key.key.circuit_digest,
        "strategy_commitment": strategy.commitment_digest,
        "inputs": architecture.input_count,
        "outputs": architecture.output_count,
        "seed": seed,
    }


def _render_commitment(document: Document) -> str:
    commitment = document["strategy_commitment"].hex()
    return f"committed in {document['strategy']}: 0x{commitment}; it takes {document['inputs']} inputs"
