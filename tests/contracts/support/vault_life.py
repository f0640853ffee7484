"""A random life of a vault, with ghost accounting beside it and every invariant checked on the way."""

from collections import Counter
from typing import Any

import boa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition

from tests.contracts.support.evm import Refused
from tests.contracts.support.trade_reference import ONE
from tests.contracts.support.vault_life_ledger import NEVER, BrokenError, Ledger, Notice, hold
from tests.contracts.support.vault_life_powers import POWERS, STEPS_BEFORE_THE_END, Powers
from tests.contracts.support.vault_life_stage import (
    DEAD_MANNERS,
    HAPPENED,
    HOLDERS,
    LONG_INTERVAL,
    MARKETS,
    STAGED,
    step,
)
from tests.contracts.support.vault_life_trades import Trades
from tests.contracts.support.vault_world import ACTORS, DEAD, OPERATOR, OTHER, STRANGER, data_contract


class VaultLife(Powers, RuleBasedStateMachine):
    """One vault, from its opening on."""

    anchor: Any = None
    unfinished = True

    def teardown(self) -> None:
        if self.anchor is None:
            return
        try:
            if (
                not self.unfinished
            ):  # else a step has failed already, and the ledger stands in the middle of it
                self.everything_adds_up()
                self.everybody_leaves()
                self.the_end_comes()
        finally:
            self.anchor.__exit__(None, None, None)

    @initialize(market=st.integers(0, len(MARKETS) - 1), weight=st.sampled_from([0, 5_000, 10_000]))
    def begin(self, market: int, weight: int) -> None:
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        self.steps = 0
        self.world, boa.env.timestamp = list(STAGED.values())[market % len(STAGED)]
        world = self.world
        self.vault, self.rules = world.vault, world.rules
        self.true_tick = world.spot()
        self.asked: dict[int, list[int]] = {}  # inputs of an epoch when they were first known
        self.ledger = Ledger(
            world.rules,
            self.vault.base(),
            self.vault.risky(),
            self.vault.totalSupply(),
            self.vault.bond(),
            self.vault.first_epoch(),
            Counter({who: self.vault.balanceOf(who) for who in HOLDERS}),
            self.vault.bond(),
            self.vault.fee(),
        )
        self.trades = Trades(world, self.ledger)
        first = world.parameters.deployment.strategy
        self.notice = Notice(world.interval, world.rules.timelock_secs, first)
        self.strategies = [data_contract(bytes([number]) * 8)[0] for number in range(2)]
        self.next_epoch(12)
        self.decide(weight, True, STRANGER)
        self.unfinished = False

    # -- what the rest of the world does

    @step(secs=st.sampled_from([1, 12, 300, 900, 1_201, 3_600, 86_400, 3 * 86_400, 8 * 86_400]))
    def time_passes(self, secs: int) -> None:
        # where intervals are short, days would mean hundreds of pushes
        self.world.wait(secs if self.world.interval == LONG_INTERVAL else min(secs, 3_600))

    @step(ticks=st.integers(-150, 150), push=st.sampled_from([0, 0, 0, 20, -20, 500, -500]))
    def market_moves(self, ticks: int, push: int) -> None:
        self.move(ticks, push)

    def move(self, ticks: int, push: int) -> None:
        """Let the true price walk, and somebody hold the pool away from it now and then."""
        near = self.world.market.start_tick
        self.true_tick = min(max(self.true_tick + ticks, near - 2_000), near + 2_000)
        self.world.move(self.true_tick + push)

    def next_epoch(self, offset: int) -> None:
        """Go to the next epoch and write down its inputs; in one of two cases nobody has pushed by then."""
        epoch = self.world.next_epoch(offset)
        if offset % 2 == 0:
            self.world.push(epoch)
        self.asked[epoch] = self.world.inputs(epoch)

    def everything_read(self) -> tuple[Any, ...]:
        vault = self.vault
        views = vault.nav(), vault.nav_per_share(), vault.assets_per_share(), vault.preview(ONE)
        return (*views, vault.status(), vault.powers(), vault.base(), vault.risky(), vault.bond())

    @step(amount=st.integers(1, 10**12), risky=st.booleans())
    def donate(self, amount: int, risky: bool) -> None:
        read = self.everything_read()
        token = self.world.risky if risky else self.world.base
        token.transfer(self.vault.address, amount, sender=STRANGER)
        again = self.everything_read()
        hold("V13", read == again, read, again)
        self.ledger.donated[risky] += amount

    # -- holders

    def check_flow(self, before: tuple[int, int, int], left: int) -> None:
        """V2: what a share holds never falls by an entry or an exit; what dripped in was there before it."""
        vault = self.vault
        base, risky, supply = vault.base(), vault.risky(), vault.totalSupply()
        dripped = left - vault.drip_left()
        hold("V2", dripped >= 0 and base * before[2] >= (before[0] + dripped) * supply, base, before, dripped)
        hold("V2", risky * before[2] >= before[1] * supply, risky, before)

    def holdings(self) -> tuple[int, int, int]:
        return self.vault.base(), self.vault.risky(), self.vault.totalSupply()

    @step(shares=st.integers(1, 10**24), who=st.sampled_from(HOLDERS))
    def enter(self, shares: int, who: str) -> None:
        before, left, now = self.holdings(), self.vault.drip_left(), self.world.now
        expected = self.vault.preview(shares)
        may = not self.ledger.paused(now) and self.ledger.end_at == NEVER
        taken: list[tuple[int, int]] = []
        if self.attempt("V2", may, lambda: taken.append(self.world.mint(shares, who)), "closed"):
            HAPPENED["entered"] += 1
            self.check_flow(before, left)
            hold("V2", taken == [expected] == [self.ledger.enter(who, shares, now)], taken, expected)

    @step(
        part=st.integers(1, 1_000),
        who=st.sampled_from(HOLDERS),
        held=st.tuples(st.booleans(), st.booleans()),
    )
    def leave(self, part: int, who: str, held: tuple[bool, bool]) -> bool | None:
        shares = self.vault.balanceOf(who) * part // 1_000
        if shares == 0:
            return False
        before, left = self.holdings(), self.vault.drip_left()
        paid = self.redeem("V3", who, shares, held)
        HAPPENED["left"] += 1
        self.check_flow(before, left)
        hold("V2", paid == self.ledger.leave(who, shares, self.world.now, held), paid)
        return None

    def redeem(self, name: str, who: str, shares: int, held: tuple[bool, bool]) -> tuple[int, int]:
        """Let a holder out, whatever the state."""
        try:
            paid: tuple[int, int] = self.vault.redeem(shares, who, who, *held, sender=who)
        except Refused as refusal:
            raise BrokenError(f"{name} is broken: an exit was refused with {refusal.args}") from refusal
        return paid

    @step(who=st.sampled_from((*HOLDERS, STRANGER)), risky=st.booleans())
    def collect(self, who: str, risky: bool) -> None:
        token = self.world.risky if risky else self.world.base
        owed, before = self.ledger.owed[risky].pop(who, 0), token.balanceOf(who)
        collect = lambda: self.vault.collect(token.address, who, sender=who)  # noqa: E731
        self.attempt("V1", owed > 0, collect, "amount")
        hold("V1", token.balanceOf(who) - before == owed, who, owed)

    @step(who=st.sampled_from(HOLDERS), to=st.sampled_from(HOLDERS), part=st.integers(1, 1_000))
    def transfer(self, who: str, to: str, part: int) -> None:
        shares = self.vault.balanceOf(who) * part // 1_000
        self.vault.transfer(to, shares, sender=who)
        self.ledger.shares[who] -= shares
        self.ledger.shares[to] += shares

    def everything_adds_up(self) -> None:
        locked = self.rules.seed_min * self.rules.shares_per_base
        hold("V1", self.vault.balanceOf(DEAD) == locked)
        for who in HOLDERS:
            hold("V1", self.vault.balanceOf(who) == self.ledger.shares[who], who)
        for token, amounts in zip((self.world.base, self.world.risky), self.ledger.owed, strict=True):
            for who in ACTORS:
                hold("V1", self.vault.owed(who, token.address) == amounts[who], who)

    def everybody_leaves(self) -> None:
        """V3: in every state every holder gets out with everything."""
        with self.world.undone():
            for who in HOLDERS:
                if self.vault.balanceOf(who):
                    self.redeem("V3", who, self.vault.balanceOf(who), (False, False))

    @precondition(lambda self: self.world.market.base_token == "testing/TokenHostile")
    @step(who=st.sampled_from(HOLDERS), risky=st.booleans())
    def a_token_freezes_the_vault(self, who: str, risky: bool) -> bool | None:
        """V3: where an issuer refuses transfers, the other token leaves, and the frozen one once it thaws."""
        shares, part = self.vault.balanceOf(who), 0
        if shares == 0:
            return False
        token = self.world.risky if risky else self.world.base
        with self.world.undone():
            token.block_account(self.vault.address, True)
            part = self.redeem("V3", who, shares, (not risky, risky))[risky]
            owed = self.ledger.owed[risky][who] + part
            token.block_account(self.vault.address, False)
            if owed:
                paid = self.vault.collect(token.address, who, sender=who)
                hold("V3", paid >= owed, paid, owed)
        return None

    @step(
        manners=st.tuples(*[st.sampled_from([None, *DEAD_MANNERS])] * 3),
        who=st.sampled_from(HOLDERS),
        held=st.tuples(st.booleans(), st.booleans()),
    )
    def the_oracles_die(
        self, manners: tuple[str | None, ...], who: str, held: tuple[bool, bool]
    ) -> bool | None:
        """V14: whatever stands in the place of log, pool and verifier, redeem and collect still work."""
        shares = self.vault.balanceOf(who)
        if shares == 0 or not any(manners):
            return False
        with self.world.undone():
            parts = self.world.price_log, self.world.pool, self.world.verifier
            for part, manner in zip(parts, manners, strict=True):
                if manner is not None:
                    HAPPENED[manner] += 1
                    boa.env.set_code(part.address, DEAD_MANNERS[manner])
            self.redeem("V14", who, shares, held)
            for token in (self.world.base, self.world.risky):
                if self.vault.owed(who, token.address):
                    collect = lambda at=token.address: self.vault.collect(at, who, sender=who)  # noqa: E731
                    self.attempt("V14", True, collect)
        return None

    # -- decisions and trades

    @step(
        offset=st.integers(0, 1_250),
        weight=st.integers(0, 10_000),
        and_trade=st.booleans(),
        sender=st.sampled_from(ACTORS),
    )
    def decide_the_next_epoch(self, offset: int, weight: int, and_trade: bool, sender: str) -> None:
        self.next_epoch(offset)
        self.decide(weight, and_trade, sender)

    @step(
        weight=st.sampled_from([0, 10_000, *range(500, 10_000, 1_500)]),
        drift=st.integers(-60, 60),
        push=st.sampled_from([0, 30, -30, 500, -500]),
    )
    def ordinary_epoch(self, weight: int, drift: int, push: int) -> None:
        """Decide, trade while somebody holds the price away, let it come back, trade again."""
        self.next_epoch(60)
        self.decide(weight, False, STRANGER)
        self.move(drift, push)
        if push:
            self.trade(0, False)
        self.world.wait(1_500)
        self.trade(12, True)

    @step(
        weight=st.sampled_from([0, 2_000, 5_000, 8_000, 10_000]),
        push=st.sampled_from([40, -40, 300, -300, 800, -800]),
        moment=st.sampled_from([0, 12, 300, 900]),
    )
    def epoch_under_attack(self, weight: int, push: int, moment: int) -> None:
        """Decide, let the market jump, trade a moment later, let it jump back, trade again."""
        self.next_epoch(12)
        self.decide(weight, False, OTHER)
        self.move(push, 0)
        self.trade(moment, False)
        self.move(-push, 0)
        self.trade(620, False)

    @step(weight=st.integers(0, 10_000), sender=st.sampled_from(ACTORS))
    def decide_now(self, weight: int, sender: str) -> None:
        self.decide(weight, False, sender)

    def decide(self, weight: int, and_trade: bool, sender: str) -> None:
        world, ledger, epoch, now = self.world, self.ledger, self.world.epoch, self.world.now
        if not ledger.may_decide(epoch, now):
            junk = lambda: self.vault.decide(epoch, weight, b"", False, sender=sender)  # noqa: E731
            self.attempt("V8", False, junk, "early", "closed", "decided", "ended")
            return
        while self.world.price_log.head() + 16 < epoch:
            self.world.price_log.push(epoch)
        inputs = self.asked.get(epoch) or self.asked.setdefault(epoch, world.inputs(epoch))
        # the stub accepts this context and these inputs alone, as they stood when the epoch was first seen
        proof = world.proof(epoch, weight, inputs=inputs, strategy=self.notice.at(epoch))
        operator = self.vault.operator()
        before, left = self.holdings(), self.vault.drip_left()
        outcome: Any = None
        if and_trade and not ledger.paused(now):
            with world.undone():
                base, risky = ledger.base, ledger.risky
                alone = lambda: self.vault.decide(epoch, weight, proof, False, sender=sender)  # noqa: E731
                self.attempt("V9", True, alone)
                ledger.decided.add(epoch)
                outcome = self.trades.trade(self.true_tick)
                ledger.decided.discard(epoch)
                after = (ledger.base, ledger.risky)
                ledger.base, ledger.risky = base, risky
        self.attempt("V9", True, lambda: self.vault.decide(epoch, weight, proof, and_trade, sender=sender))
        HAPPENED["decided"] += 1
        supply = before[2] + ledger.decide(epoch, operator)
        hold("V10", self.vault.totalSupply() == supply, self.vault.totalSupply(), supply)
        hold("V5", self.vault.drip_left() == left)
        events = self.vault.events_named("Traded")
        if outcome is None or isinstance(outcome, int):
            hold("V4", not events and self.holdings()[:2] == before[:2], events, before)
        else:
            HAPPENED["traded in the same call"] += 1
            hold("V4", events == [outcome] and self.holdings()[:2] == after, events, outcome)
            ledger.base, ledger.risky = after

    @step(secs=st.sampled_from([0, 12, 620]), arbitrage=st.booleans())
    def trade_again(self, secs: int, arbitrage: bool) -> None:
        self.trade(secs, arbitrage)

    def trade(self, secs: int, arbitrage: bool) -> None:
        if arbitrage:
            self.world.move(self.true_tick)
        self.world.wait(secs)
        now, epoch = self.world.now, self.world.epoch
        due = epoch in self.ledger.decided and not self.ledger.paused(now) and now < self.ledger.end_at
        if not due:
            self.attempt("V4", False, self.vault.trade, "early", "closed", "ended")
            return
        outcome = self.trades.trade(self.true_tick)
        if isinstance(outcome, int):
            HAPPENED[f"idle {outcome}"] += 1
        else:
            HAPPENED["bought" if outcome.buy else "sold"] += 1

    # -- bond and powers

    @step(offset=st.integers(1_190, 3_599), who=st.sampled_from(ACTORS))
    def leave_an_epoch_out(self, offset: int, who: str) -> None:
        self.next_epoch(offset)
        self.claim(0, who)

    @step(back=st.integers(0, 5), who=st.sampled_from(ACTORS))
    def miss(self, back: int, who: str) -> None:
        self.claim(back, who)

    def claim(self, back: int, who: str) -> None:
        now, epoch = self.world.now, self.world.epoch - back
        may = self.ledger.may_miss(epoch, now)
        if may:
            self.world.push()
        words = "early", "ended", "decided", "missed"
        if self.attempt("V8", may, lambda: self.vault.miss(epoch, sender=who), *words):
            HAPPENED["missed"] += 1
            event = self.vault.event("Missed")
            hold("V12", (event.cut, event.bounty) == self.ledger.miss(epoch, who, now), event)

    @step(amount=st.integers(0, 10**9))
    def bond(self, amount: int) -> None:
        if amount == 0 or amount % 3 == 0:
            self.take_bond()
            return
        live = self.world.now < self.ledger.end_at
        if self.attempt("V12", live, lambda: self.vault.add_bond(amount, sender=OTHER), "ended"):
            self.ledger.bond += amount
            self.ledger.deposited += amount

    def the_end_comes(self) -> None:
        """V11 and V12 once a timelock and an unbonding time have passed; no log is needed for that."""
        self.world.wait(self.rules.timelock_secs)
        self.as_in_the_ledger()
        if self.ledger.end_at == NEVER:
            self.vault.retire(sender=OPERATOR)
            self.ledger.end_at = self.world.now + self.rules.unbond_secs
        self.take_bond()
        self.world.wait(max(0, self.ledger.end_at + self.rules.unbond_secs - 1 - self.world.now))
        self.take_bond()
        self.world.wait(1)
        self.take_bond()
        self.as_in_the_ledger()
        self.everybody_leaves()

    @step(power=st.sampled_from(POWERS), number=st.integers(0, 1))
    def use_a_power(self, power: str, number: int) -> bool | None:
        """The powers that stop something come late, so that there is a life to stop."""
        if power in ("freeze", "pause", "retire", "shut") and self.steps < STEPS_BEFORE_THE_END:
            return False
        getattr(self, power)(number)
        return None

    # -- after every step

    @invariant()
    def as_in_the_ledger(self) -> None:
        held = (self.world.base.balanceOf(self.vault.address), self.world.risky.balanceOf(self.vault.address))
        self.unfinished = True
        self.ledger.check(self.vault, held)
        self.notice.check(self.world.now, self.vault.strategy_of)
        self.unfinished = False
