"""The trade of a vault, worked out from the specification alone in Python's integers."""

from dataclasses import dataclass
from typing import Any

from contracts.tick_math import sqrt_ratio_at_tick
from contracts.vault_parameters import VaultRules

ONE = 10**18
IN_BAND, THIN, NO_ROOM, OTHER_SIDE = range(4)
UNSET, BUY, SELL = range(3)
MAX_LIMIT_TICK = 887_271


def q(tick: int) -> int:
    """Return floor(s * s / 2^64): base per raw risky times 2^128 at an oriented tick."""
    root = sqrt_ratio_at_tick(tick)
    return root * root // 2**64


def value(amount: int, tick: int) -> int:
    return amount * q(tick) // 2**128


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


@dataclass(frozen=True)
class Order:
    """A swap that the vault will send."""

    buy: bool
    wanted: int
    ref_tick: int
    limit_tick: int
    recent_tick: int
    low: int
    spent: int  # after the refill, before the swap


@dataclass(frozen=True)
class Book:
    """Everything that a trade reads."""

    base: int
    risky: int
    target: int
    pinned_tick: int
    side: int
    spent: int
    spent_at: int
    now: int
    recent: tuple[bool, int, int]  # raw tick
    spot_root: int
    pool_fee: int
    risky_is_token0: bool

    @classmethod
    def of(cls, world: Any, pool_fee: int = 500) -> "Book":
        vault = world.vault
        return cls(
            base=vault.base(),
            risky=vault.risky(),
            target=vault.target(),
            pinned_tick=vault.target_tick(),
            side=vault.side(),
            spent=vault.spent(),
            spent_at=vault.spent_at(),
            now=world.now,
            recent=world.price_log.recent(world.rules.recent_secs),
            spot_root=world.pool.slot0()[0],
            pool_fee=pool_fee,
            risky_is_token0=world.market.risky_is_token0,
        )


def plan(book: Book, rules: VaultRules) -> Order | int:
    """Return the order, or the reason to be idle."""
    have = value(book.risky, book.pinned_tick)
    nav = book.base + have
    want = nav * book.target // 10_000
    delta = abs(want - have)
    if delta * 10_000 <= rules.band_bps * nav:
        return IN_BAND
    known, raw_tick, liquidity = book.recent
    if not known or liquidity < rules.liquidity:
        return THIN
    recent_tick = raw_tick if book.risky_is_token0 else -raw_tick
    buy = want > have
    if buy:
        ref = min(recent_tick, book.pinned_tick + rules.deviation_ticks)
        limit = min(ref + rules.tolerance_ticks, MAX_LIMIT_TICK)
    else:
        ref = max(recent_tick, book.pinned_tick - rules.deviation_ticks)
        limit = max(ref - rules.tolerance_ticks, -MAX_LIMIT_TICK)
    low = book.base + value(book.risky, min(book.pinned_tick, ref))
    worst = rules.tolerance_ticks * 102 * 10**12 + book.pool_fee * 10**12 + 10**12
    spent = max(0, book.spent - rules.budget * (book.now - book.spent_at) // rules.period_secs)
    room = low * (rules.budget - min(spent, rules.budget)) // worst
    if buy:
        wanted = min(delta, room, book.base)
    else:
        wanted = min(delta * 2**128 // q(book.pinned_tick), room * 2**128 // q(ref), book.risky)
    limit_root = sqrt_ratio_at_tick(limit if book.risky_is_token0 else -limit)
    # a purchase of token0 lifts the pool's price
    upward = buy == book.risky_is_token0
    beyond = book.spot_root >= limit_root if upward else book.spot_root <= limit_root
    if wanted == 0 or beyond:
        return NO_ROOM
    if book.side not in (UNSET, BUY if buy else SELL):
        return OTHER_SIDE
    return Order(buy, wanted, ref, limit, recent_tick, low, spent)


def settle(book: Book, order: Order, paid: int, got: int) -> tuple[int, int, int]:
    """Return base, risky and spent after a swap."""
    if order.buy:
        base, risky = book.base - paid, book.risky + got
        cost, worth = paid, value(got, order.ref_tick)
    else:
        base, risky = book.base + got, book.risky - paid
        cost, worth = ceil_div(paid * q(order.ref_tick), 2**128), got
    return base, risky, order.spent + ceil_div(ONE * max(0, cost - worth), order.low)
