"""What is prepared once is announced, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from prover.ceremony import load_ceremony
from prover.kernel import default_kernel, warm
from prover.kernel.warm import ensure_warm
from prover.preparation import announce, listening
from prover.protocol import basis
from prover.protocol.basis import packed_basis


def test_only_those_who_listen_hear() -> None:
    heard: list[str] = []
    announce("before")
    with listening(heard.append):
        announce("within")
    announce("after")
    assert heard == ["within"]


def test_a_listener_is_forgotten_after_an_error() -> None:
    heard: list[str] = []
    with pytest.raises(ValueError, match="x"), listening(heard.append):
        raise ValueError("x")
    announce("after")
    assert heard == []


def test_a_basis_is_announced_when_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basis, "cache_folder", lambda: tmp_path)
    kernel, ceremony = default_kernel(), load_ceremony()
    powers = kernel.points(ceremony.powers_g1)
    heard: list[str] = []
    with listening(heard.append):
        for _ in range(2):
            packed_basis(kernel, ceremony, powers, 8, 2)
    assert heard == ["preparing the basis of 8 rows and 2 columns, once for this machine"]


def test_compiling_is_announced_until_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "complete"
    monkeypatch.setattr(warm, "_marker", lambda: marker)
    heard: list[str] = []
    with listening(heard.append):
        ensure_warm()
        assert marker.is_file()
        ensure_warm()
    steps = ("vectors", "polynomials", "points")
    assert heard == [f"compiling arithmetic for {step}, once for this version" for step in steps]
