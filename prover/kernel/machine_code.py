"""Keep the kernel's machine code on disk, and load it by LLVM's run-time linker alone.

    file = SHA-256 of the rest | length of the identity, four bytes, big endian | identity | object file

The identity names everything that the code was made from and for: the kernel's sources, the compiler's
versions, the processor and its features. A file that does not begin with its digest and the identity
expected here is not loaded; it is made again. Loading takes milliseconds where importing the compiler takes
a third of a second.
"""

import hashlib
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Final

import llvmlite  # type: ignore[import-untyped]
import llvmlite.binding as llvm  # type: ignore[import-untyped]

from prover.kernel.cache import cache_folder, write_atomic
from prover.kernel.interface import Untyped

_DIGEST_BYTES: Final = 32
_LENGTH_BYTES: Final = 4

_engines: list[Untyped] = []
"""What holds the loaded code: never freed, because functions point into it."""


def kept_code() -> bytes:
    """Return the object file kept for this machine, made and kept first where there is none that is whole."""
    identity = _identity()
    path = _path(identity)
    code = _read(path, identity)
    if code is None:
        from prover.kernel.compiled import declared_functions
        from prover.kernel.jit import object_code

        code = object_code(declared_functions())
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, _packed(identity, code))
    return code


def load_code(code: bytes) -> Callable[[str], int]:
    """Load an object file into this process; return what gives the address of a name."""
    machine = target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)

    def address(name: str) -> int:
        found = int(engine.get_function_address(name))
        if not found:
            raise RuntimeError(f"the kernel's machine code has no function {name}")
        return found

    return address


def target_machine() -> Untyped:
    """Return LLVM's description of this processor, for code that runs where it is loaded."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    reloc = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=_features(),
        opt=3,
        reloc=reloc,
        codemodel="jitdefault",
        jit=True,
    )


def _features() -> str:
    try:
        return str(llvm.get_host_cpu_features().flatten())
    except RuntimeError:  # LLVM knows no features of this processor
        return ""


def _identity() -> bytes:
    parts = [
        _source_digest(),
        platform.python_version(),
        metadata.version("numba"),
        llvmlite.__version__,
        str(llvm.llvm_version_info),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        _features(),
    ]
    return "\n".join(parts).encode()


def _source_digest() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for source in [folder.parent / "field.py", *sorted(folder.glob("*.py"))]:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _path(identity: bytes) -> Path:
    return cache_folder() / "kernel" / f"{hashlib.sha256(identity).hexdigest()[:16]}.bin"


def _packed(identity: bytes, code: bytes) -> bytes:
    rest = len(identity).to_bytes(_LENGTH_BYTES, "big") + identity + code
    return hashlib.sha256(rest).digest() + rest


def _read(path: Path, identity: bytes) -> bytes | None:
    """Return the object file in `path`, or None unless it is whole and made for this machine."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, rest = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    begin = len(identity).to_bytes(_LENGTH_BYTES, "big") + identity
    if hashlib.sha256(rest).digest() != digest or not rest.startswith(begin):
        return None
    return rest[len(begin) :]
