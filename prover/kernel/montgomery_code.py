"""The instructions of `montgomery`'s arithmetic, for the compiler alone.

`product` is coarsely integrated operand scanning; because the top limb of r is below 2^63 - 1 the carry of
each round fits into the limb above, and no fifth limb is needed.

Source: Koc, Acar, Kaliski, "Analyzing and Comparing Montgomery Multiplication Algorithms", 1996,
section 5; the no-carry condition is from the gnark-crypto documentation of field multiplication.
"""

from prover.field import SCALAR_MODULUS
from prover.kernel.interface import Untyped
from prover.kernel.jit import cgutils, intrinsic, ir, types
from prover.kernel.montgomery import LIMB_BITS, LIMB_COUNT

_LIMB = ir.IntType(LIMB_BITS)
_DOUBLE = ir.IntType(2 * LIMB_BITS)
_WIDE = ir.IntType(LIMB_BITS * LIMB_COUNT)
_MODULUS_LIMBS = [(SCALAR_MODULUS >> (LIMB_BITS * i)) & (2**LIMB_BITS - 1) for i in range(LIMB_COUNT)]
_MINUS_INVERSE = -pow(SCALAR_MODULUS, -1, 2**LIMB_BITS) % 2**LIMB_BITS
_ELEMENT = types.UniTuple(types.uint64, LIMB_COUNT)


def _join(builder: Untyped, limbs: list[Untyped]) -> Untyped:
    wide = builder.zext(limbs[0], _WIDE)
    for i, limb in enumerate(limbs[1:], 1):
        wide = builder.or_(wide, builder.shl(builder.zext(limb, _WIDE), _WIDE(LIMB_BITS * i)))
    return wide


def _split(context: Untyped, builder: Untyped, wide: Untyped) -> Untyped:
    limbs = [
        builder.trunc(builder.lshr(wide, _WIDE(LIMB_BITS * i)) if i else wide, _LIMB)
        for i in range(LIMB_COUNT)
    ]
    return context.make_tuple(builder, _ELEMENT, limbs)


def _reduce_once(builder: Untyped, wide: Untyped) -> Untyped:
    """wide < 2r; return wide mod r."""
    modulus = _WIDE(SCALAR_MODULUS)
    return builder.select(builder.icmp_unsigned("<", wide, modulus), wide, builder.sub(wide, modulus))


def _multiply_add(builder: Untyped, x: Untyped, y: Untyped, *addends: Untyped) -> tuple[Untyped, Untyped]:
    """Return low and high limb of x y + addends (at most two, so the sum fits 128 bits)."""
    total = builder.mul(builder.zext(x, _DOUBLE), builder.zext(y, _DOUBLE))
    for addend in addends:
        total = builder.add(total, builder.zext(addend, _DOUBLE))
    return builder.trunc(total, _LIMB), builder.trunc(builder.lshr(total, _DOUBLE(LIMB_BITS)), _LIMB)


def _product_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    a, b = (cgutils.unpack_tuple(builder, arg, LIMB_COUNT) for arg in args)
    total = [_LIMB(0)] * LIMB_COUNT
    for digit in b:
        low, carry = _multiply_add(builder, a[0], digit, total[0])
        quotient = builder.mul(low, _LIMB(_MINUS_INVERSE))
        _, borrow = _multiply_add(builder, quotient, _LIMB(_MODULUS_LIMBS[0]), low)
        for j in range(1, LIMB_COUNT):
            low, carry = _multiply_add(builder, a[j], digit, total[j], carry)
            total[j - 1], borrow = _multiply_add(builder, quotient, _LIMB(_MODULUS_LIMBS[j]), low, borrow)
        total[LIMB_COUNT - 1] = builder.add(carry, borrow)
    return _split(context, builder, _reduce_once(builder, _join(builder, total)))


def _sum_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    a, b = (_join(builder, cgutils.unpack_tuple(builder, arg, LIMB_COUNT)) for arg in args)
    return _split(context, builder, _reduce_once(builder, builder.add(a, b)))  # 2r < 2^256


def _difference_code(context: Untyped, builder: Untyped, signature: Untyped, args: Untyped) -> Untyped:
    a, b = (_join(builder, cgutils.unpack_tuple(builder, arg, LIMB_COUNT)) for arg in args)
    correction = builder.select(builder.icmp_unsigned("<", a, b), _WIDE(SCALAR_MODULUS), _WIDE(0))
    return _split(context, builder, builder.add(builder.sub(a, b), correction))


@intrinsic
def product(typing_context: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Return a b / 2^256 mod r."""
    return _ELEMENT(_ELEMENT, _ELEMENT), _product_code


@intrinsic
def total(typing_context: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Return a + b mod r."""
    return _ELEMENT(_ELEMENT, _ELEMENT), _sum_code


@intrinsic
def difference(typing_context: Untyped, a: Untyped, b: Untyped) -> Untyped:
    """Return a - b mod r."""
    return _ELEMENT(_ELEMENT, _ELEMENT), _difference_code
