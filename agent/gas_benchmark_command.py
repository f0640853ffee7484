"""Give `provault bench gas`: what every operation on chain costs, and the snapshot that tests compare."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

WriteOption = Annotated[
    Path | None, typer.Option("--write", help="Also write the figures to this snapshot file.")
]


def register_gas(group: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""

    @group.command("gas")
    def gas(write: WriteOption = None, json: JsonOption = False) -> None:
        """Measure whole transactions on a local chain: deployments, push, decide, trade, entry, exit, miss.

        Example: provault bench gas --write benchmarks/gas.json
        """
        run_command(
            lambda: bench_gas(write),
            json=json,
            render=_render,
            as_json=lambda found: found["operations"],
        )


def bench_gas(snapshot: Path | None) -> Document:
    """Measure every operation, and write a snapshot if asked.

    Raises: agent.errors.BenchmarkError; agent.errors.UnreadableFileError when the snapshot cannot be written.
    """
    from agent.errors import UnreadableFileError
    from agent.gas_benchmark import measure_gas

    rows = measure_gas(_say)
    if snapshot is not None:
        try:
            snapshot.write_text(json_format.dumps(rows, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise UnreadableFileError(snapshot, error.strerror or "it cannot be written") from error
    return {"operations": rows}


def _render(document: Document) -> RenderableType:
    from rich.table import Table

    table = Table(title="gas of whole transactions, proofs of R1")
    table.add_column("operation")
    table.add_column("gas", justify="right")
    table.add_column("+-", justify="right")
    for row in document["operations"]:
        table.add_row(row["operation"], f"{row['gas']:,}", str(row["tolerance"] or ""))
    return table


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
