"""Give `provault vault status`: how a vault stands, read from the chain without any key."""

from __future__ import annotations

import typer

from agent.commands.vault import vault_group
from agent.output import JsonOption, run_command
from agent.vault_options import RpcOption, VaultArgument


def register(app: typer.Typer) -> None:
    """Add the command to the group."""

    @vault_group(app).command("status")
    def status(vault: VaultArgument, rpc: RpcOption, json: JsonOption = False) -> None:
        """Show how a vault stands: state, holdings, shares, bond, budget, strategy, and who may do what.

        The numbers are the chain's own; `provault audit run` checks that they follow from the rules.

        Example: provault vault status VAULT --rpc URL
        """
        from agent.vault_status import render_status, vault_status

        run_command(lambda: vault_status(rpc, vault), json=json, render=render_status)
