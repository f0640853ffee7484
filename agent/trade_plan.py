"""Decide whether a call of trade is worth sending: the vault's own arithmetic on what the chain shows now."""

from __future__ import annotations

from dataclasses import dataclass

from agent.vault_access import VaultView
from strategies.decision import Idle, IdleReason, TradeOrder, size_trade
from strategies.pool import swap_exact_input
from strategies.tick_math import q_ratio_at_tick, value_in_base
from strategies.vault_rules import BPS, VaultRules


@dataclass(frozen=True)
class TradePlan:
    """An order with what it would fill, or the reason why a call would swap nothing worth its gas.

    `fill_base` is an estimate: it takes the liquidity in range to reach as far as the limit.
    """

    order: TradeOrder | None
    idle: IdleReason | None
    fill_base: int = 0  # base units


def plan_trade(rules: VaultRules, view: VaultView, *, least_bps: int) -> TradePlan:
    """Size the next call of trade and compare its fill with the least worth sending.

    worth sending: fill * 10000 >= least_bps * (base + value(risky, tick))
    """
    order = size_trade(rules, view.state, view.market, view.time_secs)
    if isinstance(order, Idle):
        return TradePlan(None, order.reason)
    if view.market.pool.liquidity == 0:
        return TradePlan(None, IdleReason.THIN)
    paid, got, _ = swap_exact_input(
        view.market.pool, zero_for_one=order.zero_for_one, amount=order.wanted, limit_x96=order.limit_x96
    )
    fill = paid if order.buy else got
    nav = view.state.base + value_in_base(view.state.risky, q_ratio_at_tick(view.state.target_tick))
    if fill * BPS < least_bps * nav:
        return TradePlan(None, IdleReason.NO_ROOM, fill)
    return TradePlan(order, None, fill)
