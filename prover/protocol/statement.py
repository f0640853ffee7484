"""What a proof is about: key, commitment, context and public integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from eth_hash.auto import keccak

from prover.errors import VerificationError
from prover.protocol.key import VerifyingKey
from prover.protocol.transcript import Transcript, encode_word, message_zero

CONTEXT_BYTES = 32


@dataclass(frozen=True)
class Context:
    """The place and time a proof is valid for; all zero for a generic proof."""

    chain_id: int = 0
    vault: int = 0
    epoch: int = 0
    verifier: int = 0

    def digest(self) -> bytes:
        """Return Keccak-256(abi_encode(chain id, vault, epoch, verifier))."""
        return keccak(b"".join(map(encode_word, (self.chain_id, self.vault, self.epoch, self.verifier))))


@dataclass(frozen=True)
class Statement:
    """One statement; `public` are all public cells, padding included."""

    key: VerifyingKey
    commitment: bytes
    context: bytes
    public: tuple[int, ...]

    @classmethod
    def build(
        cls,
        key: VerifyingKey,
        commitment: bytes,
        context: bytes,
        inputs: Sequence[int],
        outputs: Sequence[int],
    ) -> Statement:
        """Check the integers and lay them out.

        Raises: VerificationError `count`, `input`, or `context` when it is not 32 bytes.
        """
        if len(context) != CONTEXT_BYTES:
            raise VerificationError("context", expected=CONTEXT_BYTES, found=len(context))
        return cls(key, commitment, context, key.public_vector(inputs, outputs))

    @cached_property
    def transcript(self) -> Transcript:
        """Return h_0."""
        return Transcript.start(message_zero(self.key.digest, self.commitment, self.context, self.public))
