"""Decide and trade by the vault's rules: what the contract does with a proven target, in plain integers.

    nav   = base + value(risky, o_k);  want = floor(nav * target / 10000);  have = value(risky, o_k)
    buy:  ref = min(o_s, o_k + DEVIATION), limit = ref + TOLERANCE
    sell: ref = max(o_s, o_k - DEVIATION), limit = ref - TOLERANCE
    room  = floor(low * (BUDGET - min(spent, BUDGET)) / worst),  low = base + value(risky, min(o_k, ref))

o_k is the oriented tick of the decision's interval, o_s the oriented recent one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from strategies.errors import VaultRefusal
from strategies.features import model_inputs
from strategies.pool import PoolState, swap_exact_input
from strategies.tick_math import Q128, q_ratio_at_tick, sqrt_ratio_at_tick, value_in_base
from strategies.vault_rules import BPS, NEVER, ONE, Side, VaultRules, VaultState, fee_shares, spent_now

#: The pool wants a limit strictly inside its range.
MAX_LIMIT_TICK = 887_271


class IdleReason(IntEnum):
    """Say why a call of trade swapped nothing."""

    IN_BAND = 0  # the holdings are as near to the target as they need to be
    THIN = 1  # no recent price, or too little liquidity behind it
    NO_ROOM = 2  # nothing left of budget or balance, or the spot is beyond the limit
    OTHER_SIDE = 3  # an earlier swap of this decision went the other way


@dataclass(frozen=True)
class MarketView:
    """Hold what a trade call reads of the market, in the pool's own sign.

    `recent_tick` and `harmonic_liquidity` are PriceLog.recent(RECENT); `recent_known` its first word.
    """

    recent_known: bool
    recent_tick: int
    harmonic_liquidity: int
    pool: PoolState


@dataclass(frozen=True)
class Decided:
    """Hold what the Decision event states of a decision."""

    epoch: int
    target_bps: int
    previous_bps: int
    tick: int  # oriented, of the decision's interval
    fee_shares: int


@dataclass(frozen=True)
class TradeOrder:
    """Hold what the vault offers to the pool: side, most input, limit; ticks oriented, fractions 1e18 = 1."""

    buy: bool
    wanted: int  # input units: base for a buy, risky for a sale
    limit_tick: int
    recent_tick: int
    ref_x128: int
    low_nav: int  # base units, the budget's net asset value
    spent_e18: int  # before this trade
    zero_for_one: bool
    limit_x96: int


@dataclass(frozen=True)
class Idle:
    """Hold the reason why a call of trade swapped nothing."""

    reason: IdleReason


@dataclass(frozen=True)
class Traded:
    """Hold what the Traded event states of a swap; ticks oriented."""

    buy: bool
    paid: int
    got: int
    wanted: int
    recent_tick: int
    limit_tick: int
    spent_e18: int


def decision_inputs(rules: VaultRules, state: VaultState, window: Sequence[int]) -> tuple[int, ...]:
    """Return the public inputs of a decision from its W raw ticks, as the vault builds them.

    Raises: VaultRefusal("window") for another number of ticks.
    """
    if len(window) != rules.window_ticks:
        raise VaultRefusal("window", f"{len(window)} ticks, expected {rules.window_ticks}")
    previous = state.target_bps if rules.previous_target else None
    return model_inputs(window, sign=rules.orientation, previous_target_bps=previous)


def decide(
    rules: VaultRules, state: VaultState, *, epoch: int, now: int, target_bps: int, window: Sequence[int]
) -> tuple[Decided, VaultState]:
    """Take a proven target for an epoch and mint the fee.

    Raises: VaultRefusal with the contract's word: early, closed, ended, decided, target, window.
    """
    if epoch > now // rules.interval_secs or epoch < state.first_epoch:
        raise VaultRefusal("early", f"epoch {epoch} has not begun, or is before the first")
    if epoch != now // rules.interval_secs or now > epoch * rules.interval_secs + rules.decide_secs:
        raise VaultRefusal("closed", f"the decision window of epoch {epoch} is over")
    if now >= state.end_at:
        raise VaultRefusal("ended", "the vault has ended")
    if epoch <= state.target_epoch:
        raise VaultRefusal("decided", f"epoch {epoch} is decided")
    if not 0 <= target_bps <= BPS:
        raise VaultRefusal("target", f"target {target_bps} lies outside 0..{BPS}")
    if len(window) != rules.window_ticks:
        raise VaultRefusal("window", f"{len(window)} ticks, expected {rules.window_ticks}")
    minted = fee_shares(state)
    tick = rules.orientation * int(window[-1])
    decided = Decided(epoch, target_bps, state.target_bps, tick, minted)
    after = replace(
        state,
        target_bps=target_bps,
        target_epoch=epoch,
        target_tick=tick,
        side=Side.UNSET,
        supply=state.supply + minted,
    )
    return decided, after


def size_trade(rules: VaultRules, state: VaultState, market: MarketView, now: int) -> TradeOrder | Idle:
    """Derive side, size and limit of a trade from the target and the recent price.

    The side that an earlier swap of the same decision fixed is checked last, as in the contract.
    """
    pinned = q_ratio_at_tick(state.target_tick)
    have = value_in_base(state.risky, pinned)
    nav = state.base + have
    want = nav * state.target_bps // BPS
    buy = want > have
    delta = abs(want - have)
    if delta * BPS <= rules.band_bps * nav:
        return Idle(IdleReason.IN_BAND)
    if not market.recent_known or market.harmonic_liquidity < rules.liquidity_min:
        return Idle(IdleReason.THIN)

    recent_tick = rules.orientation * market.recent_tick
    if buy:
        ref_tick = min(recent_tick, state.target_tick + rules.deviation_ticks)
        limit_tick = min(ref_tick + rules.tolerance_ticks, MAX_LIMIT_TICK)
    else:
        ref_tick = max(recent_tick, state.target_tick - rules.deviation_ticks)
        limit_tick = max(ref_tick - rules.tolerance_ticks, -MAX_LIMIT_TICK)
    ref = q_ratio_at_tick(ref_tick)
    low_nav = state.base + value_in_base(state.risky, min(pinned, ref))
    spent = spent_now(rules, state, now)
    left = rules.budget_e18 - min(spent, rules.budget_e18)
    room = low_nav * left // rules.worst_cost_e18
    if buy:
        wanted = min(delta, room, state.base)
    else:
        wanted = min(delta * Q128 // pinned, room * Q128 // ref, state.risky)
    limit_x96 = sqrt_ratio_at_tick(rules.orientation * limit_tick)
    zero_for_one = buy != rules.risky_is_token0
    spot = market.pool.sqrt_ratio_x96
    beyond = spot <= limit_x96 if zero_for_one else spot >= limit_x96
    if wanted == 0 or beyond:
        return Idle(IdleReason.NO_ROOM)
    if state.side not in (Side.UNSET, Side.BUY if buy else Side.SELL):
        return Idle(IdleReason.OTHER_SIDE)
    return TradeOrder(buy, wanted, limit_tick, recent_tick, ref, low_nav, spent, zero_for_one, limit_x96)


def settle_trade(
    state: VaultState, order: TradeOrder, *, paid: int, got: int, now: int
) -> tuple[Traded, VaultState]:
    """Book a swap: holdings by the pool's amounts, the budget by the cost against ref, rounded up.

    spent += ceil(1e18 * max(0, cost - worth) / low)
    """
    if order.buy:
        base, risky = state.base - paid, state.risky + got
        cost, worth = paid, value_in_base(got, order.ref_x128)
    else:
        base, risky = state.base + got, state.risky - paid
        cost, worth = -(-paid * order.ref_x128 // Q128), got
    spent = order.spent_e18
    if cost > worth:
        spent += -(-ONE * (cost - worth) // order.low_nav)
    traded = Traded(order.buy, paid, got, order.wanted, order.recent_tick, order.limit_tick, spent)
    side = Side.BUY if order.buy else Side.SELL
    after = replace(state, base=base, risky=risky, spent_e18=spent, spent_at=now, side=side)
    return traded, after


def trade(
    rules: VaultRules, state: VaultState, market: MarketView, now: int
) -> tuple[Traded | Idle, VaultState, PoolState]:
    """Trade once toward the target inside the pool's liquidity; a bad market gives Idle, never an error.

    Returns: (event, vault after, pool after).
    Raises: VaultRefusal: early before this epoch's decision, ended.
    """
    if now >= state.end_at:
        raise VaultRefusal("ended", "the vault has ended")
    if state.first_epoch == NEVER or now // rules.interval_secs != state.target_epoch:
        raise VaultRefusal("early", "this epoch has no decision yet")
    order = size_trade(rules, state, market, now)
    if isinstance(order, Idle):
        return order, state, market.pool
    paid, got, pool = swap_exact_input(
        market.pool, zero_for_one=order.zero_for_one, amount=order.wanted, limit_x96=order.limit_x96
    )
    traded, after = settle_trade(state, order, paid=paid, got=got, now=now)
    return traded, after, pool


def net_asset_value(state: VaultState, oriented_tick: int) -> int:
    """Return base + value(risky, tick), base units: information, no rule consumes it."""
    return state.base + value_in_base(state.risky, q_ratio_at_tick(oriented_tick))
