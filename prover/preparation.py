"""Tell whoever listens that something is prepared once and kept, so that a first use is not silent.

A library prints nothing. The command line listens and writes to stderr; without a listener nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listeners: list[Callable[[str], None]] = []


def announce(line: str) -> None:
    """Tell the listeners what is about to be prepared."""
    for listener in _listeners:
        listener(line)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Hear announcements within the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
