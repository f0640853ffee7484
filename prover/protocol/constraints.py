"""The constraints of section 6: over expressions for the prover, over residues for the verifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

from prover.field import Residue
from prover.kernel.interface import Kernel, Vector
from prover.kernel.row_program import Expression, RowProgram, Tape
from prover.protocol.messages import EvaluationMessage
from prover.protocol.shape import FIXED_COLUMN_COUNT, Shape

V = TypeVar("V", Residue, Expression)

KEPT_PROGRAMS: Final = 8
"""Programs kept, one a shape."""


@dataclass(frozen=True)
class FirstChallenges:
    """The challenges of message 1."""

    alpha: int
    beta: int
    theta: int


@dataclass(frozen=True)
class Factors(Generic[V]):
    """What the constraints take from the challenges; `theta` holds theta, theta^2 .. theta^L."""

    alpha: V
    beta: V
    chi: V
    theta: Sequence[V]


@dataclass(frozen=True)
class Row(Generic[V]):
    """What the constraints read: every column at one point and, where it has a successor, at the next."""

    lanes: Sequence[V]
    output: V
    fetches: V
    weights: Sequence[V]
    fixed: Sequence[V]
    sum_here: V
    sum_next: V
    accumulator_here: V
    accumulator_next: V
    helper: V | None = None  # g, with two bus sums


def factors_of(challenges: FirstChallenges, chi: int, lanes: int) -> Factors[Residue]:
    """Return the numbers that the constraints take from the challenges."""
    powers = [Residue(challenges.theta)]
    while len(powers) < lanes:
        powers.append(powers[-1] * challenges.theta)
    return Factors(Residue(challenges.alpha), Residue(challenges.beta), Residue(chi), powers)


def combine_columns(
    kernel: Kernel,
    shape: Shape,
    limb_bits: int,
    columns: Sequence[Vector],
    challenges: FirstChallenges,
    chi: int,
) -> Vector:
    """Return C + chi^2 L_0 Pi on the domain of the columns, which come in the order of `Row`."""
    factors = factors_of(challenges, chi, shape.lanes)
    parameters = [factors.alpha, factors.beta, factors.chi, *factors.theta]
    (combined,) = kernel.run(_quotient_program(shape, limb_bits), columns, parameters)
    return combined


@lru_cache(maxsize=KEPT_PROGRAMS)
def _quotient_program(shape: Shape, limb_bits: int) -> RowProgram:
    lanes, weights, helpers = shape.lanes, shape.weight_lanes, shape.sum_columns - 2
    tape = Tape(lanes + weights + FIXED_COLUMN_COUNT + 6 + helpers, 3 + lanes)
    columns = iter(tape.columns)

    def take(count: int) -> list[Expression]:
        return [next(columns) for _ in range(count)]

    row = Row(
        lanes=take(lanes),
        output=next(columns),
        fetches=next(columns),
        weights=take(weights),
        fixed=take(FIXED_COLUMN_COUNT),
        sum_here=next(columns),
        sum_next=next(columns),
        accumulator_here=next(columns),
        accumulator_next=next(columns),
        helper=next(columns, None),
    )
    alpha, beta, chi, *theta = tape.parameters
    return tape.program([combine(row, Factors(alpha, beta, chi, theta), limb_bits)])


@lru_cache(maxsize=KEPT_PROGRAMS)
def bus_program(shape: Shape) -> RowProgram:
    """Return the program for d_0 .., d_{L-1}, d_p from x_0 .., o, fixed columns; parameters alpha, beta."""
    lanes = shape.lanes
    tape = Tape(lanes + 1 + FIXED_COLUMN_COUNT, 2)
    alpha, beta = tape.parameters
    columns = tape.columns
    fetched, provided = bus_denominators(alpha, beta, columns[:lanes], columns[lanes], columns[lanes + 1 :])
    return tape.program([*fetched, provided])


def combine_at_point(values: EvaluationMessage, challenges: FirstChallenges, chi: int, limb_bits: int) -> int:
    """Return c0 + chi c1 + .. + chi^6 c6 from the evaluations at y."""
    row = Row(
        lanes=[Residue(value) for value in values.lanes],
        output=Residue(values.output),
        fetches=Residue(values.fetches),
        weights=[Residue(value) for value in values.weights],
        fixed=[Residue(value) for value in values.fixed],
        sum_here=Residue(values.sum_here),
        sum_next=Residue(values.sum_next),
        accumulator_here=Residue(values.accumulator_here),
        accumulator_next=Residue(values.accumulator_next),
        helper=Residue(values.helper_here) if values.helper else None,
    )
    return int(combine(row, factors_of(challenges, chi, len(row.lanes)), limb_bits))


def combine(row: Row[V], factors: Factors[V], limb_bits: int) -> V:
    """Return c0 + chi c1 + chi^2 q_zero e + chi^3 c3 + .. + chi^6 c6, i.e. C + chi^2 L_0 Pi."""
    selector = row.fixed[6]
    bus, *helper = bus_constraints(row, factors.alpha, factors.beta)
    total, *rest = reversed(
        [
            bus,
            accumulator_constraint(row, factors.theta, limb_bits),
            row.fixed[8] * row.accumulator_here,
            output_constraint(row, limb_bits),
            boolean_constraint(selector, row.lanes[4]),
            boolean_constraint(selector, row.lanes[5]),
            *helper,
        ]
    )
    for constraint in rest:
        total = total * factors.chi + constraint
    return total


def bus_denominators(
    alpha: V, beta: V, lanes: Sequence[V], output: V, fixed: Sequence[V]
) -> tuple[list[V], V]:
    """Return d_j = alpha + base + j q_c + beta x_j for every lane, and d_p = alpha + padr + beta o."""
    base, padr, _, _, q_dot, q_pub, *_ = fixed
    q_c = q_dot + q_pub
    address = base + alpha
    fetched = []
    for lane in lanes:
        fetched.append(address + lane * beta)
        address = address + q_c
    return fetched, padr + alpha + output * beta


def bus_constraints(row: Row[V], alpha: V, beta: V) -> list[V]:
    """Return c0 and, where there is a helper, c6.

    c0 = (phi' - phi - g) d_h..d_{L-1} d_p - d_p sum_{j >= h} prod_{i != j, i >= h} d_i + m d_h..d_{L-1},
    c6 = g d_0..d_{h-1} - sum_{j < h} prod_{i != j, i < h} d_i; without a helper g = 0 and h = 0.
    """
    fetched, provided = bus_denominators(alpha, beta, row.lanes, row.output, row.fixed)
    step = row.sum_next - row.sum_here
    split = 0 if row.helper is None else len(fetched) // 2
    product, numerator = _fractions(fetched[split:])
    if row.helper is not None:
        step = step - row.helper
    bus = provided * (step * product - numerator) + row.fetches * product
    if row.helper is None:
        return [bus]
    first_product, first_numerator = _fractions(fetched[:split])
    return [bus, row.helper * first_product - first_numerator]


def _fractions(factors: Sequence[V]) -> tuple[V, V]:
    """Return of sum_j 1/d_j the denominator P = prod d_i and the numerator S = sum_j prod_{i != j} d_i.

    Over the factors so far: S <- S d + P, P <- P d.
    """
    product, numerator = factors[0] * factors[1], factors[0] + factors[1]
    for factor in factors[2:]:
        numerator = numerator * factor + product
        product = product * factor
    return product, numerator


def accumulator_constraint(row: Row[V], theta: Sequence[V], limb_bits: int) -> V:
    """Return c1, from theta, theta^2 .. theta^L.

    c1 = q_dot (e' - e - sum x_i u_i) + q_pub (theta^L e' - e + sum theta^j x_j)
         + (q_rel + q_sgn)(theta e' - e - u_0) + q_rel v_rel + q_sgn v_sgn,
    v_rel = (2b - 1)(x_0 + M lo + M^3 d (1 + x_3)) - M/2, v_sgn = x_0 + M lo + M^3 x_3 - M/2 - M^4/2.
    """
    _, _, _, _, q_dot, q_pub, q_rel, q_sgn, _ = row.fixed
    x, u = row.lanes, row.weights
    here, following = row.accumulator_here, row.accumulator_next
    size = 1 << limb_bits
    dot = following - here
    for lane, weight in zip(x, u, strict=False):
        dot = dot - lane * weight
    public = following * theta[len(x) - 1] - here + x[0]
    for power, lane in zip(theta, x[1:], strict=False):
        public = public + lane * power
    closing = following * theta[0] - here - u[0]
    low = x[0] + _low(row, limb_bits) * size
    v_rel = (x[4] + x[4] - 1) * (low + x[5] * (x[3] + 1) * size**3) - size // 2
    v_sgn = low + x[3] * size**3 - (size // 2 + size**4 // 2)
    return q_dot * dot + q_pub * public + q_rel * (closing + v_rel) + q_sgn * (closing + v_sgn)


def output_constraint(row: Row[V], limb_bits: int) -> V:
    """Return c3 = o - tab - q_in o - q_rel o_rel - q_sgn o_sgn.

    o_rel = b ((1 - d) lo + d (M^2 - 1)), o_sgn = lo + M^2 x_3 - M^3/2.
    """
    _, _, tab, q_in, _, _, q_rel, q_sgn, _ = row.fixed
    x, low = row.lanes, _low(row, limb_bits)
    size = 1 << limb_bits
    o_rel = x[4] * (low - x[5] * (low + (1 - size**2)))
    o_sgn = low + x[3] * size**2 - size**3 // 2
    return row.output - tab - q_in * row.output - q_rel * o_rel - q_sgn * o_sgn


def _low(row: Row[V], limb_bits: int) -> V:
    """Return lo = x_1 + M x_2."""
    return row.lanes[1] + row.lanes[2] * (1 << limb_bits)


def boolean_constraint(selector: V, bit: V) -> V:
    """Return c4 or c5, q_rel (b^2 - b)."""
    return selector * (bit * bit - bit)
