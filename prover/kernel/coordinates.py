"""Arithmetic on coordinates of G1 points: elements of F_p in blst's Montgomery form, named by address.

An element is six 64-bit limbs, least significant first, below p. Nothing checks an address: whoever passes
one keeps the array alive and stays inside it. The instructions stand in `coordinate_code`.
"""

from types import ModuleType
from typing import Final

from prover.field import BASE_MODULUS
from prover.kernel.compiled import written_out

ONE: Final = (1 << 384) % BASE_MODULUS
"""1 in Montgomery form."""


def _code() -> ModuleType:
    from prover.kernel import coordinate_code

    return coordinate_code


call_three = written_out(_code, "call_three")
"""Call function(out, a, b), all addresses."""

call_two = written_out(_code, "call_two")
"""Call function(out, a), all addresses."""

call_for_code = written_out(_code, "call_for_code")
"""Return the C int that function(out, a) returns."""

subtract = written_out(_code, "subtract")
"""Set *out to *a - *b mod p."""

add = written_out(_code, "add")
"""Set *out to *a + *b mod p."""

copy = written_out(_code, "copy")
"""Set *out to *a."""

equal = written_out(_code, "equal")
"""Tell whether *a = *b."""

is_zero = written_out(_code, "is_zero")
"""Tell whether *a = 0."""
