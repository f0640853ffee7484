"""Drive a real vault on a real pool and write down what a recording holds."""

import random
from typing import Any

import numpy as np

from contracts.tick_math import sqrt_ratio_at_tick
from prover.compile.architecture import Market
from prover.compile.integer_model import IntegerWeights, evaluate
from strategies import recording as r
from strategies.artefacts import CommittedStrategy
from strategies.integer_bounds import DenseShape, clip_layers, dense_architecture, market_inputs
from strategies.vault_rules import VaultRules
from tests.contracts.support.vault_world import FEE, OPERATOR, SPACING, STRANGER, WINDOW, World

DIGEST = "0x" + "5a" * 32


def small_strategy(seed: int, *, previous_target: bool = False) -> CommittedStrategy:
    """A random network on the world's window whose targets move."""
    market = Market(WINDOW, previous_target=previous_target)
    inputs = market_inputs(market, 2000)
    architecture = dense_architecture(
        inputs, [DenseShape(6, "relu"), DenseShape(1, "relu")], clip_at=10_000, market=market, shift_bits=7
    )
    draw = np.random.default_rng(seed)
    width = architecture.input_count
    first = (draw.integers(-2000, 2000, (6, width)), draw.integers(-20_000, 20_000, 6))
    second = (draw.integers(-400, 400, (1, 6)), np.array([5000 * 128]))
    layers = (first, second, *clip_layers(1, 10_000, 7))
    return CommittedStrategy(architecture, IntegerWeights(layers), DIGEST)


def rules_of(world: World) -> VaultRules:
    """The world's constants as the arithmetic takes them."""
    w = world.rules
    return VaultRules(
        risky_is_token0=world.market.risky_is_token0,
        base_decimals=w.base_decimals,
        pool_fee_pips=FEE,
        interval_secs=w.interval_secs,
        window_ticks=w.window,
        previous_target=w.previous_target,
        decide_secs=w.decide_secs,
        recent_secs=w.recent_secs,
        tolerance_ticks=w.tolerance_ticks,
        deviation_ticks=w.deviation_ticks,
        band_bps=w.band_bps,
        budget_e18=w.budget,
        period_secs=w.period_secs,
        liquidity_min=w.liquidity,
        cut_base=w.cut,
        bounty_base=w.bounty,
        drip_secs=w.drip_secs,
        seed_min_base=w.seed_min,
        max_shares=w.max_shares,
    )


