"""Where a demo leaves its strategy, recording, report and journal, and the chains that were kept running.

    $XDG_STATE_HOME/provault/demo/
        strategy/        public/ and secret/ of the strategy that the last demo committed
        recording.json   what `provault backtest --data` replays
        report.html      the page
        journal.sqlite   the agent's journal
        chains/          one file for each chain that is kept running
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from contracts.kept_node import end_kept

STRATEGY, RECORDING, REPORT, JOURNAL = "strategy", "recording.json", "report.html", "journal.sqlite"
PIECES = (STRATEGY, RECORDING, REPORT, JOURNAL)


def demo_folder() -> Path:
    """Return the folder of the last demo, whether or not it exists."""
    return Path(platformdirs.user_state_dir("provault")) / "demo"


@contextmanager
def run_folder() -> Iterator[Path]:
    """Give a fresh folder to work in; what is in it takes its place only when the run succeeds."""
    target = demo_folder()
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".run-", dir=target))
    try:
        yield folder
        for name in (RECORDING, REPORT):
            (folder / name).chmod(0o644)
        for name in PIECES:
            _replace(folder / name, target / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        old = source.with_name(f"{source.name}.old")
        target.rename(old)
    source.rename(target)


@dataclass(frozen=True)
class KeptChain:
    """A chain that was left running."""

    process_id: int
    rpc_url: str
    vault: str


def keep_chain(chain: KeptChain) -> None:
    """Remember a chain for `stop_chains`."""
    folder = demo_folder() / "chains"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{chain.process_id}.json").write_text(json.dumps(asdict(chain)) + "\n", encoding="utf-8")


def kept_chains() -> tuple[KeptChain, ...]:
    """Return the chains that were left running; a file that cannot be read counts as none."""
    found = []
    for path in sorted((demo_folder() / "chains").glob("*.json")):
        with suppress(OSError, ValueError, TypeError):
            found.append(KeptChain(**json.loads(path.read_text(encoding="utf-8"))))
    return tuple(found)


def stop_chains() -> tuple[KeptChain, ...]:
    """End every chain that was left running; return those that were still alive."""
    ended = []
    for chain in kept_chains():
        if end_kept(chain.process_id):
            ended.append(chain)
        (demo_folder() / "chains" / f"{chain.process_id}.json").unlink(missing_ok=True)
    return tuple(ended)
