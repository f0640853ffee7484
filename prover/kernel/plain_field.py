"""Vectors over F_r as tuples of Python integers; slow, simple, and what the fast twin is tested against."""

from collections.abc import Sequence
from itertools import accumulate

from prover.errors import KernelInputError
from prover.field import SCALAR_MODULUS, field_inverse, root_of_unity
from prover.kernel.interface import SmallInts, require_int64, require_operands
from prover.kernel.row_program import TAKES_CONSTANT, RowProgram, Step

PlainVector = tuple[int, ...]


def _same_length(a: PlainVector, b: PlainVector) -> None:
    if len(a) != len(b):
        raise KernelInputError(f"vectors of lengths {len(a)} and {len(b)} do not fit together")


def _transform(a: PlainVector, root: int) -> PlainVector:
    """f(root^i) from f_even(X^2) + X f_odd(X^2)."""
    if len(a) == 1:
        return a
    even = _transform(a[0::2], root * root % SCALAR_MODULUS)
    odd = _transform(a[1::2], root * root % SCALAR_MODULUS)
    point, low, high = 1, [], []
    for e, o in zip(even, odd, strict=True):
        low.append((e + point * o) % SCALAR_MODULUS)
        high.append((e - point * o) % SCALAR_MODULUS)
        point = point * root % SCALAR_MODULUS
    return (*low, *high)


