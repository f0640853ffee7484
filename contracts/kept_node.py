"""End a local node that was kept running after its owner."""

import os
import shutil
import signal
import time
from pathlib import Path

from contracts.node import FOLDER_PREFIX, STOP_SECS


def end_kept(process_id: int) -> bool:
    """End a node that was kept running; tell whether there was one.

    A process id that now belongs to another program is left alone.
    """
    try:
        program = Path(f"/proc/{process_id}/exe").readlink().name
    except OSError:
        return False
    if not program.startswith("anvil"):
        return False
    folder = _folder_of(process_id)
    os.kill(process_id, signal.SIGTERM)
    until = time.monotonic() + STOP_SECS
    while Path(f"/proc/{process_id}").exists() and not _is_zombie(process_id):
        if time.monotonic() > until:
            os.kill(process_id, signal.SIGKILL)
            break
        time.sleep(0.02)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _folder_of(process_id: int) -> Path | None:
    try:
        words = Path(f"/proc/{process_id}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    caches = [Path(word.partition("=")[2]) for word in words if word.startswith("--cache-path=")]
    named = [cache.parent for cache in caches if cache.parent.name.startswith(FOLDER_PREFIX)]
    return named[0] if named else None


def _is_zombie(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return True
    return state == "Z"
