"""The Fiat-Shamir transcript (protocol, section 8)."""

from __future__ import annotations

from typing import Final

from Crypto.Hash import keccak

from audit.verifier.field import SCALAR_MODULUS, encode_unsigned

TRANSCRIPT_TAG: Final = b"provault.transcript.keccak256.v1"


def keccak256(content: bytes) -> bytes:
    """Return Keccak-256 as Ethereum uses it (padding byte 0x01, not SHA3's 0x06)."""
    return keccak.new(digest_bits=256, data=content).digest()


def context_of(chain_id: int, vault: int, epoch: int, verifier: int) -> bytes:
    """Return H(u(chain id) || u(vault) || u(epoch) || u(verifier)); a generic proof has four zeros."""
    return keccak256(b"".join(encode_unsigned(value) for value in (chain_id, vault, epoch, verifier)))


class Transcript:
    """Hold the chain h_0 = H(tag || message 0), h_i = H(h_(i-1) || message i)."""

    def __init__(self, first_message: bytes) -> None:
        self.state: bytes = keccak256(TRANSCRIPT_TAG + first_message)

    def absorb(self, message: bytes, challenge_count: int) -> tuple[int, ...]:
        """Absorb message i and squeeze its challenges: h_i, H(h_i || 0x01), H(h_i || 0x02), each mod r."""
        self.state = keccak256(self.state + message)
        digests = [self.state] + [keccak256(self.state + bytes([i])) for i in range(1, challenge_count)]
        return tuple(int.from_bytes(digest, "big") % SCALAR_MODULUS for digest in digests[:challenge_count])
