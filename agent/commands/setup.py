"""Give `provault setup`: bring what pip cannot, the local chain and the exchange artefacts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    import typer

    from agent.output import Document


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command("setup")
    def setup(json: JsonOption = False) -> None:
        """Install the local chain and the exchange artefacts; do nothing when they are there."""
        run_command(install_everything, json=json, render=lambda document: f"ready: {document['anvil']}")


def install_everything() -> Document:
    """Install everything that set-up brings, with one progress line for each step on stderr.

    Raises: contracts.errors.ToolchainError.
    """
    from contracts.toolchain import find_anvil, install

    modules = install(_say)
    return {"anvil": find_anvil(), "modules": modules}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
