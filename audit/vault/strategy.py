"""A strategy on chain: its data contract, the published circuit, and the key that must follow from it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.chain.account import read_code
from audit.chain.header import Header
from audit.chain.node import Node
from audit.chain.receipt import Log
from audit.errors import AuditError, FileError, NodeError, VaultError
from audit.vault.events import PUBLISHED_TOPIC
from audit.vault.parameters import Parameters
from audit.verifier.key import parse_key, split_data_contract, strategy_commitment
from audit.verifier.key_build import check_key
from audit.verifier.layout import circuit_digest
from audit.verifier.transcript import keccak256
from audit.verifier.verify import check_commitment

PUBLICATION_PREFIX: Final = b"\x00\x02"
LENGTH_BYTES: Final = 4
UNPACKED_LIMIT: Final = 1 << 24


@dataclass(frozen=True)
class Strategy:
    """Hold what a data contract holds; `faults` says what is off about it."""

    address: bytes
    code_hash: bytes
    key: bytes
    commitment: bytes
    circuit: bytes  # digest
    published: bool
    faults: tuple[str, ...]

    @property
    def strategy_commitment(self) -> bytes:
        """Return H( H(key.bin) || commitment.bin )."""
        return strategy_commitment(parse_key(self.key), self.commitment)


def read_strategy(
    node: Node,
    address: bytes,
    head: Header,
    published: Sequence[Log],
    parameters: Parameters,
    *,
    fast: bool = True,
    public: Path | None = None,
) -> Strategy:
    """Read a data contract, and rebuild its key from the circuit that was published.

    Raises
    ------
    VaultError : an address that holds no data contract.
    """
    try:
        code = read_code(node, address, head)
        key, commitment = split_data_contract(code)
    except AuditError as error:
        raise VaultError("0x" + parameters.vault.hex(), f"strategy 0x{address.hex()}: {error}") from error
    digest = parse_key(key).circuit_digest
    faults = []
    try:
        check_commitment(key, commitment, fast=fast)
    except AuditError as error:
        faults.append(f"the commitment cannot be registered: {error}")
    files = _read_folder(public) if public is not None else None
    if files is None or circuit_digest(*files) != digest:
        files = _find_publication(node, digest, head, published)
    if files is None:
        faults.append(f"nobody published the circuit 0x{digest.hex()}; name its folder with --public")
    else:
        faults += _check_circuit(key, *files, parameters, fast=fast)
    return Strategy(address, keccak256(code), key, commitment, digest, files is not None, tuple(faults))


def _check_circuit(
    key: bytes, architecture: bytes, layout: bytes, parameters: Parameters, *, fast: bool
) -> list[str]:
    try:
        check_key(key, architecture, layout, fast=fast)
    except AuditError as error:
        return [f"the key does not follow from the published circuit: {error}"]
    market = json.loads(architecture)["market"]
    rules = parameters.rules
    wanted = {"previous_target": rules.previous_target, "window_ticks": rules.window}
    return [] if market == wanted else [f"the circuit is made for {market}, the vault feeds {wanted}"]


def _find_publication(
    node: Node, digest: bytes, head: Header, published: Sequence[Log]
) -> tuple[bytes, bytes] | None:
    """Return the files whose digest was logged and that hash to it; others may publish what they like."""
    for log in published:
        if log.topics[:2] != (PUBLISHED_TOPIC, digest):
            continue
        try:
            files = unpack_publication(read_code(node, log.address, head))
        except (NodeError, ValueError):
            continue
        if circuit_digest(*files) == digest:
            return files
    return None


def unpack_publication(code: bytes) -> tuple[bytes, bytes]:
    """Unpack code = 0x00 || 0x02 || zlib( u32(|architecture.json|) || architecture.json || layout.json ).

    Raises
    ------
    ValueError : any other code.
    """
    if code[:2] != PUBLICATION_PREFIX:
        raise ValueError("the code publishes no circuit")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(code[2:], UNPACKED_LIMIT)
    except zlib.error as error:
        raise ValueError("the published circuit cannot be unpacked") from error
    end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "big")
    if not unpacker.eof or unpacker.unused_data or len(content) < end:
        raise ValueError("the published circuit is cut short or followed by something")
    return content[LENGTH_BYTES:end], content[end:]


def _read_folder(folder: Path) -> tuple[bytes, bytes]:
    contents = []
    for name in ("architecture.json", "layout.json"):
        try:
            contents.append((folder / name).read_bytes())
        except OSError as error:
            raise FileError(folder / name, error.strerror or "it cannot be read") from error
    return contents[0], contents[1]
