"""Give `provault demo`: the whole story on a chain of its own, in under two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

EpochsOption = Annotated[
    int, typer.Option("--epochs", min=1, max=200, help="Hourly epochs to trade before the frauds' one.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Hourly candles (JSON, CSV, Parquet); else the data folder, else fetched."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the market maker's wobble.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65_535, help="Port of the chain; 0 takes a free one.")
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave the chain running.")]
StopOption = Annotated[bool, typer.Option("--stop", help="End the chains that were kept; nothing else.")]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command("demo")
    def demo(
        epochs: EpochsOption = 24,
        data: DataOption = None,
        seed: SeedOption = 20_211_125,
        port: PortOption = 0,
        keep: KeepOption = False,
        stop: StopOption = False,
        json: JsonOption = False,
    ) -> None:
        """Deploy a vault on a local chain, trade proven decisions on real prices, and try six frauds.

        Example: provault demo --json
        """
        if stop:
            run_command(stop_kept, json=json, render=_render_stopped)
        else:
            options = (epochs, data, seed, port, keep)
            run_command(lambda: run(*options, json=json), json=json, render=_render)


def run(epochs: int, data: Path | None, seed: int, port: int, keep: bool, *, json: bool) -> Document:
    """Run the demo; under `json` return its document, else the result to draw.

    Raises: the root errors of agent, contracts, prover and strategies, by name.
    """
    from agent.demo.run import DemoOptions, run_demo
    from agent.demo.terminal import narrator
    from agent.demo.termination import interrupted_by_sigterm

    with interrupted_by_sigterm(), narrator() as progress:
        options = DemoOptions(epochs=epochs, data=data, seed=seed, port=port, keep=keep)
        result = run_demo(options, progress)
    return result.document() if json else {"result": result}


def stop_kept() -> Document:
    """End every chain that an earlier demo left running."""
    from agent.demo.state_folder import stop_chains

    return {"stopped": [chain.rpc_url for chain in stop_chains()]}


def _render(document: Document) -> RenderableType:
    from agent.demo.terminal import draw

    return draw(document["result"])


def _render_stopped(document: Document) -> str:
    stopped = document["stopped"]
    return f"ended {', '.join(stopped)}" if stopped else "no chain of a demo is running"
