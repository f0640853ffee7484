"""Send one transaction after the other for a person, so that none is lost and none is sent twice.

A transaction is signed, written down, and only then broadcast. Whoever runs the command again finds it
written down and asks the chain what became of it; the same bytes are sent again, or dearer ones with the same
nonce, of which at most one is ever mined. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from agent.chain import Block, Chain, Receipt
from agent.clock import Clock
from agent.errors import CallRefusedError, RpcError, UnreachableError
from agent.keystore import Signer
from agent.transactions import ARRIVED, BUMP_DENOMINATOR, BUMP_NUMERATOR, NONCE_USED
from agent.vault_errors import (
    FeeCeilingError,
    FundsError,
    NonceTakenError,
    RefusedError,
    RevertedError,
    UnresolvedError,
)
from agent.vault_words import meaning_of
from contracts.deployment_record import Attempt, Step, Transaction

POLL_SECS = 0.2
OUT_OF_GAS = "outofgas"
Save = Callable[[], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class OfferSettings:
    """How much to offer, in wei per gas, and how patient to be."""

    max_fee_wei: int
    priority_fee_wei: int
    confirm_wait_secs: float
    confirmations: int = 1


class AccountSender:
    """One account that signs, on one chain."""

    def __init__(
        self, chain: Chain, chain_id: int, signer: Signer, offer: OfferSettings, clock: Clock, say: Say
    ) -> None:
        self._chain = chain
        self._chain_id = chain_id
        self._signer = signer
        self._offer = offer
        self._clock = clock
        self._say = say

    @property
    def address(self) -> ChecksumAddress:
        """Return the account."""
        return self._signer.address

    def next_nonce(self) -> int:
        """Return the nonce after the account's last mined transaction."""
        return self._chain.mined_nonce(self.address)

    def deliver(self, step: Step, save: Save) -> Receipt:
        """Send a step, or go on with it, and return its receipt once it is mined as deep as configured.

        The caller checks what it left, then calls `finish` and saves.
        Raises: RefusedError before anything is signed; FeeCeilingError, FundsError; UnresolvedError,
        NonceTakenError; RevertedError with the step cleared for another attempt.
        """
        receipt = self._settle(step, save)
        if receipt is None:
            fresh = self._sign_if_needed(step, save)
            self._broadcast(step, save, fresh=fresh)
            receipt = self._await(step, save)
        if not receipt.ok:
            step.attempts.clear()
            save()
            raise RevertedError(step.name, "0x" + receipt.tx_hash.hex())
        return receipt

    def _sign_if_needed(self, step: Step, save: Save) -> bool:
        """Sign a first attempt, or a dearer one when the last can no longer be mined; tell whether."""
        head = self._chain.latest()
        if not step.attempts:
            simulate(self._chain, step, self.address)
            fees = self._fees(head, 0, 0)
        else:
            last = step.attempts[-1]
            if last.max_fee_wei >= head.base_fee_wei:
                return False
            fees = self._fees(head, _bumped(last.max_fee_wei), _bumped(last.priority_fee_wei))
        held, needed = self._chain.balance_wei(self.address), step.gas_limit * fees[0]
        if held < needed:
            raise FundsError(
                f"'{step.name}' may cost {needed} wei of gas and {self.address} holds {held}; fund the"
                " account or lower the fee ceiling."
            )
        signed = self._signer.sign(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": step.nonce,
                "to": to_checksum_address(step.to) if step.to is not None else b"",
                "value": 0,
                "data": step.data,
                "gas": step.gas_limit,
                "maxFeePerGas": fees[0],
                "maxPriorityFeePerGas": fees[1],
            }
        )
        step.attempts.append(Attempt("0x" + signed.tx_hash.hex(), "0x" + signed.raw.hex(), *fees))
        save()
        return True

    def _fees(self, head: Block, least_wei: int, least_priority_wei: int) -> tuple[int, int]:
        offer = self._offer
        wanted = max(2 * head.base_fee_wei + offer.priority_fee_wei, least_wei)
        fee = min(wanted, offer.max_fee_wei)
        if fee < max(head.base_fee_wei, least_wei):
            raise FeeCeilingError(max(head.base_fee_wei, least_wei), offer.max_fee_wei)
        return fee, min(max(offer.priority_fee_wei, least_priority_wei), fee)

    def _broadcast(self, step: Step, save: Save, *, fresh: bool) -> None:
        """Hand the last attempt to the node; one that it refuses is forgotten if nobody has seen it yet."""
        attempt = step.attempts[-1]
        self._say(f"{step.name}: {attempt.tx_hash}")
        try:
            if self._chain.knows(bytes.fromhex(attempt.tx_hash[2:])):
                return
            self._chain.broadcast(bytes.fromhex(attempt.raw[2:]))
        except UnreachableError:
            raise UnresolvedError(step.name, attempt.tx_hash) from None
        except RpcError as error:
            said = error.detail.lower()
            if any(words in said for words in (*NONCE_USED, *ARRIVED)):
                return
            if fresh:
                step.attempts.pop()
                save()
            raise

    def _await(self, step: Step, save: Save) -> Receipt:
        until = self._clock.lap_secs() + self._offer.confirm_wait_secs
        while True:
            with suppress(UnreachableError):
                receipt = self._settle(step, save)
                if receipt is not None:
                    return receipt
            if self._clock.lap_secs() >= until or not self._clock.wait(POLL_SECS):
                raise UnresolvedError(step.name, step.attempts[-1].tx_hash)

    def _settle(self, step: Step, save: Save) -> Receipt | None:
        """Return the receipt of a step that is mined deep enough, None while that is open or nothing is sent.

        Raises: NonceTakenError when another transaction used the nonce; the step is cleared then.
        """
        if not step.attempts:
            return None
        used = self._chain.mined_nonce(self.address) > step.nonce
        hashes = [bytes.fromhex(attempt.tx_hash[2:]) for attempt in step.attempts]
        for tx_hash in hashes:
            receipt = self._chain.receipt(tx_hash)
            if receipt is not None:
                deep = self._chain.latest().number - receipt.block + 1 >= self._offer.confirmations
                return receipt if deep else None
        if used and not any(self._chain.knows(tx_hash) for tx_hash in hashes):
            step.attempts.clear()
            save()
            raise NonceTakenError(step.name, step.nonce)
        return None


