"""The price log on the real pool: rounding, clamping, the ring, lost history, and what it refuses."""

from itertools import pairwise

import pytest
from web3.contract import Contract
from web3.exceptions import ContractLogicError
from web3.logs import DISCARD

from contracts.errors import DeployError
from contracts.node import Anvil
from tests.contracts.support.price_path import LIQUIDITY, LogTwin, PricePath, Refused, pushed_in, state_of

HOUR = 3600


def refused(word: str) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{word}$")


def unanswered(word: str) -> pytest.RaisesExc[ContractLogicError]:
    return pytest.raises(ContractLogicError, match=f"execution reverted: {word}")


def undeployable(word: str) -> pytest.RaisesExc[DeployError]:
    return pytest.raises(DeployError, match=f"^PriceLog cannot be deployed: {word}$")


def next_point(chain: Anvil, interval: int) -> int:
    """The first grid point after the latest block."""
    return chain.now_secs // interval + 1


def start(
    chain: Anvil, *, tick: int = 0, cardinality: int = 60, interval: int = HOUR, max_step: int = 2000
) -> tuple[PricePath, Contract, int]:
    """Open a pool and a log that begins at a grid point, in the block at that point."""
    path = PricePath.open(chain, tick=tick, cardinality=cardinality)
    begin = next_point(chain, interval)
    log = path.log(begin * interval, interval=interval, max_step=max_step, first=begin)
    return path, log, begin


@pytest.mark.parametrize(
    ("tick", "seconds_higher", "expected"),
    [
        (-8, 50, -8),  # -7.5
        (-8, 1, -8),  # -7.99
        (-8, 99, -8),  # -7.01
        (-8, 0, -8),
        (7, 50, 7),
        (7, 99, 7),
        (-1, 50, -1),  # -0.5
        (-1, 0, -1),
        (0, 50, 0),
    ],
)
def test_means_are_floored_toward_minus_infinity(
    chain: Anvil, tick: int, seconds_higher: int, expected: int
) -> None:
    path, log, begin = start(chain, tick=tick, interval=100)
    if seconds_higher:
        path.move((begin + 1) * 100 - seconds_higher, tick + 1)
    receipt = path.push(log, (begin + 1) * 100, begin + 1)
    assert pushed_in(log, receipt) == [(begin + 1, expected, expected)]


@pytest.mark.parametrize("sign", [1, -1])
def test_steps_are_clamped_and_the_first_tick_is_not(chain: Anvil, sign: int) -> None:
    path, log, begin = start(chain, tick=sign * 50_000, max_step=100)
    at = begin * HOUR
    raw = [50_000, 50_101, 50_500, 50_500, 50_250, 50_099]
    expected = [50_000, 50_100, 50_200, 50_300, 50_250, 50_150]
    for i, value in enumerate(raw):
        path.move(at + i * HOUR, sign * value)
        events = pushed_in(log, path.push(log, at + (i + 1) * HOUR, begin + i + 1))
        assert events == [(begin + i + 1, sign * expected[i], sign * value)]
    assert log.functions.window(begin + 6, 6).call() == [sign * value for value in expected]


def test_the_first_tick_may_be_anything(chain: Anvil) -> None:
    path, log, begin = start(chain, tick=-200_000, max_step=1)
    path.move(begin * HOUR, 400_000)
    assert pushed_in(log, path.push(log, (begin + 1) * HOUR, begin + 1)) == [(begin + 1, 400_000, 400_000)]


def test_an_interval_ahead_of_now_is_early_and_one_behind_is_nothing(chain: Anvil) -> None:
    path, log, begin = start(chain)
    with refused("early"):
        path.push(log, (begin + 1) * HOUR - 1, begin + 1)
    path.push(log, (begin + 1) * HOUR, begin + 1)
    before = state_of(log)
    with refused("early"):
        path.push(log, (begin + 2) * HOUR, begin + 3)
    for k in (begin + 1, begin, 0):
        receipt = path.push(log, (begin + 2) * HOUR, k)
        assert pushed_in(log, receipt) == [] and not receipt["logs"]
        assert log.functions.push(k).call() == begin + 1
    with refused("early"):
        path.push(log, (begin + 2) * HOUR, 2**256 - 1)
    assert state_of(log) == before


