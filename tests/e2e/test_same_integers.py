"""Data, price log, contract, model, proof and replay hold the same integers; one off is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.exceptions import ContractLogicError

from agent.demo.prices import DATA_FILE
from agent.demo.vault_history import ChainEvent
from contracts.registration import parse_data_contract, proof_context
from prover.ceremony import load_ceremony
from prover.compile.integer_model import evaluate
from prover.errors import VerificationError
from prover.kernel import default_kernel
from prover.protocol.verify import VerifierSetup
from strategies.artefacts import read_strategy
from strategies.backtest.replay import replay
from strategies.candles import read_candles
from strategies.errors import ReplayError, StrategyDigestError
from strategies.features import model_inputs
from strategies.recording import DecisionMade, TradeCalled, TradedOutcome
from strategies.ticks import tick_series
from tests.e2e.support.live_demo import LiveDemo

pytestmark = pytest.mark.timeout(3_600)  # the first test of a process waits for a whole demo

WINDOW = 33


def decisions(demo: LiveDemo) -> list[tuple[ChainEvent, tuple[int, ...], bytes]]:
    """Each decision with the inputs that the log's events give, and its proof."""
    ticks = {event.args["k"]: event.args["tick"] for event in demo.history.named("Pushed")}
    proofs = {event.args["epoch"]: event.args["proof"] for event in demo.history.named("Proven")}
    found = []
    for event in demo.history.named("Decision"):
        epoch = event.args["epoch"]
        window = [ticks[k] for k in range(epoch - WINDOW + 1, epoch + 1)]
        found.append((event, model_inputs(window, sign=-1), proofs[epoch]))
    return found


def context_of(demo: LiveDemo, epoch: int) -> bytes:
    return proof_context(demo.web3.eth.chain_id, demo.vault.address, epoch, demo.verifier.address)


def test_the_log_gives_the_model_what_the_candles_give(demo: LiveDemo, price_data: Path) -> None:
    series = tick_series(read_candles(price_data / DATA_FILE))
    for event, inputs, _ in decisions(demo):
        assert inputs == model_inputs(series.window(event.args["epoch"], WINDOW), sign=1)


def test_the_contract_decides_on_the_inputs_of_the_log(demo: LiveDemo) -> None:
    for event, inputs, _ in decisions(demo):
        assert event.args["inputs_hash"] == keccak(encode(["int256[]"], [list(inputs)]))


def test_the_target_is_the_model_s_output(demo: LiveDemo) -> None:
    strategy = read_strategy(demo.commands.folder / "strategy")
    for event, inputs, _ in decisions(demo):
        assert evaluate(strategy.architecture, strategy.weights, inputs) == (event.args["target"],)


def test_each_proof_holds_for_its_inputs_and_for_no_other_target(demo: LiveDemo) -> None:
    code = bytes(demo.web3.eth.get_code(demo.vault.functions.status().call()[9]))
    data = parse_data_contract(code)
    setup = VerifierSetup.load(default_kernel(), load_ceremony(), data.key, data.commitment)
    for event, inputs, proof in decisions(demo):
        target = event.args["target"]
        context = context_of(demo, event.args["epoch"])
        assert event.args["proof_hash"] == keccak(proof)
        setup.verify(context, inputs, [target], proof)
        for other in (target - 1, target + 1):
            with pytest.raises(VerificationError) as refused:
                setup.verify(context, inputs, [other], proof)
            assert refused.value.reason == "opening"


def test_the_chain_s_verifier_takes_the_proof_and_no_other_target_or_input(demo: LiveDemo) -> None:
    strategy = demo.vault.functions.status().call()[9]
    event, inputs, proof = decisions(demo)[-1]
    target, context = event.args["target"], context_of(demo, event.args["epoch"])
    verify = demo.verifier.functions.verify
    verify(strategy, context, [*inputs, target], proof).call()
    for public in ([*inputs, target + 1], [inputs[0] + 1, *inputs[1:], target]):
        with pytest.raises(ContractLogicError, match="opening"):
            verify(strategy, context, public, proof).call()


def test_the_recording_replays_to_the_integer(demo: LiveDemo) -> None:
    result = replay(demo.recording, read_strategy(demo.commands.folder / "strategy"))
    vault = demo.vault.functions
    assert len(result.epochs) == demo.document["epochs"]
    assert [epoch.target_bps for epoch in result.epochs] == [
        event.args["target"] for event in demo.history.named("Decision")
    ]
    assert (result.final.base, result.final.risky) == (vault.base().call(), vault.risky().call())
    assert result.final.supply == vault.totalSupply().call()


def test_the_recording_holds_what_the_chain_logged(demo: LiveDemo) -> None:
    targets = [event.target_bps for event in demo.recording.events if isinstance(event, DecisionMade)]
    assert targets == [event.args["target"] for event in demo.history.named("Decision")]
    swaps = [
        (event.epoch, event.outcome.buy, event.outcome.paid, event.outcome.got)
        for event in demo.recording.events
        if isinstance(event, TradeCalled) and isinstance(event.outcome, TradedOutcome)
    ]
    names = ("epoch", "buy", "paid", "got")
    assert swaps == [tuple(event.args[name] for name in names) for event in demo.history.named("Traded")]
    assert demo.recording.vault == demo.document["vault"]


@pytest.mark.parametrize("field", ["paid", "got", "spent_e18", "recent_tick"])
def test_a_recording_with_one_figure_off_is_refused(demo: LiveDemo, field: str) -> None:
    events = list(demo.recording.events)
    at = next(
        index for index, event in enumerate(events)
        if isinstance(event, TradeCalled) and isinstance(event.outcome, TradedOutcome)
    )  # fmt: skip
    trade = events[at]
    bent = trade.outcome.model_copy(update={field: getattr(trade.outcome, field) + 1})
    events[at] = trade.model_copy(update={"outcome": bent})
    recording = demo.recording.model_copy(update={"events": tuple(events)})
    with pytest.raises(ReplayError) as refused:
        replay(recording, read_strategy(demo.commands.folder / "strategy"))
    assert refused.value.field == field


def test_backtest_takes_the_demo_s_strategy_by_default_and_refuses_another(demo: LiveDemo) -> None:
    recording = demo.commands.folder / "recording.json"
    done = demo.commands.run("backtest", "--data", str(recording), "--json")
    assert done.returncode == 0, done.stderr
    again = demo.commands.run("backtest", "--json")
    assert again.stdout == done.stdout, "the last demo's recording is the default"
    assert [epoch["target_bps"] for epoch in json.loads(done.stdout)["epochs"]] == [
        event.args["target"] for event in demo.history.named("Decision")
    ]
    other = demo.commands.state / "other"
    assert demo.commands.run("strategy", "random", "--out", str(other)).returncode == 0
    refused = demo.commands.run("backtest", "--data", str(recording), "--strategy", str(other), "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["name"] == StrategyDigestError.__name__