def finish(step: Step, receipt: Receipt) -> None:
    """Note what did a step, and drop what was kept to send it again."""
    step.transaction = mined_as(receipt)
    step.attempts.clear()
    step.data = None


def mined_as(receipt: Receipt) -> Transaction:
    """Return what a record keeps of a receipt."""
    tx_hash = "0x" + receipt.tx_hash.hex()
    return Transaction(tx_hash, receipt.block, receipt.gas_used, receipt.gas_price_wei)


def simulate(chain: Chain, step: Step, sender: str) -> bytes:
    """Make a step's call at the latest block without sending it; return what it returns.

    Raises: RefusedError with the contract's word and its meaning.
    """
    name = function_name(step.function) or step.name
    try:
        return chain.try_call(name, step.to, bytes.fromhex((step.data or "0x")[2:]), step.gas_limit, sender)
    except CallRefusedError as error:
        raise RefusedError(name, error.reason, meaning_of(name, error.reason)) from error
    except RpcError as error:
        if OUT_OF_GAS not in error.detail.lower().replace(" ", ""):
            raise
        raise RefusedError(name, "", f"{step.gas_limit} gas do not suffice for it") from error


def function_name(signature: str | None) -> str:
    """Return the name of a function without its arguments."""
    return (signature or "").split("(")[0]


def _bumped(fee_wei: int) -> int:
    """Return an eighth more, and more in any case: nodes do not take the same again."""
    return max(-(-fee_wei * BUMP_NUMERATOR // BUMP_DENOMINATOR), fee_wei + 1)
