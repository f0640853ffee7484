"""One trade of a vault's life: V4 to V7 by name, the reference to the integer, the loss at the market."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.contracts.support.evm import Event, Refused
from tests.contracts.support.trade_reference import (
    NO_ROOM,
    ONE,
    OTHER_SIDE,
    Book,
    Order,
    plan,
    q,
    settle,
    value,
)
from tests.contracts.support.vault_life_ledger import BrokenError, Ledger, hold
from tests.contracts.support.vault_world import ACTORS, STRANGER, World


@dataclass(frozen=True)
class Cost:
    """What one trade cost, in base units."""

    time: int
    low: int  # the budget's value of the vault
    counted: int  # against the reference; a gain is negative
    true: int  # at the market's price
    lag: int  # the part of `true` that is the reference's distance from the market


@dataclass
class Trades:
    """All trades of one life."""

    world: World
    ledger: Ledger
    sides: dict[int, set[bool]] = field(default_factory=lambda: defaultdict(set))
    costs: list[Cost] = field(default_factory=list)

    def trade(self, true_tick: int) -> Event | int:
        """Let a stranger trade; return the event, or the reason for none. The tick is the market's price."""
        world, vault = self.world, self.world.vault
        book = Book.of(world)
        expected = plan(book, world.rules)
        others = self.others()
        try:
            vault.trade(sender=STRANGER)
        except Refused as refusal:
            raise BrokenError(
                f"section 5 is broken: a due trade was refused with {refusal.args}"
            ) from refusal
        hold("V5", self.others() == others, self.others(), others)
        events = vault.events_named("Traded")
        if not events:
            after = vault.base(), vault.risky()
            hold("V4", after == (book.base, book.risky), "moved without a trade", after, book)
            (idle,) = vault.events_named("Idle")
            hold("section 5", idle.reason == expected, idle.reason, expected)
            return int(idle.reason)
        (event,) = events
        hold("V4", event.epoch == world.epoch and event.epoch in self.ledger.decided, event)
        self.sides[event.epoch].add(event.buy)
        hold("V5", len(self.sides[event.epoch]) == 1, event, book)
        hold("V5", expected != OTHER_SIDE, event, book)
        hold("V7", expected != NO_ROOM or book.spent < world.rules.budget, event, book)
        hold("V6", expected != NO_ROOM, "the pool stands beyond the limit", event, book)
        if not isinstance(expected, Order):
            hold("section 5", False, event, expected)
            raise TypeError
        self.check_price(event, expected, book)
        base, risky, spent = settle(book, expected, event.paid, event.got)
        self.check_budget(event, expected, spent)
        self.check_loss(event, expected, true_tick)
        hold("V4", (vault.base(), vault.risky()) == (base, risky), base, risky)
        seen = event.buy, event.wanted, event.tick_recent, event.limit_tick
        wanted = expected.buy, expected.wanted, expected.recent_tick, expected.limit_tick
        hold("section 5", seen == wanted and 0 < event.paid <= event.wanted, event, expected)
        self.ledger.base, self.ledger.risky = base, risky
        return event

    def others(self) -> tuple[int, ...]:
        """Return what a trade has no business with; of what is owed, one account's, another one each time."""
        vault, base = self.world.vault, self.world.base.address
        owed = vault.owed(ACTORS[len(self.costs) % len(ACTORS)], base)
        return vault.totalSupply(), vault.bond(), vault.drip_left(), owed

    def check_price(self, event: Event, order: Order, book: Book) -> None:
        """V6: every unit fills at the specified limit or better, plus the pool's fee."""
        hold("V6", event.limit_tick == order.limit_tick, event, order)
        limit, kept = q(order.limit_tick), 10**6 - book.pool_fee
        slack = (2 + event.paid // 2**70) * limit + 2 * 2**128
        if event.buy:
            fair = event.paid * 2**128 * kept <= (event.got * limit + slack) * 10**6
        else:
            fair = (event.got * 2**128 + slack) * 10**6 >= event.paid * kept * limit
        hold("V6", fair, event, order)

    def check_budget(self, event: Event, order: Order, spent: int) -> None:
        """V7: what the vault counted, its limit, and the cost of every span that ends now."""
        rules, now = self.world.rules, self.world.now
        hold("V7", event.spent == self.world.vault.spent() == spent, event, spent)
        unit = 4 + 2 * (q(order.ref_tick) // 2**128)
        hold("V7", spent <= rules.budget + unit * ONE // order.low + 4, spent, rules.budget)
        ref = order.ref_tick
        paid, got = (event.paid, value(event.got, ref)) if event.buy else (value(event.paid, ref), event.got)
        self.costs.append(Cost(now, order.low, paid - got, 0, 0))
        total = 0
        for cost in reversed(self.costs):
            total += max(0, cost.counted) * ONE // cost.low
            most = rules.budget + rules.budget * (now - cost.time) // rules.period_secs
            hold("V7", total <= most + len(self.costs) * 10**12, total, most, cost)

    def check_loss(self, event: Event, order: Order, true_tick: int) -> None:
        """Bound the loss at the market's price: by tolerance and fee, beyond the budget by the lag alone."""
        rules, last = self.world.rules, self.costs.pop()
        unit = value(1, true_tick) + 1
        if event.buy:
            turnover, true = event.paid, event.paid - value(event.got, true_tick)
            lag = value(event.got, order.ref_tick) - value(event.got, true_tick)
        else:
            turnover = value(event.paid, true_tick)
            true = turnover - event.got
            lag = turnover - value(event.paid, order.ref_tick)
        self.costs.append(Cost(last.time, last.low, last.counted, true, lag))
        ticks = max(0, (order.ref_tick - true_tick) * (1 if event.buy else -1))
        worst = 1.0001 ** (rules.tolerance_ticks + ticks) - 1 + self.world.pool.fee() / 10**6
        hold("ghost", true <= turnover * worst * (1 + 1e-9) + 3 * unit, true, turnover, ticks, event)
        total = 0.0
        for cost in reversed(self.costs):
            total += (cost.true - max(0, cost.lag)) / cost.low
            most = rules.budget / ONE * (1 + (self.world.now - cost.time) / rules.period_secs)
            slack = len(self.costs) * (1e-6 + 4 * unit / last.low)
            hold("ghost", total <= most + slack, total, most, cost)
