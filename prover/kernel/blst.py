"""The blst functions that the ckzg wheel exports, bound by ctypes (which releases the GIL).

Layouts, checked against the library's own sizes when it is loaded: a coordinate is six 64-bit
limbs in Montgomery form; an affine G1 point is x, y (96 bytes, zeros for infinity), a Jacobian one
x, y, z (144); G2 has two coordinates for each of these. Scalars are little endian.
"""

import ctypes
import importlib.util
import sys
from ctypes import c_bool, c_int, c_size_t, c_void_p
from typing import Any, Final

import numpy as np
import numpy.typing as npt

AFFINE_G1: Final = 96
JACOBIAN_G1: Final = 144
AFFINE_G2: Final = 192
TARGET: Final = 576

SUCCESS: Final = 0
NOT_ON_CURVE: Final = 2
NOT_IN_GROUP: Final = 3

SIZES: Final = {
    "blst_p1_affine_sizeof": AFFINE_G1,
    "blst_p1_sizeof": JACOBIAN_G1,
    "blst_p2_affine_sizeof": AFFINE_G2,
    "blst_fp12_sizeof": TARGET,
}

FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "blst_p1_deserialize": (c_int, (c_void_p, c_void_p)),
    "blst_p2_deserialize": (c_int, (c_void_p, c_void_p)),
    "blst_p1_affine_serialize": (None, (c_void_p, c_void_p)),
    "blst_p1_to_affine": (None, (c_void_p, c_void_p)),
    "blst_p1_from_affine": (None, (c_void_p, c_void_p)),
    "blst_p1_add_or_double": (None, (c_void_p, c_void_p, c_void_p)),
    "blst_p1_add_or_double_affine": (None, (c_void_p, c_void_p, c_void_p)),
    "blst_p1_cneg": (None, (c_void_p, c_bool)),
    "blst_p1_mult": (None, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "blst_p1_unchecked_mult": (None, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "blst_p1_affine_in_g1": (c_bool, (c_void_p,)),
    "blst_p2_affine_in_g2": (c_bool, (c_void_p,)),
    "blst_p1s_to_affine": (None, (c_void_p, c_void_p, c_size_t)),
    "blst_p1s_mult_pippenger_scratch_sizeof": (c_size_t, (c_size_t,)),
    "blst_p1s_mult_pippenger": (
        None,
        (c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p),
    ),
    "blst_miller_loop_n": (None, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "blst_final_exp": (None, (c_void_p, c_void_p)),
    "blst_fp12_is_one": (c_bool, (c_void_p,)),
}

CALLED_BY_ADDRESS: Final = (
    "blst_fp_mul",
    "blst_fp_sqr",
    "blst_fp_eucl_inverse",
    "blst_p1_double",
    "blst_p1_add_or_double_affine",
    "blst_p1_deserialize",
)
"""In the order in which `prover.kernel.bucket_loops` expects their addresses."""


class BlstUnavailableError(Exception):
    """Report that this machine's ckzg wheel does not export the functions needed."""


def load() -> ctypes.CDLL:
    """Return the library with every function typed.

    Raises BlstUnavailableError when ckzg is absent, lacks a symbol, has other structure sizes, or
    the machine is not little endian.
    """
    if sys.byteorder != "little":
        raise BlstUnavailableError("the machine is not little endian")
    spec = importlib.util.find_spec("ckzg")
    if spec is None or spec.origin is None:
        raise BlstUnavailableError("the package ckzg is not installed")
    try:
        library = ctypes.CDLL(spec.origin)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
        for name in CALLED_BY_ADDRESS:
            getattr(library, name)
        for name, expected in SIZES.items():
            size = getattr(library, name)
            size.restype = c_size_t
            size.argtypes = ()
            if size() != expected:
                raise BlstUnavailableError(f"{name} is {size()}, expected {expected}")
    except (OSError, AttributeError) as error:
        raise BlstUnavailableError(str(error)) from error
    return library


def addresses(library: ctypes.CDLL) -> npt.NDArray[np.int64]:
    """Return where the functions that compiled loops call stand."""
    found = [ctypes.cast(getattr(library, name), c_void_p).value or 0 for name in CALLED_BY_ADDRESS]
    return np.array(found, dtype=np.int64)
