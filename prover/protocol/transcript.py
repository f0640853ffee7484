"""The Fiat-Shamir transcript: Keccak-256 over whole messages, docs/protocol.md section 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from prover.field import SCALAR_MODULUS as R

TAG = b"provault.transcript.keccak256.v1"
PROTOCOL_VERSION = 1


def encode_word(value: int) -> bytes:
    """Encode 0 <= value < 2^256 as 32 bytes, big endian."""
    return value.to_bytes(32, "big")


def encode_scalars(values: Sequence[int]) -> bytes:
    """Encode field elements, 32 bytes each; a negative v enters as r - |v|."""
    return b"".join(encode_word(value % R) for value in values)


def message_zero(key_digest: bytes, commitment: bytes, context: bytes, public: Sequence[int]) -> bytes:
    """Encode the statement: u(1) || key digest || [S_0].. || context || u(|pub|) || fe(pub_i).

    Parameters: `public` holds every public cell, padding included.
    """
    return (
        encode_word(PROTOCOL_VERSION)
        + key_digest
        + commitment
        + context
        + encode_word(len(public))
        + encode_scalars(public)
    )


@dataclass(frozen=True)
class Transcript:
    """The chain value h_i; `absorb` returns the next link, challenges are read from a link."""

    state: bytes

    @classmethod
    def start(cls, statement: bytes) -> Transcript:
        """Begin the chain: h_0 = H(tag || message 0)."""
        return cls(keccak(TAG + statement))

    def absorb(self, message: bytes) -> Transcript:
        """Absorb one whole message: h_i = H(h_{i-1} || message i)."""
        return Transcript(keccak(self.state + message))

    def challenges(self, count: int) -> tuple[int, ...]:
        """Squeeze h_i mod r, then H(h_i || 0x01) mod r, H(h_i || 0x02) mod r, ..."""
        rest = (keccak(self.state + bytes([index])) for index in range(1, count))
        return tuple(int.from_bytes(digest, "big") % R for digest in (self.state, *rest))

    def challenge(self) -> int:
        """Squeeze the one challenge of a message: h_i mod r."""
        return self.challenges(1)[0]
