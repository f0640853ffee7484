"""Send through an account's outbox, and settle first what an earlier command has left in it."""

from __future__ import annotations

from collections.abc import Callable

from agent.chain import Receipt
from agent.vault_errors import NonceTakenError, RevertedError, VaultCommandError
from agent.vault_outbox import Outbox
from agent.vault_sender import AccountSender, finish, mined_as
from contracts.deployment_record import Step


class EarlierError(VaultCommandError):
    """Say what became of a transaction that an earlier command had left open."""

    def __init__(self, name: str, tx_hash: str) -> None:
        self.tx_hash = tx_hash
        super().__init__(
            f"an earlier command had left '{name}' open, and it is mined now as {tx_hash}; nothing else was"
            " sent: look at the vault, and run this command again if you still want it."
        )


class Sending:
    """The account's outbox, held, and the means to send through it."""

    def __init__(self, outbox: Outbox, sender: AccountSender) -> None:
        self._outbox = outbox
        self._sender = sender

    def settle(self, own: Callable[[Step], bool] = lambda step: False) -> Step | None:
        """Go on with what an earlier command left, and then stop: what it did may change what is wanted.

        A step that is `own`, which the command wants anyhow, is returned done; None when nothing was left.
        Raises: EarlierError, RevertedError, NonceTakenError, UnresolvedError.
        """
        step = self._outbox.read()
        if step is None:
            return None
        try:
            receipt = self._sender.deliver(step, lambda: self._outbox.write(step))
        except (NonceTakenError, RevertedError):
            self._outbox.clear()
            raise
        self._outbox.clear()
        if own(step):
            step.transaction = mined_as(receipt)
            step.attempts.clear()
            return step
        raise EarlierError(step.name, "0x" + receipt.tx_hash.hex())

    def send(self, step: Step) -> Receipt:
        """Send a step with the account's next nonce, and return its receipt once it is mined.

        Raises: RefusedError before anything is signed; VaultCommandError by name.
        """
        step.nonce = self._sender.next_nonce()
        receipt = self._sender.deliver(step, lambda: self._outbox.write(step))
        finish(step, receipt)
        self._outbox.clear()
        return receipt
