"""The vault's invariants V1 to V14, over random lives of a vault with ghost accounting beside it.

A failure of a life begins with the name of the invariant that broke; `test_vault_invariants_bite.py` breaks
the contracts in one place after the other and sees that it does.
"""

import boa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.support.evm import refused
from tests.contracts.support.vault_life import VaultLife
from tests.contracts.support.vault_life_stage import DEAD_MANNERS, HAPPENED, MARKETS, stage
from tests.contracts.support.vault_world import HOLDER, Market, opened

STEPS_PER_LIFE = 40
STEPS = 510  # for each token order: make test lives at least 1,020 in all
MANY_STEPS = 25_200  # make test-long at least 50,400
ORDERS = {
    "base first": [market for market in MARKETS if not market.risky_is_token0],
    "risky first": [market for market in MARKETS if market.risky_is_token0],
}
# what the steps must have seen at the least
EXPECTED = {
    "decided": 30,
    "traded in the same call": 2,
    "bought": 5,
    "sold": 5,
    "idle 0": 3,
    "idle 2": 2,
    "missed": 3,
    "entered": 3,
    "left": 3,
    "proposed": 1,
    "bond taken": 5,
    **dict.fromkeys(DEAD_MANNERS, 1),
}
EXPECTED_OF_MANY = {**dict.fromkeys((*EXPECTED, "revoked", "idle 3"), 50), "decided": 2_000}


def unseen(markets: list[Market], expected: dict[str, int]) -> dict[str, int]:
    """Return what has not happened often enough yet."""
    wanted = {**expected, **{str(market): STEPS_PER_LIFE // 2 for market in markets}}
    return {name: HAPPENED[name] for name, least in wanted.items() if HAPPENED[name] < least}


def live(markets: list[Market], steps: int, expected: dict[str, int]) -> None:
    """Live random lives until so many steps were executed, and refuse lives in which too little happened."""
    HAPPENED.clear()
    with stage(markets):
        while HAPPENED["steps"] < steps or (unseen(markets, expected) and HAPPENED["steps"] < 3 * steps):
            missing = max(0, steps - HAPPENED["steps"])
            run_state_machine_as_test(
                VaultLife,
                settings=settings(
                    # the first life of every run is the plainest there is
                    max_examples=2 + missing // STEPS_PER_LIFE,
                    stateful_step_count=STEPS_PER_LIFE,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
    print(f"\n{dict(sorted(HAPPENED.items()))}")
    assert HAPPENED["steps"] >= steps
    few = unseen(markets, expected)
    assert not few, f"too little happened in {HAPPENED['steps']} steps: {few}"


def test_the_markets_are_both_orders_of_three_sets_of_decimals() -> None:
    for markets in ORDERS.values():
        assert len({(market.base_decimals, market.risky_decimals) for market in markets}) == 3
    assert len(ORDERS) * STEPS >= 1_000 and len(ORDERS) * MANY_STEPS >= 50_000


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("order", ORDERS)
def test_the_invariants_hold_over_random_lives(order: str) -> None:
    live(ORDERS[order], STEPS, EXPECTED)


@pytest.mark.long
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("order", ORDERS)
def test_the_invariants_hold_over_many_random_lives(order: str) -> None:
    live(ORDERS[order], MANY_STEPS, EXPECTED_OF_MANY)


@pytest.mark.parametrize("manner", DEAD_MANNERS)
def test_oracle_pool_and_verifier_may_misbehave_and_holders_still_leave(manner: str) -> None:
    """V14: with log, pool and verifier replaced, one by one and together, redeem and collect still work."""
    with opened() as world:
        world.decide_next(5_000, and_trade=True)
        world.next_epoch(world.rules.decide_secs + 1)
        world.vault.miss(world.epoch, sender=HOLDER)
        world.wait(3_600)
        parts = [world.price_log, world.pool, world.verifier]
        with world.undone():
            expected = world.redeem(10**20)
        for dead in ([parts[0]], [parts[1]], [parts[2]], parts):
            with world.undone():
                for part in dead:
                    boa.env.set_code(part.address, DEAD_MANNERS[manner])
                for held in ((False, False), (True, True), (True, False)):
                    with world.undone():
                        owed = world.vault.owed(HOLDER, world.base.address)
                        paid = world.vault.redeem(10**20, HOLDER, HOLDER, *held, sender=HOLDER)
                        assert paid == expected
                        owed += paid[0] * held[0]
                        assert world.vault.collect(world.base.address, HOLDER, sender=HOLDER) == owed
                        if held[1]:
                            assert world.vault.collect(world.risky.address, HOLDER, sender=HOLDER) == paid[1]
                world.redeem(world.vault.balanceOf(HOLDER))
        for part in parts:
            boa.env.set_code(part.address, DEAD_MANNERS[manner])
        world.next_epoch()
        with refused(""):
            world.vault.decide(world.epoch, 5_000, b"", False)
