"""The one place that imports numba: turn the kernel's declared functions into one object file.

Each function gets an entry of its own name that takes an address and a shape for every array and returns its
result, or -1 for an error. numba passes an array as

    memory info | parent | number of items | bytes of an item | address | shape | strides

(numba.core.datamodel.models.ArrayModel). The memory info stays null: arrays belong to the caller, the
functions make none, and nothing of numba's run-time or of Python is left in the object file. That is checked.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from types import FunctionType
from typing import Any, Final, cast

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
from llvmlite import ir as _ir
from numba import types as _types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic as _intrinsic

from prover.kernel.compiled import CompiledFunction, Kind, Subroutine, WrittenCode
from prover.kernel.interface import Untyped
from prover.kernel.machine_code import target_machine
from prover.preparation import announce

ir: Untyped = _ir
types: Untyped = _types
cgutils: Untyped = _cgutils

_C_LIBRARY: Final = frozenset({"memcpy", "memmove", "memset"})
_ITEM_BYTES: Final = {"int64": 8, "uint64": 8, "uint8": 1}


def intrinsic(function: Callable[..., Untyped]) -> Callable[..., Untyped]:
    """Register a function that types a call and returns its code generator."""
    return cast(Callable[..., Untyped], _intrinsic(function))


def object_code(functions: Sequence[CompiledFunction]) -> bytes:
    """Compile functions for this machine into one object file.

    Raises: RuntimeError for code that needs more than the C library's memory functions.
    """
    compiler = _Compiler()
    natives = []
    for module, members in groupby(functions, lambda function: function.symbol.split(".")[-2]):
        announce(f"compiling {module.replace('_', ' ')}, once for this version")
        natives += [compiler.native(function) for function in members]
    machine = target_machine()
    module = llvm.parse_assembly(_entries(functions, [name for name, _ in natives]))
    for _, text in natives:
        module.link_in(llvm.parse_assembly(text))
    module.triple = llvm.get_process_triple()
    _keep_only(module, machine, {function.symbol for function in functions})
    return bytes(machine.emit_object(module))


class _Compiler:
    """Compile by numba, every function once."""

    def __init__(self) -> None:
        self._dispatchers: dict[object, Untyped] = {}

    def native(self, function: CompiledFunction) -> tuple[str, str]:
        """Return the name of numba's native function and the LLVM module that it stands in."""
        signature = tuple(_numba_type(kind) for kind in function.kinds)
        dispatcher = self._dispatcher(function, function.function)
        dispatcher.compile(signature)
        overload = dispatcher.overloads[signature]
        return overload.fndesc.llvm_func_name, overload.library.get_llvm_str()

    def _dispatcher(self, declared: object, function: Callable[..., Any]) -> Untyped:
        """Return numba's compiler of a function, whose global names mean what numba can compile."""
        if declared not in self._dispatchers:
            source = cast(FunctionType, function)
            known = source.__globals__
            used = [name for name in source.__code__.co_names if name in known]
            names = {name: self._meaning(known[name]) for name in used}
            body = FunctionType(source.__code__, names, source.__name__)
            body.__module__, body.__qualname__ = source.__module__, source.__qualname__
            njit: Untyped = numba.njit
            jit = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
            self._dispatchers[declared] = jit(body)
        return self._dispatchers[declared]

    def _meaning(self, value: object) -> object:
        if isinstance(value, Subroutine):
            return self._dispatcher(value, value.function)
        if isinstance(value, WrittenCode):
            return getattr(value.written_in(), value.name)
        return value


def _numba_type(kind: Kind) -> Untyped:
    item = getattr(types, kind.type)
    return types.Array(item, kind.dimensions, "C") if kind.dimensions else item


def _entries(functions: Sequence[CompiledFunction], natives: Iterable[str]) -> str:
    """Write the entries, and what numba's run-time would do with an array's last owner: never reached."""
    parts = [
        "declare void @llvm.trap()",
        "define void @NRT_MemInfo_call_dtor(ptr %info) {\n call void @llvm.trap()\n unreachable\n}",
    ]
    for function, native in zip(functions, natives, strict=True):
        parts.append(_entry(function, native))
    return "\n".join(parts)


def _entry(function: CompiledFunction, native: str) -> str:
    """Write the entry of one function; numba's status is 0 for a value and -2 for None."""
    takes, code, passes = [], [], ["ptr %result", "ptr %error"]
    for i, kind in enumerate(function.kinds):
        if not kind.dimensions:
            takes.append(f"i64 %a{i}")
            passes.append(f"i64 %a{i}")
            continue
        item = _ITEM_BYTES[kind.type]
        shape = [f"%a{i}s{k}" for k in range(kind.dimensions)]
        takes += [f"ptr %a{i}", *(f"i64 {name}" for name in shape)]
        if kind.dimensions == 1:
            count, strides = shape[0], [str(item)]
        else:
            code.append(f" %a{i}n = mul i64 {shape[0]}, {shape[1]}")
            code.append(f" %a{i}t = mul i64 {shape[1]}, {item}")
            count, strides = f"%a{i}n", [f"%a{i}t", str(item)]
        passes += ["ptr null", "ptr null", f"i64 {count}", f"i64 {item}", f"ptr %a{i}"]
        passes += [f"i64 {word}" for word in (*shape, *strides)]
    types_passed = ", ".join(word.split(" ")[0] for word in passes)
    return "\n".join(
        [
            f'declare i32 @"{native}"({types_passed})',
            f'define i64 @"{function.symbol}"({", ".join(takes)}) {{',
            " %result = alloca i64",
            " %error = alloca ptr",
            " store i64 0, ptr %result",
            *code,
            f' %status = call i32 @"{native}"({", ".join(passes)})',
            " %value = load i64, ptr %result",
            " %some = icmp eq i32 %status, 0",
            " %none = icmp eq i32 %status, -2",
            " %good = or i1 %some, %none",
            " %answer = select i1 %good, i64 %value, i64 -1",
            " ret i64 %answer",
            "}",
        ]
    )


def _keep_only(module: Untyped, machine: Untyped, entries: set[str]) -> None:
    """Drop everything that the entries do not reach.

    Raises: RuntimeError where they reach something outside.
    """
    for value in [*module.functions, *module.global_variables]:
        if not value.is_declaration and value.name not in entries:
            value.linkage = "internal"
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(2)))
    module.verify()
    outside = {value.name for value in [*module.functions, *module.global_variables] if value.is_declaration}
    foreign = sorted(name for name in outside - _C_LIBRARY if not name.startswith("llvm."))
    if foreign:
        raise RuntimeError(f"compiled code needs {', '.join(foreign)}")
