"""The packed basis in the cache: deleted, damaged, or made by two processes at once, it stays the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prover.ceremony import load_ceremony
from prover.kernel import default_kernel
from prover.kernel.cache import cache_folder
from prover.kernel.compiled import loaded_code
from prover.protocol import basis as module
from prover.protocol.basis import packed_basis

ROWS, WIDTH = 16, 3

MAKE = f"""
import sys
from prover.ceremony import load_ceremony
from prover.kernel import default_kernel
from prover.protocol.basis import packed_basis
kernel, ceremony = default_kernel(), load_ceremony()
found = packed_basis(kernel, ceremony, kernel.points(ceremony.powers_g1), {ROWS}, {WIDTH})
sys.stdout.write((kernel.encode_points(found.cells) + kernel.encode_points(found.masks)).hex())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path)
    return tmp_path


def make() -> bytes:
    kernel, ceremony = default_kernel(), load_ceremony()
    found = packed_basis(kernel, ceremony, kernel.points(ceremony.powers_g1), ROWS, WIDTH)
    return kernel.encode_points(found.cells) + kernel.encode_points(found.masks)


def test_a_deleted_basis_is_made_again(folder: Path) -> None:
    first = make()
    (path,) = folder.iterdir()
    assert path.name == f"packed-basis-1-{load_ceremony().digest.hex()[:16]}-16-3.bin"
    kept = path.read_bytes()
    path.unlink()
    assert make() == first
    assert path.read_bytes() == kept


@pytest.mark.parametrize("damage", ["empty", "truncated", "longer", "bent", "foreign"])
def test_a_damaged_basis_is_made_again(folder: Path, damage: str) -> None:
    first = make()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "truncated": whole[:-1],
            "longer": whole + b"\0",
            "bent": whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:],
            "foreign": bytes(len(whole)),
        }[damage]
    )
    assert make() == first
    assert path.read_bytes() == whole


def test_an_intact_basis_is_read_and_not_written(folder: Path) -> None:
    make()
    (path,) = folder.iterdir()
    before = path.stat().st_mtime_ns, path.stat().st_ino
    make()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_two_processes_on_a_cold_cache_agree(tmp_path: Path) -> None:
    load_ceremony()
    cold = tmp_path / "provault" / cache_folder().name
    cold.mkdir(parents=True)
    for path in cache_folder().glob("ceremony-*.bin"):
        shutil.copyfile(path, cold / path.name)
    loaded_code()
    shutil.copytree(cache_folder() / "kernel", cold / "kernel")  # its own race is tested elsewhere
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-c", MAKE]
    processes = [
        subprocess.Popen(command, env=environment, stdout=-1, stderr=-1, text=True) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] == make().hex()
    names = sorted(path.name for path in cold.iterdir())
    assert sum(name.startswith("packed-basis-") for name in names) == 1
    assert not [name for name in names if name.startswith(".")], names
