"""Give `provault audit`: re-check a vault from the chain alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import EXIT_DONE, EXIT_REFUSED, CommandResult, JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

VaultArgument = Annotated[str, typer.Argument(help="Address of the vault.")]
RpcOption = Annotated[str, typer.Option("--rpc", help="URL of an Ethereum node; it is not trusted.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Write an HTML page here.")]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, max=64, help="Processes that verify proofs.")]
ReferenceOption = Annotated[bool, typer.Option("--reference", help="Verify in py_ecc: slow and plain.")]
FromOption = Annotated[
    int, typer.Option("--from-block", min=0, help="Where to begin, at or before the opening of the pool.")
]
ToOption = Annotated[int | None, typer.Option("--to-block", min=0, help="Last block; else the latest.")]
PublicOption = Annotated[
    Path | None,
    typer.Option("--public", help="Public folder of the strategy, where its circuit is not on chain."),
]


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    group = typer.Typer(name="audit", help="Re-check a vault from the chain alone.", no_args_is_help=True)
    group.callback()(lambda: None)

    @group.command("run")
    def run(
        vault: VaultArgument,
        rpc: RpcOption,
        report: ReportOption = None,
        jobs: JobsOption = 2,
        reference: ReferenceOption = False,
        from_block: FromOption = 0,
        to_block: ToOption = None,
        public: PublicOption = None,
        json: JsonOption = False,
    ) -> None:
        """Verify every decision of a vault again; exit 1 when anything is off, naming epoch and matter.

        Example: provault audit run 0x1234...abcd --rpc http://127.0.0.1:8545 --report audit.html
        """
        run_command(
            lambda: audit(
                vault,
                rpc,
                report=report,
                jobs=jobs,
                reference=reference,
                from_block=from_block,
                to_block=to_block,
                public=public,
            ),
            json=json,
            render=_render,
        )

    app.add_typer(group)


def audit(
    vault: str,
    rpc: str,
    *,
    report: Path | None,
    jobs: int,
    reference: bool,
    from_block: int,
    to_block: int | None,
    public: Path | None,
) -> CommandResult:
    """Audit a vault, write the page, and return the document with the exit code that it deserves.

    Raises: audit.errors.AuditError by name, when no audit can be made.
    """
    from audit.chain.node import Node
    from audit.report.document import build_document
    from audit.report.page import write_page
    from audit.run import AuditOptions, audit_vault, read_address

    address = read_address(vault)
    options = AuditOptions(fast=not reference, jobs=jobs, from_block=from_block, head=to_block, public=public)
    with closing(Node(rpc)) as node, _progress() as say:
        document = build_document(audit_vault(node, address, options, say))
    if report is not None:
        write_page(document, report)
        document["report"] = str(report)
    return CommandResult(document, EXIT_DONE if document["ok"] else EXIT_REFUSED)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show stages on stderr: a bar on a terminal, else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def say(stage: str, done: int, total: int) -> None:
            progress.update(task, description=stage, completed=done, total=total or None)

        yield say


def _render(document: Document) -> RenderableType:
    from audit.report.terminal import draw

    return draw(document)
