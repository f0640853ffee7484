"""Errors of the audit package.

AuditError
|-- VerificationError  a key, a commitment or a proof that the protocol refuses, by its word
|-- CircuitError       public files that break a rule of the circuit, by the rule's name
|-- CeremonyError      a ceremony file that is not the pinned one or not a setup
|-- FileError          a file that is missing, unreadable or not in its format
|-- NodeError          a node that does not answer, or answers what cannot be read
|-- SourceError        contract sources that cannot be compiled
`-- VaultError         an address that cannot be audited, and why
"""

from __future__ import annotations

from pathlib import Path


class AuditError(Exception):
    """Stand at the root of every refusal of the audit package."""


class VerificationError(AuditError):
    """Refuse a key, a commitment or a proof.

    Parameters
    ----------
    reason : the protocol's word: key, ceremony, count, input, length, scalar, point, challenge, opening;
        for proof files also context, circuit and commitment.
    subject : what was looked at.
    index : position of the subject among its like, where there are several.
    expected, found : what the protocol wants and what stood there.
    """

    def __init__(
        self,
        reason: str,
        subject: str,
        *,
        index: int | None = None,
        expected: object = None,
        found: object = None,
    ) -> None:
        self.reason = reason
        self.subject = subject
        self.index = index
        self.expected = expected
        self.found = found
        place = subject if index is None else f"{subject} {index}"
        super().__init__(f"{reason}: {place}: expected {expected}, found {found}.")


class CircuitError(AuditError):
    """Refuse an architecture, a layout or a column by the name of the rule that it breaks.

    Parameters
    ----------
    rule : architecture, layout, parameters, rows, provider, operand, base, bounds or soundness.
    detail : what breaks it, and where.
    """

    def __init__(self, rule: str, detail: str) -> None:
        self.rule = rule
        self.detail = detail
        super().__init__(f"{rule}: {detail}.")


class CeremonyError(AuditError):
    """Refuse a ceremony file.

    Parameters
    ----------
    reason : file, hash, format, point, generator, powers or lagrange.
    detail : what was wrong, and where.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"ceremony {reason}: {detail}.")


class FileError(AuditError):
    """Refuse a file that is missing, unreadable or not in its format."""

    def __init__(self, path: str | Path, detail: str) -> None:
        self.path = Path(path)
        self.detail = detail
        super().__init__(f"{path}: {detail}.")


class NodeError(AuditError):
    """Name a node's method and what was wrong with the answer."""

    def __init__(self, method: str, detail: str) -> None:
        self.method = method
        self.detail = detail
        super().__init__(f"the node does not serve {method}: {detail}.")


class SourceError(AuditError):
    """Name a contract whose source cannot be compiled."""

    def __init__(self, name: str, detail: str) -> None:
        self.contract = name
        self.detail = detail
        super().__init__(f"{name} cannot be compiled: {detail}.")


class VaultError(AuditError):
    """Name an address that cannot be audited, and why."""

    def __init__(self, address: str, detail: str) -> None:
        self.address = address
        self.detail = detail
        super().__init__(f"{address} cannot be audited: {detail}.")
