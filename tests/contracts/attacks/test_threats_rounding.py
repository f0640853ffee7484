"""Attacks through integers: few decimals, amounts near their limits, prices at the ends of the range."""

from dataclasses import dataclass

import pytest

from tests.contracts.support.evm import refused
from tests.contracts.support.trade_check import trade
from tests.contracts.support.trade_reference import q, value
from tests.contracts.support.vault_world import (
    HOLDER,
    MAX_UINT,
    OPERATOR,
    OTHER,
    SPACING,
    STRANGER,
    Market,
    opened,
    unopened,
)

ONE = 10**18
MOST_SHARES = 2**128 - 1
TARGETS = (10_000, 5_000, 0, 7_000)


@dataclass(frozen=True)
class Far(Market):
    """A market at any tick, whatever its tokens are worth."""

    at: int = 0
    depth: int = 10**24

    def __str__(self) -> str:
        return f"at {self.at} {super().__str__()}"

    @property
    def start_tick(self) -> int:
        return self.at

    @property
    def liquidity(self) -> int:
        return self.depth


@pytest.mark.parametrize("decimals", [(0, 18), (0, 0), (2, 0), (18, 0), (18, 18), (1, 8)])
@pytest.mark.parametrize("risky_is_token0", [False, True])
def test_few_decimals_cost_no_more_than_a_unit_a_trade(decimals, risky_is_token0):
    """Every trade equals the reference, and spends the budget and the rounding of a raw unit at most."""
    with opened(Market(*decimals, risky_is_token0)) as world:
        shares = world.vault.totalSupply()
        traded = 0
        for target in TARGETS:
            world.decide_next(target)
            _, event = trade(world)
            traded += event is not None
        assert traded >= 3
        for _ in range(20):  # entering and leaving with odd amounts never pays
            before = world.vault.base(), world.vault.risky(), world.vault.totalSupply()
            taken = world.mint(shares // 7 + 1, OTHER)
            paid = world.redeem(world.vault.balanceOf(OTHER), OTHER)
            assert all(out <= into for out, into in zip(paid, taken, strict=True))
            after = world.vault.base(), world.vault.risky(), world.vault.totalSupply()
            assert after[0] >= before[0] and after[1] >= before[1] and after[2] == before[2]


@pytest.mark.parametrize("market", [Market(18, 18), Market(0, 18), Market(18, 0, True)], ids=str)
def test_shares_up_to_the_limit_of_their_type(market):
    """With 2^128 - 1 shares every path still runs: trades, decisions, exits; one share more is refused."""
    with unopened(market, max_shares=MOST_SHARES) as world:
        world.vault.open(world.rules.seed_min, 40 * world.rules.cut, sender=OPERATOR)
        world.base.mint(HOLDER, 2**200)
        world.mint(MOST_SHARES - world.vault.totalSupply())
        assert world.vault.totalSupply() == MOST_SHARES
        with refused("cap"):
            world.vault.mint(1, OTHER, MAX_UINT, MAX_UINT, sender=OTHER)
        with refused(""):  # the sum of supply and shares does not fit
            world.vault.mint(MAX_UINT, OTHER, MAX_UINT, MAX_UINT, sender=OTHER)
        for target in TARGETS:
            world.decide_next(target)
            trade(world)
        assert world.vault.totalSupply() > MOST_SHARES  # fees go on; only entry is capped
        with refused("cap"):
            world.vault.mint(1, OTHER, MAX_UINT, MAX_UINT, sender=OTHER)
        assert world.vault.nav() > 0
        assert world.vault.nav_per_share() == world.vault.nav() * ONE // world.vault.totalSupply()
        before = world.base.balanceOf(HOLDER)
        paid = world.redeem(world.vault.balanceOf(HOLDER))
        assert world.base.balanceOf(HOLDER) - before == paid[0] > 0


@pytest.mark.parametrize(
    "market",
    [Far(18, 18, False, at=887_250, depth=10**20), Far(18, 18, True, at=887_250, depth=10**17)],
    ids=str,
)
def test_a_price_at_the_end_of_the_range_refuses_nothing(market):
    """Where reference plus tolerance leaves the pool's range, the limit stays inside it."""
    with unopened(market) as world:
        world.vault.open(world.rules.seed_min, 40 * world.rules.cut, sender=OPERATOR)
        world.decide_next(10_000)
        assert world.vault.target_tick() + world.rules.tolerance_ticks > 887_272
        world.vault.trade(sender=STRANGER)
        assert world.vault.event("Traded").limit_tick == 887_271
        assert world.vault.nav() >= world.vault.base()


def test_a_risky_unit_worth_a_tenth_of_the_vault_costs_a_unit_at_most():
    """What a trade loses to the pool's rounding is below a raw unit of risky, the fee and the tolerance."""
    with opened(Market(6, 0), seed_min=20 * 10**6) as world:
        unit, happened = q(world.market.start_tick) // 2**128, 0
        for target in (10_000, 100, 10_000):
            world.decide_next(target)
            market_tick = world.vault.target_tick()
            before = world.vault.base() + value(world.vault.risky(), market_tick)
            world.vault.trade(sender=STRANGER)
            for event in world.vault.events_named("Traded"):
                happened += 1
                lost = before - world.vault.base() - value(world.vault.risky(), market_tick)
                turnover = event.paid if event.buy else value(event.paid, market_tick)
                assert lost <= unit + turnover * 6 // 1_000
        assert happened >= 1


def test_dust_entries_never_dilute():
    """An entry of one share unit is a donation: it pays a whole raw unit of both tokens."""
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        supply, base, risky = world.vault.totalSupply(), world.vault.base(), world.vault.risky()
        for _ in range(5):
            assert world.mint(1, OTHER) == (1, 1)
        assert world.redeem(5, OTHER) == (0, 0)
        assert world.vault.totalSupply() == supply
        assert (world.vault.base(), world.vault.risky()) == (base + 5, risky + 5)


def test_donation_before_opening_buys_nothing():
    """Tokens that lie in the vault before it opens belong to no share."""
    with unopened() as world:
        for token in (world.base, world.risky):
            token.transfer(world.vault.address, 10**20, sender=STRANGER)
        world.open()
        assert world.vault.base() == world.whole_base(1_000 * 1_001)
        assert world.vault.risky() == 0
        first = world.vault.preview(ONE)
        for token in (world.base, world.risky):
            token.transfer(world.vault.address, 10**20, sender=STRANGER)
        assert world.vault.preview(ONE) == first
        assert world.redeem(world.vault.balanceOf(HOLDER))[1] == 0


def test_ticks_at_their_limits_fit_the_words_they_are_kept_in():
    """The pinned tick, side, epoch and target share one word; the ends of the range come back unchanged."""
    for at, first in ((887_000, False), (-886_000, True)):
        depth = 10**17 if at > 0 else 10**22
        with unopened(Far(18, 18, first, at=at // SPACING * SPACING, depth=depth)) as world:
            world.vault.open(world.rules.seed_min, 40 * world.rules.cut, sender=OPERATOR)
            epoch = world.decide_next(9_999)
            assert abs(world.vault.target_tick() - at) < 60
            assert (world.vault.target(), world.vault.target_epoch(), world.vault.side()) == (9_999, epoch, 0)
