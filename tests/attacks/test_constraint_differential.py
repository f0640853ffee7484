"""The constraint of the fast verifier beside the auditor's, which is written apart, at any evaluations."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, cast

import pytest

from audit.verifier.circuit import FIXED_COLUMNS
from audit.verifier.constraints import Challenges, combined_constraint
from audit.verifier.layout import LayoutParameters
from audit.verifier.proof import Evaluations
from prover.field import SCALAR_MODULUS as R
from prover.field import Residue
from prover.protocol.constraints import FirstChallenges
from prover.protocol.messages import EvaluationMessage
from prover.protocol.opening import quotient_value

ROWS = 64
EXTREMES = (0, 1, 2, R - 1, R - 2, (R - 1) // 2, (R + 1) // 2)


@dataclass(frozen=True)
class FastKey:
    """What the fast verifier's constraint reads of a key."""

    @dataclass(frozen=True)
    class Rows:
        rows: int = ROWS

    limb_bits: int
    shape: Rows = Rows()
    rows_inverse: int = pow(ROWS, -1, R)


@dataclass(frozen=True)
class AuditKey:
    """What the auditor's reads."""

    layout: LayoutParameters
    inverse_rows: int = pow(ROWS, -1, R)


def both(draw: random.Random, lanes: int, sums: int, limb_bits: int, extreme: bool) -> tuple[int, int]:
    """Evaluate C* with both at the same drawn values."""

    def value() -> int:
        return draw.choice(EXTREMES) if extreme else draw.randrange(R)

    def values(count: int) -> tuple[int, ...]:
        return tuple(value() for _ in range(count))

    weight_lanes = draw.randrange(1, min(lanes, 9) + 1)
    x, u, fixed, public = values(lanes), values(weight_lanes), values(9), list(values(5))
    o, m, phi, phi_next, e, e_next, alpha, beta, theta, chi, y = values(11)
    helper = values(2 * sums - 2)
    message = EvaluationMessage(x, o, m, u, fixed, phi, phi_next, e, e_next, helper)
    first = FirstChallenges(alpha, beta, theta)
    fast = quotient_value(cast(Any, FastKey(limb_bits)), message, public, first, chi, y)
    named = dict(zip(FIXED_COLUMNS, fixed, strict=True))
    at = Evaluations(x, o, m, u, named, phi, phi_next, e, e_next, *(helper or (0, 0)))
    layout = LayoutParameters(ROWS, 9, lanes, weight_lanes, 1, limb_bits, 4096, 2, sums)
    challenges = Challenges(alpha, beta, theta, chi, y, 1, 1)
    return fast, combined_constraint(cast(Any, AuditKey(layout)), at, challenges, public)


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("sums", [1, 2])
def test_both_constraints_are_one(sums: int, extreme: bool) -> None:
    draw = random.Random(f"{sums} {extreme}")
    for _ in range(200):
        fast, auditors = both(draw, draw.randrange(6, 34), sums, draw.randrange(1, 13), extreme)
        assert fast == auditors


@pytest.mark.parametrize("sums", [1, 2])
def test_the_most_lanes_that_a_key_may_have_are_summed(sums: int) -> None:
    """Integers that grew with every lane would take a third of an hour here, products without each a day."""
    fast, auditors = both(random.Random(sums), 2**16, sums, 7, False)
    assert fast == auditors


def test_residues_stay_reduced() -> None:
    for a in EXTREMES:
        for b in (*EXTREMES, R, 2 * R + 1, -1):
            c = Residue(a)
            found = (c + b, b + c, c - b, b - c, c * b, b * c)
            assert found == tuple(v % R for v in (a + b, a + b, a - b, b - a, a * b, a * b))
            assert {type(value) for value in found} == {Residue}
