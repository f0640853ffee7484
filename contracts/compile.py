"""Compile the contracts with Vyper, keep the results, and deploy them.

Vyper 0.4.3, legacy code generation, EVM version prague. A kept result is used only when it is whole and was
made by this compiler, with these settings, from sources with the same contents.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import Web3Exception
from web3.types import TxParams

from contracts.errors import CompileError, DeployError
from contracts.folders import cache_folder
from contracts.refusal import refusal_of

COMPILER_VERSION = "0.4.3"
EVM_VERSION = "prague"
CODE_SIZE_LIMIT = 24_576
DEPLOY_GAS = 12_000_000
FORMAT = "provault-compiled-1"


@dataclass(frozen=True)
class CompiledContract:
    """A compiled contract, ready to deploy."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes  # creation code, constructor arguments not included
    runtime_bytecode: bytes  # as deployed, before the immutables that the constructor appends
    runtime_size: int  # bytes on chain, immutables included; EIP-170 allows 24,576
    source_digest: str  # SHA-256 over the names and contents of every source that went in


def source_folder() -> Path:
    """Return the folder of the contract sources, in a checkout as in an installed wheel."""
    return Path(str(files("contracts")))


def compile_contract(name: str) -> CompiledContract:
    """Compile a contract of the package, or take the kept result.

    Parameters
    ----------
    name
        Path below the package without its suffix: `PriceLog`, `testing/Token`.

    Raises
    ------
    CompileError
        When there is no such contract, it does not compile, it exceeds the code size limit, or the installed
        compiler is not the pinned one.
    """
    source = source_folder() / f"{name}.vy"
    if not source.is_file():
        raise CompileError(f"there is no contract named {name}")
    installed = version("vyper")
    if installed != COMPILER_VERSION:
        raise CompileError(f"vyper {COMPILER_VERSION} is needed and {installed} is installed")
    kept = _read_kept(name)
    if kept is not None:
        return kept
    compiled, sources = _compile(name, source)
    _keep(compiled, sources)
    return compiled


def deploy(
    web3: Web3, compiled: CompiledContract, *args: object, sender: str, gas: int | None = DEPLOY_GAS
) -> Contract:
    """Deploy a compiled contract from an account whose key the node holds.

    Parameters
    ----------
    args
        Constructor arguments.
    gas
        Gas limit; `None` lets the node estimate, which on anvil takes no notice of a time set for the next
        block.

    Raises
    ------
    DeployError
        When the constructor reverts, with its reason, or leaves no code.
    """
    return deploy_code(web3, compiled.name, compiled.abi, compiled.bytecode, args, sender, gas)


def deploy_code(
    web3: Web3,
    name: str,
    abi: list[dict[str, Any]],
    bytecode: bytes,
    args: tuple[object, ...],
    sender: str,
    gas: int | None = DEPLOY_GAS,
) -> Contract:
    """Deploy creation code from an account whose key the node holds; see `deploy`."""
    account = Web3.to_checksum_address(sender)
    transaction: TxParams = {"from": account}
    if gas is not None:
        transaction["gas"] = gas
    try:
        hash_ = web3.eth.contract(abi=abi, bytecode=bytecode).constructor(*args).transact(transaction)
        receipt = web3.eth.wait_for_transaction_receipt(hash_)
    except Web3Exception as error:
        raise DeployError(f"{name} cannot be deployed: {getattr(error, 'message', None) or error}") from error
    address: ChecksumAddress | None = receipt["contractAddress"]
    if receipt["status"] != 1:
        why = refusal_of(web3, hash_) or f"its creation fails after {receipt['gasUsed']} gas"
        raise DeployError(f"{name} cannot be deployed: {why}")
    if address is None or not web3.eth.get_code(address):
        raise DeployError(f"{name} cannot be deployed: its creation leaves no code")
    return web3.eth.contract(address=address, abi=abi)


def _compile(name: str, source: Path) -> tuple[CompiledContract, dict[str, str]]:
    from vyper.compiler import CompilerData
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.output import build_abi_output
    from vyper.compiler.settings import Settings
    from vyper.exceptions import VyperException

    bundle = FilesystemInputBundle([source_folder()])
    settings = Settings(evm_version=EVM_VERSION, experimental_codegen=False)
    try:
        data = CompilerData(bundle.load_file(source), input_bundle=bundle, settings=settings)
        bytecode = bytes(data.bytecode)
        runtime = bytes(data.bytecode_runtime)
        size = len(runtime) + int(data.global_ctx.immutable_section_bytes)
        abi = build_abi_output(data)
        inputs = [source, *(Path(item.resolved_path) for item in data.resolved_imports.compiler_inputs)]
    except VyperException as error:
        raise CompileError(f"{name} does not compile: {error}") from error
    if size > CODE_SIZE_LIMIT:
        raise CompileError(f"{name} takes {size} bytes on chain; the limit is {CODE_SIZE_LIMIT}")
    sources = _digests_of(inputs)
    return CompiledContract(name, abi, bytecode, runtime, size, _source_digest(sources)), sources


def _digests_of(paths: list[Path]) -> dict[str, str]:
    root = source_folder().resolve()
    digests = {}
    for path in paths:
        resolved = path.resolve()
        if resolved.is_relative_to(root):  # what the compiler itself brings is covered by its version
            digests[resolved.relative_to(root).as_posix()] = _sha256(resolved.read_bytes())
    return digests


def _source_digest(sources: Mapping[str, str]) -> str:
    return _sha256(json.dumps(sorted(sources.items())).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@cache
def _settings_digest() -> str:
    """Digest what decides the output besides the sources: compiler, settings, and this file's format."""
    return _sha256(f"{FORMAT}/{COMPILER_VERSION}/{EVM_VERSION}/legacy".encode())


def _kept_path(name: str) -> Path:
    return cache_folder() / f"{name.replace('/', '-')}-{_settings_digest()[:16]}.json"


def _read_kept(name: str) -> CompiledContract | None:
    """Return the kept result when it is whole and current, else `None`."""
    try:
        entry = json.loads(_kept_path(name).read_text(encoding="utf-8"))
        body = entry["body"]
        if entry["sha256"] != _sha256(json.dumps(body, sort_keys=True).encode()):
            return None
        if body["format"] != FORMAT or body["name"] != name or f"{name}.vy" not in body["sources"]:
            return None
        root = source_folder()
        for path, digest in body["sources"].items():
            if _sha256((root / path).read_bytes()) != digest:
                return None
        return CompiledContract(
            name=name,
            abi=body["abi"],
            bytecode=bytes.fromhex(body["bytecode"]),
            runtime_bytecode=bytes.fromhex(body["runtime_bytecode"]),
            runtime_size=int(body["runtime_size"]),
            source_digest=_source_digest(body["sources"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(compiled: CompiledContract, sources: Mapping[str, str]) -> None:
    """Write the result atomically; a cache that cannot be written costs time and nothing else."""
    body = {
        "format": FORMAT,
        "name": compiled.name,
        "sources": dict(sources),
        "abi": compiled.abi,
        "bytecode": compiled.bytecode.hex(),
        "runtime_bytecode": compiled.runtime_bytecode.hex(),
        "runtime_size": compiled.runtime_size,
    }
    text = json.dumps({"sha256": _sha256(json.dumps(body, sort_keys=True).encode()), "body": body})
    path = _kept_path(compiled.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as handle:
            handle.write(text)
        Path(handle.name).replace(path)
    except OSError:
        return
