"""Two blocks in a row against a vault whose pool holds most of its liquidity near its price, measured.

Who produces blocks N and N + 1 pushes the pool at the end of N, takes the price back at the beginning of
N + 1, and sandwiches `trade` there until the vault has bought, or sold, all it wants. Each figure is a row of
docs/threat-model-vault.md. The pool virtually holds DEPTH base at the market's price; the *share* of its
liquidity is full range, the rest lies within RANGE ticks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import pytest

from tests.contracts.attacks.attacker import BLOCK_SECS, bound, swap, worth, worth_of
from tests.contracts.attacks.page import figure, percent, whole_base
from tests.contracts.support import vault_world
from tests.contracts.support.trade_reference import value
from tests.contracts.support.vault_world import DEPTH, OPERATOR, SPACING, STRANGER, Market, World, unopened

RANGE = 2_000  # ticks on either side
THIN = 1  # reason of Idle
LONG = pytest.mark.long
HALF = Fraction(1, 2)
CONCENTRATED, EIGHT, TENTH, UNIFORM = Fraction(1, 40), Fraction(8, 100), Fraction(1, 10), Fraction(1)


@dataclass(frozen=True)
class Case:
    """What the vault was told to do, and the order of the pool's tokens."""

    side: int  # 1 buys, -1 sells
    risky_first: bool = False

    def __str__(self) -> str:
        return f"{'purchase' if self.side > 0 else 'sale'}, {'risky' if self.risky_first else 'base'} first"


PURCHASE, SALE = Case(1), Case(-1)


def part(share: Fraction) -> str:
    return f"{float(100 * share):g} %"


def usual_of(market: Market, share: Fraction) -> int:
    """Return the liquidity at the price, of which the share is full range."""
    return round(market.liquidity / share)


@contextmanager
def decided(
    monkeypatch: pytest.MonkeyPatch, share: Fraction, least: Fraction, fall: int, case: Case = PURCHASE
) -> Iterator[World]:
    """A vault of 1,001,000 told to trade all it has, in a market that has left the pinned tick.

    For a purchase the market has fallen, for a sale risen.
    """
    monkeypatch.setattr(vault_world, "DEPTH", round(DEPTH * share))
    market = Market(risky_is_token0=case.risky_first)
    usual = usual_of(market, share)
    with unopened(market, liquidity=int(usual * least)) as world:
        middle = world.oriented(market.start_tick) // SPACING * SPACING
        if share < 1:
            around = usual - market.liquidity
            world.mover.add(world.pool.address, middle - RANGE, middle + RANGE, around)
            world.wait(world.rules.recent_secs + BLOCK_SECS)
        world.open()
        world.next_epoch(0)
        world.move(market.start_tick)
        world.decide_next(10_000)
        if case.side < 0:
            buy_everything(world)
            world.next_epoch(0)
            world.move(market.start_tick)
            world.decide_next(0)
        world.move(world.vault.target_tick() - case.side * fall)
        world.wait(world.rules.recent_secs + 5 * BLOCK_SECS)
        yield world


def buy_everything(world: World) -> None:
    """Let the vault fill its purchase at the market's price, in as many trades as it takes."""
    for _ in range(60):
        world.wait(world.rules.recent_secs + BLOCK_SECS)
        world.vault.trade(sender=STRANGER)
        world.move(world.market.start_tick)
        if left(world, 1) * 200 < worth(world, world.spot()):
            return
    pytest.fail("the vault does not fill")


def left(world: World, side: int) -> int:
    """Return what the vault has left to pay with, in base at the market's price."""
    return int(world.vault.base()) if side > 0 else value(world.vault.risky(), world.spot())


@dataclass(frozen=True)
class Attack:
    """What the two blocks did; amounts in base at the market's price."""

    liquidity: float  # harmonic mean of RECENT, of the usual
    beyond: int  # ticks that the vault's limit lies off the market, against the vault
    capital: int  # what the push takes, for one block
    loss: int
    turnover: int
    gain: int
    trades: int


