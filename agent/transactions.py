"""Send transactions so that none is lost and none is sent twice, whatever dies in between.

One nonce is in flight at a time. A transaction's nonce and hash are in the journal before it is broadcast; a
failure to reach the node afterwards leaves it *unresolved* until its receipt exists or its nonce is used. A
later transaction with the same nonce takes its place, at a higher fee. Nothing is ever guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from eth_typing import ChecksumAddress

from agent.chain import Call, Chain, Receipt
from agent.clock import Clock
from agent.errors import RpcError, UnreachableError
from agent.journal import CommandKind, CommandRow, Journal, Outcome
from agent.keystore import Signer

#: Nodes want a replacement to offer a tenth more; an eighth is what most of them check.
BUMP_NUMERATOR, BUMP_DENOMINATOR = 9, 8
RECEIPT_POLL_SECS = 0.5
ARRIVED = ("already known", "already imported", "known transaction", "already in")
NONCE_USED = ("nonce too low", "nonce is too low", "invalid nonce")


@dataclass(frozen=True)
class FeeSettings:
    """How much to offer, in wei per gas, and how patient to be."""

    max_fee_wei: int  # the ceiling, never exceeded
    priority_fee_wei: int
    replace_after_secs: int  # of the clock, since signing
    confirm_wait_secs: float  # how long one step waits for a receipt
    confirmations: int  # blocks, the transaction's own included


@dataclass(frozen=True)
class Fees:
    """An offer, in wei per gas."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True)
class Sent:
    """One transaction as it stands, with its receipt once it is settled."""

    row: CommandRow
    receipt: Receipt | None

    @property
    def outcome(self) -> Outcome:
        """Return what became of it."""
        return Outcome(self.row.outcome)


