"""Where EZKL runs: an environment of its own in the cache folder, and a Solidity compiler beside it.

provault itself needs neither. The pinned version of EZKL comes from PyPI, the compiler from npm by the lock
in `benchmarks/`; proving and verifying then run without any network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import BenchmarkError
from prover.kernel.cache import cache_folder

EZKL_VERSION: Final = "23.0.5"
_MANIFESTS: Final = ("package.json", "package-lock.json")
_NPM: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
#: A port that nothing listens on: whoever asks the network is refused at once.
_NOWHERE: Final = "http://127.0.0.1:9"


@dataclass(frozen=True)
class EzklEnvironment:
    """The installed peer."""

    folder: Path

    @property
    def srs_folder(self) -> Path:
        """Return the folder of reference strings, each made once by EZKL's gen_srs."""
        return self.folder / "srs"

    def run(self, request: dict[str, Any], folder: Path, seconds: int) -> dict[str, Any]:
        """Run one stage in its own process, without network, and return its answer.

        The answer is {"error": ...} when EZKL fails or takes more than `seconds`.
        """
        asked = folder / f"{request['stage']}.json"
        asked.write_text(json.dumps(request), "utf-8")
        answer = asked.with_suffix(".answer")
        answer.unlink(missing_ok=True)
        child = str(benchmark_folder() / "ezkl_child.py")
        command = [*without_network(), str(self.folder / "venv" / "bin" / "python"), "-I", child, str(asked)]
        environment = os.environ | {"HTTPS_PROXY": _NOWHERE, "HTTP_PROXY": _NOWHERE, "ALL_PROXY": _NOWHERE}
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                env=environment,
                cwd=folder,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no answer within {seconds} s"}
        if not answer.is_file():
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            return {"error": f"exit {done.returncode}: {said[:200]}"}
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found

    def compile_solidity(self, source: Path) -> bytes:
        """Compile the one contract of a file with solc, optimised; return its creation code.

        Raises: BenchmarkError with the compiler's first error.
        """
        settings = {
            "optimizer": {"enabled": True, "runs": 200},
            "outputSelection": {"*": {"*": ["evm.bytecode"]}},
        }
        request = {
            "language": "Solidity",
            "sources": {source.name: {"content": source.read_text("utf-8")}},
            "settings": settings,
        }
        asked, answered = source.with_suffix(".request"), source.with_suffix(".answer")
        asked.write_text(json.dumps(request), "utf-8")
        script = str(benchmark_folder() / "compile_solidity.cjs")
        _run(["node", script, str(self.folder / "node_modules"), str(asked), str(answered)])
        answer = json.loads(answered.read_text("utf-8"))
        wrong = [error["message"] for error in answer.get("errors", []) if error["severity"] == "error"]
        if wrong:
            raise BenchmarkError(f"solc refuses the peer's verifier: {wrong[0][:200]}")
        (contract,) = answer["contracts"][source.name].values()
        return bytes.fromhex(contract["evm"]["bytecode"]["object"])


def benchmark_folder() -> Path:
    """Return the folder `benchmarks` of the checkout.

    Raises: BenchmarkError where there is no checkout.
    """
    folder = Path(__file__).resolve().parent.parent / "benchmarks"
    if not (folder / "ezkl_child.py").is_file():
        raise BenchmarkError("comparing with EZKL needs a checkout: benchmarks/ezkl_child.py is not here")
    return folder


def without_network() -> list[str]:
    """Return the prefix of a command that takes its network away, where this machine permits it."""
    program = shutil.which("unshare")
    if program is None:
        return []
    prefix = [program, "--map-root-user", "--net"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else []


def prepare(progress: Callable[[str], None]) -> EzklEnvironment:
    """Install EZKL and solc into the cache folder, once.

    Raises: BenchmarkError when pip or npm fails.
    """
    source = benchmark_folder()
    folder = cache_folder() / f"peer-ezkl-{EZKL_VERSION}"
    found = EzklEnvironment(folder)
    found.srs_folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not (folder / "venv" / "installed").is_file():
        progress(f"installing EZKL {EZKL_VERSION} into an environment of its own")
        shutil.rmtree(folder / "venv", ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder / "venv")])
        _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", f"ezkl=={EZKL_VERSION}"])
        (folder / "venv" / "installed").touch()
    if any(_differ(source / name, folder / name) for name in _MANIFESTS):
        progress("installing solc")
        lock = (source / _MANIFESTS[1]).read_bytes()
        shutil.copyfile(source / _MANIFESTS[0], folder / _MANIFESTS[0])
        (folder / _MANIFESTS[1]).write_bytes(lock)
        try:
            _run([*_NPM], folder)
        except BenchmarkError:
            (folder / _MANIFESTS[0]).unlink()
            raise
        (folder / _MANIFESTS[1]).write_bytes(lock)
    return found


def _differ(one: Path, other: Path) -> bool:
    return not other.is_file() or one.read_bytes() != other.read_bytes()


def _run(command: list[str], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    except FileNotFoundError:
        raise BenchmarkError(f"{command[0]} is needed for the peer and is not here") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise BenchmarkError(f"{Path(command[0]).name} failed: {said}")
