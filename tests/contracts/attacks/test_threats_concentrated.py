"""Two blocks in a row against a vault whose pool holds most of its liquidity near its price, measured.

Who produces blocks N and N + 1 pushes the pool at the end of N, takes the price back at the beginning of
N + 1, and sandwiches `trade` there until the vault has bought all it wants. Each figure is a row of
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
from tests.contracts.support.vault_world import DEPTH, OPERATOR, SPACING, STRANGER, Market, World, unopened

RANGE = 2_000  # ticks on either side
THIN = 1  # reason of Idle
LONG = pytest.mark.long
HALF = Fraction(1, 2)
CONCENTRATED, EIGHT, TENTH, UNIFORM = Fraction(1, 40), Fraction(8, 100), Fraction(1, 10), Fraction(1)


def part(share: Fraction) -> str:
    return f"{float(100 * share):g} %"


def usual_of(market: Market, share: Fraction) -> int:
    """Return the liquidity at the price, of which the share is full range."""
    return round(market.liquidity / share)


@contextmanager
def decided(monkeypatch: pytest.MonkeyPatch, share: Fraction, least: Fraction, fall: int) -> Iterator[World]:
    """A vault of 1,001,000 in base told to buy with everything, in a market below the pinned tick."""
    monkeypatch.setattr(vault_world, "DEPTH", round(DEPTH * share))
    market = Market()
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
        world.move(world.vault.target_tick() - fall)
        world.wait(world.rules.recent_secs + 5 * BLOCK_SECS)
        yield world


@dataclass(frozen=True)
class Attack:
    """What the two blocks did; amounts in base at the market's price."""

    liquidity: float  # harmonic mean of RECENT, of the usual
    beyond: int  # ticks that the vault's limit lies above the market
    capital: int  # base that the push takes, for one block
    loss: int
    turnover: int
    gain: int
    trades: int


def two_blocks(world: World, usual: int, push: int) -> Attack:
    """Push by so many ticks for one block, then sandwich `trade` until the vault buys no more."""
    rules, pinned, market = world.rules, world.vault.target_tick(), world.spot()
    before = worth(world, market)
    there = swap(world, market + push)
    world.wait(BLOCK_SECS)
    moves = [there, swap(world, market)]
    known, mean, liquidity = world.price_log.recent(rules.recent_secs)
    assert known
    limit = min(world.oriented(mean), pinned + rules.deviation_ticks) + rules.tolerance_ticks
    base, trades = world.vault.base(), 0
    while world.vault.base() * 200 > base and trades < 60:
        held = world.vault.base()
        moves.append(swap(world, limit - max(30, (limit - market) // 8)))
        world.vault.trade(sender=STRANGER)
        moves.append(swap(world, market))
        if world.vault.base() == held:
            break
        trades += 1
    gain = worth_of(sum(move[0] for move in moves), sum(move[1] for move in moves), market)
    turnover = base - world.vault.base()
    loss = before - worth(world, market)
    return Attack(liquidity / usual, limit - market, -there[0], loss, turnover, gain, trades)


@pytest.mark.parametrize(
    ("share", "least", "fall", "push", "pays"),
    [
        (CONCENTRATED, HALF, 0, 12_500, True),
        (CONCENTRATED, HALF, 800, 52_500, True),
        pytest.param(TENTH, HALF, 0, 12_500, True, marks=LONG),
        pytest.param(TENTH, HALF, 800, 25_000, True, marks=LONG),
        pytest.param(EIGHT, Fraction(8, 10), 0, 12_500, True, marks=LONG),
        (EIGHT, Fraction(8, 10), 800, 25_000, True),
        (UNIFORM, HALF, 0, 12_500, False),
        pytest.param(UNIFORM, HALF, 800, 25_000, False, marks=LONG),
    ],
)
def test_two_blocks_in_a_concentrated_pool(monkeypatch, share, least, fall, push, pays):
    """The limit is up to F + DEVIATION + TOLERANCE above a market F ticks below the pinned tick."""
    with decided(monkeypatch, share, least, fall) as world:
        nav = worth(world, world.spot())
        seen = two_blocks(world, usual_of(world.market, share), push)
        most = fall + world.rules.deviation_ticks + world.rules.tolerance_ticks
        assert seen.loss <= bound(seen.turnover, most)
        assert seen.beyond <= most
        assert (seen.gain > 0) == pays
        figure(
            f"{part(share)} full range, LIQUIDITY {float(least):g} of the usual, market {fall:,} ticks below"
            f" the pinned tick, one block {push:,} ticks away",
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
