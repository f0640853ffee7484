"""Functions that run as machine code: declared here, compiled once, loaded and called without the compiler.

A function names the kinds of its arguments. Arrays go out as an address and their shape, so each is checked
before: its type, its dimensions and columns, and that it is C-contiguous, aligned and writable. Whether
the lengths of several arrays fit together is for the caller to check. A call releases the GIL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from types import ModuleType
from typing import Any, Final, ParamSpec, TypeVar, cast

import cffi  # type: ignore[import-untyped]
import numpy as np

from prover.errors import KernelInputError
from prover.kernel.interface import Untyped

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """One argument: an array of so many dimensions, or with none an integer of 64 bits."""

    type: str
    dimensions: int
    columns: int = 0
    """Entries that the last dimension must have; 0 for any number."""


INTEGER: Final = Kind("int64", 0)
INTEGERS: Final = Kind("int64", 1)
BYTES: Final = Kind("uint8", 1)
WORDS: Final = Kind("uint64", 1)
ROWS: Final = Kind("uint64", 2)
ELEMENT: Final = Kind("uint64", 1, 4)
ELEMENTS: Final = Kind("uint64", 2, 4)
COORDINATES: Final = Kind("uint64", 2, 6)
POINTS: Final = Kind("uint64", 2, 12)
PROJECTIVE: Final = Kind("uint64", 2, 18)

_ffi: Final = cffi.FFI()
_borrow: Callable[[Untyped], Untyped] = _ffi.from_buffer
"""Hold an array's memory; what this returns goes out as its address."""


class CompiledFunction:
    """A function called as machine code; its Python body is only ever read by the compiler."""

    def __init__(self, function: Callable[..., Any], kinds: tuple[Kind, ...]) -> None:
        self.function = function
        self.kinds = kinds
        self.symbol = f"{function.__module__}.{function.__name__}"
        self._checks = [(np.dtype(kind.type), kind.dimensions, kind.columns) for kind in kinds]
        self._gives = function.__annotations__["return"] is not None
        self._native: Callable[..., int] | None = None

    def __call__(self, *arguments: Untyped) -> int | None:
        """Run the machine code.

        Raises: KernelInputError for an argument that is not of its kind, or where the code divides by zero.
        """
        native = self._native or self._load()
        words: list[Untyped] = []
        for argument, (dtype, dimensions, columns) in zip(arguments, self._checks, strict=True):
            if not dimensions:
                words.append(argument)
                continue
            if not (
                isinstance(argument, np.ndarray)
                and argument.dtype == dtype
                and argument.ndim == dimensions
                and (not columns or argument.shape[-1] == columns)
                and argument.flags.carray
            ):
                raise KernelInputError(f"{self.symbol} cannot take {_described(argument)}")
            words.append(_borrow(argument))
            words.extend(argument.shape)
        try:
            result = native(*words)
        except (TypeError, OverflowError) as error:  # no integer, or one of more than 64 bits
            raise KernelInputError(f"{self.symbol}: {error}") from error
        if result < 0:
            raise KernelInputError(f"{self.symbol} failed")
        return result if self._gives else None

    def _load(self) -> Callable[..., int]:
        words: list[str] = []
        for kind in self.kinds:
            words += ["void *"] if kind.dimensions else []
            words += ["int64_t"] * (kind.dimensions or 1)
        address = loaded_code()(self.symbol)
        self._native = _ffi.cast(f"int64_t(*)({', '.join(words)})", address)
        return self._native


class Subroutine:
    """A function that only compiled functions call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


@dataclass(frozen=True)
class WrittenCode:
    """A function whose instructions are written out in a module, under this name."""

    written_in: Callable[[], ModuleType]
    name: str


_declared: list[CompiledFunction] = []
_lock: Final = Lock()


def compiled(*kinds: Kind) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Declare that a function runs as machine code on these kinds, and returns nothing or an integer >= 0."""

    def declare(function: Callable[P, T]) -> Callable[P, T]:
        declared = CompiledFunction(function, kinds)
        _declared.append(declared)
        return cast(Callable[P, T], declared)

    return declare


def subroutine(function: Callable[P, T]) -> Callable[P, T]:
    """Declare that only compiled functions call this one."""
    return cast(Callable[P, T], Subroutine(function))


def written_out(written_in: Callable[[], ModuleType], name: str) -> Callable[..., Untyped]:
    """Declare a function that compiled functions call, written out by a module for the compiler alone."""
    return cast(Callable[..., Untyped], WrittenCode(written_in, name))


def declared_functions() -> list[CompiledFunction]:
    """Return every compiled function of the kernel, in an order that only the sources decide."""
    import prover.kernel.bit_loops
    import prover.kernel.bucket_loops
    import prover.kernel.entry_loops
    import prover.kernel.point_loops
    import prover.kernel.row_loops
    import prover.kernel.transform
    import prover.kernel.vector_loops  # noqa: F401  (to be declared)

    return sorted(_declared, key=lambda declared: declared.symbol)


def loaded_code() -> Callable[[str], int]:
    """Return the addresses of the compiled functions, by name; compile them where they are not kept."""
    with _lock:
        return _loaded_code()


@lru_cache(maxsize=1)
def _loaded_code() -> Callable[[str], int]:
    from prover.kernel.machine_code import kept_code, load_code

    return load_code(kept_code())


def _described(argument: Untyped) -> str:
    if not isinstance(argument, np.ndarray):
        return f"a {type(argument).__name__} for an array"
    order = "contiguous, aligned and writable" if argument.flags.carray else "strided, unaligned or read-only"
    return f"an array of {argument.dtype}, shape {argument.shape}, {order}"
