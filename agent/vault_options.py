"""Hold what the commands on a vault share: their options, how they run, and how their result is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import run_command

if TYPE_CHECKING:
    from agent.output import Document
    from agent.vault_session import Action, VaultSession

VaultArgument = Annotated[str, typer.Argument(help="Address of the vault.")]
RpcOption = Annotated[str, typer.Option("--rpc", help="JSON-RPC URL of an Ethereum node.")]
KeystoreOption = Annotated[
    Path | None,
    typer.Option("--keystore", help="Encrypted keystore; passphrase: PROVAULT_PASSPHRASE or _FILE."),
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Account to try it as, without a key; not with --live.")
]
LiveOption = Annotated[bool, typer.Option("--live", help="Sign and send; without it nothing is signed.")]
MaxFeeOption = Annotated[str, typer.Option("--max-fee-gwei", help="Most to pay per gas.")]
TipOption = Annotated[str, typer.Option("--priority-fee-gwei", help="Offered to the block's maker.")]
WaitOption = Annotated[
    float, typer.Option("--wait-secs", min=0.1, help="How long to wait for each transaction.")
]
MAX_FEE, TIP, WAIT = "100", "1", 300.0


@dataclass(frozen=True)
class Account:
    """The options of a command that say who does it, and at what price."""

    vault: str
    rpc: str
    keystore: Path | None
    sender: str | None
    live: bool
    max_fee_gwei: str
    priority_fee_gwei: str
    wait_secs: float


Plan = Callable[["VaultSession"], "tuple[Action, bool]"]


def run_on_vault(account: Account, plan: Plan, *, json: bool) -> None:
    """Run a command: plan it against the chain, then show or send it."""
    run_command(lambda: perform(account, plan), json=json, render=render)


def perform(account: Account, plan: Plan) -> Document:
    """Plan a command and carry it out as far as `live` says.

    Raises: AgentError and ContractsError by name.
    """
    with open_session(account) as session:
        session.settle()
        action, tried = plan(session)
        return session.perform(action, tried=tried)


@contextmanager
def open_session(account: Account) -> Iterator[VaultSession]:
    """Give the session of an account at a vault.

    Raises: AgentError and ContractsError by name.
    """
    import os
    import sys

    from agent.vault_session import AccountOptions, VaultSession

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    options = AccountOptions(
        account.rpc,
        account.keystore,
        account.sender,
        account.live,
        account.max_fee_gwei,
        account.priority_fee_gwei,
        account.wait_secs,
        os.environ,
    )
    session = VaultSession(account.vault, options, say)
    try:
        yield session
    finally:
        session.close()


def render(document: Document) -> str:
    """Draw what a command moves, and what it sent or would send."""
    lines = [f"{document['command']} at {document['vault']} as {document['account']}"]
    for move in document["moves"]:
        what = f"{move['amount']} {move['symbol']} ({move['what']})"
        lines.append(f"  {what}: {move['from']} -> {move['to']}")
    if document["live"]:
        for sent in document["sent"]:
            lines.append(
                f"  sent {_name(sent)}: {sent['tx_hash']}, block {sent['block']}, {sent['gas_used']} gas"
            )
        lines += [f"  event {_event(event)}" for event in document["events"]]
    else:
        lines += [f"  would send {_name(call)} {call['arguments']}" for call in document["calls"]]
    lines += [f"note: {note}" for note in document["notes"]]
    if not document["live"]:
        lines.append("dry run: tried at the latest block, nothing was signed or sent; --live sends")
    return "\n".join(lines)


def _name(call: dict[str, Any]) -> str:
    return str(call["function"]).split("(")[0]


def _event(event: dict[str, Any]) -> str:
    values = ", ".join(f"{key} {value}" for key, value in event.items() if key != "event")
    return f"{event['event']}: {values}"
