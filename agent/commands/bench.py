"""Give `provault bench`: figures that anyone can measure again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

ModelOption = Annotated[
    list[str] | None, typer.Option("--model", help="Reference network; give it again for more. Default: all.")
]
RunsOption = Annotated[int, typer.Option("--runs", min=1, help="Counted proofs after one warm-up.")]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="bench", help="Measure provault on this machine.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("prover")
    def prover(model: ModelOption = None, runs: RunsOption = 9, json: JsonOption = False) -> None:
        """Measure proving and verifying of the reference networks, each in its own process.

        Example: provault bench prover --model r1 --json
        """
        run_command(
            lambda: bench_prover(model, runs),
            json=json,
            render=_render,
            as_json=lambda found: found["models"],
        )


def bench_prover(models: list[str] | None, runs: int) -> Document:
    """Measure reference networks.

    Raises: agent.errors.BenchmarkError; prover.errors.ArchitectureError for an unknown name.
    """
    from agent.prover_benchmark import measure_models
    from prover.compile.reference import WIDTHS, reference_architecture

    names = models or sorted(WIDTHS)
    for name in names:
        reference_architecture(name)
    return {"models": measure_models(names, runs, _say)}


def _render(document: Document) -> RenderableType:
    from rich.table import Table

    table = Table(title="prover, medians")
    columns = {
        "model": "model",
        "params": "parameters",
        "prove_seconds": "prove s",
        "verify_seconds": "verify s",
        "verify_py_ecc_seconds": "py_ecc s",
        "peak_rss_mb": "peak MB",
        "proof_bytes": "proof B",
        "calldata_bytes": "calldata B",
        "proving_key_bytes": "key B",
        "verify_tx_gas": "verify gas",
        "rows": "rows",
        "lanes": "lanes",
        "packs": "points",
    }
    for title in columns.values():
        table.add_column(title, justify="right")
    for row in document["models"]:
        table.add_row(*(str(row[name]) for name in columns))
    return table


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
