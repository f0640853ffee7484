"""Replay a vault, its price log and its pool, event by event, and say where the rules give something else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from eth_abi.abi import encode

from audit.findings import Finding
from audit.vault.arithmetic import BPS
from audit.vault.books import Books
from audit.vault.events import Event
from audit.vault.parameters import Parameters
from audit.vault.pool_replay import PoolReplay
from audit.vault.price_replay import PriceReplay
from audit.vault.records import EpochRecord, MissRecord, TradeRecord
from audit.vault.role_replay import RoleReplay
from audit.vault.strategy_pin import StrategyPin
from audit.vault.trade_rule import IDLE_WORDS, Holdings, Order, expected_trade
from audit.verifier.transcript import keccak256

NO_OFFSET: Final = (0, 0, 0)
UNSET, BUY, SELL = 0, 1, 2


class Replay:
    """Hold the three contracts' state and collect findings.

    After a finding the replay goes on from what the chain says, so one wrong event is one finding. Where an
    event and the replay disagree and a later event sides with the replay, the event alone was wrong.
    """

    def __init__(self, parameters: Parameters, max_step: int) -> None:
        self.parameters = parameters
        self.pool = PoolReplay()
        self.prices = PriceReplay(parameters.interval_secs, max_step)
        self.books = Books(parameters, parameters.rules.fee)
        self.pin = StrategyPin(parameters)
        self.roles = RoleReplay()
        self.records: dict[int, EpochRecord] = {}
        self.misses: dict[int, MissRecord] = {}
        self.restarts: list[int] = []
        self.findings: list[Finding] = []
        self.doubted = False  # events of some block are not known for sure
        self._current: EpochRecord | None = None
        self._buying: bool | None = None
        self._swap: tuple[Event, Order | int] | None = None
        self._offset = NO_OFFSET
        self._shaken = False
        self._prices_shaken = False
        self._spent_shaken = False

    def run(self, events: list[Event], doubted: Collection[int] = ()) -> None:
        """Replay events in the order of the chain; what the `doubted` blocks may hide is not found again."""
        waiting = sorted(doubted)
        self.doubted = bool(waiting)
        for event in events:
            while waiting and waiting[0] <= event.log.block:
                waiting.pop(0)
                self._shaken = self._prices_shaken = self._spent_shaken = True
            if self._swap is not None and event.log.tx_hash != self._swap[0].log.tx_hash:
                self._unannounced_swap()
            if event.source == "pool":
                self._pool(event)
            elif event.source == "price_log":
                self._price(event)
            else:
                self._vault(event)
        if self._swap is not None:
            self._unannounced_swap()

    # ------------------------------------------------------------------ pool and price log

    def _pool(self, event: Event) -> None:
        if event.name == "Swap" and event["sender"] == self.parameters.vault:
            self._swap = (event, self._expect(event.log.time_secs))
        self.pool.apply(event)

    def _price(self, event: Event) -> None:
        if event.name == "Restarted":
            self.restarts.append(int(event["k"]))
        off = self.prices.apply(event, self.pool)
        if event.log.trusted and self._prices_shaken:
            # The block that could not be read has its own finding; go on from what the price log says.
            self.prices.accept(event)
            self._prices_shaken = False
            return
        for what, expected, found in off:
            detail = f"{what} of interval {event['k']} is not what the pool's history gives"
            self._find(event, "price", detail, expected, found)

    # ------------------------------------------------------------------ vault

    def _vault(self, event: Event) -> None:
        if event.name == "Decision":
            self._decision(event)
        elif event.name == "Proven":
            self._proven(event)
        elif event.name == "Traded":
            self._traded(event)
        elif event.name == "Idle":
            self._idle(event)
        elif event.name.startswith("Strategy"):
            self._take("power", event, self.pin.apply(event))
        elif event.name.startswith("Role"):
            self._take("power", event, self.roles.apply(event))
        else:
            if event.name == "Missed":
                self._missed(event)
            subject = "bond" if event.name in ("Missed", "BondChanged", "Ending") else "shares"
            off = self.books.apply(event)
            unknown = self._shaken and event.log.trusted and event.name in ("Minted", "Redeemed")
            self._take(subject, event, [] if unknown else off)

    def _decision(self, event: Event) -> None:
        epoch, now, rules = int(event["epoch"]), event.log.time_secs, self.parameters.rules
        inputs = self._inputs(epoch)
        previous = self._current.target if self._current else 0
        if epoch in self.records:
            self._find(event, "decision", "the epoch is decided twice", epoch=epoch)
        if not epoch * self.parameters.interval_secs <= now <= self.parameters.closes_at(epoch):
            window = f"{epoch * self.parameters.interval_secs} to {self.parameters.closes_at(epoch)}"
            self._find(event, "decision", "it stands outside its time window", window, now, epoch)
        if epoch < self.books.first_epoch or now >= self.books.end_at:
            self._find(event, "decision", "the vault was not open then", epoch=epoch)
        if event["target"] > BPS:
            self._find(event, "decision", "target", f"at most {BPS}", event["target"], epoch)
        expected = self._expected_decision(event, epoch, inputs, previous)
        if event.log.trusted and self._shaken:
            del expected["previous"]
        for name, value in expected.items():
            if value is not None and event[name] != value:
                self._find(event, "decision", name, _shown(value), _shown(event[name]), epoch)
        if inputs is None:
            detail = f"the price log holds no window of {rules.window} ticks for it"
            self._find(event, "decision", detail, epoch=epoch)
        self._current = record = EpochRecord(
            epoch=epoch,
            time_secs=now,
            block=event.log.block,
            tx_hash=event.log.tx_hash,
            strategy=event["strategy"],
            target=event["target"],
            tick=event["tick"],
            base=event["base"],
            risky=event["risky"],
            supply=event["supply"],
            fee_shares=event["fee_shares"],
            proof_hash=event["proof_hash"],
            inputs=inputs,
        )
        self.records[epoch] = record
        self._buying = None
        self._take("shares", event, self.books.take_fee(event["fee_shares"], event["supply"]), epoch)
        self._settle(event, epoch)

    def _expected_decision(
        self, event: Event, epoch: int, inputs: tuple[int, ...] | None, previous: int
    ) -> dict[str, object]:
        hashed = None
        if inputs is not None:
            hashed = keccak256(encode(["int256[]"], [list(inputs)]))
        tick = self.prices.ticks.get(epoch)
        return {
            "previous": previous,
            "tick": None if tick is None else self.parameters.oriented(tick),
            "inputs_hash": hashed,
            "strategy": self.pin.in_force(epoch, event["strategy"]),
        }

    def _settle(self, event: Event, epoch: int) -> None:
        """Compare the holdings that a decision states with the books, and go on from what it states."""
        books = self.books
        offset = (
            event["base"] - books.base,
            event["risky"] - books.risky,
            event["supply"] - books.supply,
        )
        excused = event.log.trusted and (self._shaken or offset == self._offset)
        if offset != NO_OFFSET and not excused:
            found = (event["base"], event["risky"], event["supply"])
            expected = (books.base, books.risky, books.supply)
            detail = "base, risky and supply are not what the events before give"
            self._find(event, "decision", detail, expected, found, epoch)
        self._offset = NO_OFFSET if excused else (-offset[0], -offset[1], -offset[2])
        self._shaken = not event.log.trusted
        if event.log.trusted:
            books.base, books.risky, books.supply = event["base"], event["risky"], event["supply"]

    def _inputs(self, epoch: int) -> tuple[int, ...] | None:
        rules = self.parameters.rules
        ticks = self.prices.window(epoch, rules.window)
        if ticks is None:
            return None
        inputs = [self.parameters.oriented(ticks[i] - ticks[i - 1]) for i in range(1, len(ticks))]
        if rules.previous_target:
            inputs.append(self._current.target if self._current else 0)
        return tuple(inputs)

    def _proven(self, event: Event) -> None:
        record = self._current
        if record is None or record.epoch != event["epoch"] or record.proof is not None:
            detail = "a proof stands without its decision"
            self._find(event, "proof", detail, epoch=int(event["epoch"]))
            return
        record.proof = event["proof"]
        found = keccak256(event["proof"])
        if found != record.proof_hash:
            detail = "its bytes do not hash to the proof_hash of the decision"
            self._find(event, "proof", detail, _shown(record.proof_hash), _shown(found), record.epoch)

    # ------------------------------------------------------------------ trades

    def _expect(self, now: int) -> Order | int:
        if self._current is None:
            return 0
        books = self.books
        at = Holdings(
            base=books.base,
            risky=books.risky,
            target=self._current.target,
            tick=self._current.tick,
            buying=self._buying,
            spent=books.spent_now(now),
        )
        return expected_trade(at, self.pool, now, self.parameters)

    def _may_trade(self, event: Event) -> EpochRecord | None:
        now = event.log.time_secs
        record = self._current
        if record is None or record.epoch != event["epoch"]:
            detail = "the vault moves without a decision of that epoch"
            self._find(event, "trade", detail, epoch=int(event["epoch"]))
            return None
        if self.parameters.epoch_of(now) != record.epoch or now >= self.books.end_at:
            self._find(event, "trade", "it stands outside its epoch", epoch=record.epoch)
        if self.books.paused(now):
            self._find(event, "trade", "the vault was paused then", epoch=record.epoch)
        return record

    def _idle(self, event: Event) -> None:
        record = self._may_trade(event)
        if record is None:
            return
        record.idles.append(int(event["reason"]))
        expected = self._expect(event.log.time_secs)
        if expected != event["reason"]:
            self._find(event, "trade", "", _order(expected), _order(int(event["reason"])), record.epoch)

    def _traded(self, event: Event) -> None:
        record = self._may_trade(event)
        swap, self._swap = self._swap, None
        if swap is None:
            detail = "the vault announces a trade and the pool knows none"
            self._find(event, "trade", detail, epoch=int(event["epoch"]))
            return
        pool_event, expected = swap
        buy, paid, got = self._fill(pool_event)
        if buy != event["buy"]:
            self._find(event, "trade", "the side is not that of the pool's Swap", buy, event["buy"])
        if (paid, got) != (event["paid"], event["got"]):
            detail = "paid and got are not what the pool's Swap says"
            self._find(event, "trade", detail, (paid, got), (event["paid"], event["got"]))
        books = self.books
        if not isinstance(expected, Order):
            self._find(event, "trade", "", _order(expected), _found(event))
            books.spent = event["spent"]
        else:
            self._compare(event, expected, paid, got, pool_event)
        books.spent_at = event.log.time_secs
        if record is not None:
            place = (event["wanted"], event["limit_tick"], event.log.block)
            record.trades.append(TradeRecord(event["buy"], paid, got, *place))

    def _fill(self, swap: Event) -> tuple[bool, int, int]:
        """Book a swap of the vault as the pool states it; return side, paid and got."""
        zero_for_one = swap["amount0"] > 0
        signed = (swap["amount0"], swap["amount1"])
        paid, got = (signed[0], -signed[1]) if zero_for_one else (signed[1], -signed[0])
        buy = zero_for_one != self.parameters.risky_is_token0
        self.books.base += -paid if buy else got
        self.books.risky += got if buy else -paid
        self._buying = buy
        return buy, paid, got

    def _compare(self, event: Event, expected: Order, paid: int, got: int, pool_event: Event) -> None:
        names = ("buy", "wanted", "tick_recent", "limit_tick")
        found = tuple(event[name] for name in names)
        rule = (expected.buy, expected.wanted, expected.recent_tick, expected.limit_tick)
        if found != rule:
            self._find(event, "trade", "", _order(expected), _found(event))
            self.books.spent = event["spent"]
            return
        if paid > expected.wanted:
            self._find(event, "trade", "more is paid than was wanted", expected.wanted, paid)
        elif paid < expected.wanted and pool_event["sqrt_price_x96"] != expected.limit_root_x96:
            detail = "less is paid than was wanted, and the price stands away from the limit"
            self._find(event, "trade", detail, expected.wanted, paid)
        past = pool_event["sqrt_price_x96"] - expected.limit_root_x96
        if (past < 0) if expected.zero_for_one else (past > 0):
            detail = "the pool's price went beyond the limit"
            self._find(event, "trade", detail, expected.limit_root_x96, pool_event["sqrt_price_x96"])
        spent = expected.spent_after(paid, got)
        if event.log.trusted and self._spent_shaken:
            spent, self._spent_shaken = event["spent"], False
        if event["spent"] != spent:
            self._find(event, "trade", "budget spent", spent, event["spent"])
        self.books.spent = event["spent"] if event.log.trusted else spent

    def _unannounced_swap(self) -> None:
        if self._swap is None:
            return
        (event, expected), self._swap = self._swap, None
        _, paid, got = self._fill(event)
        if isinstance(expected, Order):
            self.books.spent, self.books.spent_at = expected.spent_after(paid, got), event.log.time_secs
        self._find(event, "trade", "the vault swaps in the pool and announces no trade")

    def _missed(self, event: Event) -> None:
        epoch = int(event["epoch"])
        if epoch in self.records or epoch in self.misses:
            self._find(event, "bond", "a miss of an epoch that is decided or missed", epoch=epoch)
        width = self.parameters.rules.window
        if not (self.prices.ready(epoch, width) or self.prices.lost(epoch, width)):
            self._find(event, "bond", "a miss of an epoch whose window never existed", epoch=epoch)
        values = (event["cut"], event["bounty"], event["bond"])
        self.misses[epoch] = MissRecord(epoch, event.log.time_secs, *values)

    def pinned(self) -> tuple[int, int, int, int]:
        """Return target, epoch, oriented tick and side of the decision in force, as the vault keeps them."""
        if self._current is None:
            return 0, 0, 0, UNSET
        side = UNSET if self._buying is None else BUY if self._buying else SELL
        return self._current.target, self._current.epoch, self._current.tick, side

    # ------------------------------------------------------------------ findings

    def _take(
        self, subject: str, event: Event, off: list[tuple[str, object, object]], epoch: int | None = None
    ) -> None:
        for what, expected, found in off:
            self._find(event, subject, what, expected, found, epoch)

    def _find(
        self,
        event: Event,
        subject: str,
        detail: str,
        expected: object = "",
        found: object = "",
        epoch: int | None = None,
    ) -> None:
        if epoch is None:
            epoch = self.parameters.epoch_of(event.log.time_secs)
        words = detail or "it is not the one that the rules give"
        self.findings.append(Finding(epoch, subject, words, event.log.block, str(expected), str(found)))


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _order(order: Order | int) -> str:
    if isinstance(order, Order):
        side = "a purchase" if order.buy else "a sale"
        return (
            f"{side} paying up to {order.wanted}, limit tick {order.limit_tick},"
            f" recent tick {order.recent_tick}"
        )
    return f"idle ({IDLE_WORDS[order] if order < len(IDLE_WORDS) else order})"


def _found(event: Event) -> str:
    side = "a purchase" if event["buy"] else "a sale"
    return (
        f"{side} paying up to {event['wanted']}, limit tick {event['limit_tick']},"
        f" recent tick {event['tick_recent']}"
    )
