"""Errors of the commands that people run on a vault.

AgentError
`-- VaultCommandError        a command on a vault cannot go on
    |-- AmountError              an amount that is no decimal, or finer than its token
    |-- FundsError               an account does not hold what a command needs
    |-- RefusedError             a contract refuses a call; the word and what it means
    |-- UnderpaidError           mined, and the receiver got less than the limit
    |-- FeeCeilingError          the chain asks more for gas than the ceiling
    |-- UnresolvedError          sent, and what became of it is not known yet
    |-- NonceTakenError          another transaction of the account took the place of ours
    |-- RevertedError            mined, and refused by the contract
    `-- DeploymentError          a deployment does not fit its record or its configuration
"""

from __future__ import annotations

from agent.errors import AgentError


class VaultCommandError(AgentError):
    """Stand for what keeps a command on a vault from going on."""


class AmountError(VaultCommandError):
    """Name an amount and why it is none."""

    def __init__(self, name: str, text: str, problem: str) -> None:
        self.text = text
        super().__init__(f"{name} {text!r} {problem}.")


class FundsError(VaultCommandError):
    """Say what an account holds, what is needed, and of what."""


class RefusedError(VaultCommandError):
    """Name a call that a contract refuses, its word, and what the word means there."""

    def __init__(self, call: str, word: str, meaning: str) -> None:
        self.call = call
        self.word = word
        self.meaning = meaning
        said = f"'{word}'" if word else "no reason given"
        super().__init__(f"{call} would be refused ({said}): {meaning}.")


class FeeCeilingError(VaultCommandError):
    """Say what the chain asks for gas, and the ceiling."""

    def __init__(self, asked_wei: int, ceiling_wei: int) -> None:
        super().__init__(
            f"the chain asks {asked_wei} wei per gas and the ceiling is {ceiling_wei}; wait, or raise it."
        )


class UnresolvedError(VaultCommandError):
    """Name a transaction that was sent and whose outcome is not known."""

    def __init__(self, name: str, tx_hash: str) -> None:
        self.tx_hash = tx_hash
        super().__init__(
            f"'{name}' was sent as {tx_hash} and is not mined yet; run the same command again to go on."
        )


class NonceTakenError(VaultCommandError):
    """Say that a nonce was used by a transaction that is not ours."""

    def __init__(self, name: str, nonce: int) -> None:
        self.nonce = nonce
        super().__init__(
            f"'{name}' did not happen: another transaction of the account used nonce {nonce}; run the command"
            " again."
        )


class RevertedError(VaultCommandError):
    """Name a transaction that was mined and refused."""

    def __init__(self, name: str, tx_hash: str) -> None:
        self.tx_hash = tx_hash
        super().__init__(
            f"'{name}' was mined as {tx_hash} and refused there, so nothing moved; look at the vault and run"
            " the command again."
        )


class UnderpaidError(VaultCommandError):
    """Name a transaction that was mined and paid its receiver less than its limit."""

    def __init__(self, tx_hash: str, receiver: str, got: str, least: str, symbol: str) -> None:
        self.tx_hash = tx_hash
        super().__init__(
            f"the exit was mined as {tx_hash}, but {receiver} got {got} {symbol} by it and the limit was"
            f" {least}: the Zap, its pool or the token took the rest, so use none of them again."
        )


class DeploymentError(VaultCommandError):
    """Say what keeps a deployment from going on."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem.rstrip(".") + ".")
