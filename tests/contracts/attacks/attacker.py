"""An attacker who trades around the vault and searches for the best push; what the vault loses to it.

Loss is measured at the market's price, which is where the pool stood before the attack, and never at the
vault's own reference.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contracts.support.trade_reference import Book, value
from tests.contracts.support.vault_world import STRANGER, World

BLOCK_SECS = 12
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Outcome:
    """What one attack did, in base units at the market's price."""

    push: int  # ticks, up is positive
    loss: int  # of the vault
    gain: int  # of the attacker; 0 where the vault did not trade
    turnover: int  # of the vault
    spent: int  # what the budget has counted afterwards


def worth(world: World, tick: int) -> int:
    """Return the vault's value at a tick; what still drips is left out."""
    return int(world.vault.base()) + value(world.vault.risky(), tick)


def worth_of(base: int, risky: int, tick: int) -> int:
    return base + (value(risky, tick) if risky >= 0 else -value(-risky, tick))


def swap(world: World, tick: int) -> tuple[int, int]:
    """Swap to a tick as the attacker; return what it got of base and risky."""
    world.move(tick)
    (moved,) = world.mover.events_named("Moved") or [None]
    if moved is None:
        return 0, 0
    got = -moved.amount0, -moved.amount1
    return (got[1], got[0]) if world.market.risky_is_token0 else got


def attack(
    world: World, market: int, push: int, rounds: int = 1, call: Callable[[], Any] | None = None
) -> Outcome:
    """Push, let the vault trade (by `call`, or `trade`), bring the price back, in one block; undo it all."""
    with world.undone():
        before = worth(world, market)
        base = risky = turnover = 0
        for _ in range(rounds):
            there = swap(world, market + push) if push else (0, 0)
            if call is None:
                world.vault.trade(sender=STRANGER)
            else:
                call()
            traded = world.vault.events_named("Traded")
            if not traded:
                break
            turnover += sum(event.paid if event.buy else value(event.paid, market) for event in traded)
            back = swap(world, market)
            base += there[0] + back[0]
            risky += there[1] + back[1]
        loss = before - worth(world, market)
        return Outcome(push, loss, worth_of(base, risky, market), turnover, world.vault.spent())


def best_push(attempt: Callable[[int], Outcome], side: int, reach: int) -> Outcome:
    """Return the attack that costs the vault most: a golden-section search for the push between 0 and reach.

    The loss rises with the push while the vault still fills, and falls once the room up to its limit is
    smaller than what it wants; no push, the whole reach and a push past it are tried too.
    """
    seen: dict[int, Outcome] = {}

    def loss(push: int) -> int:
        if push not in seen:
            seen[push] = attempt(side * push)
        return seen[push].loss

    low, high = 0, max(reach, 0)
    for push in (low, high - 1, high + 100):
        loss(push)
    while high - low > 8:
        left, right = round(high - GOLDEN * (high - low)), round(low + GOLDEN * (high - low))
        if loss(left) >= loss(right):
            high = right
        else:
            low = left
    return max(seen.values(), key=lambda outcome: outcome.loss)


def reference(world: World) -> tuple[int, int]:
    """Return the tick that section 5 refers the vault's next trade to, and the limit's distance from it."""
    book, rules = Book.of(world), world.rules
    recent = world.oriented(book.recent[1])
    if book.target * (book.base + value(book.risky, book.pinned_tick)) // 10_000 > value(
        book.risky, book.pinned_tick
    ):
        return min(recent, book.pinned_tick + rules.deviation_ticks), rules.tolerance_ticks
    return max(recent, book.pinned_tick - rules.deviation_ticks), -rules.tolerance_ticks


def bound(turnover: int, ticks: int, fee: int = 500) -> int:
    """Return the bound of section 5: (1.0001^ticks - 1 + fee) of what is traded, and a few units."""
    return int(turnover * (1.0001**ticks - 1 + fee / 10**6) * (1 + 1e-6)) + 10
