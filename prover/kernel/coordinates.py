"""Arithmetic on coordinates of G1 points: elements of F_p in blst's Montgomery form, named by address.

An element is six 64-bit limbs, least significant first, below p. Nothing checks an address: whoever passes
one keeps the array alive and stays inside it. The instructions stand in `coordinate_code`.
"""

from typing import Final

from prover.field import BASE_MODULUS
from prover.kernel.compiled import written_out

ONE: Final = (1 << 384) % BASE_MODULUS
"""1 in Montgomery form."""

_CODE: Final = "prover.kernel.coordinate_code"

call_three = written_out(_CODE, "call_three")
"""Call function(out, a, b), all addresses."""

call_two = written_out(_CODE, "call_two")
"""Call function(out, a), all addresses."""

call_for_code = written_out(_CODE, "call_for_code")
"""Return the C int that function(out, a) returns."""

subtract = written_out(_CODE, "subtract")
"""Set *out to *a - *b mod p."""

add = written_out(_CODE, "add")
"""Set *out to *a + *b mod p."""

copy = written_out(_CODE, "copy")
"""Set *out to *a."""

equal = written_out(_CODE, "equal")
"""Tell whether *a = *b."""

is_zero = written_out(_CODE, "is_zero")
"""Tell whether *a = 0."""
