"""Errors of the contracts package.

ContractsError
├── ToolchainError    the local chain or the exchange artefacts are missing or cannot be installed
├── AnvilError        the local chain did not start, died, or refused a control request
├── CompileError      a contract does not compile or breaks the code size limit
├── DeployError       a deployment transaction reverted
├── ParametersError   a vault's parameters break a rule of its constructor
├── RegistrationError a key and a commitment that cannot make a data contract
├── ProbeError        a chain, or what stands on it, is not fit for a deployment
├── RecordError       a deployment record that cannot be used
├── RefusalError      a transaction was not refused, or cannot be replayed to see why
└── MarketError       the test market was asked for something that cannot be
"""


class ContractsError(Exception):
    """Any refusal of this package; the message says what was wrong and what to do."""


class ToolchainError(ContractsError):
    """The local chain or the exchange artefacts are missing or cannot be installed."""


class AnvilError(ContractsError):
    """The local chain did not start, died, or refused a control request."""


class CompileError(ContractsError):
    """A contract does not compile or breaks the code size limit."""


class DeployError(ContractsError):
    """A deployment transaction reverted."""


class RegistrationError(ContractsError):
    """A key and a commitment that cannot make a data contract."""


class RefusalError(ContractsError):
    """A transaction was not refused, or cannot be replayed to see why."""


class MarketError(ContractsError):
    """The test market was asked for something that cannot be."""


class ParametersError(ContractsError):
    """A vault's parameters break a rule of its constructor."""


class ProbeError(ContractsError):
    """A chain, or what stands on it, is not fit for a deployment."""


class RecordError(ContractsError):
    """A deployment record that cannot be used."""
