"""A proof file and a public folder are all that a verification needs; each field of either is checked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import CircuitError, FileError, VerificationError
from audit.verifier.proof_file import (
    read_commitment_file,
    read_proof_file,
    verify_proof_file,
)
from tests.audit.support.cases import Case

Edit = Callable[[dict], None]
PROOF_FIELDS = ("format", "circuit_digest", "strategy_commitment", "context", "inputs", "outputs", "proof")


@pytest.fixture
def folder(tiny: Case, tmp_path: Path) -> Path:
    """A copy of the tiny strategy's public folder and proof file, free to be altered."""
    shutil.copytree(tiny.folder / "public", tmp_path / "public")
    shutil.copy(tiny.folder / "proof.json", tmp_path / "proof.json")
    return tmp_path


def edit(path: Path, change: Edit) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def put(*steps: object) -> Edit:
    *path, last, value = steps

    def change(document: dict) -> None:
        place = document
        for step in path:
            place = place[step]
        place[last] = value

    return change


def drop(name: str) -> Edit:
    return lambda document: document.pop(name)


@pytest.mark.parametrize("fast", [True, False], ids=["arkworks", "py_ecc"])
def test_an_honest_proof_file_is_accepted(folder: Path, fast: bool) -> None:
    verify_proof_file(folder / "public", folder / "proof.json", fast=fast)


def test_the_secret_folder_is_not_needed(folder: Path) -> None:
    assert not (folder / "secret").exists()
    verify_proof_file(folder / "public", folder / "proof.json", fast=True)


