"""A proof's bytes, cut into messages, points and evaluations (protocol, sections 8 and 10)."""

from __future__ import annotations

from dataclasses import dataclass

from audit.errors import VerificationError
from audit.verifier.circuit import FIXED_COLUMNS
from audit.verifier.curve import POINT_BYTES
from audit.verifier.field import SCALAR_MODULUS, WORD_BYTES
from audit.verifier.key import VerifyingKey


@dataclass(frozen=True)
class Evaluations:
    """Hold message 4.

    lanes x_j(y), provided o(y), multiplicity m(y), weights u'_i(y), fixed columns at y by name,
    phi(y), phi_next = phi(omega y), e(y), e_next = e(omega y), g(y), g_next = g(omega y), the last two 0
    with one bus sum.
    """

    lanes: tuple[int, ...]
    provided: int
    multiplicity: int
    weights: tuple[int, ...]
    fixed: dict[str, int]
    phi: int
    phi_next: int
    e: int
    e_next: int
    g: int
    g_next: int


@dataclass(frozen=True)
class Proof:
    """Hold a decoded proof; points are still encodings.

    messages : the six messages as they enter the transcript.
    packs [A_i], mask [P], sums [F], quotient [T_i], opening [W], shifted [W'].
    """

    messages: tuple[bytes, ...]
    packs: tuple[bytes, ...]
    mask: bytes
    sums: bytes
    quotient: tuple[bytes, ...]
    evaluations: Evaluations
    opening: bytes
    shifted: bytes


def proof_length(key: VerifyingKey) -> int:
    """Return 96 (a + c + 4) + 32 times the number of evaluations."""
    return POINT_BYTES * (key.pack_count + key.chunk_count + 4) + WORD_BYTES * key.evaluation_count


def decode_proof(key: VerifyingKey, content: bytes) -> Proof:
    """Cut a proof into its parts.

    Raises
    ------
    VerificationError : length; scalar, naming the evaluation that is not below r.
    """
    if len(content) != proof_length(key):
        raise VerificationError("length", "proof", expected=proof_length(key), found=len(content))
    sizes = (
        POINT_BYTES * (key.pack_count + 1),
        POINT_BYTES,
        POINT_BYTES * key.chunk_count,
        WORD_BYTES * key.evaluation_count,
        POINT_BYTES,
        POINT_BYTES,
    )
    messages = []
    start = 0
    for size in sizes:
        messages.append(content[start : start + size])
        start += size
    *packs, mask = _cut(messages[0], POINT_BYTES)
    return Proof(
        messages=tuple(messages),
        packs=tuple(packs),
        mask=mask,
        sums=messages[1],
        quotient=tuple(_cut(messages[2], POINT_BYTES)),
        evaluations=_decode_evaluations(key, messages[3]),
        opening=messages[4],
        shifted=messages[5],
    )


def _decode_evaluations(key: VerifyingKey, content: bytes) -> Evaluations:
    values = [int.from_bytes(word, "big") for word in _cut(content, WORD_BYTES)]
    for index, value in enumerate(values):
        if value >= SCALAR_MODULUS:
            raise VerificationError(
                "scalar", "evaluation", index=index, expected="a number below r", found=value
            )
    stream = iter(values)
    return Evaluations(
        lanes=tuple(next(stream) for _ in range(key.layout.lanes)),
        provided=next(stream),
        multiplicity=next(stream),
        weights=tuple(next(stream) for _ in range(key.layout.weight_lanes)),
        fixed={name: next(stream) for name in FIXED_COLUMNS},
        phi=next(stream),
        phi_next=next(stream),
        e=next(stream),
        e_next=next(stream),
        g=next(stream, 0),
        g_next=next(stream, 0),
    )


def _cut(content: bytes, size: int) -> list[bytes]:
    return [content[i : i + size] for i in range(0, len(content), size)]
