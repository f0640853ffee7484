"""Give `provault bench`: figures that anyone can measure again."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.gas_benchmark_command import register_gas
from agent.layout_choice import (
    ObjectiveOption,
    OffChainOption,
    PowersOption,
    candidate_table,
    choose_layout,
    objective_named,
)
from agent.output import EXIT_REFUSED, CommandResult, JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

WidthsArgument = Annotated[str, typer.Argument(help="Layer widths, e.g. 32-32-16-1.")]
ShiftOption = Annotated[int, typer.Option("--shift-bits", min=1, max=12, help="Bits of each limb.")]
CountOption = Annotated[int, typer.Option("--count", min=1, help="How many to show.")]
ModelOption = Annotated[
    list[str] | None, typer.Option("--model", help="Network; give it again for more. Default: all.")
]
BatchesOption = Annotated[str, typer.Option("--batches", help="Sizes of batches, with commas between.")]
PeerOption = Annotated[str | None, typer.Option("--peer", help="Also measure on the same files: ezkl.")]
PeerModelOption = Annotated[
    list[str] | None, typer.Option("--peer-model", help="Network for the peer. Default: r1 and r2.")
]
MarkdownOption = Annotated[
    Path | None, typer.Option("--markdown", help="Document whose figures are replaced.")
]
OnlyOption = Annotated[str | None, typer.Option("--only", help="Measure one kind: time or gas.")]
RunsOption = Annotated[int, typer.Option("--runs", min=1, help="Counted proofs after one warm-up.")]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="bench", help="Measure provault on this machine.", no_args_is_help=True)
    app.add_typer(group)
    register_gas(group)

    @group.command("prover")
    def prover(
        model: ModelOption = None,
        runs: RunsOption = 9,
        batches: BatchesOption = "1,8,64",
        peer: PeerOption = None,
        peer_model: PeerModelOption = None,
        markdown: MarkdownOption = None,
        json: JsonOption = False,
    ) -> None:
        """Measure proving and verifying of R1, R2 and a ladder of networks, each in its own process.

        Example: provault bench prover --model r1 --peer ezkl --json
        """
        run_command(
            lambda: bench_prover(model, runs, batches, peer, peer_model, markdown),
            json=json,
            render=_render,
            as_json=lambda found: found["models"],
        )

    @group.command("layouts")
    def layouts(
        objective: ObjectiveOption = "balanced", runs: RunsOption = 5, json: JsonOption = False
    ) -> None:
        """Measure what the layout optimiser gains over one fixed layout, for seven shapes of network.

        Example: provault bench layouts --objective time
        """
        run_command(
            lambda: bench_layouts(objective, runs),
            json=json,
            render=_render_layouts,
            as_json=lambda found: found["shapes"],
        )

    @group.command("constants")
    def constants(only: OnlyOption = None, json: JsonOption = False) -> None:
        """Measure the optimiser's constants again, beside the literals that it uses.

        Times are those of this machine; gas is that of a local chain: of products, of calldata, and of what
        the verifier contract spends beside both, fitted to verifications of R1 in fifteen layouts.

        Example: provault bench constants --only gas --json
        """
        run_command(lambda: bench_constants(only), json=json, render=_render_constants)

    @group.command("candidates")
    def candidates(
        widths: WidthsArgument,
        shift_bits: ShiftOption = 7,
        objective: ObjectiveOption = "balanced",
        count: CountOption = 10,
        off_chain: OffChainOption = False,
        powers: PowersOption = 4096,
        json: JsonOption = False,
    ) -> None:
        """Show the layouts that the optimiser considers for a dense network, the cheapest first.

        Example: provault bench candidates 32-32-16-1 --objective gas
        """
        run_command(
            lambda: show_candidates(widths, shift_bits, objective, count, off_chain=off_chain, powers=powers),
            json=json,
            render=_render_candidates,
        )


def bench_layouts(objective: str, runs: int) -> Document:
    """Compare chosen and fixed layouts.

    Raises: agent.errors.BenchmarkError; agent.errors.InvalidOptionError.
    """
    from agent.layout_benchmark import measure_layouts

    return {"objective": objective, "shapes": measure_layouts(objective_named(objective), runs, _say)}


def bench_constants(only: str | None = None) -> Document:
    """Measure the constants of the cost model.

    Raises: agent.errors.BenchmarkError; agent.errors.InvalidOptionError.
    """
    from agent.errors import InvalidOptionError
    from agent.gas_constants import measure_gas_constants
    from agent.layout_benchmark import measure_constants

    if only not in (None, "time", "gas"):
        raise InvalidOptionError("--only", only, "time or gas")
    found = {} if only == "gas" else measure_constants()
    return found if only == "time" else found | measure_gas_constants(_say)


def show_candidates(
    widths: str,
    shift_bits: int,
    objective: str,
    count: int,
    *,
    off_chain: bool = False,
    powers: int = 4096,
) -> Document:
    """Rank layouts for a dense network given as widths with dashes between.

    Raises: agent.errors.InvalidOptionError; prover.errors.LayoutError.
    """
    from agent.errors import InvalidOptionError
    from prover.compile.reference import dense_architecture

    parts = widths.split("-")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise InvalidOptionError("WIDTHS", widths, "positive integers with dashes between: 32-32-16-1")
    architecture = dense_architecture([int(part) for part in parts], shift_bits)
    return choose_layout(architecture, objective, off_chain=off_chain, count=count, powers=powers)[1]


def bench_prover(
    models: list[str] | None,
    runs: int,
    batches: str,
    peer: str | None,
    peer_models: list[str] | None,
    document: Path | None,
) -> CommandResult:
    """Measure networks, and the peer on some of them; write the figures into a document if asked.

    When a network fails, the result has the others, the exit code is 1 and the document stays as it was.

    Raises: agent.errors.BenchmarkError; agent.errors.InvalidOptionError.
    """
    from agent.benchmark_models import NAMES
    from agent.benchmark_report import markdown, require_markers, write_into
    from agent.errors import InvalidOptionError
    from agent.prover_benchmark import PEER_MODELS, measure_models

    names = models or list(NAMES)
    sizes = [int(part) for part in batches.split(",") if part.isascii() and part.isdigit() and int(part) > 0]
    if len(sizes) != len(batches.split(",")):
        raise InvalidOptionError("--batches", batches, "positive integers with commas between: 1,8,64")
    if peer not in (None, "ezkl"):
        raise InvalidOptionError("--peer", peer, "ezkl")
    compared = [name for name in names if name in (peer_models or PEER_MODELS)] if peer else []
    if document is not None:
        require_markers(document)
    measured = measure_models(names, runs, _say, batches=sizes, peer_models=compared)
    found: Document = {"models": measured.rows}
    if measured.failed:
        kept = "" if document is None else f" {document} is as before."
        _say(f"Not measured: {', '.join(measured.failed)}.{kept}")
        return CommandResult(found, EXIT_REFUSED)
    if document is not None:
        write_into(document, markdown(measured.rows))
    return CommandResult(found)


def _render(document: Document) -> RenderableType:
    from rich.markdown import Markdown

    from agent.benchmark_report import markdown

    return Markdown(markdown(document["models"]))


def _render_layouts(document: Document) -> RenderableType:
    columns = {
        "widths": "network",
        "params": "parameters",
        "chosen_layout": "chosen",
        "chosen_prove_seconds": "prove s",
        "chosen_verify_tx_gas": "gas",
        "fixed_layout": "fixed",
        "fixed_prove_seconds": "prove s",
        "fixed_verify_tx_gas": "gas",
        "time_ratio": "time x",
        "gas_ratio": "gas x",
    }
    return _table(f"layouts, objective {document['objective']}", columns, document["shapes"])


def _render_constants(document: Document) -> RenderableType:
    rows = [{"constant": name, **values} for name, values in document.items()]
    titles = {"constant": "constant", "literal": "literal", "measured": "measured"}
    return _table("cost model", titles, rows)


def _render_candidates(document: Document) -> RenderableType:
    return candidate_table(document)


def _table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> RenderableType:
    from rich.table import Table

    table = Table(title=title)
    for heading in columns.values():
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(str(row[name]) for name in columns))
    return table


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
