"""Frame the command line: find the command groups, set up logging, map usage errors to exit code 2."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

import agent.commands
from agent.errors import CommandGroupError
from agent.output import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, report

EPILOG = (
    "Environment: PROVAULT_CEREMONY names the KZG ceremony's transcript.json (254 MB), needed for layouts of "
    "more than 4096 powers. PROVAULT_ANVIL names the local chain, PROVAULT_DATA the price data."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Raises: SystemExit with 0 done, 1 refused, 2 wrong usage, 130 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run the command line on these words and return the exit code."""
    try:
        code = build()(args=list(words), prog_name="provault", standalone_mode=False)
        return code if isinstance(code, int) else EXIT_DONE
    except typer.TyperException as error:
        _report_usage(error, json="--json" in words)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("Interrupted.\n")
        return EXIT_INTERRUPTED


def build() -> typer.Typer:
    """Build the application with every command group found in `agent.commands`.

    Raises: CommandGroupError for a module that has no `register(app)`.
    """
    app = typer.Typer(
        name="provault",
        help="Run a trading strategy whose every decision is proven, and check one.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(start)
    for name in sorted(module.name for module in pkgutil.iter_modules(agent.commands.__path__)):
        module = importlib.import_module(f"{agent.commands.__name__}.{name}")
        register: Any = getattr(module, "register", None)
        if not callable(register):
            raise CommandGroupError(module.__name__)
        register(app)
    return app


def _show_version(wanted: bool) -> None:
    """Print the version and leave, before a command is looked for."""
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"provault {version('provault')}\n")
        raise typer.Exit(EXIT_DONE)


def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more; -vv for debug.")] = 0,
    log_json: Annotated[bool, typer.Option("--log-json", help="Write logs as JSON lines.")] = False,
) -> None:
    """Run a trading strategy whose every decision is proven, and check one."""
    from agent.logs import configure_logs

    configure_logs(json=log_json, verbosity=verbose)


def _report_usage(error: typer.TyperException, *, json: bool) -> None:
    """Write a usage error to stderr as the parser words it, and as one document under `--json`."""
    if json:
        named = "UsageError" if error.exit_code == EXIT_USAGE else type(error).__name__
        report(ValueError(error.format_message()), json=True, name=named)
        return
    show = getattr(error, "show", None)
    if callable(show):
        show()
    else:
        sys.stderr.write(error.format_message() + "\n")