def two_blocks(world: World, usual: int, push: int, side: int) -> Attack:
    """Push by so many ticks for one block, then sandwich `trade` until the vault trades no more."""
    rules, pinned, market = world.rules, world.vault.target_tick(), world.spot()
    before = worth(world, market)
    there = swap(world, market + side * push)
    world.wait(BLOCK_SECS)
    moves = [there, swap(world, market)]
    known, mean, liquidity = world.price_log.recent(rules.recent_secs)
    assert known
    nearest = min if side > 0 else max
    limit = (
        nearest(world.oriented(mean), pinned + side * rules.deviation_ticks) + side * rules.tolerance_ticks
    )
    beyond = side * (limit - market)
    wanted, trades = left(world, side), 0
    while left(world, side) * 200 > wanted and trades < 60:
        held = left(world, side)
        moves.append(swap(world, limit - side * max(30, beyond // 8)))
        world.vault.trade(sender=STRANGER)
        moves.append(swap(world, market))
        if left(world, side) == held:
            break
        trades += 1
    gain = worth_of(sum(move[0] for move in moves), sum(move[1] for move in moves), market)
    turnover = wanted - left(world, side)
    loss = before - worth(world, market)
    capital = -there[0] if side > 0 else value(-there[1], market)
    return Attack(liquidity / usual, beyond, capital, loss, turnover, gain, trades)


@pytest.mark.parametrize(
    ("share", "least", "fall", "push", "pays", "case"),
    [
        (CONCENTRATED, HALF, 0, 12_500, True, PURCHASE),
        (CONCENTRATED, HALF, 800, 52_500, True, PURCHASE),
        pytest.param(TENTH, HALF, 0, 12_500, True, PURCHASE, marks=LONG),
        pytest.param(TENTH, HALF, 800, 25_000, True, PURCHASE, marks=LONG),
        pytest.param(EIGHT, Fraction(8, 10), 0, 12_500, True, PURCHASE, marks=LONG),
        (EIGHT, Fraction(8, 10), 800, 25_000, True, PURCHASE),
        (UNIFORM, HALF, 0, 12_500, False, PURCHASE),
        (CONCENTRATED, HALF, 0, 12_500, True, SALE),
        (CONCENTRATED, HALF, 0, 12_500, True, Case(1, risky_first=True)),
        pytest.param(CONCENTRATED, HALF, 0, 12_500, True, Case(-1, risky_first=True), marks=LONG),
        pytest.param(CONCENTRATED, HALF, 800, 52_500, True, SALE, marks=LONG),
        pytest.param(EIGHT, Fraction(8, 10), 800, 25_000, True, SALE, marks=LONG),
        pytest.param(UNIFORM, HALF, 800, 25_000, False, PURCHASE, marks=LONG),
    ],
)
def test_two_blocks_in_a_concentrated_pool(monkeypatch, share, least, fall, push, pays, case):
    """A purchase's limit is up to F + DEVIATION + TOLERANCE above a market F ticks below the pinned tick."""
    with decided(monkeypatch, share, least, fall, case) as world:
        nav = worth(world, world.spot())
        seen = two_blocks(world, usual_of(world.market, share), push, case.side)
        most = fall + world.rules.deviation_ticks + world.rules.tolerance_ticks
        assert seen.loss <= bound(seen.turnover, most)
        assert seen.beyond <= most
        assert (seen.gain > 0) == pays
        figure(
            f"{case}, {part(share)} full range, LIQUIDITY {float(least):g} of the usual, market {fall:,}"
            f" ticks {'below' if case.side > 0 else 'above'} the pinned tick, one block {push:,} ticks away",
            f"{percent(seen.loss, nav)} ({seen.trades} trades of {percent(seen.turnover, nav)})",
            f"limit {seen.beyond:,} ticks off; gain {whole_base(world, seen.gain)} with"
            f" {seen.capital / 10**12:,.1f} million for a block; mean liquidity {seen.liquidity:.3f}",
        )


@pytest.mark.parametrize("share", [CONCENTRATED, TENTH, UNIFORM])
def test_which_least_liquidity_refuses_a_block_outside_the_range(monkeypatch, share):
    """A mean liquidity below LIQUIDITY makes the trade idle, THIN, and the decision stand."""
    said = []
    for least in (Fraction(5, 10), Fraction(6, 10), Fraction(8, 10), Fraction(9, 10)):
        with decided(monkeypatch, share, least, 0) as world:
            market = world.spot()
            world.move(market + 12_500)
            world.wait(BLOCK_SECS)
            world.move(market)
            mean = world.price_log.recent(world.rules.recent_secs)[2] / usual_of(world.market, share)
            world.vault.trade(sender=OPERATOR)
            idle = world.vault.events_named("Idle")
            assert bool(idle) == (mean < least)
            assert not idle or idle[0].reason == THIN
            said.append(f"{float(least):g} {'refuses' if idle else 'trades'}")
    figure(f"{part(share)} full range, one block outside the range", f"mean {mean:.3f}", ", ".join(said))
