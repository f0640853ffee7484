"""Derived files: where they lie, and what a reader may see."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from prover.kernel import default_kernel, vector_loops
from prover.kernel.cache import cache_folder, write_atomic

COMPILE = """
import os, sys
{before}
from prover.kernel import default_kernel
k = default_kernel()
v = k.vector([2, 3])
sys.stdout.write(f"{{k.ints(k.mul(v, v))}} {{os.environ['NUMBA_CACHE_DIR']}}")
"""


def run(cache: Path, before: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-W", "error", "-c", COMPILE.format(before=before)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def warm_copy(cache: Path) -> Path:
    """Copy what was compiled from this folder, so that only what a test damages is compiled again."""
    kernel = default_kernel()
    kernel.ints(kernel.mul(kernel.vector([2]), kernel.vector([3])))
    kept = Path(vector_loops.mul.stats.cache_path)  # other clones of equal sources have folders beside it
    copy = cache / "provault" / cache_folder().name / "numba" / kept.parent.name / kept.name
    shutil.copytree(kept, copy, copy_function=shutil.copyfile)
    return copy


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def test_the_folder_is_private_and_named_by_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder()
    assert folder.parent == tmp_path / "provault"
    assert folder.name not in ("", "provault")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert cache_folder() == folder


def test_a_folder_that_cannot_be_made_is_replaced_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "provault").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(UserWarning, match="for this run only"):
        folder = cache_folder()
    assert folder.is_dir()
    assert tmp_path not in folder.parents
    assert cache_folder() == folder


def test_a_write_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    write_atomic(path, b"old")
    with path.open("rb") as reader:
        write_atomic(path, b"new and longer")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new and longer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.bin"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.bin"
    write_atomic(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.bin"]


def test_compiled_code_is_kept_and_shared_by_two_processes(tmp_path: Path) -> None:
    processes = [run(tmp_path), run(tmp_path)]
    outputs = [finish(process) for process in processes]
    assert outputs[0] == outputs[1]
    values, folder = outputs[0].rsplit(" ", 1)
    assert values == "[4, 9]"
    assert Path(folder).is_relative_to(tmp_path / "provault")
    compiled = {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.nbc")}
    assert compiled
    assert finish(run(tmp_path)) == outputs[0]
    assert {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.nbc")} == compiled


def test_compiled_code_is_kept_when_numba_was_imported_before(tmp_path: Path) -> None:
    folder = finish(run(tmp_path, before="import numba")).rsplit(" ", 1)[1]
    assert list(Path(folder).rglob("*.nbc"))


DAMAGE = {
    "mul": lambda whole: b"",
    "to_montgomery": lambda whole: whole[: len(whole) // 2],
    "from_montgomery": lambda whole: b"no pickle" * 20,
}


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_code_is_compiled_again(tmp_path: Path, suffix: str) -> None:
    folder = warm_copy(tmp_path)
    damaged = {}
    for name, damage in DAMAGE.items():
        (path,) = folder.rglob(f"vector_loops.{name}-*.{suffix}")
        damaged[path] = damage(path.read_bytes())
        path.write_bytes(damaged[path])
    assert finish(run(tmp_path)).rsplit(" ", 1)[0] == "[4, 9]"
    assert all(path.read_bytes() != content for path, content in damaged.items())


def test_deleted_code_is_compiled_again(tmp_path: Path) -> None:
    folder = warm_copy(tmp_path)
    deleted = list(folder.rglob("vector_loops.mul-*"))
    assert len(deleted) == 2
    for path in deleted:
        path.unlink()
    assert finish(run(tmp_path)).rsplit(" ", 1)[0] == "[4, 9]"
    assert all(path.is_file() for path in deleted)
