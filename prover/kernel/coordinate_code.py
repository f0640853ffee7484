"""The instructions of `coordinates`' arithmetic, for the compiler alone.

Products and the inverse are blst's own functions, called by address from compiled loops (one written as in
`montgomery` took 55 ns where blst's takes 42); sums, differences and comparisons are written out. An
element is six 64-bit limbs, least significant first, below p. Nothing checks an address: whoever passes
one keeps the array alive and stays inside it.
"""

from typing import Final

from prover.field import BASE_MODULUS
from prover.kernel.interface import Untyped
from prover.kernel.jit import intrinsic, ir, types

_ADDRESS = ir.IntType(64)
_WIDE = ir.IntType(384)
_WIDE_POINTER = ir.PointerType(_WIDE)
_ALIGNMENT: Final = 8
_THREE: Final = ir.FunctionType(ir.VoidType(), [_ADDRESS] * 3)
_TWO: Final = ir.FunctionType(ir.VoidType(), [_ADDRESS] * 2)
_CODE: Final = ir.FunctionType(ir.IntType(32), [_ADDRESS] * 2)


def _load(builder: Untyped, address: Untyped) -> Untyped:
    return builder.load(builder.inttoptr(address, _WIDE_POINTER), align=_ALIGNMENT)


def _store(builder: Untyped, value: Untyped, address: Untyped) -> None:
    builder.store(value, builder.inttoptr(address, _WIDE_POINTER), align=_ALIGNMENT)


def _call_three(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    function, *addresses = args
    builder.call(builder.inttoptr(function, ir.PointerType(_THREE)), addresses)
    return context.get_dummy_value()


def _call_two(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    function, *addresses = args
    builder.call(builder.inttoptr(function, ir.PointerType(_TWO)), addresses)
    return context.get_dummy_value()


def _call_for_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    function, *addresses = args
    return builder.call(builder.inttoptr(function, ir.PointerType(_CODE)), addresses)


def _difference_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    out, left, right = args
    a, b = _load(builder, left), _load(builder, right)
    correction = builder.select(builder.icmp_unsigned("<", a, b), _WIDE(BASE_MODULUS), _WIDE(0))
    _store(builder, builder.add(builder.sub(a, b), correction), out)
    return context.get_dummy_value()


def _sum_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    out, left, right = args
    total = builder.add(_load(builder, left), _load(builder, right))  # 2p < 2^384
    modulus = _WIDE(BASE_MODULUS)
    reduced = builder.select(builder.icmp_unsigned("<", total, modulus), total, builder.sub(total, modulus))
    _store(builder, reduced, out)
    return context.get_dummy_value()


def _copy_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    _store(builder, _load(builder, args[1]), args[0])
    return context.get_dummy_value()


def _equal_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    return builder.icmp_unsigned("==", _load(builder, args[0]), _load(builder, args[1]))


def _zero_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    return builder.icmp_unsigned("==", _load(builder, args[0]), _WIDE(0))


@intrinsic
def call_three(typing_context: Untyped, function: Untyped, out: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Call function(out, a, b), all addresses."""
    return types.void(types.int64, types.int64, types.int64, types.int64), _call_three


@intrinsic
def call_two(typing_context: Untyped, function: Untyped, out: Untyped, a: Untyped) -> Untyped:
    """Call function(out, a), all addresses."""
    return types.void(types.int64, types.int64, types.int64), _call_two


@intrinsic
def call_for_code(typing_context: Untyped, function: Untyped, out: Untyped, a: Untyped) -> Untyped:
    """Return the C int that function(out, a) returns."""
    return types.int32(types.int64, types.int64, types.int64), _call_for_code


@intrinsic
def subtract(typing_context: Untyped, out: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Set *out to *a - *b mod p."""
    return types.void(types.int64, types.int64, types.int64), _difference_code


@intrinsic
def add(typing_context: Untyped, out: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Set *out to *a + *b mod p."""
    return types.void(types.int64, types.int64, types.int64), _sum_code


@intrinsic
def copy(typing_context: Untyped, out: Untyped, a: Untyped) -> Untyped:
    """Set *out to *a."""
    return types.void(types.int64, types.int64), _copy_code


@intrinsic
def equal(typing_context: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Tell whether *a = *b."""
    return types.boolean(types.int64, types.int64), _equal_code


@intrinsic
def is_zero(typing_context: Untyped, a: Untyped) -> Untyped:
    """Tell whether *a = 0."""
    return types.boolean(types.int64), _zero_code
