"""What attacks cost and yield, measured: `pytest -s` prints each figure as a row of the threat model.

The page `docs/threat-model-vault.md` holds exactly these rows: a figure that changed fails here.
"""

import boa
import pytest

from tests.contracts.attacks.attacker import BLOCK_SECS, attack, best_push, reference, swap, worth, worth_of
from tests.contracts.attacks.page import figure, percent, whole_base
from tests.contracts.support.evm import Refused, refused
from tests.contracts.support.vault_world import (
    CARDINALITY,
    GUARDIAN,
    HOLDER,
    OPERATOR,
    OTHER,
    STRANGER,
    Market,
    data_contract,
    opened,
)

LONG = pytest.mark.long


@pytest.fixture(scope="module")
def built():
    """A vault of 1,001,000 that holds base alone, and is told to buy with everything."""
    with opened(Market()) as world:
        world.wait(86_400)
        world.push()
        world.move(world.market.start_tick)
        yield world


def strongest(world, market, call=None):
    """Return the best attack on a purchase."""
    ref, tolerance = reference(world)
    return best_push(lambda push: attack(world, market, push, call=call), 1, ref + tolerance - market)


# -- the market jumps, the vault's reference has not seen it


@pytest.mark.parametrize("jump", [pytest.param(300, marks=LONG), 800, pytest.param(1_500, marks=LONG)])
def test_sandwich_after_a_jump_of_the_market(world, jump):
    world.decide_next(10_000)
    world.wait(700)
    market = world.vault.target_tick() - jump
    world.move(market)
    nav, waited, losses, counted = worth(world, market), 0, [], []
    for moment in (0, 12, 60, 300, 600):
        world.wait(moment - waited)
        waited = moment
        found = strongest(world, market)
        losses.append(percent(found.loss, nav))
        counted.append(found.spent)
    figure(
        f"the market fell {jump:,} ticks in this block, or 12, 60, 300, 600 s ago",
        ", ".join(losses),
        f"{percent(max(counted[:4]), 10**18)}, at the end {percent(counted[4], 10**18)}",
    )


# -- the pool is pushed


@pytest.mark.parametrize("ticks", [6_000, 12_500])
def test_pushing_the_pool_for_one_block(world, ticks):
    """One block of RECENT and of the interval closes far away; who pushed takes it back in the next."""
    world.decide_next(10_000)
    market = world.vault.target_tick()
    world.move(market)
    world.wait(world.rules.recent_secs + BLOCK_SECS)
    there = swap(world, market + ticks)
    world.wait(BLOCK_SECS)
    mean = world.oriented(world.price_log.recent(world.rules.recent_secs)[1]) - market
    cost = -worth_of(*(a + b for a, b in zip(there, swap(world, market), strict=True)), market)
    nav, found = worth(world, market), strongest(world, market)
    world.next_epoch()
    world.push()
    logged = world.oriented(world.price_log.window(world.epoch, 1)[0]) - market
    figure(
        f"one block closes {ticks:,} ticks away: mean of RECENT {mean:+}, logged tick {logged:+}",
        percent(found.loss, nav),
        f"{percent(found.spent, 10**18)}; fees of the push {whole_base(world, cost)}",
    )


@pytest.mark.parametrize("ticks", [pytest.param(300, marks=LONG), pytest.param(800, marks=LONG), 3_000])
def test_pushing_the_pool_for_the_whole_interval(world, ticks):
    """Pinned tick and recent mean are pushed together, and the price is let go just before the decision."""
    world.next_epoch(0)
    market = world.spot()
    there = swap(world, market + ticks)
    world.wait(world.interval)
    cost = -worth_of(*(a + b for a, b in zip(there, swap(world, market), strict=True)), market)
    world.decide(10_000)
    pinned, nav = world.vault.target_tick() - market, worth(world, market)
    found = strongest(world, market)
    figure(
        f"the whole interval {ticks:,} ticks away, let go at its end: logged tick {pinned:+}",
        percent(found.loss, nav),
        f"{percent(found.spent, 10**18)}; fees of the push {whole_base(world, cost)}",
    )


# -- a sandwich at rest


@pytest.mark.parametrize("and_trade", [True, False])
def test_sandwich_of_a_decision_at_rest(world, and_trade):
    world.move(world.market.start_tick)
    world.next_epoch()
    world.move(world.market.start_tick)
    market = world.market.start_tick
    proof = world.proof(world.epoch, 10_000)
    decide = lambda: world.vault.decide(world.epoch, 10_000, proof, and_trade, sender=OPERATOR)  # noqa: E731
    with world.undone():
        world.decide(10_000)
        ref, tolerance = reference(world)
    nav = worth(world, market)
    if and_trade:
        found = best_push(lambda push: attack(world, market, push, call=decide), 1, ref + tolerance - market)
        total = found
    else:
        decide()
        found = strongest(world, market)
        total = attack(world, market, found.push, rounds=12)
    how = "with its trade" if and_trade else "alone, then `trade`, also twelve times in a block"
    figure(
        f"at rest, a sandwich of `decide` {how}",
        percent(found.loss, nav) + ("" if and_trade else f", {percent(total.loss, nav)}"),
        f"{percent(total.spent, 10**18)}; gain of the attacker {whole_base(world, total.gain)}",
    )
    assert total.loss <= nav * 51 // 10_000


