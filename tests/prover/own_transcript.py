"""A transcript in the published form with taus that everybody may know: for tests, pinned nowhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from py_ecc.bls.point_compression import compress_G2
from py_ecc.optimized_bls12_381 import G2, multiply

from audit.verifier import ceremony_transcript as audit_transcript
from prover import ceremony_transcript
from prover.ceremony_transcript import TranscriptPin
from prover.field import BASE_MODULUS
from prover.field import SCALAR_MODULUS as R
from prover.kernel import GENERATOR_G1, default_kernel
from prover.protocol import basis

G2_COUNT = 4


def text_g1(scalar: int) -> str:
    """Write [scalar]_1 as the transcript does."""
    point = default_kernel().mul_point(GENERATOR_G1, scalar % R)
    return text_of(point)


def text_of(point: bytes) -> str:
    """Write x || y as 0x and the compressed point."""
    y = int.from_bytes(point[48:], "big")
    head = 0x80 | (0x20 if y > BASE_MODULUS - y else 0)
    return "0x" + bytes([point[0] | head]).hex() + point[1:48].hex()


def text_g2(scalar: int) -> str:
    """Write [scalar]_2 as the transcript does."""
    first, second = compress_G2(multiply(G2, scalar % R))
    return "0x" + (int(first).to_bytes(48, "big") + int(second).to_bytes(48, "big")).hex()


def powers_set(tau: int, count: int) -> dict[str, Any]:
    """Write one set of powers, with a witness of two contributions that nobody reads."""
    return {
        "numG1Powers": count,
        "numG2Powers": G2_COUNT,
        "powersOfTau": {
            "G1Powers": [text_g1(pow(tau, i, R)) for i in range(count)],
            "G2Powers": [text_g2(pow(tau, i, R)) for i in range(G2_COUNT)],
        },
        "witness": {
            "runningProducts": [text_g1(1), text_g1(tau)],
            "potPubkeys": [text_g2(1), text_g2(tau)],
            "blsSignatures": ["", text_g1(77)],
        },
    }


@dataclass(frozen=True)
class OwnTranscript:
    """Taus, and the document with their powers."""

    taus: tuple[int, ...]
    counts: tuple[int, ...]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def make(cls, taus: Sequence[int], counts: Sequence[int]) -> OwnTranscript:
        sets = [powers_set(tau, count) for tau, count in zip(taus, counts, strict=True)]
        document = {
            "transcripts": sets,
            "participantIds": ["", 'eth|0xab"cd\\'],
            "participantEcdsaSignatures": ["", "0x00"],
        }
        return cls(tuple(taus), tuple(counts), document)

    def content(self) -> bytes:
        """Write the document compactly, as it is published."""
        return json.dumps(self.document, separators=(",", ":")).encode()

    def with_point(self, index: int, name: str, place: int, text: str) -> OwnTranscript:
        """Exchange one point of a set."""
        document = json.loads(self.content())
        points = document["transcripts"][index]["powersOfTau"][name]
        assert points[place] != text
        points[place] = text
        return replace(self, document=document)

    @contextmanager
    def named(self, folder: Path) -> Iterator[Path]:
        """Publish it, keep what is made from it in the folder, and name it in the environment."""
        with pytest.MonkeyPatch.context() as patch:
            kept = folder / "cache"
            kept.mkdir()
            patch.setattr(ceremony_transcript, "cache_folder", lambda: kept)
            patch.setattr(basis, "cache_folder", lambda: kept)
            path = self.publish(folder / "transcript.json", patch)
            patch.setenv(ceremony_transcript.ENVIRONMENT_VARIABLE, str(path))
            yield path

    def publish(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Write the file and pin its hash in both implementations, which only a test can."""
        return publish(path, self.content(), self.counts, monkeypatch)


def publish(path: Path, content: bytes, counts: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write bytes and pin their hash in both implementations."""
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    pairs = tuple((count, G2_COUNT) for count in counts)
    monkeypatch.setitem(ceremony_transcript.TRANSCRIPTS, digest, TranscriptPin(len(content), pairs))
    monkeypatch.setattr(audit_transcript, "PUBLISHED", audit_transcript.Publication(digest, pairs))
    return path
