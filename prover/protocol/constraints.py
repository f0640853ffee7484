"""The constraints of section 6: over whole columns for the prover, at one point for the verifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.field import SCALAR_MODULUS as R
from prover.kernel.interface import Kernel, Vector
from prover.protocol.messages import EvaluationMessage


@dataclass(frozen=True)
class FirstChallenges:
    """The challenges of message 1."""

    alpha: int
    beta: int
    theta: int


@dataclass(frozen=True)
class ColumnSet:
    """All columns on one domain, as vectors of a kernel."""

    lanes: tuple[Vector, ...]
    output: Vector
    fetches: Vector
    weights: tuple[Vector, ...]
    fixed: tuple[Vector, ...]
    sum_here: Vector
    sum_next: Vector
    accumulator_here: Vector
    accumulator_next: Vector
    helper: Vector | None = None  # g, with two bus sums


def bus_denominators(
    kernel: Kernel,
    challenges: FirstChallenges,
    lanes: Sequence[Vector],
    output: Vector,
    fixed: Sequence[Vector],
) -> tuple[list[Vector], Vector]:
    """Return d_j = alpha + base + j q_c + beta x_j for every lane, and d_p = alpha + padr + beta o."""
    base, padr, _, _, q_dot, q_pub, *_ = fixed
    q_c = kernel.add(q_dot, q_pub)
    address = kernel.add_scalar(base, challenges.alpha)
    fetched = []
    for lane in lanes:
        fetched.append(kernel.axpy(address, challenges.beta, lane))
        address = kernel.add(address, q_c)
    provided = kernel.axpy(kernel.add_scalar(padr, challenges.alpha), challenges.beta, output)
    return fetched, provided


def combine_columns(
    kernel: Kernel, columns: ColumnSet, challenges: FirstChallenges, chi: int, limb_bits: int
) -> Vector:
    """Return c0 + chi c1 + chi^2 q_zero e + chi^3 c3 + .. + chi^6 c6, i.e. C + chi^2 L_0 Pi."""
    q_zero = columns.fixed[8]
    relu_bit, relu_wide = columns.lanes[4], columns.lanes[5]
    bus, *helper = _bus_columns(kernel, columns, challenges)
    terms = [
        bus,
        _accumulator_columns(kernel, columns, challenges.theta, limb_bits),
        kernel.mul(q_zero, columns.accumulator_here),
        _output_columns(kernel, columns, limb_bits),
        _boolean_columns(kernel, columns.fixed[6], relu_bit),
        _boolean_columns(kernel, columns.fixed[6], relu_wide),
        *helper,
    ]
    total, weight = terms[0], chi
    for term in terms[1:]:
        total = kernel.axpy(total, weight, term)
        weight = weight * chi % R
    return total


def _bus_columns(kernel: Kernel, columns: ColumnSet, challenges: FirstChallenges) -> list[Vector]:
    # c0 = (phi' - phi - g) d_h..d_{L-1} d_p - d_p sum_{j >= h} prod_{i != j, i >= h} d_i + m d_h..d_{L-1}
    # c6 = g d_0..d_{h-1} - sum_{j < h} prod_{i != j, i < h} d_i, only where there is a helper
    fetched, provided = bus_denominators(kernel, challenges, columns.lanes, columns.output, columns.fixed)
    step = kernel.sub(columns.sum_next, columns.sum_here)
    helper = columns.helper
    split = 0 if helper is None else len(fetched) // 2
    product, numerator = _fractions(kernel, fetched[split:])
    if helper is not None:
        step = kernel.sub(step, helper)
    inside = kernel.sub(kernel.mul(step, product), numerator)
    bus = kernel.add(kernel.mul(provided, inside), kernel.mul(columns.fetches, product))
    if helper is None:
        return [bus]
    first_product, first_numerator = _fractions(kernel, fetched[:split])
    return [bus, kernel.sub(kernel.mul(helper, first_product), first_numerator)]


def _fractions(kernel: Kernel, factors: Sequence[Vector]) -> tuple[Vector, Vector]:
    # Of sum_j 1/d_j the denominator P = prod d_i and the numerator S = sum_j prod_{i != j} d_i.
    # Over the lanes so far: S <- S d + P, P <- P d.
    product, numerator = factors[0], kernel.constant(1, len(factors[0]))
    for factor in factors[1:]:
        numerator = kernel.add(kernel.mul(numerator, factor), product)
        product = kernel.mul(product, factor)
    return product, numerator


def _accumulator_columns(kernel: Kernel, columns: ColumnSet, theta: int, limb_bits: int) -> Vector:
    # c1 = q_dot (e' - e - sum x_i u_i) + q_pub (theta^L e' - e + sum theta^j x_j)
    #      + (q_rel + q_sgn)(theta e' - e - u_0) + q_rel v_rel + q_sgn v_sgn
    _, _, _, _, q_dot, q_pub, q_rel, q_sgn, _ = columns.fixed
    here, following = columns.accumulator_here, columns.accumulator_next
    products = kernel.mul(columns.lanes[0], columns.weights[0])
    for lane, weight in zip(columns.lanes[1:], columns.weights[1:], strict=False):
        products = kernel.add(products, kernel.mul(lane, weight))
    dot = kernel.sub(kernel.sub(following, here), products)
    public = kernel.sub(kernel.scale(following, pow(theta, len(columns.lanes), R)), here)
    for power, lane in enumerate(columns.lanes):
        public = kernel.axpy(public, pow(theta, power, R), lane)
    closing = kernel.sub(kernel.sub(kernel.scale(following, theta), here), columns.weights[0])
    relu = kernel.add(closing, _relu_value(kernel, columns.lanes, limb_bits))
    signed = kernel.add(closing, _signed_value(kernel, columns.lanes, limb_bits))
    total = kernel.add(kernel.mul(q_dot, dot), kernel.mul(q_pub, public))
    return kernel.add(total, kernel.add(kernel.mul(q_rel, relu), kernel.mul(q_sgn, signed)))


def _relu_value(kernel: Kernel, lanes: Sequence[Vector], limb_bits: int) -> Vector:
    # v_rel = (2b - 1)(x_0 + M lo + M^3 d (1 + x_3)) - M/2
    size = 1 << limb_bits
    low = kernel.axpy(lanes[0], size, kernel.axpy(lanes[1], size, lanes[2]))
    wide = kernel.mul(lanes[5], kernel.add_scalar(lanes[3], 1))
    magnitude = kernel.axpy(low, size**3, wide)
    sign = kernel.add_scalar(kernel.scale(lanes[4], 2), -1)
    return kernel.add_scalar(kernel.mul(sign, magnitude), -(size // 2))


def _signed_value(kernel: Kernel, lanes: Sequence[Vector], limb_bits: int) -> Vector:
    # v_sgn = x_0 + M lo + M^3 x_3 - M/2 - M^4/2
    size = 1 << limb_bits
    high = kernel.axpy(lanes[1], size, kernel.axpy(lanes[2], size, lanes[3]))
    return kernel.add_scalar(kernel.axpy(lanes[0], size, high), -(size // 2) - size**4 // 2)


def _output_columns(kernel: Kernel, columns: ColumnSet, limb_bits: int) -> Vector:
    # c3 = o - tab - q_in o - q_rel o_rel - q_sgn o_sgn
    # o_rel = b ((1 - d) lo + d (M^2 - 1)),  o_sgn = lo + M^2 x_3 - M^3/2
    _, _, tab, q_in, _, _, q_rel, q_sgn, _ = columns.fixed
    size = 1 << limb_bits
    lanes = columns.lanes
    low = kernel.axpy(lanes[1], size, lanes[2])
    saturated = kernel.mul(lanes[5], kernel.sub(kernel.constant(size**2 - 1, len(low)), low))
    relu = kernel.mul(lanes[4], kernel.add(low, saturated))
    signed = kernel.add_scalar(kernel.axpy(low, size**2, lanes[3]), -(size**3) // 2)
    total = kernel.sub(kernel.sub(columns.output, tab), kernel.mul(q_in, columns.output))
    return kernel.sub(kernel.sub(total, kernel.mul(q_rel, relu)), kernel.mul(q_sgn, signed))


def _boolean_columns(kernel: Kernel, selector: Vector, bit: Vector) -> Vector:
    # c4, c5 = q_rel (b^2 - b)
    return kernel.mul(selector, kernel.sub(kernel.mul(bit, bit), bit))


def combine_at_point(values: EvaluationMessage, challenges: FirstChallenges, chi: int, limb_bits: int) -> int:
    """Return c0 + chi c1 + chi^2 q_zero e + chi^3 c3 + .. + chi^6 c6 from the evaluations at y."""
    alpha, beta, theta = challenges.alpha, challenges.beta, challenges.theta
    base, padr, tab, q_in, q_dot, q_pub, q_rel, q_sgn, q_zero = values.fixed
    x, u = values.lanes, values.weights
    here, following = values.accumulator_here, values.accumulator_next
    size = 1 << limb_bits

    fetched = [alpha + base + j * (q_dot + q_pub) + beta * lane for j, lane in enumerate(x)]
    provided = alpha + padr + beta * values.output
    split = len(x) // 2 if values.helper else 0
    product, numerator = _fraction_at_point(fetched[split:])
    step = values.sum_next - values.sum_here - values.helper_here
    bus = provided * (step * product - numerator) + values.fetches * product
    first_product, first_numerator = _fraction_at_point(fetched[:split])
    helper = values.helper_here * first_product - first_numerator

    low = x[1] + size * x[2]
    bit, wide = x[4], x[5]
    v_rel = (2 * bit - 1) * (x[0] + size * low + size**3 * wide * (1 + x[3])) - size // 2
    v_sgn = x[0] + size * low + size**3 * x[3] - size // 2 - size**4 // 2
    dot = following - here - sum(lane * weight for lane, weight in zip(x, u, strict=False))
    peeled = sum(pow(theta, j, R) * lane for j, lane in enumerate(x))
    public = pow(theta, len(x), R) * following - here + peeled
    closing = theta * following - here - u[0]
    accumulator = q_dot * dot + q_pub * public + q_rel * (closing + v_rel) + q_sgn * (closing + v_sgn)

    o_rel = bit * ((1 - wide) * low + wide * (size**2 - 1))
    o_sgn = low + size**2 * x[3] - size**3 // 2
    output = values.output - tab - q_in * values.output - q_rel * o_rel - q_sgn * o_sgn

    constraints = (
        bus,
        accumulator,
        q_zero * here,
        output,
        q_rel * (bit * bit - bit),
        q_rel * (wide * wide - wide),
        helper,
    )
    total = 0
    for constraint in reversed(constraints):
        total = (total * chi + constraint) % R
    return total


def _fraction_at_point(factors: Sequence[int]) -> tuple[int, int]:
    product, numerator = 1, 0
    for factor in factors:
        numerator = (numerator * factor + product) % R
        product = product * factor % R
    return product, numerator
