"""Hold the command groups of the command line, one module each, found by `agent.cli`.

A module exposes `register(app: typer.Typer) -> None` and keeps its own imports light: what a command needs is
imported inside the command, so that `provault --help` stays fast.
"""
