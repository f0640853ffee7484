"""The soundness error of a layout, summed from its counts (docs/protocol.md section 12)."""

from __future__ import annotations

from fractions import Fraction
from math import log2

from prover.errors import SoundnessError
from prover.field import SCALAR_MODULUS as R
from prover.protocol.shape import Shape

BUDGET_BITS = 100
#: 2^256 / r is 2.2, so a residue has 2 or 3 preimages: the densest is 3 r / 2^256 < 1.37 times uniform.
DENSITY = Fraction(137, 100)


def error_terms(shape: Shape, public_count: int) -> dict[str, int]:
    """List the numerator over r of each challenge's error.

    alpha, beta: 2 (L + 2) n;  theta: n (2K + |pub|);  chi: 5, or 6 with two bus sums;  y: 2 (L - h + 4) N;
    gamma: a + f + 3;  z: 2 N.
    """
    lanes, rows = shape.lanes, shape.rows
    return {
        "alpha_beta": 2 * (lanes + 2) * rows,
        "theta": rows * (2 * shape.weight_packs + public_count),
        "chi": 4 + shape.bus_sums,
        "y": 2 * (lanes - shape.helper_lanes + 4) * shape.powers,
        "gamma": shape.witness_packs + shape.fixed_packs + 3,
        "z": 2 * shape.powers,
    }


def soundness_bits(shape: Shape, public_count: int) -> float:
    """Return -log2(1.37 sum of the error terms / r), the interactive error."""
    error = DENSITY * sum(error_terms(shape, public_count).values()) / R
    return log2(error.denominator) - log2(error.numerator)


def check_soundness(shape: Shape, public_count: int, hash_queries_bits: int = 100) -> float:
    """Refuse a layout that falls below the budget after 2^`hash_queries_bits` hash queries.

    Returns: the bits left, soundness_bits - hash_queries_bits.
    Raises: SoundnessError.
    """
    bits = soundness_bits(shape, public_count) - hash_queries_bits
    if bits < BUDGET_BITS:
        left = f"{bits:.1f} bits remain after 2^{hash_queries_bits} queries"
        raise SoundnessError(f"{left}, {BUDGET_BITS} are needed")
    return bits
