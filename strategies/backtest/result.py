"""What a backtest yields for each decided epoch, whether replayed or run over candles."""

from __future__ import annotations

from dataclasses import dataclass, replace

from strategies.decision import Decided, Idle, Traded, net_asset_value
from strategies.vault_rules import VaultState


@dataclass(frozen=True)
class EpochResult:
    """Hold one decided epoch; values in base units at the tick of its interval."""

    epoch: int
    time: int
    target_bps: int
    tick: int  # oriented
    trades: tuple[Traded | Idle, ...]
    base: int
    risky: int
    supply: int
    fee_shares: int  # minted to the operator by this decision
    nav_before: int  # before the epoch's trades
    nav: int  # after them


def decided_epoch(decided: Decided, state: VaultState, time: int) -> EpochResult:
    """Return the epoch as it stands right after its decision."""
    nav = net_asset_value(state, decided.tick)
    return EpochResult(
        epoch=decided.epoch,
        time=time,
        target_bps=decided.target_bps,
        tick=decided.tick,
        trades=(),
        base=state.base,
        risky=state.risky,
        supply=state.supply,
        fee_shares=decided.fee_shares,
        nav_before=nav,
        nav=nav,
    )


def traded_epoch(epoch: EpochResult, outcome: Traded | Idle, state: VaultState) -> EpochResult:
    """Return the epoch after one more call of trade."""
    return replace(
        epoch,
        trades=(*epoch.trades, outcome),
        base=state.base,
        risky=state.risky,
        nav=net_asset_value(state, epoch.tick),
    )
