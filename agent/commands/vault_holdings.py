"""Give `provault vault deposit`, `redeem` and `collect`: what a depositor does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.vault import vault_group
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

SharesOption = Annotated[str | None, typer.Option("--shares", help="Shares to get, as a decimal.")]
BaseOption = Annotated[
    str | None, typer.Option("--base", help="In place of --shares: as many as this much base reaches for.")
]
ReceiverOption = Annotated[str | None, typer.Option("--receiver", help="Who gets it; else the account.")]
SlippageOption = Annotated[
    int, typer.Option("--slippage-bps", min=0, max=9_999, help="How far amounts may move until it is mined.")
]
MaxBaseOption = Annotated[
    str | None, typer.Option("--max-base", help="Most base to pay, in place of a slippage.")
]
MaxRiskyOption = Annotated[str | None, typer.Option("--max-risky", help="Most risky to pay, likewise.")]
MinBaseOption = Annotated[
    str | None, typer.Option("--min-base", help="Least base to get through a Zap, in place of a slippage.")
]
ZapOption = Annotated[str | None, typer.Option("--zap", help="Pay or get base alone, through this Zap.")]
DeadlineOption = Annotated[int, typer.Option("--deadline-secs", min=1, help="How long a Zap may wait.")]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", help="Whose shares; they must be allowed to the account.")
]
HoldBaseOption = Annotated[
    bool, typer.Option("--hold-base", help="Leave the base part in the vault for `collect`: a frozen token.")
]
HoldRiskyOption = Annotated[bool, typer.Option("--hold-risky", help="The same for the risky part.")]
RedeemArgument = Annotated[str, typer.Argument(help="Shares to give back, as a decimal, or: all.")]
TokenArgument = Annotated[str, typer.Argument(help="base or risky.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Who gets it; else the account.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    group = vault_group(app)

    @group.command("deposit")
    def deposit(
        vault: VaultArgument,
        rpc: RpcOption,
        shares: SharesOption = None,
        base: BaseOption = None,
        receiver: ReceiverOption = None,
        slippage_bps: SlippageOption = 50,
        max_base: MaxBaseOption = None,
        max_risky: MaxRiskyOption = None,
        zap: ZapOption = None,
        deadline_secs: DeadlineOption = 600,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Enter a vault, pro rata in both tokens, or with base alone through a Zap.

        Example: provault vault deposit VAULT --base 250 --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_entry import Limits, plan_deposit, plan_zap_deposit
            from agent.vault_genuine import AUDIT_FIRST, check_genuine

            check_genuine(rpc, session.vault.address)
            limits = Limits(slippage_bps, max_base, max_risky, deadline_secs=deadline_secs)
            if zap is not None:
                action, tried = plan_zap_deposit(
                    session, zap, shares=shares, base=base, receiver=receiver, limits=limits
                )
            else:
                action, tried = plan_deposit(
                    session, shares=shares, base=base, receiver=receiver, limits=limits
                )
            return replace(action, notes=(*action.notes, AUDIT_FIRST)), tried

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("redeem")
    def redeem(
        vault: VaultArgument,
        shares: RedeemArgument,
        rpc: RpcOption,
        receiver: ReceiverOption = None,
        owner: OwnerOption = None,
        hold_base: HoldBaseOption = False,
        hold_risky: HoldRiskyOption = False,
        slippage_bps: SlippageOption = 50,
        min_base: MinBaseOption = None,
        zap: ZapOption = None,
        deadline_secs: DeadlineOption = 600,
        keystore: KeystoreOption = None,
        sender: FromOption = None,
        live: LiveOption = False,
        max_fee_gwei: MaxFeeOption = MAX_FEE,
        priority_fee_gwei: TipOption = TIP,
        wait_secs: WaitOption = WAIT,
        json: JsonOption = False,
    ) -> None:
        """Leave a vault, in both tokens at once, or into base alone through a Zap.

        Example: provault vault redeem VAULT all --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_entry import Limits, plan_redeem, plan_zap_redeem

            if zap is not None:
                limits = Limits(slippage_bps, min_base=min_base, deadline_secs=deadline_secs)
                return plan_zap_redeem(session, zap, shares=shares, receiver=receiver, limits=limits)

            return plan_redeem(
                session,
                shares=shares,
                receiver=receiver,
                owner=owner,
                hold_base=hold_base,
                hold_risky=hold_risky,
            )

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)

    @group.command("collect")
    def collect(
        vault: VaultArgument,
        token: TokenArgument,
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
        """Fetch what a vault holds for the account: held exits, and bounties of misses.

        Example: provault vault collect VAULT base --rpc URL --keystore key.json --live
        """

        def plan(session: VaultSession) -> tuple[Action, bool]:
            from agent.vault_entry import plan_collect

            return plan_collect(session, token, to)

        account = Account(vault, rpc, keystore, sender, live, max_fee_gwei, priority_fee_gwei, wait_secs)
        run_on_vault(account, plan, json=json)
