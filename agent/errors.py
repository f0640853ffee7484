"""Errors of the agent package.

    AgentError
    |-- MissingFileError      a file or folder that the user named does not exist
    |-- UnreadableFileError   it exists and cannot be read or written
    |-- InvalidOptionError    an option value that the parser accepts and the command cannot
    |-- OffChainStrategyError a strategy whose proofs no vault's verifier takes
    |-- InternalError         a defect of provault itself, reported by name
    |-- CommandGroupError     a module in agent/commands that cannot be registered
    |-- ConfigError           a configuration that is not what it must be, by key
    |-- KeystoreError         a keystore or passphrase that does not open
    |-- JournalError          a journal that cannot be used
    |-- AlreadyRunningError   another agent holds the journal
    |-- NotRunningError       there is no agent to stop
    |-- VaultCommandError     a person's command on a vault cannot go on (agent.vault_errors)
    |-- BenchmarkError        a measurement that failed
    |-- DemoError             the demo cannot go on, and what to do
    |   |-- DemoPricesError       a source gives no prices
    |   |-- MissingDemoError      no demo has left what a command needs
    |   |-- PortInUseError        another program listens where the chain was to
    |   `-- FraudAcceptedError    a fraud was not refused by the verifier
    |-- HaltedError           the agent found something it must not trade on, and says what
    |   |-- ChainIdError          the node serves another chain
    |   |-- MissingCodeError      no contract at an address
    |   |-- MissingPrecompileError  the chain cannot check proofs
    |   `-- StrategyMismatchError the vault pins another strategy, window or verifier
    `-- ChainError            the node, as opposed to a contract
        |-- UnreachableError      no answer; it may come later
        |-- RpcError              an answer that is an error
        `-- CallRefusedError      a contract reverts a call, with its word

Every error carries one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

from pathlib import Path


class AgentError(Exception):
    """Stand at the root of every error that the agent package raises."""


class MissingFileError(AgentError):
    """Name a file or folder that does not exist."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        super().__init__(f"{path} does not exist; check the path.")


class UnreadableFileError(AgentError):
    """Name a file that exists and cannot be used, and the system's reason."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = Path(path)
        self.reason = reason
        super().__init__(f"{path} cannot be used: {reason}.")


class InvalidOptionError(AgentError):
    """Name an option, the value found and the value expected."""

    def __init__(self, option: str, found: object, expected: str) -> None:
        self.option = option
        self.found = found
        self.expected = expected
        super().__init__(f"{option} is {found!r}, expected {expected}.")


class OffChainStrategyError(AgentError):
    """Name a strategy folder that is compiled for another ceremony file than the verifier contract's."""

    def __init__(self, folder: Path, powers: int, expected: int) -> None:
        self.powers = powers
        super().__init__(
            f"the strategy in {folder} is made for {powers} powers of the ceremony and the verifier contract"
            f" takes {expected} only, so no vault can use it; compile it again with --powers {expected}."
        )


class InternalError(AgentError):
    """Report a defect of provault itself under one name."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        detail = str(cause) or "no message"
        super().__init__(f"provault failed unexpectedly ({type(cause).__name__}: {detail}).")


class CommandGroupError(AgentError):
    """Name a command module without a `register(app)` function."""

    def __init__(self, module: str) -> None:
        self.module = module
        super().__init__(f"{module} has no register(app) function.")


class ConfigError(AgentError):
    """Name a configuration file, the key and what is wrong there."""

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{path}: {problem}.")


class KeystoreError(AgentError):
    """Say why a keystore does not open; never shows what is in it."""


class JournalError(AgentError):
    """Name a journal and why it cannot be used."""


class AlreadyRunningError(AgentError):
    """Name the journal that another agent holds."""

    def __init__(self, journal: str | Path) -> None:
        self.journal = Path(journal)
        super().__init__(f"another agent works with {journal}; end it with `provault agent stop` first.")


class NotRunningError(AgentError):
    """Say that no agent holds a journal."""

    def __init__(self, journal: str | Path) -> None:
        self.journal = Path(journal)
        super().__init__(f"no agent works with {journal}.")


class HaltedError(AgentError):
    """Name what the agent found that it must not trade on."""


class ChainIdError(HaltedError):
    """Name the chain that the node serves and the one that was expected."""

    def __init__(self, found: int, expected: int) -> None:
        self.found = found
        self.expected = expected
        super().__init__(f"the node serves chain {found}, expected {expected}; check chain.rpc_url.")


class MissingCodeError(HaltedError):
    """Name an address without the contract that should be there."""

    def __init__(self, role: str, address: str) -> None:
        self.role = role
        self.address = address
        super().__init__(f"there is no {role} at {address} on this chain; check the address and the chain.")


class MissingPrecompileError(HaltedError):
    """Say that a chain lacks the precompiled contracts that a proof check needs."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"the chain has no BLS12-381 precompile at {address} (EIP-2537, Prague), so no proof can be"
            " checked on it; use a chain at Prague or later."
        )


class StrategyMismatchError(HaltedError):
    """Name what the vault pins and what the strategy folder holds."""


class ChainError(AgentError):
    """Stand for what goes wrong between the agent and its node."""


class UnreachableError(ChainError):
    """Name a node that does not answer; a later attempt may succeed."""

    def __init__(self, url: str, detail: str) -> None:
        self.url = url
        self.detail = detail
        super().__init__(f"the node at {url} does not answer ({detail}); start it or correct chain.rpc_url.")


class RpcError(ChainError):
    """Name a request that the node answers with an error."""

    def __init__(self, method: str, detail: str) -> None:
        self.method = method
        self.detail = detail
        super().__init__(f"the node refuses {method}: {detail}.")


class CallRefusedError(ChainError):
    """Name a call that a contract reverts; `reason` is the contract's word, empty when it gives none."""

    def __init__(self, call: str, reason: str) -> None:
        self.call = call
        self.reason = reason
        super().__init__(f"{call} is refused: {reason or 'no reason given'}.")


class BenchmarkError(AgentError):
    """Say which measurement failed."""


class DemoError(AgentError):
    """Say what keeps the demo from going on, and what to do."""


class DemoPricesError(DemoError):
    """Say why a source gives no prices for the demo."""


class MissingDemoError(DemoError):
    """Name what the last demo would have left, had there been one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"no demo has left {path}; run `provault demo` first, or name a file with --data.")


class PortInUseError(DemoError):
    """Name a port that another program listens on."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(f"port {port} is in use; name another with --port, or none to get a free one.")


class FraudAcceptedError(DemoError):
    """Name a fraud that was not refused as it must be."""

    def __init__(self, fraud: str, detail: str) -> None:
        self.fraud = fraud
        self.detail = detail
        super().__init__(f"the fraud {fraud} was not refused by the verifier: {detail}.")
