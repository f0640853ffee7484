"""Errors of the agent package.

    AgentError
    |-- MissingFileError      a file or folder that the user named does not exist
    |-- UnreadableFileError   it exists and cannot be read or written
    |-- InvalidOptionError    an option value that the parser accepts and the command cannot
    |-- InternalError         a defect of provault itself, reported by name
    `-- CommandGroupError     a module in agent/commands that cannot be registered

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
        super().__init__(f"{path} does not exist.")


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
