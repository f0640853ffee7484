"""Find the folder of market data."""

from __future__ import annotations

import os
from pathlib import Path

from strategies.errors import DataMissingError

ENVIRONMENT_VARIABLE = "PROVAULT_DATA"
ADVICE = f"Set {ENVIRONMENT_VARIABLE} to the folder that holds the market data."


def data_folder() -> Path:
    """Return the data folder: `PROVAULT_DATA`, else `shared/data` beside the clone.

    Raises: DataMissingError when that folder does not exist.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        raise DataMissingError(folder, ADVICE)
    return folder


def data_file(name: str) -> Path:
    """Return one file of the data folder, named by its path inside it.

    Raises: DataMissingError when the folder or the file does not exist.
    """
    path = data_folder() / name
    if not path.is_file():
        raise DataMissingError(path, ADVICE)
    return path