def test_a_proof_file_is_read_as_written(folder: Path, tiny: Case) -> None:
    read = read_proof_file(folder / "proof.json")
    assert read.context == (31337, 0xA11CE, 7, 0xB0B)
    assert (read.inputs, read.outputs, read.proof) == (tiny.inputs, tiny.outputs, tiny.proof)


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("opening", put("outputs", 0, "-1000000")),
        ("opening", put("context", "epoch", "8")),
        ("opening", put("context", "chain_id", "1")),
        ("opening", put("context", "vault", "0")),
        ("opening", put("context", "verifier", "0")),
        ("input", put("inputs", 0, "5")),
        ("input", put("outputs", 0, str(1 << 127))),
        ("count", put("outputs", [])),
        ("count", put("inputs", ["1"])),
        ("length", put("proof", "0x")),
        ("key", put("circuit_digest", "0x" + "00" * 32)),
        ("key", put("strategy_commitment", "0x" + "00" * 32)),
    ],
)
def test_a_proof_file_that_says_something_else_is_refused(folder: Path, reason: str, change: Edit) -> None:
    edit(folder / "proof.json", change)
    with pytest.raises(VerificationError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("format", put("format", "provault-proof-2")),
        ("fields", put("note", "x")),
        *(("fields", drop(name)) for name in PROOF_FIELDS),
        ("fields", put("context", {"chain_id": "1"})),
        ("context", put("context", None)),
        ("chain_id", put("context", "chain_id", 1)),
        ("epoch", put("context", "epoch", "-1")),
        ("epoch", put("context", "epoch", str(1 << 256))),
        ("vault", put("context", "vault", "0x00")),
        ("inputs", put("inputs", "3")),
        ("inputs", put("inputs", 0, 3)),
        ("inputs", put("inputs", 0, "03")),
        ("inputs", put("inputs", 0, "-0")),
        ("inputs", put("inputs", 0, "+3")),
        ("inputs", put("inputs", 0, " 3")),
        ("inputs", put("inputs", 0, "3\n")),
        ("inputs", put("inputs", 0, "\u0663")),
        ("inputs", put("inputs", 0, "1" * 80)),
        ("outputs", put("outputs", 0, None)),
        ("proof", put("proof", "00")),
        ("proof", put("proof", "0x0")),
        ("proof", put("proof", "0xzz")),
        ("proof", put("proof", "0x00 00")),
        ("proof", put("proof", 7)),
        ("circuit_digest", put("circuit_digest", "0x00")),
        ("strategy_commitment", put("strategy_commitment", "0x" + "00" * 33)),
    ],
)
def test_a_malformed_proof_file_is_refused(folder: Path, says: str, change: Edit) -> None:
    edit(folder / "proof.json", change)
    with pytest.raises(FileError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert caught.value.path == folder / "proof.json"
    assert says in caught.value.detail


def test_a_field_that_stands_twice_is_refused(folder: Path) -> None:
    path = folder / "proof.json"
    path.write_bytes(path.read_bytes().replace(b"{", b'{"outputs": ["9"],', 1))
    with pytest.raises(FileError) as caught:
        read_proof_file(path)
    assert caught.value.detail == "a field stands twice"


def test_an_honest_file_followed_by_a_mebibyte_is_refused(folder: Path) -> None:
    path = folder / "proof.json"
    path.write_bytes(path.read_bytes() + b" " * (1 << 20))
    with pytest.raises(FileError) as caught:
        read_proof_file(path)
    assert "larger than" in caught.value.detail


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff\xfe", b"{", b'{"format":1,"format":1}', b"[" * 100_000, b" " * (1 << 20) + b" "],
    ids=["empty", "list", "no-text", "open", "twice", "deep", "large"],
)
@pytest.mark.parametrize("read", [read_proof_file, read_commitment_file])
def test_what_is_no_json_object_is_refused(
    tmp_path: Path, content: bytes, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(FileError):
        read(path)


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("format", put("format", "provault-commitment-2")),
        ("fields", put("note", "x")),
        ("fields", drop("points")),
        ("fields", drop("key_digest")),
        ("points", put("points", [])),
        ("points", put("points", "0x")),
        ("a point", put("points", 0, "0x00")),
        ("key_digest", put("key_digest", "0x00")),
        ("strategy_commitment", put("strategy_commitment", 0)),
    ],
)
def test_a_malformed_commitment_file_is_refused(folder: Path, says: str, change: Edit) -> None:
    edit(folder / "public" / "commitment.json", change)
    with pytest.raises(FileError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert (caught.value.path.name, says in caught.value.detail) == ("commitment.json", True)


@pytest.mark.parametrize(
    "change",
    [
        put("key_digest", "0x" + "00" * 32),
        put("strategy_commitment", "0x" + "00" * 32),
        lambda document: document["points"].reverse(),
        lambda document: document["points"].pop(),
    ],
)
def test_a_commitment_file_that_contradicts_itself_is_refused(folder: Path, change: Edit) -> None:
    edit(folder / "public" / "commitment.json", change)
    with pytest.raises(VerificationError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert caught.value.reason == "key"


@pytest.mark.parametrize("name", ["architecture.json", "layout.json", "key.bin", "commitment.json"])
def test_a_missing_public_file_is_refused_by_its_path(folder: Path, name: str) -> None:
    (folder / "public" / name).unlink()
    with pytest.raises(FileError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert caught.value.path.name == name


def test_a_missing_proof_file_is_refused_by_its_path(folder: Path) -> None:
    with pytest.raises(FileError) as caught:
        verify_proof_file(folder / "public", folder / "absent.json", fast=True)
    assert caught.value.path.name == "absent.json"


def test_a_key_that_is_not_that_of_its_architecture_is_refused(folder: Path) -> None:
    """A key whose columns were bent, with a proof that would follow it, is no key of this network."""
    key = bytearray((folder / "public" / "key.bin").read_bytes())
    key[-1] ^= 1
    (folder / "public" / "key.bin").write_bytes(key)
    with pytest.raises(VerificationError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert (caught.value.reason, caught.value.subject) == ("key", "word")


def test_an_architecture_that_breaks_a_rule_is_refused_by_it(folder: Path) -> None:
    path = folder / "public" / "architecture.json"
    path.write_bytes(path.read_bytes().replace(b'"bias_bound":10', b'"bias_bound":64'))
    with pytest.raises(CircuitError) as caught:
        verify_proof_file(folder / "public", folder / "proof.json", fast=True)
    assert caught.value.rule == "bounds"
