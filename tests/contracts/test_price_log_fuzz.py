"""A late push equals an early one, over random price histories and push times."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from contracts.node import Anvil
from tests.contracts.support.price_path import LogTwin, PricePath, Refused, pushed_in, state_of

INTERVAL = 100
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking would take minutes


@dataclass(frozen=True)
class Event:
    gap_secs: int
    tick_change: int | None  # None: the lazy log is pushed
    ahead: int  # the lazy push asks for this many intervals beyond its head


EVENTS = st.lists(
    st.builds(
        Event,
        gap_secs=st.integers(0, 2 * INTERVAL),
        tick_change=st.none() | st.integers(-400, 400),
        ahead=st.integers(-1, 18),
    ),
    min_size=4,
    max_size=16,
)


def push_both(path: PricePath, log: Contract, twin: LogTwin, secs: int, k: int) -> None:
    """Push to the log and to its twin: the same events, or the same refusal."""
    try:
        expected = twin.push(secs, k)
    except Refused as refusal:
        with pytest.raises(Refused, match=f"^{refusal}$"):
            path.push(log, secs, k)
        return
    assert pushed_in(log, path.push(log, secs, k)) == expected


def run(chain: Anvil, events: list[Event], start_tick: int, max_step: int, cardinality: int) -> bool:
    """Push one log at every grid point and one now and then; tell whether history was lost."""
    path = PricePath.open(chain, tick=start_tick, cardinality=cardinality)
    begin = -(-(chain.now_secs + 1) // INTERVAL)
    secs = begin * INTERVAL
    logs = [path.log(secs, interval=INTERVAL, max_step=max_step, first=begin) for _ in range(2)]
    twins = [LogTwin(path, INTERVAL, max_step, begin) for _ in range(2)]
    (eager, lazy), (eager_twin, lazy_twin) = logs, twins
    for event in events:
        secs += event.gap_secs
        for k in range(eager_twin.head + 1, secs // INTERVAL + 1):
            push_both(path, eager, eager_twin, max(k * INTERVAL, chain.now_secs), k)
        if event.tick_change is None:
            push_both(path, lazy, lazy_twin, secs, lazy_twin.head + event.ahead)
        else:
            path.move(secs, path.tick + event.tick_change)
    last = secs // INTERVAL
    while lazy_twin.head < last:
        before = lazy_twin.head
        push_both(path, lazy, lazy_twin, secs, last)
        if lazy_twin.head == before:  # the pool knows no grid point at all
            break
    for log, twin in zip(logs, twins, strict=True):
        assert state_of(log) == twin.state()
        length = twin.head - twin.solid_from
        for k, w in [(twin.head, 1), (twin.head, 3), (twin.head, length), (begin + 4, 4)]:
            assert log.functions.ready(k, w).call() == twin.ready(k, w)
            assert log.functions.lost(k, w).call() == twin.lost(k, w)
            if twin.ready(k, w):
                assert log.functions.window(k, w).call() == [twin.ticks[i] for i in range(k - w + 1, k + 1)]
    if not lazy_twin.restarts and not eager_twin.restarts:
        assert lazy_twin.ticks == eager_twin.ticks and lazy_twin.state() == eager_twin.state()
        return False
    return True


def fuzz(anvil: Anvil, examples: int, cardinalities: list[int]) -> list[bool]:
    losses: list[bool] = []

    @settings(max_examples=examples, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
    @given(
        EVENTS,
        st.sampled_from([-200_003, -1, 0, 7, 200_000]),
        st.sampled_from([25, 150, 2000]),
        st.sampled_from(cardinalities),
    )
    def check(events: list[Event], start_tick: int, max_step: int, cardinality: int) -> None:
        before = anvil.snapshot()
        try:
            losses.append(run(anvil, events, start_tick, max_step, cardinality))
        finally:
            anvil.revert(before)

    check()
    return losses


def test_a_late_push_equals_an_early_one(anvil: Anvil) -> None:
    losses = fuzz(anvil, 12, [60])
    assert not any(losses) and len(losses) >= 12


def test_a_log_that_loses_history_follows_the_rules(anvil: Anvil, chain: Anvil) -> None:
    fuzz(anvil, 15, [2, 3, 5])
    busy = [Event(gap_secs=60, tick_change=5, ahead=0)] * 6
    assert run(chain, busy, 0, 2000, 3)


@pytest.mark.long
def test_late_pushes_and_losses_at_length(anvil: Anvil) -> None:
    assert not any(fuzz(anvil, 300, [60]))
    assert any(fuzz(anvil, 300, [2, 3, 5]))
