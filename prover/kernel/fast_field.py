"""Vectors over F_r as numpy limbs with compiled loops; the fast twin of `plain_field`."""

from collections.abc import Sequence

import numpy as np

from prover.errors import KernelInputError
from prover.field import SCALAR_MODULUS, is_power_of_two
from prover.kernel import row_loops, transform, vector_loops
from prover.kernel.interface import SmallInts, require_int64, require_operands
from prover.kernel.montgomery import Limbs, montgomery
from prover.kernel.row_program import RowProgram
from prover.kernel.threads import map_shares


def _empty(n: int) -> Limbs:
    return np.empty((n, 4), dtype=np.uint64)


def _same_length(a: Limbs, b: Limbs) -> None:
    if len(a) != len(b):
        raise KernelInputError(f"vectors of lengths {len(a)} and {len(b)} do not fit together")


def canonical_limbs(v: Limbs) -> Limbs:
    """Return the integers 0 <= v_i < r as (n, 4) limbs, which are 32-byte little-endian scalars."""
    out = np.empty_like(v)
    vector_loops.from_montgomery(v, out)
    return out


class FastField:
    """Field half of the kernel: `prover.kernel.interface.FieldKernel`."""

    def vector(self, values: Sequence[int]) -> Limbs:
        data = bytearray(b"".join([(value % SCALAR_MODULUS).to_bytes(32, "little") for value in values]))
        out = _empty(len(values))
        if len(values):
            vector_loops.to_montgomery(np.frombuffer(data, dtype=np.uint64).reshape(-1, 4), out)
        return out

    def ints(self, v: Limbs) -> list[int]:
        data = canonical_limbs(v).tobytes()
        return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]

    def from_int64(self, values: SmallInts) -> Limbs:
        require_int64(values)
        out = _empty(len(values))
        vector_loops.from_small(np.array(values), out)
        return out

    def zeros(self, n: int) -> Limbs:
        return np.zeros((n, 4), dtype=np.uint64)

    def constant(self, c: int, n: int) -> Limbs:
        out = _empty(n)
        vector_loops.fill(montgomery(c), out)
        return out

    def add(self, a: Limbs, b: Limbs) -> Limbs:
        _same_length(a, b)
        out = np.empty_like(a)
        vector_loops.add(a, b, out)
        return out

    def sub(self, a: Limbs, b: Limbs) -> Limbs:
        _same_length(a, b)
        out = np.empty_like(a)
        vector_loops.sub(a, b, out)
        return out

    def mul(self, a: Limbs, b: Limbs) -> Limbs:
        _same_length(a, b)
        out = np.empty_like(a)
        vector_loops.mul(a, b, out)
        return out

    def neg(self, a: Limbs) -> Limbs:
        out = np.empty_like(a)
        vector_loops.neg(a, out)
        return out

    def scale(self, a: Limbs, c: int) -> Limbs:
        out = np.empty_like(a)
        vector_loops.scale(a, montgomery(c), out)
        return out

    def add_scalar(self, a: Limbs, c: int) -> Limbs:
        out = np.empty_like(a)
        vector_loops.add_scalar(a, montgomery(c), out)
        return out

    def axpy(self, a: Limbs, c: int, b: Limbs) -> Limbs:
        _same_length(a, b)
        out = np.empty_like(a)
        vector_loops.axpy(a, montgomery(c), b, out)
        return out

    def rotate(self, a: Limbs, k: int) -> Limbs:
        if not len(a):
            return a
        k %= len(a)
        return np.concatenate((a[k:], a[:k]))

    def segment(self, a: Limbs, start: int, stop: int, step: int = 1) -> Limbs:
        if not 0 <= start <= stop <= len(a) or step < 1:
            raise KernelInputError(f"no segment {start}:{stop}:{step} in a vector of length {len(a)}")
        return np.ascontiguousarray(a[start:stop:step])

    def concat(self, parts: Sequence[Limbs]) -> Limbs:
        return np.concatenate([_empty(0), *parts])

    def pad(self, a: Limbs, n: int) -> Limbs:
        if n < len(a):
            raise KernelInputError(f"cannot pad a vector of length {len(a)} to {n}")
        out = np.zeros((n, 4), dtype=np.uint64)
        out[: len(a)] = a
        return out

    def interleave(self, columns: Sequence[Limbs]) -> Limbs:
        if not columns or any(len(column) != len(columns[0]) for column in columns):
            raise KernelInputError(f"columns of lengths {[len(c) for c in columns]} cannot be interleaved")
        return np.stack(columns, axis=1).reshape(-1, 4)

    def deinterleave(self, v: Limbs, t: int) -> list[Limbs]:
        if t < 1 or len(v) % t:
            raise KernelInputError(f"a vector of length {len(v)} does not split into {t} columns")
        return [np.ascontiguousarray(v[i::t]) for i in range(t)]

    def inverse(self, a: Limbs) -> Limbs:
        out = np.empty_like(a)
        if not vector_loops.inverse(a, out):
            raise ZeroDivisionError("a vector with a zero entry has no inverse")
        return out

    def powers(self, c: int, n: int) -> Limbs:
        return transform.powers_of(c, n)

    def prefix_sum(self, a: Limbs) -> Limbs:
        out = np.empty_like(a)
        vector_loops.prefix_sum(a, out)
        return out

    def inner(self, a: Limbs, b: Limbs) -> int:
        _same_length(a, b)
        out = _empty(1)
        vector_loops.inner(a, b, out)
        return self.ints(out)[0]

    def sum(self, a: Limbs) -> int:
        out = _empty(1)
        vector_loops.add_up(a, out)
        return self.ints(out)[0]

    def equal(self, a: Limbs, b: Limbs) -> bool:
        return bool(np.array_equal(a, b))

    def ntt(self, coeffs: Limbs) -> Limbs:
        return self.coset_ntt(coeffs, len(coeffs), 1)

    def intt(self, values: Limbs) -> Limbs:
        return self.intts([values])[0]

    def coset_ntt(self, coeffs: Limbs, size: int, shift: int) -> Limbs:
        return self.coset_ntts([coeffs], size, shift)[0]

    def coset_intt(self, values: Limbs, shift: int) -> Limbs:
        shift %= SCALAR_MODULUS
        if shift == 0 or not is_power_of_two(len(values)):
            raise KernelInputError(f"{len(values)} values on a coset, shift {shift}")
        return transform.coset_intts([values], shift)[0]

    def intts(self, columns: Sequence[Limbs]) -> list[Limbs]:
        if len({len(column) for column in columns}) > 1:
            raise KernelInputError(f"columns of lengths {[len(c) for c in columns]} to transform at once")
        return transform.coset_intts(columns, 1) if columns else []

    def coset_ntts(self, columns: Sequence[Limbs], size: int, shift: int) -> list[Limbs]:
        longest = max(map(len, columns), default=0)
        if shift % SCALAR_MODULUS == 0 or longest > size:
            raise KernelInputError(f"{longest} coefficients on a coset of size {size}, shift {shift}")
        return transform.coset_ntts(columns, size, shift % SCALAR_MODULUS) if columns else []

    def run(
        self, program: RowProgram, columns: Sequence[Limbs], parameters: Sequence[int] = ()
    ) -> list[Limbs]:
        require_operands(program, columns, parameters)
        rows, results = len(columns[0]), np.array(program.results, dtype=np.int64)
        constants, table = self.vector([*parameters, *program.constants]), np.concatenate(columns)
        out = _empty(len(results) * rows)

        def share(bounds: tuple[int, int]) -> None:
            slots = _empty(program.slot_count * row_loops.BLOCK)
            code = program.instructions.reshape(-1)
            row_loops.run_rows(code, results, constants, table, rows, *bounds, slots, out)

        map_shares(share, rows, len(program.instructions))
        return [out[start : start + rows] for start in range(0, len(out), rows)]

    def evaluate(self, coeffs: Limbs, x: int) -> int:
        out = _empty(1)
        vector_loops.evaluate(coeffs, montgomery(x), out)
        return self.ints(out)[0]

    def divide(self, coeffs: Limbs, x: int) -> Limbs:
        out = _empty(max(len(coeffs) - 1, 0))
        vector_loops.divide(coeffs, montgomery(x), out)
        return out
