"""Where compiled loops and derived tables are kept between runs.

The folder is `$XDG_CACHE_HOME/provault/<version>` (the platform's equivalent elsewhere). Its
contents can be deleted at any time. numba's own cache lies below it, in a folder named after the
sources it was compiled from, because numba notices a change in the file of a compiled function
but not in the files of the functions it calls.
"""

import hashlib
import os
import sys
import tempfile
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
    """Return the folder for derived files, created when absent (mode 0700)."""
    folder = Path(platformdirs.user_cache_path(DISTRIBUTION, appauthor=False, version=_version()))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


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


def _source_digest() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def configure_numba() -> None:
    """Point numba's compilation cache into `cache_folder()`, before or after its import.

    A NUMBA_CACHE_DIR set by the user stays. A folder that cannot be written leaves numba its default.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    try:
        folder = cache_folder() / "numba" / _source_digest()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()
