"""Circuits committed under a setup whose tau the tests know, read from a transcript of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from prover import ceremony_transcript
from prover.ceremony_transcript import ENVIRONMENT_VARIABLE
from prover.compile.architecture import Activation
from prover.compile.demo_weights import random_weights
from prover.compile.layout import LayoutParameters
from tests.attacks.circuits import Circuit, commit, small_architecture
from tests.prover.own_transcript import OwnTranscript

#: N = 128 with two chunks of T, N = 256 with one, and with two bus sums; a tau for each.
TAUS = {128: 0x5EC2E7, 256: 0x5EC2E8}
SHAPES = {
    "chunks": LayoutParameters(32, 3, 6, 2, 2, 3, 128),
    "one": LayoutParameters(32, 7, 6, 1, 3, 3, 256),
    "two-sums": LayoutParameters(32, 4, 7, 2, 2, 3, 256, bus_sums=2),
}


@contextmanager
def known_circuits(folder: Path, last: Activation) -> Iterator[dict[str, Circuit]]:
    """Pin a transcript with known taus while the block runs, and commit to a small network of each shape."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ceremony_transcript, "cache_folder", lambda: folder)
        own = OwnTranscript.make(tuple(TAUS.values()), tuple(TAUS))
        patch.setenv(ENVIRONMENT_VARIABLE, str(own.publish(folder / "transcript.json", patch)))
        architecture = small_architecture(last)
        yield {
            name: commit(architecture, parameters, random_weights(architecture, 3))
            for name, parameters in SHAPES.items()
        }
