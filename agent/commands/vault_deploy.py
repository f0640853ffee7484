"""Give `provault vault deploy`: everything a vault needs, sent step by step and resumed where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.vault import vault_group
from agent.output import EXIT_DONE, EXIT_REFUSED, CommandResult, JsonOption, run_command

if TYPE_CHECKING:
    from agent.output import Document

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="Configuration of the deployment.")]
LiveOption = Annotated[bool, typer.Option("--live", help="Sign and send; without it nothing is signed.")]
ETHER_DECIMALS = 18


def register(app: typer.Typer) -> None:
    """Add the command to the group."""

    @vault_group(app).command("deploy")
    def deploy(config: ConfigOption, live: LiveOption = False, json: JsonOption = False) -> None:
        """Deploy price log, verifier, strategy, vault, and open it. A dry run unless --live.

        Every transaction is in the record before it is sent: run the same command again after whatever
        happened, and it goes on. Exits 1 while there is something to wait for, and says what.

        Example: provault vault deploy --config vault.yaml --live
        """
        run_command(lambda: deploy_vault(config, live=live), json=json, render=_render)


def deploy_vault(config_file: Path, *, live: bool) -> CommandResult:
    """Deploy what a configuration says, or show what would be sent.

    Raises: AgentError, ContractsError and ProverError by name.
    """
    import os
    import sys

    from agent.vault_config import load_deployment_config
    from agent.vault_deploy import deploy

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    config = load_deployment_config(config_file, os.environ)
    document = deploy(config_file, config, live=live, environment=os.environ, say=say)
    waits = live and not document["complete"]
    return CommandResult(document, EXIT_REFUSED if waits else EXIT_DONE)


def _render(document: Document) -> str:
    from agent.vault_amounts import format_amount

    lines = [f"chain {document['chain_id']}, account {document['sender']}: {_state(document)}"]
    for step in document["steps"]:
        lines.append(f"  {step['state']:<8} {step['nonce']:>4}  {step['name']}{_detail(step)}")
    lines.append("")
    lines += [f"  {name:<12} {address}" for name, address in document["contracts"].items()]
    lines.append("")
    if document["state"] != "opened" and not document["complete"]:
        cost = format_amount(document["worst_cost_wei"], ETHER_DECIMALS)
        lines.append(f"what is left costs at most {cost} ether at the fee ceiling")
    lines += [f"note: {note}" for note in document["notes"]]
    if document["waiting_for"]:
        lines.append(f"{'waits' if document['live'] else 'will wait'}: {document['waiting_for']}")
    lines.append(
        f"record: {document['record']}"
        if document["live"]
        else "dry run: nothing was signed, sent or written"
    )
    return "\n".join(lines)


def _state(document: Document) -> str:
    return f"{document['state']}" + (", nothing left to do" if document["complete"] else "")


def _detail(step: dict[str, Any]) -> str:
    if step["tx_hash"] is not None:
        where = f" at {step['address']}" if step["address"] else ""
        return f"{where}: {step['tx_hash']} ({step['gas_used']} gas)"
    where = f" at {step['address']}" if step["address"] else f" ({step['function']} {step['arguments']})"
    tried = ", tried" if step.get("simulated") else ""
    return f"{where}, at most {step['gas_limit']} gas{tried}"