def test_at_most_sixteen_intervals_a_call(chain: Anvil) -> None:
    path, log, begin = start(chain)
    now = (begin + 20) * HOUR
    chain.mine(now)
    assert log.functions.push(begin + 20).call() == begin + 16
    assert len(pushed_in(log, path.push(log, now, begin + 20))) == 16
    assert log.functions.head().call() == begin + 16
    assert len(pushed_in(log, path.push(log, now, begin + 19))) == 3
    assert len(pushed_in(log, path.push(log, now, begin + 20))) == 1


def test_swaps_around_the_grid_point_in_its_own_block_change_nothing(chain: Anvil) -> None:
    path, log, begin = start(chain)
    path.move(begin * HOUR + 1000, 30)
    before = chain.snapshot()
    quiet = pushed_in(log, path.push(log, (begin + 1) * HOUR, begin + 1))
    chain.revert(before)
    pool, mover = path.market.pool, path.market.mover
    sent = {"from": path.market.sender, "gas": 2_000_000}
    chain.set_next_timestamp((begin + 1) * HOUR)
    with chain.held_mining():
        mover.functions.swap(pool.address, path.market.sender, True, 10**17, 2**80).transact(sent)
        hash_ = log.functions.push(begin + 1).transact(sent)
        mover.functions.swap(pool.address, path.market.sender, False, 10**18, 2**120).transact(sent)
    receipt = chain.web3.eth.wait_for_transaction_receipt(hash_)
    assert receipt["status"] == 1 and chain.now_secs == (begin + 1) * HOUR
    assert pushed_in(log, receipt) == quiet
    assert abs(path.market.slot0().tick - 30) > 1000


def test_events_and_getters_say_what_was_stored(chain: Anvil) -> None:
    path, log, begin = start(chain, tick=-777)
    receipt = path.push(log, (begin + 1) * HOUR, begin + 1)
    (event,) = log.events.Pushed().process_receipt(receipt, errors=DISCARD)
    reached = path.cumulative((begin + 1) * HOUR)
    assert dict(event["args"]) == {"k": begin + 1, "tick": -777, "raw": -777, "cumulative": reached}
    assert state_of(log) == (begin + 1, begin, reached, begin, begin)
    assert log.functions.POOL().call() == path.market.pool.address
    assert (log.functions.INTERVAL().call(), log.functions.MAX_STEP().call()) == (HOUR, 2000)


def test_the_ring_keeps_256_intervals_and_wraps(chain: Anvil) -> None:
    path, log, begin = start(chain, interval=100, cardinality=200)
    twin = LogTwin(path, 100, 2000, begin)
    total = 300
    for i in range(0, total, 10):
        path.move((begin + i) * 100 + 50, (i * 37) % 900 - 450)
        if i % 20 == 10 or i == total - 10:
            now = (begin + i + 10) * 100
            while twin.head < begin + i + 10:
                assert pushed_in(log, path.push(log, now, begin + i + 10)) == twin.push(now, begin + i + 10)
    head = begin + total
    for back, w in [(0, 1), (0, 128), (128, 128), (255, 1), (250, 6), (100, 77)]:
        k = head - back
        assert log.functions.ready(k, w).call()
        assert log.functions.window(k, w).call() == [twin.ticks[i] for i in range(k - w + 1, k + 1)]
    for back, w in [(-1, 1), (128, 129), (129, 128), (256, 1), (0, 129), (head + 1 - 2**256, 1)]:
        k = head - back
        assert not log.functions.ready(k, w).call() and not log.functions.lost(k, w).call()
        with unanswered("window"):
            log.functions.window(k, w).call()


