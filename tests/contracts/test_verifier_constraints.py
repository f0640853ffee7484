"""The contract's constraint polynomial equals the fast verifier's at random and at extreme evaluations."""

from __future__ import annotations

import random
from typing import Any

import pytest

from prover.protocol.constraints import FirstChallenges, combine_at_point
from prover.protocol.messages import EvaluationMessage
from tests.contracts.support.evm import Deployed, deploy
from tests.contracts.support.verifier_transcript import R

#: 2 R is below 2^256 and 3 R is not: sums of three such values tell lazy reductions apart.
EXTREMES = (0, 1, R - 1, R - 2, R // 2)
FIRST_LANES = 6


@pytest.fixture(scope="module")
def probe() -> Deployed:
    return deploy("testing/ConstraintsProbe")


def row_of(values: EvaluationMessage, challenges: FirstChallenges) -> tuple[Any, ...]:
    """Return what `verify` hands over: the evaluations, h, and what it summed over the lanes from x_6 on."""
    fixed, lanes, weights = values.fixed, values.lanes, values.weights
    product, others, peeled, power = 1, 0, 0, 1
    for j, lane in enumerate(lanes[FIRST_LANES:], start=FIRST_LANES):
        factor = challenges.alpha + fixed[0] + j * (fixed[4] + fixed[5]) + challenges.beta * lane
        others = (others * factor + product) % R
        product = product * factor % R
        peeled = (peeled + power * lane) % R
        power = power * challenges.theta % R
    dot = sum(lane * weight for lane, weight in zip(lanes, weights, strict=False)) % R
    columns = (*fixed, values.sum_here, values.sum_next, values.accumulator_here, values.accumulator_next)
    columns = (*columns, values.helper_here, values.helper_next)
    split = len(lanes) // 2 if values.helper else 0
    at_row = (list(lanes[:FIRST_LANES]), values.output, values.fetches, columns, split)
    return (*at_row, product, others, peeled, power, dot, weights[0])


def drawn(
    draw: random.Random, lanes: int, weight_lanes: int, extreme: bool, bus_sums: int
) -> EvaluationMessage:
    def value() -> int:
        return draw.choice(EXTREMES) if extreme else draw.randrange(R)

    return EvaluationMessage(
        lanes=tuple(value() for _ in range(lanes)),
        output=value(),
        fetches=value(),
        weights=tuple(value() for _ in range(weight_lanes)),
        fixed=tuple(value() for _ in range(9)),
        sum_here=value(),
        sum_next=value(),
        accumulator_here=value(),
        accumulator_next=value(),
        helper=tuple(value() for _ in range(2 * bus_sums - 2)),
    )


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize(
    ("lanes", "weight_lanes", "limb_bits", "bus_sums"),
    [(6, 4, 7, 1), (8, 3, 4, 1), (16, 1, 12, 1), (6, 4, 7, 2), (9, 3, 4, 2), (11, 1, 12, 2)],
)
def test_the_polynomial_is_the_fast_verifiers(
    lanes: int, weight_lanes: int, limb_bits: int, bus_sums: int, extreme: bool, probe: Deployed
) -> None:
    draw = random.Random(f"{lanes} {extreme}")
    for _ in range(12):
        values = drawn(draw, lanes, weight_lanes, extreme, bus_sums)
        challenges = FirstChallenges(*(draw.randrange(R) for _ in range(3)))
        chi = draw.randrange(R)
        words = (challenges.alpha, challenges.beta, challenges.theta, chi, limb_bits)
        found = probe.combine(row_of(values, challenges), *words)
        assert found == combine_at_point(values, challenges, chi, limb_bits)
