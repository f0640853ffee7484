"""The one place that imports numba: loops compiled at first use, cached on disk, run without the GIL."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

from prover.kernel.cache import configure_numba

configure_numba()

import numba  # noqa: E402  (its cache folder must be set first)
from llvmlite import ir as _ir  # type: ignore[import-untyped]  # noqa: E402
from numba import types as _types  # noqa: E402
from numba.core import caching as _caching  # noqa: E402
from numba.core import cgutils as _cgutils  # noqa: E402
from numba.core import runtime as _runtime  # noqa: E402
from numba.extending import intrinsic as _intrinsic  # noqa: E402

Untyped: TypeAlias = Any
"""An object of llvmlite or numba, whose interfaces carry no types."""

ir: Untyped = _ir
types: Untyped = _types
cgutils: Untyped = _cgutils

P = ParamSpec("P")
T = TypeVar("T")


_FunctionCache: Untyped = _caching.FunctionCache
_run_time: Untyped = _runtime


class _SoundCache(_FunctionCache):  # type: ignore[misc]
    """numba's cache of one function, which forgets a damaged file instead of failing on it.

    It loads kept code without numba's compiler, whose registries take a third of a second to fill.
    """

    def load_overload(self, signature: Untyped, context: Untyped) -> Untyped:
        try:
            _run_time.rtsys.initialize(context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(signature, context)
        except Exception:  # what unpickling a damaged file raises cannot be listed
            self.flush()
            return None


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function` at its first call and keep the machine code on disk."""
    dispatcher: Untyped = numba.njit(nogil=True)(function)
    dispatcher._cache = _SoundCache(function)
    return cast(Callable[P, T], dispatcher)


def intrinsic(function: Callable[..., Untyped]) -> Callable[..., Untyped]:
    """Register a function that types a call and returns its code generator."""
    return cast(Callable[..., Untyped], _intrinsic(function))
