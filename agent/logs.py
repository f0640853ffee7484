"""Send logs to stderr, as text or JSON lines, with everything that looks like a secret blanked.

Both structlog events and the standard library's log records (of APScheduler, web3 and others) take this way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, TextIO

BLANK = "[redacted]"
SHOWN_BYTES = 32

_SECRET_KEY = re.compile(
    r"pass(word|phrase|wd)?($|_)|secret|private|mnemonic|seed_phrase|api_?key|(access|auth|bearer|bot|refresh)_?token|credential|authorization"
    r"|cookie|keystore_json|blinding|weights|witness|notify_urls?$",
    re.IGNORECASE,
)
_URL_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/\s@]+@")
_URL_QUERY_SECRET = re.compile(
    r"(?P<name>[?&](?:[A-Za-z_-]*(?:key|token|secret|password))=)[^&\s]+", re.IGNORECASE
)

#: Their debug lines show whole URLs of nodes, whose path may be a key, and raw requests.
_TALKATIVE = ("urllib3", "web3", "ccxt")
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def configure_logs(*, json: bool = False, verbosity: int = 0) -> None:
    """Set up logging for this process: warnings by default, one `-v` for info, two for debug.

    structlog is slow to import, and most commands log nothing: it is configured when somebody imports it, and
    what turns a record into text is made for the first record.
    """
    handler = _RedactingHandler(json=json)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if "structlog" in sys.modules:
        _configure_structlog()
    elif not any(isinstance(finder, _ConfigureAtImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ConfigureAtImport())


class _RedactingHandler(logging.StreamHandler[TextIO]):
    """Write records to stderr; the formatter, which needs structlog, is made for the first one."""

    def __init__(self, *, json: bool) -> None:
        super().__init__(sys.stderr)
        self._json = json
        self._colors = sys.stderr.isatty()

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, redacted."""
        if self.formatter is None:
            self.setFormatter(_redacting_formatter(json=self._json, colors=self._colors))
        return super().format(record)


class _ConfigureAtImport(MetaPathFinder):
    """Configure structlog as the last step of its import, so that no logger is ever made before."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load structlog; nothing for other modules."""
        if fullname != "structlog":
            return None
        sys.meta_path.remove(self)
        found = find_spec(fullname)
        if found is None:
            return None
        loader: Any = found.loader
        load = loader.exec_module

        def load_and_configure(module: ModuleType) -> None:
            load(module)
            _configure_structlog()

        loader.exec_module = load_and_configure
        return found


def _shared_processors() -> list[Any]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _configure_structlog() -> None:
    """Send the events of structlog's loggers to the standard library's."""
    import structlog

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _redacting_formatter(*, json: bool, colors: bool) -> logging.Formatter:
    import structlog

    render: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    )
    # Tracebacks become text before redaction and never show local variables.
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
    )


def redact(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the values of secret-looking keys, at any depth, and credentials inside URLs.

    A structlog processor: the logger and the method are not used.
    """
    for key, value in event.items():
        event[key] = redacted(value, key)
    return event


def redacted(value: object, key: str = "") -> object:
    """Return a copy of a value with everything that looks like a secret blanked."""
    if _SECRET_KEY.search(key) and value is not None and not isinstance(value, bool):
        return BLANK
    if isinstance(value, Mapping):
        return {name: redacted(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(item, "") for item in value]
    if isinstance(value, BaseException):
        return redacted(f"{type(value).__name__}: {value}")
    if isinstance(value, bytes | bytearray):
        shown = bytes(value[:SHOWN_BYTES]).hex()
        return f"0x{shown}" if len(value) <= SHOWN_BYTES else f"0x{shown}... ({len(value)} bytes)"
    if isinstance(value, str):
        without_userinfo = _URL_USERINFO.sub(r"\g<scheme>" + BLANK + "@", value)
        return _URL_QUERY_SECRET.sub(r"\g<name>" + BLANK, without_userinfo)
    return value
