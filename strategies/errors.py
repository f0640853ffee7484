"""Errors of the strategies package.

StrategiesError
|-- DataMissingError       the data folder or a data file is not there
|-- DataFormatError        a data file that cannot be read as what it should be
|-- GapError               a window that reaches across missing candles
|-- RulesError             vault parameters that contradict each other
|-- VaultRefusal           an operation that the vault would revert, with the contract's word
|-- QuantiseError          a model that cannot become integers, by operator or bound
|-- ConfigError            a strategy's configuration file
|-- TrainingError          training that failed or a model that is refused
|-- ArtefactError          a strategy folder that is incomplete or not what it says
|-- RecordingError         a recording that cannot be read
|-- StrategyDigestError    a recording made with another strategy
`-- ReplayError            a recorded figure that the rules do not give
"""

from __future__ import annotations

from pathlib import Path


class StrategiesError(Exception):
    """Stand at the root of every error that the strategies package raises."""


class DataMissingError(StrategiesError):
    """Name market data that is not there, and where it was looked for."""

    def __init__(self, path: str | Path, advice: str = "") -> None:
        self.path = Path(path)
        super().__init__(f"{path} does not exist.{' ' + advice if advice else ''}")


class DataFormatError(StrategiesError):
    """Name a data file, the row where known, and what is wrong with it."""

    def __init__(self, path: str | Path, detail: str) -> None:
        self.path = Path(path)
        self.detail = detail
        super().__init__(f"{path}: {detail}.")


class DownloadError(StrategiesError):
    """Name the exchange that gave no candles, and its own name for the reason."""

    def __init__(self, exchange: str, reason: str) -> None:
        self.exchange = exchange
        self.reason = reason
        super().__init__(f"{exchange} gave no candles ({reason}); try later or another exchange.")


class GapError(StrategiesError):
    """Name an interval whose input window is not covered by one run of candles."""

    def __init__(self, interval: int, window_ticks: int) -> None:
        self.interval = interval
        self.window_ticks = window_ticks
        super().__init__(f"the {window_ticks} intervals that end with {interval} are not all covered.")


class RulesError(StrategiesError):
    """Name a vault parameter, the value found and the value expected."""

    def __init__(self, name: str, found: object, expected: str) -> None:
        self.name_of_parameter = name
        self.found = found
        self.expected = expected
        super().__init__(f"{name} is {found!r}, expected {expected}.")


class VaultRefusal(StrategiesError):  # noqa: N818
    """Carry the word with which the vault refuses an operation."""

    def __init__(self, word: str, detail: str) -> None:
        self.word = word
        self.detail = detail
        super().__init__(f"{word}: {detail}.")


class QuantiseError(StrategiesError):
    """Name the part of a model that cannot become integers, and why."""

    def __init__(self, part: str, detail: str) -> None:
        self.part = part
        self.detail = detail
        super().__init__(f"{part}: {detail}.")


class ConfigError(StrategiesError):
    """Name a configuration file and what is wrong in it."""

    def __init__(self, path: str | Path, detail: str) -> None:
        self.path = Path(path)
        self.detail = detail
        super().__init__(f"{path}: {detail}.")


class TrainingError(StrategiesError):
    """Say why training cannot run, or why its model is refused."""


class ArtefactError(StrategiesError):
    """Name a strategy folder and what is missing or wrong in it."""

    def __init__(self, path: str | Path, detail: str) -> None:
        self.path = Path(path)
        self.detail = detail
        super().__init__(f"{path}: {detail}.")


class RecordingError(StrategiesError):
    """Name a recording and the place in it that cannot be read."""

    def __init__(self, path: str | Path, detail: str) -> None:
        self.path = Path(path)
        self.detail = detail
        super().__init__(f"{path}: {detail}.")


class StrategyDigestError(StrategiesError):
    """Hold the digest that a recording names and the digest of the strategy offered."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the recording was made with strategy {expected}, this folder holds {found}.")


class ReplayError(StrategiesError):
    """Name the recorded event that the rules do not reproduce, with both values."""

    def __init__(self, event: str, field: str, expected: object, found: object) -> None:
        self.event = event
        self.field = field
        self.expected = expected
        self.found = found
        super().__init__(f"{event}: {field} is recorded as {expected}, the rules give {found}.")
