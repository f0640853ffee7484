"""Where compiled loops and derived tables are kept between runs.

The folder is `$XDG_CACHE_HOME/provault/<version>` (the platform's equivalent elsewhere). Its
contents can be deleted at any time.
"""

import atexit
import os
import tempfile
import warnings
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import platformdirs

DISTRIBUTION = "provault"


def _version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "source"


def cache_folder() -> Path:
    """Return the folder for derived files, created when absent (mode 0700).

    Where the platform's folder cannot be written, warn and return one that lasts as long as the process.
    """
    folder = Path(platformdirs.user_cache_path(DISTRIBUTION, appauthor=False, version=_version()))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reason = "no permission to write"
    except OSError as error:
        reason = str(error.strerror)
    return _temporary_folder(folder, reason)


@lru_cache
def _temporary_folder(wanted: Path, reason: str) -> Path:
    warnings.warn(f"{wanted} cannot be used ({reason}); derived files last for this run only", stacklevel=3)
    folder = tempfile.TemporaryDirectory(prefix=f"{DISTRIBUTION}-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` such that a reader sees the old file or the new one, never a part."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
