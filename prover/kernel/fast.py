"""The fast kernel: compiled field vectors with blst, or with arkworks where blst is missing."""

import ctypes

from prover.kernel import blst
from prover.kernel.blst_group import BlstGroup
from prover.kernel.fast_field import FastField


class FastKernel(FastField, BlstGroup):
    """Kernel on numba loops and blst."""

    def __init__(self, library: ctypes.CDLL | None = None) -> None:
        BlstGroup.__init__(self, library or blst.load())


def load_fast_kernel() -> FastKernel:
    """Return the fastest kernel this machine has."""
    return FastKernel()