def test_a_window_begins_after_the_log_does(chain: Anvil) -> None:
    path, log, begin = start(chain)
    path.push(log, (begin + 5) * HOUR, begin + 5)
    assert log.functions.window(begin + 5, 5).call() == [0] * 5
    assert not log.functions.ready(begin + 5, 6).call()
    assert not log.functions.ready(begin, 1).call()
    for k in range(begin - 2, begin + 7):
        assert not any(log.functions.lost(k, w).call() for w in (1, 2, 5))


def lose(chain: Anvil) -> tuple[PricePath, Contract, int]:
    """A log of three intervals whose pool then forgets everything before the middle of the ninth."""
    path, log, begin = start(chain, cardinality=4)
    for i in range(3):
        path.push(log, (begin + i + 1) * HOUR, begin + i + 1)
    for i in range(5):
        path.move((begin + 8) * HOUR + 1800 + i * 900, 100 + i)
    return path, log, begin


def test_a_log_restarts_where_the_pool_still_knows_the_price(chain: Anvil) -> None:
    path, log, begin = lose(chain)
    now = (begin + 11) * HOUR
    reached = path.cumulative((begin + 9) * HOUR)
    assert path.oldest() == (begin + 8) * HOUR + 2700
    receipt = path.push(log, now, begin + 4)
    (event,) = log.events.Restarted().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {"k": begin + 9, "cumulative": reached}
    assert pushed_in(log, receipt) == []
    assert state_of(log) == (begin + 9, begin + 9, reached, begin + 3, begin)
    path.move(now + 1, 9_000)  # the first tick of the new history is not clamped
    assert pushed_in(log, path.push(log, now + HOUR, begin + 12)) == [
        (begin + 10, 103, 103),
        (begin + 11, 104, 104),
        (begin + 12, 104 + 2000, 8997),
    ]
    for k, w in [(begin + 12, 3), (begin + 10, 1)]:
        assert log.functions.ready(k, w).call()
    for k, w in [(begin + 12, 4), (begin + 9, 1), (begin + 3, 1), (begin + 10, 2)]:
        assert not log.functions.ready(k, w).call()


@pytest.mark.parametrize("logged", [0, 4])
def test_a_grid_point_at_the_oldest_observation_is_known(chain: Anvil, logged: int) -> None:
    path, log, begin = start(chain, cardinality=3)
    for i in range(logged):
        path.push(log, (begin + i + 1) * HOUR, begin + i + 1)
    for i in range(3):
        path.move((begin + 5) * HOUR + i, 50 + i)
    assert path.oldest() == (begin + 5) * HOUR
    receipt = path.push(log, (begin + 6) * HOUR, begin + 6)
    restarts = log.events.Restarted().process_receipt(receipt, errors=DISCARD)
    if logged == 4:
        assert not restarts and pushed_in(log, receipt) == [(begin + 5, 0, 0), (begin + 6, 51, 51)]
    else:
        assert restarts[0]["args"]["k"] == begin + 5 and pushed_in(log, receipt) == [(begin + 6, 51, 51)]


def test_lost_windows_are_those_that_somebody_could_have_completed(chain: Anvil) -> None:
    path, log, begin = lose(chain)
    path.push(log, (begin + 11) * HOUR, begin + 11)
    w = 2
    lost = [k - begin for k in range(begin - 3, begin + 14) if log.functions.lost(k, w).call()]
    assert lost == [2, 3, 4, 5, 6, 7, 8, 9]  # also those whose window was complete: 2 and 3
    late = [k - begin for k in range(begin - 3, begin + 14) if log.functions.lost(k, 7).call()]
    assert late == [7, 8, 9]  # a longer window was not complete before


def test_a_restart_counts_as_a_step_and_the_rest_follow(chain: Anvil) -> None:
    path, log, begin = lose(chain)
    receipt = path.push(log, (begin + 40) * HOUR, begin + 40)
    assert len(pushed_in(log, receipt)) == 15 and log.functions.head().call() == begin + 24


