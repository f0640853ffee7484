"""Hold the agent's key: an encrypted keystore file, opened with a passphrase from the environment.

PROVAULT_PASSPHRASE       the passphrase itself
PROVAULT_PASSPHRASE_FILE  or a file that holds it, one trailing newline ignored

The key lives in memory only. Nothing here shows it, nor the passphrase, in a message, a repr or a log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from agent.errors import KeystoreError, MissingFileError, UnreadableFileError

PASSPHRASE = "PROVAULT_PASSPHRASE"
PASSPHRASE_FILE = "PROVAULT_PASSPHRASE_FILE"


@dataclass(frozen=True)
class SignedTransaction:
    """A transaction ready to broadcast, with the hash it will have."""

    raw: bytes
    tx_hash: bytes


class Signer(Protocol):
    """Sign transactions of one account."""

    @property
    def address(self) -> ChecksumAddress:
        """Return the account's address."""
        ...

    def sign(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Sign an EIP-1559 transaction."""
        ...


class KeystoreSigner:
    """Sign with the key of an opened keystore."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"KeystoreSigner({self.address})"

    @property
    def address(self) -> ChecksumAddress:
        """Return the account's address."""
        return to_checksum_address(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Sign an EIP-1559 transaction."""
        signed = self._account.sign_transaction(dict(transaction))
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))


def read_passphrase(environment: Mapping[str, str]) -> str:
    """Return the passphrase that the environment gives.

    Raises: KeystoreError when it gives none or two; MissingFileError, UnreadableFileError.
    """
    named, file = environment.get(PASSPHRASE), environment.get(PASSPHRASE_FILE)
    if named is not None and file is not None:
        raise KeystoreError(f"both {PASSPHRASE} and {PASSPHRASE_FILE} are set; unset one of them.")
    if named is not None:
        return named
    if file is None:
        raise KeystoreError(f"no passphrase: set {PASSPHRASE}, or {PASSPHRASE_FILE} to a file that holds it.")
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, ValueError):
        raise UnreadableFileError(path, "it cannot be read as text") from None
    return text.removesuffix("\n").removesuffix("\r")


def open_keystore(path: Path, passphrase: str) -> KeystoreSigner:
    """Open a keystore file.

    Raises: KeystoreError for a wrong passphrase or a file that is no keystore; MissingFileError.
    """
    content = _read(path)
    try:
        key = Account.decrypt(content, passphrase)
    except ValueError as error:
        if "MAC" in str(error):
            problem = f"the passphrase does not open {path}; check {PASSPHRASE} or {PASSPHRASE_FILE}."
            raise KeystoreError(problem) from None
        raise KeystoreError(f"{path} is no keystore of a kind that is known.") from None
    except (KeyError, TypeError, NotImplementedError):
        raise KeystoreError(f"{path} is no keystore of a kind that is known.") from None
    return KeystoreSigner(Account.from_key(key))


def keystore_address(path: Path) -> ChecksumAddress | None:
    """Return the address that a keystore names without opening it, None when it names none.

    Raises: KeystoreError, MissingFileError.
    """
    address = _read(path).get("address")
    return to_checksum_address(address) if isinstance(address, str) and address else None


def write_keystore(path: Path, key: bytes, passphrase: str) -> ChecksumAddress:
    """Encrypt a key into a new keystore file that only its owner can read.

    Raises: KeystoreError when the passphrase is empty or the file exists.
    """
    if not passphrase:
        raise KeystoreError("the passphrase is empty; choose one.")
    encrypted = json.dumps(Account.encrypt(key, passphrase)).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise KeystoreError(f"{path} exists; a keystore is never overwritten.") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(encrypted)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return to_checksum_address(Account.from_key(key).address)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, (error.strerror or "no reason").lower()) from None
    except ValueError:
        raise KeystoreError(f"{path} is no keystore: it is not JSON.") from None
    if not isinstance(content, dict):
        raise KeystoreError(f"{path} is no keystore: it is not a JSON object.")
    return content