class Transactions:
    """The account that signs, and everything it has sent."""

    def __init__(
        self, chain: Chain, chain_id: int, journal: Journal, clock: Clock, signer: Signer, fees: FeeSettings
    ) -> None:
        self._chain = chain
        self._chain_id = chain_id
        self._journal = journal
        self._clock = clock
        self._signer = signer
        self.settings = fees

    @property
    def sender(self) -> ChecksumAddress:
        """Return the account's address."""
        return self._signer.address

    def offer(self, base_fee_wei: int) -> Fees:
        """Return what the next transaction offers: twice the base fee, within the ceiling.

        A transaction that waits with the same nonce is outbid by an eighth, which may exceed the ceiling:
        the gas guard refuses it then.
        """
        settings = self.settings
        wanted = min(2 * base_fee_wei + settings.priority_fee_wei, settings.max_fee_wei)
        fees = Fees(wanted, min(settings.priority_fee_wei, wanted))
        nonce = self._chain.mined_nonce(self.sender)
        for row in self.unresolved():
            if row.nonce == nonce:
                fees = Fees(
                    max(fees.max_fee_wei, _bumped(row.max_fee_wei)),
                    max(fees.priority_fee_wei, _bumped(row.priority_fee_wei)),
                )
        return fees

    def unresolved(self) -> list[CommandRow]:
        """Return the transactions whose outcome is open."""
        return self._journal.unresolved(self._chain_id, self.sender)

    def settle(self) -> list[Sent]:
        """Look for receipts and used nonces of open transactions, and write down what is certain."""
        settled: list[Sent] = []
        for nonce in sorted({row.nonce for row in self.unresolved()}):
            rows = [row for row in self.unresolved() if row.nonce == nonce]
            settled += self._settle_nonce(nonce, rows)
        return settled

    def send(self, kind: CommandKind, vault: str, epoch: int, call: Call, fees: Fees) -> Sent:
        """Sign a call, write it down, broadcast it, and wait for a moment for what becomes of it.

        Raises: UnreachableError before anything is signed; afterwards the outcome is unresolved instead.
        """
        nonce = self._chain.mined_nonce(self.sender)
        signed = self._signer.sign(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": call.to,
                "value": 0,
                "data": call.data,
                "gas": call.gas_limit,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.priority_fee_wei,
            }
        )
        row = CommandRow(
            tx_hash=signed.tx_hash,
            chain_id=self._chain_id,
            vault=vault,
            epoch=epoch,
            kind=kind,
            sender=self.sender,
            nonce=nonce,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
            raw=signed.raw,
            outcome=Outcome.UNRESOLVED,
            signed_secs=self._clock.now_secs(),
        )
        self._journal.add_command(row)
        return self._deliver(row)

    def resume(self, row: CommandRow) -> Sent:
        """Go on with an open transaction that is still wanted: broadcast it again unless the node has it."""
        try:
            if self._chain.knows(row.tx_hash):
                return self._await(row)
        except UnreachableError:
            return Sent(row, None)
        return self._deliver(row)

    def is_late(self, row: CommandRow) -> bool:
        """Tell whether an open transaction has waited long enough to be outbid, and still can be."""
        waited = self._clock.now_secs() - row.signed_secs
        if waited < self.settings.replace_after_secs:
            return False
        return self._chain.mined_nonce(self.sender) <= row.nonce

    def _deliver(self, row: CommandRow) -> Sent:
        try:
            self._chain.broadcast(row.raw)
        except UnreachableError:
            return Sent(row, None)
        except RpcError as error:
            said = error.detail.lower()
            if any(words in said for words in NONCE_USED):
                return self._await(row)
            if not any(words in said for words in ARRIVED):
                row.outcome = Outcome.DENIED
                row.reason = error.detail
                self._journal.settle([row])
                return Sent(row, None)
        return self._await(row)

    def _await(self, row: CommandRow) -> Sent:
        """Look for the receipt until there is one or the patience of a step is used up."""
        until = self._clock.lap_secs() + self.settings.confirm_wait_secs
        while True:
            try:
                for sent in self.settle():
                    if sent.row.tx_hash == row.tx_hash:
                        return sent
            except UnreachableError:
                return Sent(row, None)
            if self._clock.lap_secs() >= until or not self._clock.wait(RECEIPT_POLL_SECS):
                return Sent(row, None)

    def _settle_nonce(self, nonce: int, rows: list[CommandRow]) -> list[Sent]:
        """Settle the transactions of one nonce, of which at most one was mined."""
        used = self._chain.mined_nonce(self.sender) > nonce
        if not used:
            return []
        receipts = {row.tx_hash: self._chain.receipt(row.tx_hash) for row in rows}
        mined = next((receipt for receipt in receipts.values() if receipt is not None), None)
        if mined is None and any(self._chain.knows(row.tx_hash) for row in rows):
            return []  # the node counts the nonce and has the transaction: its receipt is still to come
        if mined is not None and not self._is_deep(mined.block):
            return []
        for row in rows:
            receipt = receipts[row.tx_hash]
            if receipt is None:
                row.outcome = Outcome.SUPERSEDED
                row.reason = "another transaction used its nonce"
            else:
                row.outcome = Outcome.CONFIRMED if receipt.ok else Outcome.REJECTED
                row.block = receipt.block
                row.gas_used = receipt.gas_used
        self._journal.settle(rows)
        return [Sent(row, receipts[row.tx_hash]) for row in rows]

    def _is_deep(self, block: int) -> bool:
        return self._chain.latest().number - block + 1 >= self.settings.confirmations


def with_reason(sent: Sent, journal: Journal, read: Callable[[int], str]) -> Sent:
    """Write the contract's word beside a reverted transaction; `read` gets its block."""
    if sent.receipt is None or sent.receipt.ok:
        return sent
    sent.row.reason = read(sent.receipt.block)
    journal.settle([sent.row])
    return replace(sent, row=sent.row)


def _bumped(fee_wei: int) -> int:
    return -(-fee_wei * BUMP_NUMERATOR // BUMP_DENOMINATOR)
