"""What is prepared once is announced, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from prover.ceremony import load_ceremony
from prover.kernel import compiled, default_kernel, machine_code
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


def test_compiling_is_announced_until_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compiled.declared_functions()
    some = [f for f in whole if f.function.__name__ in ("column_masks", "fill", "neg")]
    monkeypatch.setattr(compiled, "declared_functions", lambda: some)
    monkeypatch.setattr(machine_code, "cache_folder", lambda: tmp_path)
    heard: list[str] = []
    with listening(heard.append):
        machine_code.kept_code()
        machine_code.kept_code()
    assert heard == [f"compiling {loops} loops, once for this version" for loops in ("point", "vector")]
