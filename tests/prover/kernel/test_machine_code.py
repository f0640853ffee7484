"""Machine code is kept whole or made again, whoever damages or shares it, and loads without numba."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prover.kernel import compiled, default_kernel, machine_code
from prover.kernel.machine_code import kept_code, load_code
from prover.preparation import listening

FILL = "prover.kernel.vector_loops.fill"

# Only what the product of two vectors needs is compiled, to be quick.
MULTIPLY = """
import sys
from prover.kernel import compiled, default_kernel
everything = compiled.declared_functions()
names = ("to_montgomery", "mul", "from_montgomery")
compiled.declared_functions = lambda: [one for one in everything if one.function.__name__ in names]
kernel = default_kernel()
vector = kernel.vector([2, 3])
product = kernel.ints(kernel.mul(vector, vector))
sys.stdout.write(f"{product} {'compiled' if 'numba' in sys.modules else 'loaded'}")
"""


def start(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", MULTIPLY],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return output


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load this process's own code before a test looks elsewhere."""
    compiled.loaded_code()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a cache of this test's own, and compile one function only."""
    return shorten(tmp_path, monkeypatch)


def shorten(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    whole = compiled.declared_functions()
    monkeypatch.setattr(compiled, "declared_functions", lambda: [f for f in whole if f.symbol == FILL])
    monkeypatch.setattr(machine_code, "cache_folder", lambda: cache)
    return cache / "kernel"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file that is as it must be."""
    with pytest.MonkeyPatch.context() as patch:
        folder = shorten(tmp_path_factory.mktemp("kept"), patch)
        kept_code()
    (path,) = folder.iterdir()
    return path


def test_two_processes_on_a_cold_cache_agree_and_a_third_only_loads(tmp_path: Path) -> None:
    processes = [start(tmp_path), start(tmp_path)]
    assert [finish(process) for process in processes] == ["[4, 9] compiled"] * 2
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns
    assert finish(start(tmp_path)) == "[4, 9] loaded"
    assert (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) == before


def packed(identity: bytes, code: bytes) -> bytes:
    """Write a file as it must be, digest included."""
    rest = len(identity).to_bytes(4, "big") + identity + code
    return hashlib.sha256(rest).digest() + rest


def other_processor(whole: bytes) -> bytes:
    """Return the same code under the identity of another processor."""
    size = int.from_bytes(whole[32:36], "big")
    identity, code = whole[36 : 36 + size], whole[36 + size :]
    lines = identity.split(b"\n")
    return packed(b"\n".join([*lines[:-1], lines[-1] + b",+another"]), code)


DAMAGE = {
    "empty": lambda whole: b"",
    "shorter than a digest": lambda whole: whole[:20],
    "truncated": lambda whole: whole[:-1],
    "longer": lambda whole: whole + b"\0",
    "one bit of the code": lambda whole: whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:],
    "another digest": lambda whole: bytes(32) + whole[32:],
    "another processor": other_processor,
    "no identity": lambda whole: packed(b"", b"code"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_whole_or_not_for_this_machine_is_made_again(
    folder: Path, kept: Path, damage: str
) -> None:
    assert kept.name == f"{hashlib.sha256(machine_code._identity()).hexdigest()[:16]}.bin"
    damaged = DAMAGE[damage](kept.read_bytes())
    folder.mkdir()
    path = folder / kept.name
    path.write_bytes(damaged)
    heard: list[str] = []
    with listening(heard.append):
        code = kept_code()
    assert heard == ["compiling vector loops, once for this version"]
    assert load_code(code)(FILL)
    assert path.read_bytes() == packed(machine_code._identity(), code) != damaged
    assert list(folder.iterdir()) == [path]


def test_kept_code_is_read_in_silence_and_not_written(folder: Path, kept: Path) -> None:
    folder.mkdir()
    path = folder / kept.name
    path.write_bytes(kept.read_bytes())
    before = path.stat().st_mtime_ns, path.stat().st_ino
    heard: list[str] = []
    with listening(heard.append):
        assert kept.read_bytes().endswith(kept_code())
    assert heard == []
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_code_may_be_deleted_while_it_is_in_use(folder: Path) -> None:
    kernel = default_kernel()
    vector = kernel.vector([5])
    address = load_code(kept_code())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert address(FILL)
    assert kernel.ints(kernel.add(vector, vector)) == [10]
    assert load_code(kept_code())(FILL)


def test_a_function_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(RuntimeError, match=r"has no function prover\.kernel\.vector_loops\.add"):
        load_code(kept_code())("prover.kernel.vector_loops.add")
