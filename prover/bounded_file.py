"""Read files that somebody else may have written, never more of them than a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prover.errors import FileFormatError

MAX_FILE_BYTES: Final = 1 << 24


def read_bounded(path: Path) -> bytes:
    """Return the bytes of a file of at most 16 MiB; of a larger one no more is read.

    Raises: FileFormatError; FileNotFoundError.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise FileFormatError(path.name, f"longer than {MAX_FILE_BYTES} bytes")
    return data