class RecordedWorld:
    """A world whose every action becomes an event."""

    def __init__(self, world: World, strategy: CommittedStrategy, seed: int) -> None:
        self.world = world
        self.strategy = strategy
        self.events: list[Any] = []
        self.random = random.Random(seed)
        self.known = world.epoch - WINDOW - 2
        self.positions = {-887_270, 887_270}

    def open(self) -> None:
        w = self.world
        self.push_events(w.epoch)
        w.vault.open(w.rules.seed_min * 1000, 40 * w.rules.cut, sender=OPERATOR)
        self.events.append(
            r.Opened(time=w.now, seed=w.rules.seed_min * 1000, bond=40 * w.rules.cut, fee_e18=w.rules.fee)
        )

    def push_events(self, epoch: int) -> None:
        """Push, and list the new intervals."""
        w = self.world
        w.push(epoch)
        log = w.price_log
        start = max(self.known + 1, log.solid_from() + 1)
        if start <= epoch:
            ticks = log.window(epoch, epoch - start + 1)
            for offset, tick in enumerate(ticks):
                self.events.append(r.Pushed(time=w.now, interval=start + offset, tick=tick))
        self.known = epoch

    def add_liquidity(self, lower: int, upper: int, liquidity: int) -> None:
        """Open a position between raw ticks, so that swaps cross initialised ticks."""
        w = self.world
        w.mover.add(w.pool.address, lower, upper, liquidity)
        self.positions |= {lower, upper}

    def market(self) -> r.MarketReading:
        """Read what trade reads, just before it."""
        w = self.world
        known, tick, liquidity = w.price_log.recent(w.rules.recent_secs)
        slot0 = w.pool.slot0()
        ticks = sorted((t, w.pool.ticks(t)[1]) for t in self.positions)
        return r.MarketReading(
            recent_known=known,
            recent_tick=tick,
            harmonic_liquidity=liquidity,
            sqrt_ratio_x96=slot0[0],
            tick=slot0[1],
            liquidity=w.pool.liquidity(),
            ticks=tuple(ticks),
        )

    def decide(self, *, and_trade: bool) -> int:
        """Decide the running epoch with the strategy's own target."""
        w = self.world
        epoch = w.epoch
        self.push_events(epoch)
        (target,) = evaluate(self.strategy.architecture, self.strategy.weights, w.inputs(epoch))
        proof = w.proof(epoch, target)
        market = self.market()
        w.vault.decide(epoch, target, proof, and_trade, sender=STRANGER)
        logs = w.vault.logs
        event = next(e for e in logs if e.name == "Decision")
        self.events.append(
            r.DecisionMade(
                time=w.now,
                epoch=event.epoch,
                target_bps=event.target,
                previous_bps=event.previous,
                tick=event.tick,
                fee_shares=event.fee_shares,
                base=event.base,
                risky=event.risky,
                supply=event.supply,
            )
        )
        if and_trade:
            self._trade_event(market, logs)
        return target

    def trade(self) -> r.IdleOutcome | r.TradedOutcome:
        market = self.market()
        self.world.vault.trade(sender=STRANGER)
        return self._trade_event(market, self.world.vault.logs)

    def _trade_event(self, market: r.MarketReading, logs: list[Any]) -> r.IdleOutcome | r.TradedOutcome:
        event = next(e for e in logs if e.name in ("Traded", "Idle"))
        outcome: r.IdleOutcome | r.TradedOutcome
        if event.name == "Idle":
            outcome = r.IdleOutcome(reason=event.reason)
        else:
            outcome = r.TradedOutcome(
                buy=event.buy,
                paid=event.paid,
                got=event.got,
                wanted=event.wanted,
                recent_tick=event.tick_recent,
                limit_tick=event.limit_tick,
                spent_e18=event.spent,
            )
        self.events.append(
            r.TradeCalled(time=self.world.now, epoch=event.epoch, market=market, outcome=outcome)
        )
        return outcome

    def mint(self, shares: int) -> None:
        base, risky = self.world.mint(shares)
        self.events.append(r.SharesMinted(time=self.world.now, shares=shares, base=base, risky=risky))

    def redeem(self, shares: int) -> None:
        base, risky = self.world.redeem(shares)
        self.events.append(r.SharesRedeemed(time=self.world.now, shares=shares, base=base, risky=risky))

    def miss(self, epoch: int) -> None:
        self.push_events(epoch)
        self.world.vault.miss(epoch, sender=STRANGER)
        event = next(e for e in self.world.vault.logs if e.name == "Missed")
        self.events.append(
            r.EpochMissed(
                time=self.world.now, epoch=epoch, cut=event.cut, bounty=event.bounty, bond=event.bond
            )
        )

    def move(self, ticks: int) -> None:
        """Move the pool's price by oriented ticks, to a price inside a tick."""
        w = self.world
        w.mover.move(w.pool.address, sqrt_ratio_at_tick(w.pool.slot0()[1] + w.oriented(ticks)) + 12345)

    def recording(self) -> r.Recording:
        vault = self.world.vault
        return r.Recording(
            data_source="a real pool in a test",
            chain_id=1,
            vault=vault.address,
            strategy_digest=DIGEST,
            risky_decimals=self.world.market.risky_decimals,
            tick_spacing=SPACING,
            rules=r.RecordedRules.of(rules_of(self.world)),
            events=tuple(self.events),
            final=r.FinalState(
                base=vault.base(),
                risky=vault.risky(),
                supply=vault.totalSupply(),
                bond=vault.bond(),
                drip_left=vault.drip_left(),
                target_bps=vault.target(),
                spent_e18=vault.spent(),
            ),
        )


def drive(world: World, strategy: CommittedStrategy, seed: int, epochs: int) -> RecordedWorld:
    """Live through some epochs with prices, flows, partial fills and misses drawn from a seed."""
    run = RecordedWorld(world, strategy, seed)
    draw = run.random
    run.open()
    run.mint(10**24)
    spot = world.pool.slot0()[1] // SPACING * SPACING
    for reach in (3, 12, 40):
        depth = world.market.liquidity // draw.randint(2, 9)
        run.add_liquidity(spot - reach * SPACING, spot + reach * SPACING, depth)
    for _ in range(epochs):
        world.next_epoch(draw.randint(1, 300))
        for _ in range(draw.randint(0, 2)):
            run.move(draw.randint(-60, 60))
            world.wait(draw.randint(1, 200))
        if draw.random() < 0.15:
            missed = world.epoch
            world.wait_until(missed * 3600 + world.rules.decide_secs + 1)
            run.miss(missed)
            continue
        run.decide(and_trade=draw.random() < 0.5)
        for _ in range(draw.randint(0, 2)):
            world.wait(draw.randint(1, 600))
            if draw.random() < 0.5:
                run.move(draw.randint(-30, 30))
                world.wait(draw.randint(0, 20))
            run.trade()
        if draw.random() < 0.4:
            run.mint(draw.randint(1, 10**23))
        if draw.random() < 0.4:
            run.redeem(draw.randint(1, 10**22))
    return run
