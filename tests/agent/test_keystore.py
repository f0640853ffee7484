"""Keystores and passphrases: what opens, what does not, and that nothing secret shows."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from agent.errors import KeystoreError, MissingFileError
from agent.keystore import keystore_address, open_keystore, read_passphrase, write_keystore

PASSPHRASE = "correct horse"
KEY = secrets.token_bytes(32)


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a keystore."""
    path = tmp_path_factory.mktemp("keys") / "key.json"
    write_keystore(path, KEY, PASSPHRASE)
    return path


def test_what_was_written_opens_and_is_private(keystore: Path) -> None:
    signer = open_keystore(keystore, PASSPHRASE)
    assert signer.address == keystore_address(keystore)
    assert keystore.stat().st_mode & 0o777 == 0o600
    assert KEY.hex() not in keystore.read_text()
    assert KEY.hex() not in repr(signer)


def test_a_wrong_passphrase_is_refused_without_showing_it(keystore: Path) -> None:
    with pytest.raises(KeystoreError, match="the passphrase does not open") as refusal:
        open_keystore(keystore, "wrong horse")
    assert "wrong horse" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("not json", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("{}", "is no keystore of a kind that is known"),
        (json.dumps({"version": 9, "crypto": {}}), "is no keystore of a kind that is known"),
    ],
)
def test_what_is_no_keystore_is_named(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(KeystoreError, match=sentence):
        open_keystore(path, PASSPHRASE)


def test_a_missing_keystore_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"key\.json does not exist"):
        open_keystore(tmp_path / "key.json", PASSPHRASE)


def test_a_keystore_is_never_overwritten(keystore: Path, tmp_path: Path) -> None:
    before = keystore.read_bytes()
    with pytest.raises(KeystoreError, match="never overwritten"):
        write_keystore(keystore, KEY, PASSPHRASE)
    assert keystore.read_bytes() == before
    with pytest.raises(KeystoreError, match="passphrase is empty"):
        write_keystore(tmp_path / "key.json", KEY, "")
    assert not (tmp_path / "key.json").exists()


def test_the_passphrase_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("two words\n")
    assert read_passphrase({"PROVAULT_PASSPHRASE": "one word"}) == "one word"
    assert read_passphrase({"PROVAULT_PASSPHRASE_FILE": str(file)}) == "two words"
    with pytest.raises(KeystoreError, match="no passphrase"):
        read_passphrase({})
    with pytest.raises(KeystoreError, match="unset one of them"):
        read_passphrase({"PROVAULT_PASSPHRASE": "x", "PROVAULT_PASSPHRASE_FILE": str(file)})
    with pytest.raises(MissingFileError):
        read_passphrase({"PROVAULT_PASSPHRASE_FILE": str(tmp_path / "nothing")})
