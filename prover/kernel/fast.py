"""The fast kernel: compiled field vectors with blst, or with arkworks where blst cannot be had."""

import ctypes
import warnings

from prover.kernel import blst
from prover.kernel.arkworks_group import ArkworksGroup
from prover.kernel.blst_group import BlstGroup
from prover.kernel.fast_field import FastField
from prover.kernel.interface import Kernel


class FastKernel(FastField, BlstGroup):
    """Kernel on numba loops and blst."""

    def __init__(self, library: ctypes.CDLL | None = None) -> None:
        BlstGroup.__init__(self, library or blst.load())


class ArkworksKernel(FastField, ArkworksGroup):
    """Kernel on numba loops and arkworks."""


class SlowGroupWarning(UserWarning):
    """Say that multi-scalar products take two to four times as long here."""


def load_fast_kernel() -> Kernel:
    """Return the fastest kernel this machine has; warn when that is not blst."""
    try:
        return FastKernel()
    except blst.BlstUnavailableError as error:
        warnings.warn(
            f"blst is not available ({error}); arkworks serves instead", SlowGroupWarning, stacklevel=2
        )
        return ArkworksKernel()