def test_a_pool_that_knows_no_grid_point_leaves_the_log_as_it_is(chain: Anvil) -> None:
    path, log, begin = start(chain, cardinality=3)
    for i in range(4):
        path.move((begin + 5) * HOUR + 10 + i, 10 + i)
    before = state_of(log)
    with refused("early"):
        path.push(log, (begin + 5) * HOUR + 100, begin + 5)
    assert state_of(log) == before
    path.push(log, (begin + 6) * HOUR, begin + 6)
    assert log.functions.head().call() == begin + 6 == log.functions.solid_from().call()


def test_starving_the_pool_of_gas_changes_no_tick(chain: Anvil) -> None:
    path, log, begin = start(chain)
    for i in range(12):
        path.move(begin * HOUR + 400 + i * 500, (-1) ** i * 90)
    now = (begin + 2) * HOUR
    before = chain.snapshot()
    expected = pushed_in(log, path.push(log, now, begin + 2))
    needed = state_of(log)
    chain.revert(before)
    untouched = state_of(log)
    outcomes = set()
    for gas in range(25_000, 260_000, 9_000):
        before = chain.snapshot()
        try:
            assert pushed_in(log, path.push(log, now, begin + 2, gas=gas)) == expected
        except Refused:
            assert state_of(log) == untouched
            outcomes.add("refused")
        else:
            assert state_of(log) == needed
            outcomes.add("logged")
        chain.revert(before)
    assert outcomes == {"refused", "logged"}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"least": 61}, "cardinality"),
        ({"first": 1}, "early"),
        ({"first": -2}, "window"),
        ({"interval": 0}, "interval"),
        ({"interval": 2**32}, "interval"),
        ({"max_step": 0}, "step"),
        ({"max_step": 2**32}, "step"),
    ],
)
def test_constructor_refusals(chain: Anvil, changed: dict[str, int], word: str) -> None:
    path = PricePath.open(chain, tick=0, cardinality=60)
    at = next_point(chain, HOUR)
    options = {"interval": HOUR, "max_step": 2000, "least": 60, **changed}
    options["first"] = at + changed.get("first", 0)
    with undeployable(word):
        path.log(at * HOUR, **options)  # type: ignore[arg-type]
    good = {"interval": HOUR, "max_step": 2000, "least": 60, "first": at}
    assert state_of(path.log(at * HOUR, **good))[0] == at  # type: ignore[arg-type]


def test_only_the_present_cardinality_counts(chain: Anvil) -> None:
    path = PricePath.open(chain, tick=0, cardinality=5)
    path.market.grow_cardinality(60)
    assert path.market.slot0().observation_cardinality_next == 60
    at = next_point(chain, HOUR)
    with undeployable("cardinality"):
        path.log(at * HOUR, interval=HOUR, first=at, least=6)


def test_a_pool_without_a_price_is_refused(chain: Anvil) -> None:
    path = PricePath.open(chain, tick=0, cardinality=5)
    market = path.market
    create = market.factory.functions.createPool(market.base.address, market.risky.address, 3000)
    bare = create.call()
    chain.web3.eth.wait_for_transaction_receipt(create.transact({"from": market.sender}))
    path.market.pool.address = bare
    at = next_point(chain, HOUR)
    with undeployable("cardinality"):
        path.log(at * HOUR, interval=HOUR, first=at, least=0)


