"""What the contract must do when a decision trades: the side, the size, the limit, or why it stays idle.

nav = base + value(risky, o_k);  want = floor(nav target / 10000);  have = value(risky, o_k)
buy:  ref = min(o_s, o_k + DEVIATION), limit = ref + TOLERANCE;  sell: the mirror image
low = base + value(risky, min(q(o_k), q(ref)));  room = floor(low (BUDGET - spent) / worst)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.vault.arithmetic import (
    BPS,
    ONE,
    Q128,
    divide_up,
    q_ratio_at_tick,
    sqrt_ratio_at_tick,
    value_at_down,
)
from audit.vault.parameters import Parameters
from audit.vault.pool_replay import PoolReplay

IN_BAND, THIN, NO_ROOM, OTHER_SIDE = 0, 1, 2, 3
IDLE_WORDS: Final = ("in the band", "thin pool", "no room or beyond the limit", "other side")
MAX_LIMIT_TICK: Final = 887_271


@dataclass(frozen=True)
class Holdings:
    """Hold what a trade starts from."""

    base: int
    risky: int
    target: int  # bps
    tick: int  # oriented, of the decision's interval
    buying: bool | None  # the side of earlier swaps of this decision, None without any
    spent: int  # of the budget, refilled up to now


@dataclass(frozen=True)
class Order:
    """Hold the swap that the rules allow."""

    buy: bool
    wanted: int
    recent_tick: int
    limit_tick: int
    limit_root_x96: int
    zero_for_one: bool
    ref: int  # q ratio
    low: int
    spent: int

    def spent_after(self, paid: int, got: int) -> int:
        """Return the budget spent once the swap has filled: the cost against ref, rounded up."""
        cost, worth = (
            (paid, value_at_down(got, self.ref)) if self.buy else (divide_up(paid * self.ref, Q128), got)
        )
        return self.spent + (divide_up(ONE * (cost - worth), self.low) if cost > worth else 0)


def expected_trade(at: Holdings, pool: PoolReplay, now: int, parameters: Parameters) -> Order | int:
    """Return the order that the rules give, or the reason of Idle."""
    rules = parameters.rules
    pinned = q_ratio_at_tick(at.tick)
    have = value_at_down(at.risky, pinned)
    nav = at.base + have
    want = nav * at.target // BPS
    buy = want > have
    delta = abs(want - have)
    if delta * BPS <= rules.band_bps * nav:
        return IN_BAND
    recent = pool.recent(rules.recent_secs, now)
    if not recent.known or recent.liquidity < rules.liquidity:
        return THIN
    recent_tick = parameters.oriented(recent.tick)
    if buy:
        ref_tick = min(recent_tick, at.tick + rules.deviation_ticks)
        limit_tick = min(ref_tick + rules.tolerance_ticks, MAX_LIMIT_TICK)
    else:
        ref_tick = max(recent_tick, at.tick - rules.deviation_ticks)
        limit_tick = max(ref_tick - rules.tolerance_ticks, -MAX_LIMIT_TICK)
    ref = q_ratio_at_tick(ref_tick)
    low = at.base + value_at_down(at.risky, min(pinned, ref))
    room = low * (rules.budget - min(at.spent, rules.budget)) // parameters.worst_cost
    sellable = min(delta * Q128 // pinned, room * Q128 // ref, at.risky)
    wanted = min(delta, room, at.base) if buy else sellable
    limit_root = sqrt_ratio_at_tick(parameters.oriented(limit_tick))
    zero_for_one = buy != parameters.risky_is_token0
    beyond = pool.root_x96 <= limit_root if zero_for_one else pool.root_x96 >= limit_root
    if wanted == 0 or beyond:
        return NO_ROOM
    if at.buying is not None and at.buying != buy:
        return OTHER_SIDE
    return Order(buy, wanted, recent_tick, limit_tick, limit_root, zero_for_one, ref, low, at.spent)
