"""One call of trade(), with everything that may and may not change compared with the reference."""

from tests.contracts.support.evm import Event
from tests.contracts.support.trade_reference import ONE, Book, Order, plan, q, settle
from tests.contracts.support.vault_world import STRANGER, World


def trade(world: World) -> tuple[Order | int, Event | None]:
    """Trade, compare everything with the reference, and return the order and the event (or the reason)."""
    book = Book.of(world)
    expected = plan(book, world.rules)
    before = world.base.balanceOf(world.vault.address), world.risky.balanceOf(world.vault.address)
    others = world.vault.totalSupply(), world.vault.bond(), world.vault.drip_left()
    world.vault.trade(sender=STRANGER)
    assert (world.vault.totalSupply(), world.vault.bond(), world.vault.drip_left()) == others
    if not isinstance(expected, Order):
        assert world.vault.event("Idle")[1] == {"epoch": world.epoch, "reason": expected}
        assert world.vault.events_named("Traded") == []
        assert Book.of(world) == book
        return expected, None
    event = world.vault.event("Traded")
    assert world.vault.events_named("Idle") == []
    base, risky, spent = settle(book, expected, event.paid, event.got)
    assert event[1] == {
        "epoch": world.epoch,
        "buy": expected.buy,
        "paid": event.paid,
        "got": event.got,
        "wanted": expected.wanted,
        "tick_recent": expected.recent_tick,
        "limit_tick": expected.limit_tick,
        "spent": spent,
    }
    assert (world.vault.base(), world.vault.risky(), world.vault.spent()) == (base, risky, spent)
    assert world.vault.spent_at() == world.now
    after = world.base.balanceOf(world.vault.address), world.risky.balanceOf(world.vault.address)
    assert (after[0] - before[0], after[1] - before[1]) == (base - book.base, risky - book.risky)
    assert 0 < event.paid <= expected.wanted
    check_price(event, book.pool_fee)
    check_budget(world, expected)
    return expected, event


def check_price(event: Event, pool_fee: int) -> None:
    """Every unit fills at the limit or better, plus the pool's fee."""
    limit, kept = q(event.limit_tick), 10**6 - pool_fee
    if event.buy:
        slack = (2 + event.paid // 2**70) * limit + 2 * 2**128
        assert event.paid * 2**128 * kept <= (event.got * limit + slack) * 10**6
    else:
        slack = (2 + event.paid // 2**70) * limit + 2 * 2**128
        assert (event.got * 2**128 + slack) * 10**6 >= event.paid * kept * limit


def check_budget(world: World, order: Order) -> None:
    """What is spent exceeds the budget by no more than the rounding of a few units of either token."""
    rounding = (4 + 2 * (q(order.ref_tick) // 2**128)) * ONE // order.low + 4
    assert world.vault.spent() <= world.rules.budget + rounding