# -- gas, misses


def test_forcing_a_miss_by_making_the_pool_forget(world):
    """A swap in every block overwrites the pool's memory: too few slots forget t_k within DECIDE."""
    start, blocks = world.spot(), world.rules.decide_secs // BLOCK_SECS - 1

    def swap_in_every_block(most: int) -> int:
        """Return after how many blocks the pool has forgotten t_k."""
        for block in range(most):
            with world.undone():
                try:
                    world.price_log.push(world.epoch)
                except Refused as refusal:
                    assert refusal.args == ("early",)  # the pool knows no grid point before now
                    return block
                assert world.price_log.solid_from() < world.epoch
            world.wait(BLOCK_SECS)
            world.move(start + 1 + block % 2)
        return most

    outcomes = []
    for slots in (CARDINALITY, 2 * CARDINALITY):
        with world.undone():
            world.pool.increaseObservationCardinalityNext(slots)
            for step in range(CARDINALITY if slots > CARDINALITY else 0):  # in use once the ring comes round
                world.wait(1)
                world.move(start + 3 + step % 2)
            epoch = world.next_epoch(0)
            proof = world.proof(epoch, 5_000)
            with world.undone():
                outcomes.append(swap_in_every_block(blocks))
                if outcomes[-1] == blocks:
                    world.vault.decide(epoch, 5_000, proof, False, sender=STRANGER)
                else:
                    with refused("early"):
                        world.vault.decide(epoch, 5_000, proof, False, sender=STRANGER)
            world.price_log.push(epoch, sender=STRANGER)  # by anybody, at any moment before
            swap_in_every_block(outcomes[-1])
            world.vault.decide(epoch, 5_000, proof, False, sender=STRANGER)
    few, many = outcomes
    assert few < blocks == many
    figure(
        f"a swap in every block of DECIDE against {CARDINALITY} and {2 * CARDINALITY} observation slots",
        f"t_k forgotten after {few} blocks, or not in {many}",
        "a push by anybody before then suffices; the log asks for 2 INTERVAL / block time slots",
    )


def test_forcing_a_miss_through_the_market(world):
    """Every state of the market that a stranger can bring about, and every decision goes through."""
    decided = []
    world.next_epoch(12)
    proof, epoch, start = world.proof(world.epoch, 5_000), world.epoch, world.spot()
    states = {
        "price far up": lambda: world.move(start + 100_000),
        "price far down": lambda: world.move(start - 100_000),
        "no liquidity": lambda: world.mover.remove(
            world.pool.address, -887_270, 887_270, world.market.liquidity, STRANGER
        ),
        "donations": lambda: [
            token.transfer(world.vault.address, 10**12, sender=STRANGER)
            for token in (world.base, world.risky)
        ],
        "paused": lambda: world.vault.pause(sender=GUARDIAN),
        "large entry": lambda: world.mint(10**25, OTHER),
        "large exit": lambda: world.redeem(world.vault.balanceOf(HOLDER), HOLDER),
        "a proposal": lambda: world.vault.propose(data_contract(b"other")[0], sender=OPERATOR),
    }
    for name, bring_about in states.items():
        with world.undone():
            bring_about()
            world.vault.decide(epoch, 5_000, proof, True, sender=STRANGER)
            decided.append(name)
    figure(
        f"{len(states)} states of market, shares and powers before `decide`",
        f"{len(decided)} of {len(states)} decided",
        ", ".join(states),
    )


