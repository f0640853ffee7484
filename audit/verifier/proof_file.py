"""Proof files and commitment files, and a proof file's check against a public folder (protocol, 7.1)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audit.errors import FileError, VerificationError
from audit.verifier.canonical_json import check_depth, take_fields
from audit.verifier.curve import POINT_BYTES
from audit.verifier.key import parse_key, strategy_commitment
from audit.verifier.key_build import check_key
from audit.verifier.layout import circuit_digest
from audit.verifier.transcript import context_of
from audit.verifier.verify import verify

PROOF_FORMAT: Final = "provault-proof-1"
COMMITMENT_FORMAT: Final = "provault-commitment-1"
CONTEXT_FIELDS: Final = ("chain_id", "vault", "epoch", "verifier")
CONTEXT_LIMIT: Final = 1 << 256
DIGEST_BYTES: Final = 32
MAX_BYTES: Final = 1 << 20
DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,78}")
HEXADECIMAL: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


@dataclass(frozen=True)
class ProofFile:
    """Hold a proof file.

    context : chain_id, vault, epoch and verifier as integers, in that order.
    inputs, outputs : signed integers without padding.
    """

    circuit_digest: bytes
    strategy_commitment: bytes
    context: tuple[int, int, int, int]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes


@dataclass(frozen=True)
class CommitmentFile:
    """Hold `commitment.json`; commitment is the concatenation of its K points."""

    key_digest: bytes
    commitment: bytes
    strategy_commitment: bytes


def verify_proof_file(public_folder: Path, proof_path: Path, *, fast: bool = False) -> None:
    """Verify a proof file with nothing but a public folder.

    The key is rebuilt from `architecture.json` and `layout.json`; `key.bin` must equal it.

    Raises
    ------
    VerificationError : by the words of `verify`; key also for digests of another circuit or strategy.
    CircuitError, CeremonyError : the public files break a rule, or the ceremony file is not the pinned one.
    FileError : a file is missing or not in its format.
    """
    proof = read_proof_file(proof_path)
    committed = read_commitment_file(public_folder / "commitment.json")
    architecture, layout, key = (
        read_bytes(public_folder / name) for name in ("architecture.json", "layout.json", "key.bin")
    )
    check_key(key, architecture, layout, fast=fast)
    parsed = parse_key(key)
    circuit = circuit_digest(architecture, layout)
    strategy = strategy_commitment(parsed, committed.commitment)
    digests = (
        ("circuit digest of the proof file", circuit, proof.circuit_digest),
        ("key digest of the commitment file", parsed.digest, committed.key_digest),
        ("strategy commitment of the commitment file", strategy, committed.strategy_commitment),
        ("strategy commitment of the proof file", strategy, proof.strategy_commitment),
    )
    for subject, expected, found in digests:
        if expected != found:
            raise VerificationError("key", subject, expected=expected.hex(), found=found.hex())
    verify(
        key,
        committed.commitment,
        context_of(*proof.context),
        proof.inputs,
        proof.outputs,
        proof.proof,
        fast=fast,
    )


def read_proof_file(path: Path) -> ProofFile:
    """Read a proof file.

    Raises
    ------
    FileError : missing, unreadable, or a field that is absent, unknown or malformed.
    """
    names = {"format", "circuit_digest", "strategy_commitment", "context", "inputs", "outputs", "proof"}
    try:
        fields = _parse_object(read_bytes(path), PROOF_FORMAT, names)
        place = take_fields(fields["context"], "context", set(CONTEXT_FIELDS))
        chain_id, vault, epoch, verifier = (_parse_context(place[name], name) for name in CONTEXT_FIELDS)
        return ProofFile(
            circuit_digest=_parse_bytes(fields["circuit_digest"], "circuit_digest", DIGEST_BYTES),
            strategy_commitment=_parse_bytes(
                fields["strategy_commitment"], "strategy_commitment", DIGEST_BYTES
            ),
            context=(chain_id, vault, epoch, verifier),
            inputs=_parse_integers(fields["inputs"], "inputs"),
            outputs=_parse_integers(fields["outputs"], "outputs"),
            proof=_parse_bytes(fields["proof"], "proof", None),
        )
    except ValueError as error:
        raise FileError(path, str(error)) from error


def read_commitment_file(path: Path) -> CommitmentFile:
    """Read `commitment.json`.

    Raises
    ------
    FileError : missing, unreadable, or a field that is absent, unknown or malformed.
    """
    names = {"format", "key_digest", "points", "strategy_commitment"}
    try:
        fields = _parse_object(read_bytes(path), COMMITMENT_FORMAT, names)
        points = fields["points"]
        if not isinstance(points, list) or not points:
            raise ValueError("points is not a list with entries")
        return CommitmentFile(
            key_digest=_parse_bytes(fields["key_digest"], "key_digest", DIGEST_BYTES),
            commitment=b"".join(_parse_bytes(point, "a point", POINT_BYTES) for point in points),
            strategy_commitment=_parse_bytes(
                fields["strategy_commitment"], "strategy_commitment", DIGEST_BYTES
            ),
        )
    except ValueError as error:
        raise FileError(path, str(error)) from error


def read_bytes(path: Path) -> bytes:
    """Read a file of at most 1 MiB.

    Raises
    ------
    FileError : missing, unreadable or larger.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileError(path, error.strerror or type(error).__name__) from error
    if len(content) > MAX_BYTES:
        raise FileError(path, f"larger than {MAX_BYTES} bytes")
    return content


def _parse_object(content: bytes, expected_format: str, names: set[str]) -> dict[str, Any]:
    check_depth(content)
    parsed = json.loads(content.decode("utf-8"), object_pairs_hook=_take_once)
    fields = take_fields(parsed, "the file", names)
    if fields["format"] != expected_format:
        raise ValueError(f"format is {fields['format']!r}, expected {expected_format!r}")
    return fields


def _take_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _parse_integer(value: object, name: str) -> int:
    if not isinstance(value, str) or DECIMAL.fullmatch(value) is None:
        raise ValueError(f"{name} holds {value!r:.100}, expected a canonical decimal string")
    return int(value)


def _parse_integers(value: object, name: str) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")
    return tuple(_parse_integer(item, name) for item in value)


def _parse_context(value: object, name: str) -> int:
    number = _parse_integer(value, name)
    if not 0 <= number < CONTEXT_LIMIT:
        raise ValueError(f"{name} is outside [0, 2^256)")
    return number


def _parse_bytes(value: object, name: str, length: int | None) -> bytes:
    if not isinstance(value, str) or HEXADECIMAL.fullmatch(value) is None:
        raise ValueError(f"{name} is not 0x and hexadecimal digits")
    content = bytes.fromhex(value[2:])
    if length is not None and len(content) != length:
        raise ValueError(f"{name} has {len(content)} bytes, expected {length}")
    return content
