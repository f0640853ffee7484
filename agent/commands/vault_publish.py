"""Give `provault vault strategy publish`: another strategy's contracts, put on chain to be proposed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.vault import subgroup
from agent.commands.vault_powers import STRATEGY_GROUP, STRATEGY_HELP
from agent.output import JsonOption, run_command
from agent.vault_options import (
    MAX_FEE,
    TIP,
    WAIT,
    Account,
    FromOption,
    KeystoreOption,
    LiveOption,
    MaxFeeOption,
    RpcOption,
    TipOption,
    VaultArgument,
    WaitOption,
    open_session,
)

if TYPE_CHECKING:
    from agent.output import Document

FolderArgument = Annotated[Path, typer.Argument(help="Folder of a committed strategy, or its public/ alone.")]
ETHER_DECIMALS = 18


def register(app: typer.Typer) -> None:
    """Add the command to the group."""

    @subgroup(app, STRATEGY_GROUP, STRATEGY_HELP).command("publish")
    def publish(
        vault: VaultArgument,
        folder: FolderArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Put another strategy on chain, and give the address that `strategy propose` takes.

        Anybody may; run it again after whatever happened, and it goes on. What is there is not sent twice.

        Example: provault vault strategy publish VAULT my-strategy --rpc URL --keystore key.json --live
        """
        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_command(lambda: publish_for(account, folder), json=json, render=_render)


def publish_for(account: Account, folder: Path) -> Document:
    """Publish a strategy for a vault, or show what would be sent.

    Raises: AgentError, ContractsError and ProverError by name.
    """
    from agent.vault_publish import publish_strategy

    with open_session(account) as session:
        return publish_strategy(session, folder)


def _render(document: Document) -> str:
    from agent.vault_amounts import format_amount

    lines = [f"strategy publish for {document['vault']} as {document['account']}"]
    lines += [f"  {piece['state']:<8} {piece['name']}{_detail(piece)}" for piece in document["contracts"]]
    lines += [f"note: {note}" for note in document["notes"]]
    if not document["complete"]:
        cost = format_amount(document["worst_cost_wei"], ETHER_DECIMALS)
        lines.append(f"it costs at most {cost} ether at the fee ceiling")
    stands = "stands" if document["complete"] else "will stand"
    lines.append(f"the data contract {stands} at {document['strategy']}; propose it with")
    lines.append(f"  {document['next']}")
    if not document["live"]:
        lines.append("dry run: tried at the latest block, nothing was signed or sent; --live sends")
    return "\n".join(lines)


def _detail(piece: dict[str, Any]) -> str:
    where = f" at {piece['address']}, {piece['code_bytes']} bytes"
    if piece["tx_hash"] is not None:
        return f"{where}: {piece['tx_hash']} ({piece['gas_used']} gas)"
    return where if piece["gas_limit"] is None else f"{where}, at most {piece['gas_limit']} gas"