class PlainField:
    """Field half of the kernel: `prover.kernel.interface.FieldKernel`."""

    def vector(self, values: Sequence[int]) -> PlainVector:
        return tuple(int(value) % SCALAR_MODULUS for value in values)

    def ints(self, v: PlainVector) -> list[int]:
        return list(v)

    def from_int64(self, values: SmallInts) -> PlainVector:
        require_int64(values)
        return self.vector(values.tolist())

    def zeros(self, n: int) -> PlainVector:
        return (0,) * n

    def constant(self, c: int, n: int) -> PlainVector:
        return (c % SCALAR_MODULUS,) * n

    def add(self, a: PlainVector, b: PlainVector) -> PlainVector:
        _same_length(a, b)
        return self.vector([x + y for x, y in zip(a, b, strict=True)])

    def sub(self, a: PlainVector, b: PlainVector) -> PlainVector:
        _same_length(a, b)
        return self.vector([x - y for x, y in zip(a, b, strict=True)])

    def mul(self, a: PlainVector, b: PlainVector) -> PlainVector:
        _same_length(a, b)
        return self.vector([x * y for x, y in zip(a, b, strict=True)])

    def neg(self, a: PlainVector) -> PlainVector:
        return self.vector([-x for x in a])

    def scale(self, a: PlainVector, c: int) -> PlainVector:
        return self.vector([c * x for x in a])

    def add_scalar(self, a: PlainVector, c: int) -> PlainVector:
        return self.vector([x + c for x in a])

    def axpy(self, a: PlainVector, c: int, b: PlainVector) -> PlainVector:
        return self.add(a, self.scale(b, c))

    def rotate(self, a: PlainVector, k: int) -> PlainVector:
        return tuple(a[(i + k) % len(a)] for i in range(len(a)))

    def segment(self, a: PlainVector, start: int, stop: int, step: int = 1) -> PlainVector:
        if not 0 <= start <= stop <= len(a) or step < 1:
            raise KernelInputError(f"no segment {start}:{stop}:{step} in a vector of length {len(a)}")
        return a[start:stop:step]

    def concat(self, parts: Sequence[PlainVector]) -> PlainVector:
        return tuple(x for part in parts for x in part)

    def pad(self, a: PlainVector, n: int) -> PlainVector:
        if n < len(a):
            raise KernelInputError(f"cannot pad a vector of length {len(a)} to {n}")
        return a + (0,) * (n - len(a))

    def interleave(self, columns: Sequence[PlainVector]) -> PlainVector:
        if not columns or any(len(column) != len(columns[0]) for column in columns):
            raise KernelInputError(f"columns of lengths {[len(c) for c in columns]} cannot be interleaved")
        return tuple(x for row in zip(*columns, strict=True) for x in row)

    def deinterleave(self, v: PlainVector, t: int) -> list[PlainVector]:
        if t < 1 or len(v) % t:
            raise KernelInputError(f"a vector of length {len(v)} does not split into {t} columns")
        return [v[i::t] for i in range(t)]

    def inverse(self, a: PlainVector) -> PlainVector:
        return tuple(field_inverse(x) for x in a)

    def powers(self, c: int, n: int) -> PlainVector:
        return tuple(pow(c, i, SCALAR_MODULUS) for i in range(n))

    def prefix_sum(self, a: PlainVector) -> PlainVector:
        return self.vector(list(accumulate(a, initial=0))[: len(a)])

    def inner(self, a: PlainVector, b: PlainVector) -> int:
        return self.sum(self.mul(a, b))

    def sum(self, a: PlainVector) -> int:
        return sum(a) % SCALAR_MODULUS

    def equal(self, a: PlainVector, b: PlainVector) -> bool:
        return a == b

    def ntt(self, coeffs: PlainVector) -> PlainVector:
        return _transform(coeffs, root_of_unity(len(coeffs)))

    def intt(self, values: PlainVector) -> PlainVector:
        size = len(values)
        return self.scale(_transform(values, field_inverse(root_of_unity(size))), field_inverse(size))

    def coset_ntt(self, coeffs: PlainVector, size: int, shift: int) -> PlainVector:
        if shift % SCALAR_MODULUS == 0 or len(coeffs) > size:
            raise KernelInputError(f"{len(coeffs)} coefficients on a coset of size {size}, shift {shift}")
        return self.ntt(self.pad(self.mul(coeffs, self.powers(shift, len(coeffs))), size))

    def coset_intt(self, values: PlainVector, shift: int) -> PlainVector:
        if shift % SCALAR_MODULUS == 0:
            raise KernelInputError(f"{len(values)} values on a coset, shift {shift}")
        return self.mul(self.intt(values), self.powers(field_inverse(shift), len(values)))

    def intts(self, columns: Sequence[PlainVector]) -> list[PlainVector]:
        return [self.intt(column) for column in columns]

    def coset_ntts(self, columns: Sequence[PlainVector], size: int, shift: int) -> list[PlainVector]:
        return [self.coset_ntt(column, size, shift) for column in columns]

    def run(
        self, program: RowProgram, columns: Sequence[PlainVector], parameters: Sequence[int] = ()
    ) -> list[PlainVector]:
        require_operands(program, columns, parameters)
        constants = [*parameters, *program.constants]
        slots = [*columns, *[()] * (program.slot_count - program.column_count)]
        for step, target, left, right in program.instructions.tolist():
            a = slots[left]
            b = self.constant(constants[right], len(a)) if step in TAKES_CONSTANT else slots[right]
            if step in (Step.ADD, Step.ADD_CONSTANT):
                slots[target] = self.add(a, b)
            elif step == Step.SUBTRACT:
                slots[target] = self.sub(a, b)
            elif step == Step.SUBTRACT_FROM:
                slots[target] = self.sub(b, a)
            else:
                slots[target] = self.mul(a, b)
        return [slots[result] for result in program.results]

    def evaluate(self, coeffs: PlainVector, x: int) -> int:
        return sum(c * pow(x, i, SCALAR_MODULUS) for i, c in enumerate(coeffs)) % SCALAR_MODULUS

    def divide(self, coeffs: PlainVector, x: int) -> PlainVector:
        quotient: list[int] = []
        for c in reversed(coeffs[1:]):
            quotient.append((c + x * (quotient[-1] if quotient else 0)) % SCALAR_MODULUS)
        return tuple(reversed(quotient))
