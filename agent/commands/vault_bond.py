"""Give `provault vault miss` and `bond`: the price of a decision left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.vault import subgroup, vault_group
from agent.output import JsonOption
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
    run_on_vault,
)

if TYPE_CHECKING:
    from agent.vault_session import Action, VaultSession

EpochArgument = Annotated[int, typer.Argument(min=0, help="Epoch that was left undecided.")]
AmountArgument = Annotated[str, typer.Argument(help="Base to add, as a decimal.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Who gets it; else the account.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    group = vault_group(app)
    bond = subgroup(app, "bond", "Add to the operator's bond, or take it out after the end.")

    @group.command("miss")
    def miss(
        vault: VaultArgument,
        epoch: EpochArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Claim that a decision was due and is missing; anybody may, and gets the bounty.

        Example: provault vault miss VAULT 480123 --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_miss

            return plan_miss(session, epoch)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @bond.command("add")
    def add(
        vault: VaultArgument,
        amount: AmountArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Add base to the bond; anybody may, and only the operator gets it back.

        Example: provault vault bond add VAULT 1000 --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_add_bond

            return plan_add_bond(session, amount)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @bond.command("take")
    def take(
        vault: VaultArgument,
        rpc: RpcOption,
        to: ToOption = None,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Take the bond out, one unbonding time after the end; the operator may.

        Example: provault vault bond take VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_take_bond

            return plan_take_bond(session, to)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)
