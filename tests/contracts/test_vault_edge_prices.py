"""Trades where the pool's prices end: a limit beyond them would be refused, so it stops inside."""

from dataclasses import dataclass

import boa
import pytest

from tests.contracts.support.vault_world import STRANGER, Market, World, opened

LAST_TICK = 887_271  # the last limit that the pool takes


@dataclass(frozen=True)
class EdgeMarket(Market):
    """A market that begins near one end of the pool's prices."""

    start: int = 0
    depth: int = 0

    @property
    def start_tick(self) -> int:
        """Oriented: base per risky in raw units."""
        return self.start

    @property
    def liquidity(self) -> int:
        """Full-range liquidity."""
        return self.depth


def decide_at(world: World, tick: int, target: int) -> None:
    """Let the price stand at a tick for an interval, then decide and trade."""
    world.move(tick)
    world.next_epoch()
    world.decide(target)
    boa.env.time_travel(seconds=60)
    world.vault.trade(sender=STRANGER)


@pytest.mark.parametrize("risky_is_token0", [False, True], ids=["base first", "risky first"])
def test_a_purchase_at_the_highest_price_keeps_its_limit_inside_the_pools(risky_is_token0):
    market = EdgeMarket(18, 18, risky_is_token0, start=887_000, depth=10**20)
    with opened(market) as world:
        decide_at(world, 887_250, 10_000)
        (event,) = world.vault.events_named("Traded")
        assert (event.buy, event.limit_tick) == (True, LAST_TICK)


@pytest.mark.parametrize("risky_is_token0", [False, True], ids=["base first", "risky first"])
def test_a_sale_at_the_lowest_price_keeps_its_limit_inside_the_pools(risky_is_token0):
    market = EdgeMarket(6, 18, risky_is_token0, start=-887_100, depth=10**33)
    with opened(market) as world:
        decide_at(world, -887_100, 10_000)
        assert world.vault.risky() > 0
        decide_at(world, -887_250, 0)
        (event,) = world.vault.events_named("Traded")
        assert (event.buy, event.limit_tick) == (False, -LAST_TICK)
