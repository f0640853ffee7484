"""Where downloaded tools and compiled contracts live."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import platformdirs


def release() -> str:
    """Return the version of the installed distribution, or `source` for a bare checkout."""
    try:
        return version("provault")
    except PackageNotFoundError:
        return "source"


def data_folder() -> Path:
    """Return the folder that set-up fills with the local chain and the exchange artefacts."""
    return Path(platformdirs.user_data_dir("provault")) / release()


def cache_folder() -> Path:
    """Return the folder of compiled contracts; anything in it can be rebuilt."""
    return Path(platformdirs.user_cache_dir("provault")) / release() / "contracts"
