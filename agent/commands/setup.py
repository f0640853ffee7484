"""Give `provault setup`: bring what pip cannot, and do once what the first proof would wait for."""

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
        """Install the local chain and the exchange artefacts, and warm the prover; repeat at no cost."""
        run_command(set_up, json=json, render=lambda document: f"ready: {document['anvil']}")


def set_up() -> Document:
    """Do everything that set-up does after pip, with one progress line for each step on stderr.

    Raises: contracts.errors.ToolchainError, prover.errors.CeremonyError.
    """
    from contracts.toolchain import find_anvil, install
    from prover.ceremony import load_ceremony
    from prover.kernel.compiled import loaded_code

    modules = install(_say)
    anvil = find_anvil()
    _say("ceremony: reading the trusted setup")
    ceremony = load_ceremony()
    _say("kernel: loading its machine code, compiled where it is not kept")
    loaded_code()
    return {"anvil": anvil, "modules": modules, "ceremony_powers": ceremony.power_count}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
