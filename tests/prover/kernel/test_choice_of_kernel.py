"""Which kernel is used, and what happens where blst cannot be had."""

import ctypes
import multiprocessing
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

from prover.field import SCALAR_MODULUS as R
from prover.kernel import GENERATOR_G1, blst, default_kernel, plain_kernel
from prover.kernel.fast import ArkworksKernel, FastKernel, SlowGroupWarning, load_fast_kernel
from prover.kernel.plain import PlainKernel
from prover.kernel.threads import map_shares, map_threads, worker_count


def test_each_kernel_is_made_once() -> None:
    assert default_kernel() is default_kernel()
    assert plain_kernel() is plain_kernel()
    assert isinstance(default_kernel(), FastKernel)
    assert isinstance(plain_kernel(), PlainKernel)


def test_a_missing_symbol_falls_back_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(blst.FUNCTIONS, "blst_p1s_no_such_function", (None, ()))
    with pytest.raises(blst.BlstUnavailableError, match="no_such_function"):
        blst.load()
    with pytest.warns(SlowGroupWarning, match="no_such_function"):
        kernel = load_fast_kernel()
    assert isinstance(kernel, ArkworksKernel)
    assert kernel.mul_point(GENERATOR_G1, 5) == plain_kernel().mul_point(GENERATOR_G1, 5)


def test_other_structure_sizes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(blst.SIZES, "blst_p1_sizeof", 145)
    with pytest.raises(blst.BlstUnavailableError, match="blst_p1_sizeof is 144, expected 145"):
        blst.load()


def test_without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(blst.BlstUnavailableError, match="not installed"):
        blst.load()


def test_a_library_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> ctypes.CDLL:
        raise OSError("wrong ELF class")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(blst.BlstUnavailableError, match="wrong ELF class"):
        blst.load()


def test_on_a_big_endian_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "big")
    with pytest.raises(blst.BlstUnavailableError, match="little endian"):
        blst.load()


def test_threads_keep_the_order_and_pass_errors_on() -> None:
    assert worker_count() >= 1
    assert map_threads(lambda x: x * x, range(20)) == [x * x for x in range(20)]
    assert map_threads(lambda x: x, []) == []
    with pytest.raises(ZeroDivisionError):
        map_threads(lambda x: 1 // x, [1, 0, 2])


def test_an_error_waits_for_the_calls_that_still_run() -> None:
    finished = []

    def work(item: int) -> None:
        if item == 2:
            raise ZeroDivisionError
        time.sleep(0.2)
        finished.append(item)

    with pytest.raises(ZeroDivisionError):
        map_threads(work, [0, 1, 2])
    assert sorted(finished) == [0, 1]


def _large_product(seed: int) -> bytes:
    kernel = default_kernel()
    points = kernel.points(GENERATOR_G1 * 100)
    return kernel.msm(points, kernel.vector([seed] * 100))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_its_own_threads() -> None:
    seed = secrets.randbelow(R)
    expected = _large_product(seed)
    assert default_kernel().mul_point(GENERATOR_G1, 100 * seed) == expected
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(_large_product, seed).result(timeout=300) == expected
        assert pool.submit(os.getpid).result(timeout=300) != os.getpid()


AFTER_THE_MAIN_THREAD = """
import threading
from prover.kernel.threads import map_threads

def late():
    threading.main_thread().join()
    print(map_threads(lambda x: x * x, range(9)))

threading.Thread(target=late).start()
"""


def test_work_goes_on_in_a_thread_that_outlives_the_main_one() -> None:
    """The pool takes no more work then; the thread does it alone."""
    command = [sys.executable, "-c", AFTER_THE_MAIN_THREAD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{[x * x for x in range(9)]}\n"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("work_each", [1, 1_000_000])
def test_shares_cover_every_item_once(count: int, work_each: int) -> None:
    shares: list[tuple[int, int]] = []
    map_shares(shares.append, count, work_each)
    assert sorted(item for share in shares for item in range(*share)) == [*range(count)]
    assert len(shares) <= worker_count()
    if work_each == 1:
        assert shares == [(0, count)]
    elif count >= worker_count():
        assert len(shares) == worker_count() or count % worker_count()


def test_a_share_that_fails_fails_the_whole() -> None:
    def fail_on_zero(bounds: tuple[int, int]) -> None:
        if bounds[0] == 0:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        map_shares(fail_on_zero, 4, 1_000_000)
