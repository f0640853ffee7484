"""Turn what a command computes into stdout, stderr and an exit code.

stdout   the result: what `render` draws, or one JSON document under `--json`, and nothing else
stderr   progress, logs, and one sentence for a refusal
exit     0 done, 1 a refusal with a named reason, 2 wrong usage, 130 interrupted
"""

from __future__ import annotations

import contextlib
import json as json_format
import operator
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.errors import AgentError, InternalError, MissingFileError, UnreadableFileError
from prover.preparation import listening

if TYPE_CHECKING:
    from rich.console import RenderableType

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# Module and name of each package's root error. They are looked up among the loaded modules, never imported:
# an error whose module is not loaded cannot have been raised.
ROOT_ERRORS = (
    ("agent.errors", "AgentError"),
    ("audit.errors", "AuditError"),
    ("contracts.errors", "ContractsError"),
    ("prover.errors", "ProverError"),
    ("strategies.errors", "StrategiesError"),
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

Document = Mapping[str, Any]
Render = Callable[[Document], "RenderableType"]
AsJson = Callable[[Document], object]


@dataclass(frozen=True)
class CommandResult:
    """Pair a document with an exit code, for commands that complete and still have something to refuse."""

    document: Document
    exit_code: int = EXIT_DONE


def emit(
    result: Document, *, json: bool, render: Render | None = None, as_json: AsJson | None = None
) -> None:
    """Write one result to stdout: JSON when `json`, else the string or renderable that `render` returns.

    `as_json` gives the JSON document where that is not the result itself, e.g. a list.
    """
    if json or render is None:
        sys.stdout.write(to_json(result if as_json is None else as_json(result)))
    else:
        drawn = render(result)
        if isinstance(drawn, str):
            sys.stdout.write(drawn if drawn.endswith("\n") else drawn + "\n")
        else:
            from rich.console import Console

            Console(file=sys.stdout).print(drawn)
    sys.stdout.flush()


def to_json(result: object) -> str:
    """Serialise one document: integers stay integers, bytes become 0x hex, paths become strings.

    Raises: TypeError for a value with no exact form, ValueError for a float that is not finite.
    """
    return json_format.dumps(result, indent=2, allow_nan=False, default=_encode) + "\n"


def run_command(
    action: Callable[[], Document | CommandResult],
    *,
    json: bool,
    render: Render | None = None,
    as_json: AsJson | None = None,
) -> None:
    """Run one command, write its result, and leave with the exit code that the outcome deserves.

    While `action` runs, Python's stdout is stderr, so that a stray print cannot break the JSON document.
    Raises: typer.Exit with 1 for a refusal or a defect and 130 for an interruption.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), listening(_say):
            outcome = action()
        result = outcome if isinstance(outcome, CommandResult) else CommandResult(outcome)
        emit(result.document, json=json, render=render, as_json=as_json)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, typer.Exit | typer.Abort) or _is_usage_error(error):
            raise
        refusal = as_refusal(error)
        if isinstance(refusal, InternalError):
            traceback.print_exception(error, file=sys.stderr)
        report(refusal, json=json)
        raise typer.Exit(EXIT_REFUSED) from None
    if result.exit_code != EXIT_DONE:
        raise typer.Exit(result.exit_code)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def report(error: Exception, *, json: bool, name: str | None = None) -> None:
    """Write a refusal: `{"error": {"name", "message"}}` to stdout when `json`, else a sentence to stderr."""
    named = name or error_name(error)
    message = str(error) or named
    if json:
        sys.stdout.write(to_json({"error": {"name": named, "message": message}}))
        sys.stdout.flush()
    else:
        sys.stderr.write(f"{named}: {message}\n")
        sys.stderr.flush()


def as_refusal(error: Exception) -> Exception:
    """Return the error to show: ours as they are, file errors by our names, others as InternalError."""
    if is_known(error):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        path = str(error.filename)
        if isinstance(error, FileNotFoundError):
            return MissingFileError(path)
        return UnreadableFileError(path, (error.strerror or type(error).__name__).lower())
    return InternalError(error)


def is_known(error: BaseException) -> bool:
    """Tell whether an error belongs to the exception tree of one of our packages."""
    for module, name in ROOT_ERRORS:
        root = getattr(sys.modules.get(module), name, None)
        if isinstance(root, type) and isinstance(error, root):
            return True
    return False


def error_name(error: BaseException) -> str:
    """Return the name shown for an error: its `name` attribute if that is a string, else its class name."""
    name = getattr(error, "name", None)
    return name if is_known(error) and isinstance(name, str) and name else type(error).__name__


def _is_usage_error(error: BaseException) -> bool:
    """Tell whether the argument parser raised an error, whose exit code is 2."""
    return getattr(error, "exit_code", None) == EXIT_USAGE and hasattr(error, "format_message")


def _encode(value: object) -> object:
    """Encode what the JSON module does not know, exactly or not at all."""
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if isinstance(value, PurePath):
        return str(value)
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{type(value).__name__} has no exact form in JSON") from None


__all__ = [
    "EXIT_DONE",
    "EXIT_INTERRUPTED",
    "EXIT_REFUSED",
    "EXIT_USAGE",
    "AgentError",
    "CommandResult",
    "JsonOption",
    "emit",
    "error_name",
    "report",
    "run_command",
    "to_json",
]
