"""Transactions that get stuck, lost or refused, on a real node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.chain import Call, Chain
from agent.clock import SystemClock
from agent.errors import UnreachableError
from agent.journal import CommandKind, Journal, Outcome
from agent.keystore import KeystoreSigner
from agent.transactions import Fees, FeeSettings, Transactions
from tests.agent.support.live_vault import GWEI, LiveVault

CHAIN_ID = 31337
VAULT = "0x00000000000000000000000000000000000000aA"
SETTINGS = FeeSettings(
    max_fee_wei=100 * GWEI,
    priority_fee_wei=GWEI,
    replace_after_secs=60,
    confirm_wait_secs=120.0,
    confirmations=1,
)
IMPATIENT = replace(SETTINGS, confirm_wait_secs=0.01)
LOW = Fees(10 * GWEI, GWEI)


class SteppedClock(SystemClock):
    """A clock that a test moves."""

    time_secs = 1_000_000

    def now_secs(self) -> int:
        return self.time_secs


class LossyChain(Chain):
    """A node behind a line that breaks at a broadcast: after it arrived, or before."""

    arrives = True
    breaks = True

    def broadcast(self, raw: bytes) -> None:
        if self.arrives or not self.breaks:
            super().broadcast(raw)
        if self.breaks:
            raise UnreachableError(self.rpc_url, "the line broke")


def transactions_on(
    live: LiveVault,
    journal: Journal,
    chain: Chain | None = None,
    clock: SteppedClock | None = None,
    settings: FeeSettings = SETTINGS,
) -> Transactions:
    """Build the sender of the agent's account."""
    used = chain or Chain(live.node.rpc_url)
    signer = KeystoreSigner(live.operator)
    return Transactions(used, CHAIN_ID, journal, clock or SteppedClock(), signer, settings)


def push(live: LiveVault) -> Call:
    """Return a call that always passes."""
    data = live.stack.price_log.encode_abi("push", [live.epoch])
    return Call("push", live.stack.price_log.address, bytes.fromhex(data[2:]), 500_000)


def test_nonce_and_hash_are_written_before_the_broadcast(live: LiveVault, journal: Journal) -> None:
    class Watching(Chain):
        seen: tuple[int, bytes] | None = None

        def broadcast(self, raw: bytes) -> None:
            (row,) = journal.unresolved(CHAIN_ID, live.operator.address)
            self.seen = (row.nonce, row.tx_hash)
            super().broadcast(raw)

    chain = Watching(live.node.rpc_url)
    sent = transactions_on(live, journal, chain).send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    assert sent.outcome is Outcome.CONFIRMED
    assert sent.receipt is not None
    assert chain.seen == (0, sent.receipt.tx_hash)


def test_a_stuck_transaction_is_replaced_with_its_own_nonce(live: LiveVault, journal: Journal) -> None:
    clock = SteppedClock()
    transactions = transactions_on(live, journal, clock=clock, settings=IMPATIENT)
    live.node.request("evm_setAutomine", False)
    first = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    assert first.outcome is Outcome.UNRESOLVED
    assert not transactions.is_late(first.row)
    clock.time_secs += 60
    assert transactions.is_late(first.row)
    offer = transactions.offer(0)
    assert offer.max_fee_wei * 8 >= LOW.max_fee_wei * 9
    assert offer.priority_fee_wei * 8 >= LOW.priority_fee_wei * 9
    second = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), offer)
    assert second.row.nonce == first.row.nonce
    assert len(live.pending()) == 1
    assert not transactions.is_late(second.row)
    clock.time_secs += 60
    assert transactions.is_late(second.row)
    live.node.mine()
    assert not transactions.is_late(second.row), "what is mined cannot be outbid"
    transactions.settle()
    outcomes = {row.tx_hash: row.outcome for row in journal.commands(CHAIN_ID, VAULT, 1)}
    assert outcomes == {first.row.tx_hash: Outcome.SUPERSEDED, second.row.tx_hash: Outcome.CONFIRMED}
    assert live.sent() == 1


def test_a_line_that_breaks_after_arrival_leaves_it_unresolved_until_the_receipt(
    live: LiveVault, journal: Journal
) -> None:
    transactions = transactions_on(live, journal, LossyChain(live.node.rpc_url))
    sent = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    assert (sent.outcome, sent.receipt) == (Outcome.UNRESOLVED, None)
    live.wait_until_mined()
    (settled,) = transactions.settle()
    assert settled.outcome is Outcome.CONFIRMED
    assert live.sent() == 1


def test_a_line_that_breaks_before_arrival_is_sent_again_as_it_was(live: LiveVault, journal: Journal) -> None:
    chain = LossyChain(live.node.rpc_url)
    chain.arrives = False
    transactions = transactions_on(live, journal, chain)
    sent = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    assert sent.outcome is Outcome.UNRESOLVED
    assert transactions.settle() == [], "neither receipt nor nonce tells"
    chain.breaks = False
    again = transactions.resume(sent.row)
    assert again.outcome is Outcome.CONFIRMED
    assert again.row.tx_hash == sent.row.tx_hash
    assert live.sent() == 1


def test_what_the_node_refuses_is_denied(live: LiveVault, journal: Journal) -> None:
    live.node.set_balance(live.operator.address, 0)
    transactions = transactions_on(live, journal)
    sent = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    assert sent.outcome is Outcome.DENIED
    assert sent.row.reason
    assert transactions.unresolved() == []


def test_a_nonce_used_elsewhere_settles_what_waited_with_it(
    live: LiveVault, journal: Journal, tmp_path: Path
) -> None:
    lossy = LossyChain(live.node.rpc_url)
    lossy.arrives = False
    transactions = transactions_on(live, journal, lossy)
    sent = transactions.send(CommandKind.PUSH, VAULT, 1, push(live), LOW)
    other = Journal(tmp_path / "other.sqlite")
    elsewhere = transactions_on(live, other).send(CommandKind.PUSH, VAULT, 2, push(live), Fees(9 * GWEI, 1))
    other.close()
    assert elsewhere.outcome is Outcome.CONFIRMED
    (settled,) = transactions.settle()
    assert settled.row.tx_hash == sent.row.tx_hash
    assert settled.outcome is Outcome.SUPERSEDED


def test_the_offer_stays_under_the_ceiling(live: LiveVault, journal: Journal) -> None:
    transactions = transactions_on(live, journal)
    assert transactions.offer(10 * GWEI) == Fees(21 * GWEI, GWEI)
    assert transactions.offer(80 * GWEI) == Fees(100 * GWEI, GWEI)
