"""A run of the real vault on the real pool is reproduced from its recording, to the integer."""

import pytest

from strategies.backtest.replay import replay
from strategies.decision import Idle, Traded
from strategies.errors import RecordingError, ReplayError, StrategyDigestError
from strategies.recording import DecisionMade, Recording, TradeCalled, TradedOutcome, read_recording
from tests.contracts.support.vault_world import Market, unopened
from tests.strategies.support.recorder import drive, small_strategy

EPOCHS = 14
RUNS = [
    (Market(risky_is_token0=False), 1, False),
    (Market(risky_is_token0=True), 2, True),
    (Market(18, 6, risky_is_token0=False), 3, False),
]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]} seed {run[1]}")
def recorded(request):
    market, seed, previous_target = request.param
    strategy = small_strategy(seed, previous_target=previous_target)
    with unopened(market, previous_target=previous_target) as world:
        return drive(world, strategy, seed, EPOCHS).recording(), strategy


def test_a_recorded_run_is_reproduced(recorded, tmp_path):
    recording, strategy = recorded
    path = tmp_path / "recording.json"
    path.write_bytes(recording.to_bytes())
    read = read_recording(path)
    assert read == recording
    result = replay(read, strategy)
    kinds = [event.kind for event in recording.events]
    assert result.events == len(kinds)
    assert len(result.epochs) == kinds.count("decided") > 5
    outcomes = [trade for epoch in result.epochs for trade in epoch.trades]
    assert sum(isinstance(outcome, Traded) for outcome in outcomes) >= 5
    assert any(isinstance(outcome, Traded) and outcome.paid < outcome.wanted for outcome in outcomes) or any(
        isinstance(outcome, Idle) for outcome in outcomes
    )
    assert (result.final.base, result.final.risky) == (recording.final.base, recording.final.risky)


def changed(recording: Recording, kind: type, **fields) -> Recording:
    """Return the recording with fields of its last event of a kind changed."""
    events = list(recording.events)
    at = max(i for i, event in enumerate(events) if isinstance(event, kind))
    events[at] = events[at].model_copy(update=fields)
    return recording.model_copy(update={"events": tuple(events)})


def test_a_target_off_by_one_is_found(recorded):
    recording, strategy = recorded
    last = [e for e in recording.events if isinstance(e, DecisionMade)][-1]
    with pytest.raises(ReplayError) as found:
        replay(changed(recording, DecisionMade, target_bps=last.target_bps - 1), strategy)
    assert found.value.field == "target_bps"


@pytest.mark.parametrize("field", ["previous_bps", "tick", "fee_shares", "base", "risky", "supply"])
def test_every_figure_of_a_decision_is_compared(recorded, field):
    recording, strategy = recorded
    last = [e for e in recording.events if isinstance(e, DecisionMade)][-1]
    with pytest.raises(ReplayError) as found:
        replay(changed(recording, DecisionMade, **{field: getattr(last, field) + 1}), strategy)
    assert found.value.field == field


@pytest.mark.parametrize("field", ["paid", "got", "wanted", "recent_tick", "limit_tick", "spent_e18"])
def test_every_figure_of_a_trade_is_compared(recorded, field):
    recording, strategy = recorded
    events = list(recording.events)
    at = max(
        i for i, e in enumerate(events) if isinstance(e, TradeCalled) and isinstance(e.outcome, TradedOutcome)
    )
    outcome = events[at].outcome
    bent = outcome.model_copy(update={field: getattr(outcome, field) + 1})
    events[at] = events[at].model_copy(update={"outcome": bent})
    with pytest.raises(ReplayError) as found:
        replay(recording.model_copy(update={"events": tuple(events)}), strategy)
    assert found.value.field == field


@pytest.mark.parametrize("field", ["base", "risky", "supply", "bond", "drip_left", "spent_e18"])
def test_the_end_is_compared(recorded, field):
    recording, strategy = recorded
    final = recording.final.model_copy(update={field: getattr(recording.final, field) + 1})
    with pytest.raises(ReplayError) as found:
        replay(recording.model_copy(update={"final": final}), strategy)
    assert (found.value.event, found.value.field) == ("the end", field)


def test_another_strategy_is_refused(recorded):
    recording, strategy = recorded
    other = type(strategy)(strategy.architecture, strategy.weights, "0x" + "00" * 32)
    with pytest.raises(StrategyDigestError):
        replay(recording, other)
    with pytest.raises(StrategyDigestError):
        replay(recording, type(strategy)(strategy.architecture, strategy.weights, None))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"kind": "opened"', b'"kind": "founded"'),
        (b'"chain_id": 1', b'"chain_id": 1, "more": 2'),
        (b'"tick_spacing": 10', b'"tick_spacing": "ten"'),
        (b'"supply": "', b'"supply": "0'),
        (b'"format": "provault-recording-1"', b'"format": "provault-recording-2"'),
        (b"{", b""),
    ],
)
def test_what_is_no_recording_is_refused_by_its_place(recorded, tmp_path, old, new):
    recording, _ = recorded
    data = recording.to_bytes()
    assert old in data
    path = tmp_path / "bent.json"
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(RecordingError):
        read_recording(path)
