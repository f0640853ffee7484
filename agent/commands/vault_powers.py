"""Give `provault vault strategy`, `fee`, `retire`, `pause`, `shut` and `role`: the powers over a vault."""

from __future__ import annotations

from enum import StrEnum
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

STRATEGY_GROUP = "strategy"
STRATEGY_HELP = "Publish and propose another strategy, revoke one, or freeze the present one."
StrategyArgument = Annotated[str, typer.Argument(help="Address of the strategy's data contract.")]
RateArgument = Annotated[str, typer.Argument(help="Fraction of the supply per decision, as a decimal.")]
TakerArgument = Annotated[str, typer.Argument(help="Account that may take it.")]


class Role(StrEnum):
    """One of the two roles."""

    OPERATOR = "operator"
    GUARDIAN = "guardian"


RoleArgument = Annotated[Role, typer.Argument(help="Which role.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    group = vault_group(app)
    strategy = subgroup(app, STRATEGY_GROUP, STRATEGY_HELP)
    role = subgroup(app, "role", "Hand a role over: an offer, and its acceptance.")

    @strategy.command("propose")
    def propose(
        vault: VaultArgument,
        address: StrategyArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Announce another strategy; it decides once its notice is over. The operator may.

        Example: provault vault strategy propose VAULT STRATEGY --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_propose

            return plan_propose(session, address)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @strategy.command("revoke")
    def revoke(
        vault: VaultArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Clear a proposal whose epoch has not begun; operator and guardian may.

        Example: provault vault strategy revoke VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_revoke

            return plan_revoke(session)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @strategy.command("freeze")
    def freeze(
        vault: VaultArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Keep the strategy for ever; the operator may, and it cannot be undone.

        Example: provault vault strategy freeze VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_freeze

            return plan_freeze(session)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("fee")
    def fee(
        vault: VaultArgument,
        rate: RateArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Lower the fee; the operator may, and it never rises again.

        Example: provault vault fee VAULT 0.0000005 --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_fee

            return plan_fee(session, rate)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("retire")
    def retire(
        vault: VaultArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Announce the end: entry closes, decisions stay due for a while. The operator may.

        Example: provault vault retire VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_retire

            return plan_retire(session)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("pause")
    def pause(
        vault: VaultArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Stop trades and entry for three days; the guardian may, every thirty days.

        Example: provault vault pause VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_pause

            return plan_pause(session)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("shut")
    def shut(
        vault: VaultArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """End the vault now and for good; the guardian may.

        Example: provault vault shut VAULT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_shut

            return plan_shut(session)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @role.command("offer")
    def offer(
        vault: VaultArgument,
        which: RoleArgument,
        to: TakerArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Offer your own role to another account.

        Example: provault vault role offer VAULT guardian ACCOUNT --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_offer_role

            return plan_offer_role(session, which.value, to)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @role.command("take")
    def take(
        vault: VaultArgument,
        which: RoleArgument,
        rpc: RpcOption,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Take a role that was offered to the account.

        Example: provault vault role take VAULT guardian --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_powers import plan_take_role

            return plan_take_role(session, which.value)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)
