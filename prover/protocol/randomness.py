"""Where masks come from: the operating system, hedged (docs/protocol.md section 11)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.field import SCALAR_MODULUS as R
from prover.protocol.transcript import encode_word

_MASK_DOMAIN = b"provault/mask-seed/1"
_REGISTER_DOMAIN = b"provault/register/1"
SECRET_BYTES = 32


def fresh_secret() -> bytes:
    """Draw 32 bytes from the operating system."""
    return secrets.token_bytes(SECRET_BYTES)


def _xof_scalar(data: bytes) -> int:
    """Return SHAKE256(data, 64 bytes) mod r; the bias is below 2^-256."""
    return int.from_bytes(hashlib.shake_256(data).digest(64), "big") % R


@dataclass(frozen=True)
class MaskSource:
    """Uniform field elements, one a label; the seed never leaves this object."""

    seed: bytes = field(repr=False)

    @classmethod
    def seeded(cls, strategy_secret: bytes, statement_hash: bytes, witness_hash: bytes) -> MaskSource:
        """Seed with XOF(domain || OS bytes || strategy secret || h_0 || H(witness))."""
        material = _MASK_DOMAIN + fresh_secret() + strategy_secret + statement_hash + witness_hash
        return cls(hashlib.shake_256(material).digest(64))

    def scalar(self, label: str) -> int:
        """Return the element named `message/column/coefficient`."""
        return _xof_scalar(self.seed + label.encode("ascii"))

    def scalars(self, labels: Sequence[str]) -> list[int]:
        """Return one element a label."""
        return [self.scalar(label) for label in labels]


def registration_blinder(strategy_secret: bytes, key_digest: bytes, weights_hash: bytes, pack: int) -> int:
    """Draw b_k = XOF(domain || OS bytes || strategy secret || key digest || H(weights) || u(k)) mod r."""
    secret = fresh_secret() + strategy_secret
    return _xof_scalar(_REGISTER_DOMAIN + secret + key_digest + weights_hash + encode_word(pack))
