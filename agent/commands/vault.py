"""Give `provault vault`: the group that people deploy, look at, enter and leave vaults with."""

from __future__ import annotations

import typer

NAME = "vault"
HELP = "Deploy a vault, look at it, enter and leave it, and use the powers over it."


def register(app: typer.Typer) -> None:
    """Add the group to the application; the other vault modules add their commands to it."""
    vault_group(app)


def vault_group(app: typer.Typer) -> typer.Typer:
    """Return the group, made when it is asked for first."""
    return _group(app, NAME, HELP)


def subgroup(app: typer.Typer, name: str, help_text: str) -> typer.Typer:
    """Return a group within the group."""
    return _group(vault_group(app), name, help_text)


def _group(parent: typer.Typer, name: str, help_text: str) -> typer.Typer:
    for found in parent.registered_groups:
        if found.typer_instance is not None and found.typer_instance.info.name == name:
            return found.typer_instance
    group = typer.Typer(name=name, help=help_text, no_args_is_help=True)
    parent.add_typer(group)
    return group
