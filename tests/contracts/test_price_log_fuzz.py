"""A late push equals an early one, over random price histories, push times, gas and sizes of memory."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from contracts.node import Anvil
from tests.contracts.support.price_path import (
    PUSH_GAS,
    LogTwin,
    PricePath,
    Refused,
    pushed_in,
    state_of,
)

INTERVAL = 100
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking would take minutes
SEEN: Counter[str] = Counter()
# what a fuzz must have met, whatever the cardinality
VARIED = (
    "base first",
    "risky first",
    "negative ticks",
    "positive ticks",
    "zero crossed",
    "two events in a block",
    "nothing for longer than an interval",
    "pushed an interval late or more",
    "pushed ahead of time",
    "clamped",
    "starved of gas",
    "enough of little gas",
    "slots paid for",
    "grown ring in use",
    "ring of ticks wrapped",
    "younger than a window",
)


@dataclass(frozen=True)
class Event:
    gap_secs: int
    tick_change: int | None  # None: the lazy log is pushed
    ahead: int = 0  # the lazy push asks for this many intervals beyond its head
    gas: int = PUSH_GAS
    slots: int = 0  # paid for before anything else


@dataclass(frozen=True)
class Start:
    tick: int
    max_step: int
    cardinality: int
    base_is_token0: bool = True
    grows: bool = False  # the pool's memory, where an event pays for slots
    sleep_before: int = -1  # the event before which nothing happens for longer than the ring


EVENTS = st.lists(
    st.builds(
        Event,
        gap_secs=st.just(0) | st.integers(0, 2 * INTERVAL),
        tick_change=st.none() | st.integers(-400, 400),
        ahead=st.integers(-1, 18),
        gas=st.just(PUSH_GAS) | st.integers(22_000, 400_000),
        slots=st.sampled_from([0, 0, 0, 1, 2, 5]),
    ),
    min_size=6,
    max_size=16,
)


def push_both(path: PricePath, log: Contract, twin: LogTwin, secs: int, k: int, gas: int = PUSH_GAS) -> None:
    """Push to the log and to its twin: the same events, the same refusal, or no trace where gas ran out."""
    try:
        receipt = path.push(log, secs, k, gas)
    except Refused as refusal:
        if gas < PUSH_GAS and str(refusal) == "":
            SEEN["starved of gas"] += 1
            assert state_of(log) == twin.state()
            return
        with pytest.raises(Refused, match=f"^{refusal}$"):
            twin.push(secs, k)
        SEEN["pushed ahead of time"] += 1
        return
    SEEN["enough of little gas"] += gas < PUSH_GAS
    SEEN["pushed an interval late or more"] += k * INTERVAL <= secs - INTERVAL and k > twin.head
    expected = twin.push(secs, k)
    SEEN["clamped"] += any(tick != raw for _, tick, raw in expected)
    assert pushed_in(log, receipt) == expected


def check_windows(log: Contract, twin: LogTwin) -> None:
    """Compare what both say of windows at every edge: the head, the ring's end, the history's beginning."""
    head, length = twin.head, twin.head - twin.solid_from
    SEEN["younger than a window"] += not twin.ready(head, length + 1) and length < 128
    SEEN["ring of ticks wrapped"] += length > 256
    edges = [(head, 1), (head, length), (head, length + 1), (twin.solid_from + 4, 4)]
    for k, w in [*edges, (head - 255, 1), (head - 256, 1), (head, 128), (head + 1, 1)]:
        assert log.functions.ready(k, w).call() == twin.ready(k, w)
        assert log.functions.lost(k, w).call() == twin.lost(k, w)
        if twin.ready(k, w) and w <= 128:
            assert log.functions.window(k, w).call() == [twin.ticks[i] for i in range(k - w + 1, k + 1)]


def run(chain: Anvil, events: list[Event], start: Start) -> bool:
    """Push one log at every grid point and one now and then; tell whether history was lost."""
    path = PricePath.open(
        chain, tick=start.tick, cardinality=start.cardinality, base_is_token0=start.base_is_token0
    )
    begin = -(-(chain.now_secs + 1) // INTERVAL)
    secs = begin * INTERVAL
    logs = [path.log(secs, interval=INTERVAL, max_step=start.max_step, first=begin) for _ in range(2)]
    twins = [LogTwin(path, INTERVAL, start.max_step, begin) for _ in range(2)]
    (eager, lazy), (eager_twin, lazy_twin) = logs, twins
    SEEN["base first" if start.base_is_token0 else "risky first"] += 1
    for number, event in enumerate(events):
        secs += event.gap_secs + (260 * INTERVAL if number == start.sleep_before else 0)
        SEEN["two events in a block"] += event.gap_secs == 0 and number > 0
        SEEN["nothing for longer than an interval"] += event.gap_secs > INTERVAL
        while eager_twin.head < secs // INTERVAL:
            # at each grid point as it comes; after a sleep, as many at once as a push takes
            behind = secs // INTERVAL - eager_twin.head
            k = eager_twin.head + (16 if behind > 16 else 1)
            push_both(path, eager, eager_twin, max(k * INTERVAL, chain.now_secs), k)
        if event.slots and start.grows:
            SEEN["slots paid for"] += 1
            path.grow(max(secs, chain.now_secs), event.slots)
        if event.tick_change is None:
            now = max(secs, chain.now_secs)
            push_both(path, lazy, lazy_twin, now, lazy_twin.head + event.ahead, event.gas)
        else:
            before = path.tick
            path.move(max(secs, chain.now_secs), before + event.tick_change)
            SEEN["negative ticks" if path.tick < 0 else "positive ticks"] += 1
            SEEN["zero crossed"] += (before < 0) != (path.tick < 0)
    last = secs // INTERVAL
    while lazy_twin.head < last:
        before = lazy_twin.head
        push_both(path, lazy, lazy_twin, max(secs, chain.now_secs), last)
        if lazy_twin.head == before:  # lost: the pool knows no grid point any more
            break
    SEEN["grown ring in use"] += path.cardinality > start.cardinality
    slot0 = path.market.slot0()
    assert (slot0.observation_cardinality, slot0.observation_cardinality_next) == (
        path.cardinality,
        path.cardinality_next,
    )
    for log, twin in zip(logs, twins, strict=True):
        assert state_of(log) == twin.state()
        check_windows(log, twin)
        SEEN["history lost"] += bool(twin.restarts)
        SEEN["history lost again"] += len(twin.restarts) > 1
        SEEN["logged on after a loss"] += bool(twin.restarts) and twin.head > twin.solid_from
    if not lazy_twin.restarts and not eager_twin.restarts and lazy_twin.head == last:
        assert lazy_twin.ticks == eager_twin.ticks and lazy_twin.state() == eager_twin.state()
        return False
    return True


def fuzz(anvil: Anvil, examples: int, cardinalities: list[int], fixed: bool) -> list[bool]:
    """Run random histories; `fixed` ones are the same each time, so that what they meet can be asserted."""
    losses: list[bool] = []
    SEEN.clear()
    extra = {"derandomize": True, "database": None} if fixed else {}

    @settings(max_examples=examples, phases=PHASES, suppress_health_check=[HealthCheck.too_slow], **extra)
    @given(
        EVENTS,
        st.builds(
            Start,
            tick=st.sampled_from([-200_003, -1, 0, 7, 200_000]),
            max_step=st.sampled_from([25, 150, 2000]),
            cardinality=st.sampled_from(cardinalities),
            base_is_token0=st.booleans(),
            grows=st.booleans(),
            sleep_before=st.sampled_from([-1, -1, -1, -1, 3, 5]),
        ),
    )
    def check(events: list[Event], start: Start) -> None:
        before = anvil.snapshot()
        try:
            losses.append(run(anvil, events, start))
        finally:
            anvil.revert(before)

    check()
    print(f"\n{len(losses)} histories: {dict(sorted(SEEN.items()))}")
    return losses


def unseen(*more: str) -> list[str]:
    return [name for name in (*VARIED, *more) if not SEEN[name]]


def test_a_late_push_equals_an_early_one(anvil: Anvil) -> None:
    losses = fuzz(anvil, 14, [20, 60], fixed=True)
    assert not any(losses) and len(losses) >= 14
    assert [name for name in unseen() if name != "grown ring in use"] == []


def test_a_log_that_loses_history_follows_the_rules(anvil: Anvil, chain: Anvil) -> None:
    losses = fuzz(anvil, 16, [2, 3, 5], fixed=True)
    busy = [Event(gap_secs=60, tick_change=5)] * 6
    losses.append(run(chain, [*busy, Event(gap_secs=0, tick_change=None, ahead=9), *busy], Start(0, 2000, 3)))
    assert any(losses) and not all(losses)
    assert unseen("history lost", "logged on after a loss") == []


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_late_pushes_and_losses_at_length(anvil: Anvil) -> None:
    assert not any(fuzz(anvil, 300, [60], fixed=False))
    assert any(fuzz(anvil, 300, [2, 3, 5], fixed=False))
    assert unseen("history lost", "history lost again", "logged on after a loss") == []