def test_recent_is_the_floored_mean_and_the_harmonic_liquidity(chain: Anvil) -> None:
    path, log, begin = start(chain, tick=-10)
    at = begin * HOUR
    path.move(at + 100, -7)
    chain.set_next_timestamp(at + 200)
    path.market.add_full_range(2 * LIQUIDITY)
    chain.mine(at + 400)
    known, tick, liquidity = log.functions.recent(400).call()
    assert (known, tick) == (True, (-10 * 100 - 7 * 300) // 400)
    per_liquidity = (100 << 128) // LIQUIDITY + (100 << 128) // LIQUIDITY + (200 << 128) // (3 * LIQUIDITY)
    assert liquidity == (400 << 128) // per_liquidity
    assert abs(liquidity - 400 * LIQUIDITY * 3 // 800) < 10
    assert log.functions.recent(200).call() == [True, -7, 3 * LIQUIDITY]
    assert log.functions.recent(1).call() == [True, -7, 3 * LIQUIDITY]


def test_recent_says_when_history_does_not_reach(chain: Anvil) -> None:
    path, log, begin = start(chain, cardinality=3)
    for i in range(4):
        path.move(begin * HOUR + 10 * i + 10, i + 1)
    chain.mine(begin * HOUR + 1000)
    reach = begin * HOUR + 1000 - path.oldest()
    assert reach == 980
    assert log.functions.recent(reach).call()[0] is True
    for secs in (reach + 1, 0, 2**32, 2**256 - 1):
        assert log.functions.recent(secs).call() == [False, 0, 0]


def test_the_clock_of_the_pool_may_wrap() -> None:
    with Anvil(genesis_secs=2**32 - 4 * HOUR) as late:
        path, log, begin = start(late, tick=-5)
        assert begin * HOUR < 2**32 < (begin + 5) * HOUR
        for i in range(6):
            path.move((begin + i) * HOUR + 900, -5 - i)
        late.mine((begin + 6) * HOUR)
        sums = [path.cumulative((begin + i) * HOUR) for i in range(7)]
        path.push(log, (begin + 6) * HOUR, begin + 6)
        means = [(after - before) // HOUR for before, after in pairwise(sums)]
        assert log.functions.window(begin + 6, 6).call() == means
        assert log.functions.recent(2 * HOUR).call()[:2] == [True, (sums[6] - sums[4]) // (2 * HOUR)]


def test_history_may_be_lost_across_the_wrap() -> None:
    with Anvil(genesis_secs=2**32 - 4 * HOUR) as late:
        path, log, begin = start(late, cardinality=3)
        for i in range(4):
            path.move((begin + 6) * HOUR - 10 + i, i + 1)
        now = (begin + 7) * HOUR
        late.mine(now)
        reach = now - path.oldest()
        assert reach < now - 2**32 < HOUR * 7
        assert log.functions.recent(reach).call()[0] is True
        assert log.functions.recent(reach + 1).call() == [False, 0, 0]
        path.push(log, now, begin + 7)
        assert state_of(log)[:2] == (begin + 7, begin + 6)


@pytest.mark.parametrize("base_is_token0", [True, False])
def test_ticks_are_the_pools_own_whatever_the_token_order(chain: Anvil, base_is_token0: bool) -> None:
    path = PricePath.open(chain, tick=321, cardinality=10, base_is_token0=base_is_token0)
    begin = next_point(chain, HOUR)
    log = path.log(begin * HOUR, interval=HOUR, first=begin)
    assert pushed_in(log, path.push(log, (begin + 1) * HOUR, begin + 1)) == [(begin + 1, 321, 321)]


def test_gas_stays_within_the_figures_of_the_design(chain: Anvil) -> None:
    path, log, begin = start(chain, cardinality=600)
    quiet, busy = [], []
    for i in range(1, 13):
        path.move((begin + i) * HOUR - 1800, i)
        quiet.append(path.push(log, (begin + i) * HOUR + 5, begin + i)["gasUsed"])
    for i in range(13, 25):
        path.move((begin + i) * HOUR - 1800, i)
        path.move((begin + i) * HOUR + 2, -i)
        busy.append(path.push(log, (begin + i) * HOUR + 5, begin + i)["gasUsed"])
    assert sorted(quiet)[len(quiet) // 2] <= 61_000
    assert sorted(busy)[len(busy) // 2] <= 104_000
    assert max(quiet + busy) <= 127_000
