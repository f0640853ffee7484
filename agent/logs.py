"""Send logs to stderr, as text or JSON lines, with everything that looks like a secret blanked.

Both structlog events and the standard library's log records (of APScheduler, web3 and others) take this way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

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
    """Set up logging for this process: warnings by default, one `-v` for info, two for debug."""
    level = _LEVELS[min(verbosity, len(_LEVELS) - 1)]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    # Tracebacks become text before redaction and never show local variables.
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
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