def test_starving_observe_of_gas(world):
    """Gas from nothing to plenty for a push whose grid points the pool knows: right ticks, or no trace."""
    world.wait_until((world.epoch + 3) * world.interval + 12)
    epoch, head = world.epoch, world.price_log.head()
    with world.undone():
        world.price_log.push(epoch)
        most = world.price_log.gas_used
        right = world.price_log.window(epoch, 3)
    outcomes = {"logged": 0, "refused": 0}
    tries = range(most // 100, most * 11 // 10, most // 100)
    for gas in tries:
        with world.undone():
            computation = boa.env.execute_code(
                to_address=world.price_log.address,
                data=world.price_log.encode("push", (epoch,)),
                gas=gas,
                is_modifying=True,
            )
            outcomes["refused" if computation.is_error else "logged"] += 1
            if computation.is_error:
                assert world.price_log.head() == head
            else:
                assert world.price_log.window(epoch, 3) == right
                assert world.price_log.solid_from() < epoch - 3
    assert outcomes["logged"] > 5 and outcomes["refused"] > 50
    figure(
        f"a push of 3 intervals with {len(tries)} amounts of gas, 1 % to 110 % of what it takes",
        f"{outcomes['logged']} logged rightly, {outcomes['refused']} left no trace",
        "no tick changed, no history restarted",
    )


# -- shares


def test_minting_around_a_slash(world):
    """Entry of 20 times the supply just before a miss is claimed: what of the cut the entrant gets."""
    world.next_epoch(world.rules.decide_secs + 1)
    supply, missed = world.vault.totalSupply(), world.epoch
    paid = world.mint(20 * supply, OTHER)
    world.vault.miss(missed, sender=STRANGER)
    parts, waited = [], 0
    for secs in (0, BLOCK_SECS, 3_600, 86_400, 7 * 86_400):
        world.wait(secs - waited)
        waited = secs
        with world.undone():
            back = world.redeem(20 * supply, OTHER)
            parts.append((back[0] - paid[0]) / world.rules.cut)
    assert parts[0] <= 0
    figure(
        "20 times the supply enters just before a miss, leaves at once, after 12 s, 1 h, 1 d, 7 d",
        "part of CUT: " + ", ".join(f"{100 * max(part, 0):.3f} %" for part in parts),
        "it stood in the vault's risk for that long",
    )


def test_flash_entry(world):
    """Entry and exit in one transaction, of up to 20 times the supply."""
    world.decide_next(5_000, and_trade=True)
    supply, gains = world.vault.totalSupply(), []
    for part in (1, 10**6, supply // 3, supply, 20 * supply + 7):
        with world.undone():
            paid = world.mint(part, OTHER)
            back = world.redeem(part, OTHER)
            gains.append((back[0] - paid[0], back[1] - paid[1]))
    assert all(gain <= 0 for both in gains for gain in both)
    worst = min(gain for both in gains for gain in both)
    figure(
        f"flash entry and exit of {len(gains)} sizes, up to 20 times the supply",
        f"gain at most {max(gain for both in gains for gain in both)} raw units",
        f"at worst {worst}, of one token",
    )


# -- tokens and strategies


@pytest.mark.parametrize("frozen", ["base", "risky"])
def test_a_frozen_token(frozen):
    """The issuer blocks the vault: what still leaves at once, and what waits."""
    token = "testing/TokenHostile"
    with opened(Market(base_token=token, risky_token=token)) as world:
        world.decide_next(5_000, and_trade=True)
        shares, value_tick = world.vault.balanceOf(HOLDER), world.vault.target_tick()
        getattr(world, frozen).block_account(world.vault.address, True)
        with refused("blocked"):
            world.redeem(shares)
        held = (frozen == "base", frozen == "risky")
        paid = world.vault.redeem(shares, HOLDER, HOLDER, *held, sender=HOLDER)
        other = (0, paid[1]) if held[0] else (paid[0], 0)
        everything = worth_of(*paid, value_tick)
        waiting = world.vault.owed(HOLDER, getattr(world, frozen).address)
        assert waiting == paid[0 if held[0] else 1] > 0
        figure(
            f"{frozen} is frozen, after one trade toward half and half",
            f"{percent(worth_of(*other, value_tick), everything)} leaves at once",
            f"{percent(everything - worth_of(*other, value_tick), everything)} is owed until it thaws",
        )


def test_a_strategy_recreated_or_proposed_between_proof_and_inclusion(world):
    """Whatever is sent between proving and inclusion, the proof still counts; other code never does."""
    epoch = world.next_epoch(12)
    proof, pinned = world.proof(epoch, 5_000), world.parameters.deployment.strategy
    second = data_contract(b"second strategy")[0]
    earliest = []
    for moves in (["propose"], ["propose", "revoke"], ["freeze"], ["propose", "freeze"]):
        with world.undone():
            for name in moves:
                args = (second,) if name == "propose" else ()
                getattr(world.vault, name)(*args, sender=OPERATOR)
            waits = world.vault.status()["pending_from"]
            if waits:
                earliest.append(waits * world.interval - world.now)
            world.vault.decide(epoch, 5_000, proof, False, sender=STRANGER)
            assert world.vault.event("Decision").strategy == pinned
    with world.undone():
        boa.env.set_code(pinned, b"\x00recreated with other content")
        with refused("key"):
            world.vault.decide(epoch, 5_000, proof, False, sender=STRANGER)
    figure(
        "a proposal, revocation or freeze lands between proof and inclusion; the strategy has other code",
        "4 of 4 decided by the old strategy; refused with `key`",
        f"a proposal counts {min(earliest) / 86_400:.2f} days later at the earliest",
    )
    assert min(earliest) >= world.rules.timelock_secs
