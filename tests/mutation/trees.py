"""Copies of the repository in which mutants are tried, each with caches of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("agent", "audit", "configs", "contracts", "prover", "strategies", "tests")
NICENESS = 5


class Tree:
    """A copy of the repository and the process that tries mutants in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "copy"
        self.root.mkdir(parents=True)
        ignore = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
        for name in COPIED:
            shutil.copytree(ROOT / name, self.root / name, ignore=ignore)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, self.root / name)
        cache = Path(platformdirs.user_cache_dir("provault"))
        if cache.is_dir():
            shutil.copytree(cache, folder / "cache" / "provault", ignore=shutil.ignore_patterns("mutation"))
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CI": "1",  # the same examples in every run
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker", str(cache / "mutation")],
            cwd=self.root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.nice(NICENESS),
        )

    def attempt(self, job: dict[str, Any]) -> dict[str, str]:
        """Try one mutant and wait for the verdict."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with status {self.process.wait()}")
        answer: dict[str, str] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the worker and let its pipes go."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()
