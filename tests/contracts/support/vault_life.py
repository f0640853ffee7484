"""A random life of a vault, with ghost accounting beside it and every invariant checked on the way."""

from collections import Counter, defaultdict

import boa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from tests.contracts.support.evm import Refused
from tests.contracts.support.trade_check import trade
from tests.contracts.support.trade_reference import ONE, value
from tests.contracts.support.vault_world import (
    ACTORS,
    GUARDIAN,
    HOLDER,
    MAX_UINT,
    OPERATOR,
    OTHER,
    STRANGER,
    Market,
    build,
)

HOLDERS = (OPERATOR, HOLDER, OTHER)
MARKETS = (Market(), Market(risky_is_token0=True), Market(18, 6), Market(8, 18, risky_is_token0=True))
HAPPENED: Counter[str] = Counter()


class VaultLife(RuleBasedStateMachine):
    """One vault, from its opening on."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()

    def teardown(self) -> None:
        try:
            if hasattr(self, "vault"):
                self.everything_adds_up()
                self.everybody_leaves()
        finally:
            self.anchor.__exit__(None, None, None)

    @initialize(market=st.sampled_from(MARKETS), previous_target=st.booleans())
    def begin(self, market: Market, previous_target: bool) -> None:
        self.world = build(market, previous_target=previous_target)
        self.vault, self.rules = self.world.vault, self.world.rules
        self.world.open()
        self.true_tick = self.world.spot()
        self.decided: set[int] = set()
        self.missed: set[int] = set()
        self.sides: dict[int, set[bool]] = defaultdict(set)
        self.costs: list[tuple[int, int, int]] = []  # time, cost as a fraction of low, spent after it
        self.asked: dict[int, list[int]] = {}  # inputs of an epoch when they were first known
        self.deposited = self.vault.bond()
        self.bounties = 0
        self.arrived = 0  # of the bond, in base
        self.donated = [0, 0]
        self.owed: tuple[Counter[str], Counter[str]] = (Counter(), Counter())  # base, risky, by account

    # -- what the rest of the world does

    @rule(secs=st.sampled_from([1, 12, 300, 900, 1_201, 3_600]))
    def wait(self, secs: int) -> None:
        self.world.wait(secs)

    @rule(ticks=st.integers(-150, 150), push=st.sampled_from([0, 0, 0, 20, -20, 500, -500]))
    def market_moves(self, ticks: int, push: int) -> None:
        """The true price walks; now and then somebody holds the pool away from it."""
        near = self.world.market.start_tick
        self.true_tick = min(max(self.true_tick + ticks, near - 2_000), near + 2_000)
        self.world.move(self.true_tick + push)

    def next_epoch(self, offset: int) -> None:
        self.world.next_epoch(offset)
        self.asked[self.world.epoch] = self.world.inputs(self.world.epoch)

    @rule(amount=st.integers(1, 10**12), risky=st.booleans())
    def donate(self, amount: int, risky: bool) -> None:
        token = self.world.risky if risky else self.world.base
        read = self.vault.nav(), self.vault.preview(ONE), self.vault.status(), self.vault.assets_per_share()
        token.transfer(self.vault.address, amount, sender=STRANGER)
        again = self.vault.nav(), self.vault.preview(ONE), self.vault.status(), self.vault.assets_per_share()
        assert read == again  # V13
        self.donated[risky] += amount

    # -- holders

    def holdings(self) -> tuple[int, int, int]:
        return self.vault.base(), self.vault.risky(), self.vault.totalSupply()

    def check_flow(self, before: tuple[int, int, int], dripped: int) -> None:
        """V2: what a share holds never falls by an entry or an exit; what dripped in was there before it."""
        after = self.holdings()
        assert after[0] * before[2] >= (before[0] + dripped) * after[2]
        assert after[1] * before[2] >= before[1] * after[2]

    def count_drip(self, left: int) -> int:
        dripped = left - self.vault.drip_left()
        assert dripped >= 0
        self.arrived += dripped
        return dripped

    @rule(shares=st.integers(1, 10**24), who=st.sampled_from(HOLDERS))
    def enter(self, shares: int, who: str) -> None:
        before, left = self.holdings(), self.vault.drip_left()
        expected = self.vault.preview(shares)
        try:
            taken = self.world.mint(shares, who)
        except Refused as refusal:
            assert refusal.args == ("closed",)
            assert self.vault.end_at() != MAX_UINT or self.vault.status()["paused"]
            return
        HAPPENED["entered"] += 1
        assert taken == expected
        dripped = self.count_drip(left)
        assert self.vault.base() == before[0] + dripped + taken[0]
        assert self.vault.risky() == before[1] + taken[1]
        self.check_flow(before, dripped)

    @rule(
        part=st.integers(1, 1_000),
        who=st.sampled_from(HOLDERS),
        hold_base=st.booleans(),
        hold_risky=st.booleans(),
    )
    def leave(self, part: int, who: str, hold_base: bool, hold_risky: bool) -> None:
        shares = self.vault.balanceOf(who) * part // 1_000
        if shares == 0:
            return
        before, left = self.holdings(), self.vault.drip_left()
        paid = self.vault.redeem(shares, who, who, hold_base, hold_risky, sender=who)  # V3: never refused
        HAPPENED["left"] += 1
        for amounts, amount, hold in zip(self.owed, paid, (hold_base, hold_risky), strict=True):
            amounts[who] += amount if hold else 0
        dripped = self.count_drip(left)
        assert self.vault.base() == before[0] + dripped - paid[0]
        assert self.vault.risky() == before[1] - paid[1]
        self.check_flow(before, dripped)

    @rule(who=st.sampled_from((*HOLDERS, STRANGER)), risky=st.booleans())
    def collect(self, who: str, risky: bool) -> None:
        token = self.world.risky if risky else self.world.base
        owed, before = self.owed[risky].pop(who, 0), token.balanceOf(who)
        if owed:
            assert self.vault.collect(token.address, who, sender=who) == owed
            assert token.balanceOf(who) - before == owed

    def everything_adds_up(self) -> None:
        locked = self.rules.seed_min * self.rules.shares_per_base
        assert self.vault.totalSupply() == sum(self.vault.balanceOf(who) for who in HOLDERS) + locked
        for token, amounts in zip((self.world.base, self.world.risky), self.owed, strict=True):
            for who in ACTORS:
                assert self.vault.owed(who, token.address) == amounts[who]

    def everybody_leaves(self) -> None:
        """V3: in every state every holder gets out with everything."""
        with self.world.undone():
            for who in HOLDERS:
                if self.vault.balanceOf(who):
                    self.world.redeem(self.vault.balanceOf(who), who)

    # -- decisions and trades

    @rule(
        offset=st.integers(0, 1_250),
        weight=st.integers(0, 10_000),
        and_trade=st.booleans(),
        sender=st.sampled_from(ACTORS),
    )
    def decide_the_next_epoch(self, offset: int, weight: int, and_trade: bool, sender: str) -> None:
        self.next_epoch(offset)
        self.decide(weight, and_trade, sender)

    @rule(
        epochs=st.lists(
            st.tuples(
                st.sampled_from([0, 10_000, *range(500, 10_000, 1_500)]),
                st.integers(-60, 60),
                st.sampled_from([0, 0, 30, -30, 300, -300]),
            ),
            min_size=1,
            max_size=2,
        )
    )
    def ordinary_epochs(self, epochs: list[tuple[int, int, int]]) -> None:
        """Decide, trade while somebody holds the price away, let it come back, trade again."""
        for weight, drift, push in epochs:
            self.next_epoch(60)
            self.decide(weight, False, STRANGER)
            self.market_moves(drift, push)
            if push:
                self.trade(0, False)
            self.world.wait(1_500)
            self.trade(12, True)

    @rule(weight=st.integers(0, 10_000), sender=st.sampled_from(ACTORS))
    def decide_now(self, weight: int, sender: str) -> None:
        self.decide(weight, False, sender)

    def decide(self, weight: int, and_trade: bool, sender: str) -> None:
        world, epoch = self.world, self.world.epoch
        begin = epoch * self.rules.interval_secs
        may = (
            epoch >= self.vault.first_epoch()
            and world.now <= begin + self.rules.decide_secs
            and epoch not in self.decided
            and world.now < self.vault.end_at()
        )
        self.push()
        inputs = self.asked.setdefault(epoch, world.inputs(epoch))
        if epoch not in self.decided:
            assert inputs == world.inputs(epoch)  # V9
        before, left = self.holdings(), self.vault.drip_left()
        proof = world.proof(epoch, weight, inputs=inputs)
        try:
            self.vault.decide(epoch, weight, proof, and_trade, sender=sender)
        except Refused as refusal:
            assert not may and refusal.args[0] in ("early", "closed", "decided", "ended")
            return
        assert may
        HAPPENED["decided"] += 1
        self.decided.add(epoch)
        minted = before[2] * self.vault.fee() // ONE
        assert self.vault.totalSupply() == before[2] + minted  # V10
        assert self.vault.drip_left() == left
        events = self.vault.events_named("Traded")
        if not events:
            assert self.holdings()[:2] == before[:2]  # V4
        for event in events:
            self.count_trade(event)

    def push(self) -> None:
        self.world.push()

    @rule(secs=st.sampled_from([0, 12, 620]), arbitrage=st.booleans())
    def trade(self, secs: int, arbitrage: bool) -> None:
        world = self.world
        if arbitrage:
            world.move(self.true_tick)
        world.wait(secs)
        may = (
            self.vault.target_epoch() == world.epoch
            and not self.vault.status()["paused"]
            and world.now < self.vault.end_at()
        )
        if not may:
            try:
                self.vault.trade()
            except Refused as refusal:
                assert refusal.args[0] in ("early", "closed", "ended")
                return
            raise AssertionError("a trade that was not due went through")
        assert world.epoch in self.decided  # V4
        nav = self.vault.base() + value(self.vault.risky(), self.true_tick)
        order, event = trade(world)  # V5, V6, V7
        if event is None:
            HAPPENED[f"idle {order}"] += 1
            return
        HAPPENED["bought" if event.buy else "sold"] += 1
        self.count_trade(event)
        # the ghost loss, at the true price: TOLERANCE, the fee, and what the reference lagged behind
        after = self.vault.base() + value(self.vault.risky(), self.true_tick)
        lag = (order.ref_tick - self.true_tick) * (1 if order.buy else -1)
        paid = event.paid if event.buy else value(event.paid, self.true_tick)
        worst = 1.0001 ** (self.rules.tolerance_ticks + max(0, lag)) - 1 + 0.0005
        unit = value(1, self.true_tick) + 1
        assert nav - after <= paid * worst * (1 + 1e-9) + 3 * unit

    def count_trade(self, event) -> None:
        self.sides[event.epoch].add(event.buy)
        assert len(self.sides[event.epoch]) == 1  # V5
        assert event.epoch in self.decided or event.epoch == self.world.epoch
        before = self.costs[-1][2] if self.costs else 0
        since = self.world.now - self.costs[-1][0] if self.costs else 0
        refilled = max(0, before - self.rules.budget * since // self.rules.period_secs)
        self.costs.append((self.world.now, event.spent - refilled, event.spent))
        assert self.costs[-1][1] >= 0
        total = 0
        for time, cost, _ in reversed(self.costs):  # V7 over every span that ends now
            total += cost
            span = self.world.now - time
            most = self.rules.budget + self.rules.budget * span // self.rules.period_secs
            assert total <= most + len(self.costs) * 10**12

    # -- bond and powers

    @rule(offset=st.integers(1_190, 3_599), who=st.sampled_from(ACTORS))
    def leave_an_epoch_out(self, offset: int, who: str) -> None:
        self.next_epoch(offset)
        self.miss(0, who)

    @rule(back=st.integers(0, 5), who=st.sampled_from(ACTORS))
    def miss(self, back: int, who: str) -> None:
        world, epoch = self.world, self.world.epoch - back
        closes = epoch * self.rules.interval_secs + self.rules.decide_secs
        may = (
            epoch >= self.vault.first_epoch()
            and closes < min(world.now, self.vault.end_at())
            and epoch not in self.decided | self.missed
            and self.vault.bond() > 0
        )
        self.push()
        before, left = self.holdings(), self.vault.drip_left()
        try:
            self.vault.miss(epoch, sender=who)
        except Refused as refusal:
            assert not may and refusal.args[0] in ("early", "ended", "decided", "missed")
            return
        assert may
        HAPPENED["missed"] += 1
        self.missed.add(epoch)
        event = self.vault.event("Missed")
        dripped = left + event.cut - self.vault.drip_left()
        self.arrived += dripped
        self.bounties += event.bounty
        self.owed[0][who] += event.bounty
        assert self.holdings() == (before[0] + dripped, before[1], before[2])  # V4

    @rule(amount=st.integers(1, 10**9))
    def add_bond(self, amount: int) -> None:
        try:
            self.vault.add_bond(amount, sender=OTHER)
        except Refused as refusal:
            assert refusal.args == ("ended",) and self.vault.status()["ended"]
            return
        self.deposited += amount

    @rule(what=st.sampled_from(["pause", "lower fee", "retire", *["nothing"] * 9]))
    def use_a_power(self, what: str) -> None:
        if what == "pause":
            try:
                self.vault.pause(sender=GUARDIAN)
            except Refused as refusal:
                assert refusal.args == ("early",)
        elif what == "lower fee" and self.vault.fee():
            self.vault.lower_fee(self.vault.fee() // 2, sender=OPERATOR)
        elif what == "retire" and self.vault.end_at() == MAX_UINT:
            self.vault.retire(sender=OPERATOR)

    # -- at every step

    @invariant()
    def solvent_and_counted(self) -> None:
        vault, base, risky = self.vault, self.world.base, self.world.risky
        HAPPENED["steps"] += 1
        owed = [sum(amounts.values()) for amounts in self.owed]
        counted = vault.base() + vault.bond() + vault.drip_left() + owed[0]
        assert base.balanceOf(vault.address) - self.donated[0] == counted  # V1
        assert risky.balanceOf(vault.address) - self.donated[1] == vault.risky() + owed[1]
        assert vault.bond() + vault.drip_left() + self.arrived + self.bounties == self.deposited  # V12

    @invariant()
    def each_epoch_at_most_once(self) -> None:
        assert not self.decided & self.missed  # V8
        for epoch in sorted(self.decided | self.missed)[-4:]:
            assert self.vault.is_decided(epoch) == (epoch in self.decided)
            assert self.vault.is_missed(epoch) == (epoch in self.missed)
