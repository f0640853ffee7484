"""Compile the contract sources that come with this package, to compare what is deployed with them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import platformdirs

from audit.errors import SourceError

COMPILER_VERSION: Final = "0.4.3"
EVM_VERSION: Final = "prague"
FORMAT: Final = "provault-audit-compiled-1"


@dataclass(frozen=True)
class CompiledSource:
    """Hold what a deployed contract is compared with.

    runtime : code before the immutables that the constructor appends.
    immutables : offset behind `runtime` and length of each, by dotted name.
    slots : storage slot of each variable, by dotted name.
    """

    name: str
    runtime: bytes
    immutables: dict[str, tuple[int, int]]
    slots: dict[str, int]

    @property
    def size(self) -> int:
        """Return the length of the code on chain."""
        return len(self.runtime) + sum(length for _, length in self.immutables.values())

    def matches(self, code: bytes) -> bool:
        """Tell whether code is this source's, whatever its immutables."""
        return len(code) == self.size and code[: len(self.runtime)] == self.runtime

    def immutable(self, code: bytes, name: str) -> bytes:
        """Return the bytes of an immutable in deployed code."""
        offset, length = self.immutables[name]
        start = len(self.runtime) + offset
        return code[start : start + length]


def source_folder() -> Path:
    """Return the folder of the sources, found without importing the package around them."""
    return Path(str(files("contracts")))


def compile_source(name: str) -> CompiledSource:
    """Compile a contract, or take the result kept from sources with the same contents.

    Raises
    ------
    SourceError : no such source, another compiler than the pinned one, or it does not compile.
    """
    folder = source_folder()
    if not (folder / f"{name}.vy").is_file():
        raise SourceError(name, "there is no such source")
    found = version("vyper")
    if found != COMPILER_VERSION:
        raise SourceError(name, f"vyper {COMPILER_VERSION} is needed and {found} is installed")
    kept = Path(platformdirs.user_cache_dir("provault")) / "audit" / f"{name}-{_digest(folder)[:32]}.json"
    result = _read_kept(name, kept)
    if result is None:
        result = _compile(name, folder)
        _keep(result, kept)
    return result


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(f"{FORMAT}/{COMPILER_VERSION}/{EVM_VERSION}".encode())
    for path in sorted(folder.rglob("*.vy*")):
        if path.suffix in (".vy", ".vyi") and path.parent.name != "testing":
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            digest.update(f"/{name}/{len(content)}/".encode() + content)
    return digest.hexdigest()


def _compile(name: str, folder: Path) -> CompiledSource:
    from vyper.compiler import CompilerData
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings
    from vyper.exceptions import VyperException

    bundle = FilesystemInputBundle([folder])
    settings = Settings(evm_version=EVM_VERSION, experimental_codegen=False)
    try:
        data = CompilerData(bundle.load_file(Path(f"{name}.vy")), input_bundle=bundle, settings=settings)
        runtime = bytes(data.bytecode_runtime)
        layout = data.storage_layout
    except VyperException as error:
        raise SourceError(name, str(error).splitlines()[0]) from error
    immutables = {
        label: (int(entry["offset"]), int(entry["length"]))
        for label, entry in _flatten(layout.get("code_layout", {})).items()
    }
    slots = {label: int(entry["slot"]) for label, entry in _flatten(layout.get("storage_layout", {})).items()}
    return CompiledSource(name, runtime, immutables, slots)


def _flatten(layout: dict[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    flat: dict[str, dict[str, Any]] = {}
    for name, entry in layout.items():
        if "type" in entry and not isinstance(entry["type"], dict):
            flat[prefix + name] = entry
        else:
            flat.update(_flatten(entry, f"{prefix}{name}."))
    return flat


def _read_kept(name: str, path: Path) -> CompiledSource | None:
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        body = entry["body"]
        if entry["sha256"] != _checksum(body) or body["name"] != name:
            return None
        return CompiledSource(
            name=name,
            runtime=bytes.fromhex(body["runtime"]),
            immutables={label: (offset, length) for label, (offset, length) in body["immutables"].items()},
            slots=body["slots"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(result: CompiledSource, path: Path) -> None:
    body = {
        "name": result.name,
        "runtime": result.runtime.hex(),
        "immutables": {label: list(place) for label, place in result.immutables.items()},
        "slots": result.slots,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as handle:
            json.dump({"sha256": _checksum(body), "body": body}, handle)
        Path(handle.name).replace(path)
    except OSError:  # a result that cannot be kept costs time and nothing else
        return


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
