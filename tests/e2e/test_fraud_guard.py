"""A fraud counts as refused only when the verifier refused it: the check itself is put to the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agent.demo.frauds import DecideCall, Fraudster, storage_hash
from agent.errors import FraudAcceptedError
from contracts.deploy import push_prices
from contracts.registration import proof_context
from prover.artefacts import load_prover
from strategies.features import model_inputs
from tests.e2e.support.live_demo import LiveDemo

pytestmark = pytest.mark.timeout(3_600)  # the first test of a process waits for a whole demo

HOUR = 3_600
OTHER_REASON = "closed"


@pytest.fixture
def next_call(kept_demo: LiveDemo) -> Iterator[tuple[Fraudster, DecideCall]]:
    """Somebody with the strategy, and the honest call of the epoch after the last; undone afterwards."""
    demo = kept_demo
    account = demo.web3.eth.accounts[3]
    epoch = demo.vault.functions.target_epoch().call() + 1
    with demo.undone():
        demo.request("evm_mine", hex(epoch * HOUR))
        push_prices(demo.price_log, epoch, sender=account)
        inputs = model_inputs(demo.price_log.functions.window(epoch, 33).call(), sign=-1)
        prover = load_prover(demo.commands.folder / "strategy")
        chain_id = demo.web3.eth.chain_id
        context = proof_context(chain_id, demo.vault.address, epoch, demo.verifier.address)
        (target,), proof = prover.prove(context, inputs)
        stack: Any = SimpleNamespace(vault=demo.vault, verifier=demo.verifier)
        yield Fraudster(stack, prover, account, chain_id), DecideCall(epoch, target, proof)


def test_an_honest_call_is_no_refused_fraud(next_call: tuple[Fraudster, DecideCall]) -> None:
    fraudster, honest = next_call
    before = storage_hash(fraudster.stack.vault.w3, fraudster.stack.vault.address)
    with pytest.raises(FraudAcceptedError, match="its transaction succeeded") as accepted:
        fraudster.send("changed_target", honest)
    assert accepted.value.fraud == "changed_target"
    assert storage_hash(fraudster.stack.vault.w3, fraudster.stack.vault.address) != before


def test_a_refusal_by_the_vault_itself_does_not_count(next_call: tuple[Fraudster, DecideCall]) -> None:
    fraudster, honest = next_call
    vault = fraudster.stack.vault.address
    with pytest.raises(FraudAcceptedError, match=f"{vault} reverted with '{OTHER_REASON}'"):
        fraudster.send("wrong_epoch", replace(honest, epoch=honest.epoch - 2))


def test_a_bent_call_is_refused_by_the_verifier(next_call: tuple[Fraudster, DecideCall]) -> None:
    fraudster, honest = next_call
    refusal = fraudster.send("changed_target", replace(honest, target_bps=honest.target_bps + 1))
    assert refusal.reason == "opening"
    assert refusal.gas_used > 200_000
