"""Compile every loop ahead of time, so that the first proof does not wait for it."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from prover.kernel import GENERATOR_G1, default_kernel
from prover.kernel.cache import configure_numba
from prover.preparation import announce


def warm_kernel(progress: Callable[[str], None] = lambda step: None) -> None:
    """Call each operation once, naming it to `progress`; later processes load the code from disk."""
    kernel = default_kernel()
    one = kernel.vector([1, 2, 3, 4])
    progress("vectors")
    kernel.from_int64(np.array([1, -1], dtype=np.int64))
    for result in (
        kernel.add(one, one),
        kernel.sub(one, one),
        kernel.mul(one, one),
        kernel.neg(one),
        kernel.scale(one, 2),
        kernel.add_scalar(one, 2),
        kernel.axpy(one, 2, one),
        kernel.constant(2, 4),
        kernel.inverse(one),
        kernel.powers(2, 4),
        kernel.prefix_sum(one),
    ):
        kernel.ints(result)
    kernel.inner(one, one)
    kernel.sum(one)
    progress("polynomials")
    kernel.intt(kernel.ntt(one))
    kernel.coset_intt(kernel.coset_ntt(one, 8, 7), 7)
    kernel.divide(one, kernel.evaluate(one, 2))
    progress("points")
    points = kernel.points(GENERATOR_G1 * 256)
    kernel.msm(points, one)
    wide = kernel.powers(5, 256)
    kernel.msm(points, wide)
    kernel.msm(kernel.prepare_points(points), wide)
    kernel.msm_small(points, np.array([1, -1], dtype=np.int64))
    _marker().touch()


def ensure_warm() -> None:
    """Compile everything with an announcement for each step, unless it is compiled already."""
    if not _marker().exists():
        warm_kernel(lambda step: announce(f"compiling arithmetic for {step}, once for this version"))


def _marker() -> Path:
    """Return a file that stands beside the compiled code, and is deleted with it."""
    configure_numba()
    return Path(os.environ["NUMBA_CACHE_DIR"]) / "complete"
