"""The constraints at the evaluation point (protocol, section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from audit.verifier.field import SCALAR_MODULUS, horner
from audit.verifier.key import VerifyingKey
from audit.verifier.proof import Evaluations


@dataclass(frozen=True)
class Challenges:
    """Hold the challenges in the order in which the transcript gives them."""

    alpha: int
    beta: int
    theta: int
    chi: int
    y: int
    gamma: int
    z: int


def combined_constraint(key: VerifyingKey, at: Evaluations, challenges: Challenges, public: list[int]) -> int:
    """Return C*(y), the claimed value of (y - 1) Z_H(y) T(y).

    C* = (y - 1)(c0 + chi c1 + chi^2 q_zero e + chi^3 c3 + .. + chi^6 c6) - chi^2 Pi Z_H(y) / n
    with Pi = sum_i theta^i pub_i.
    """
    y, chi = challenges.y, challenges.chi
    requantised = _Requantisation(at, key.layout.limb)
    bus, helper = _bus(at, challenges, key.layout.helper_lanes)
    terms = (
        bus,
        _accumulator(at, challenges, requantised),
        at.fixed["q_zero"] * at.e,
        at.provided
        - at.fixed["tab"]
        - at.fixed["q_in"] * at.provided
        - at.fixed["q_rel"] * requantised.relu_output
        - at.fixed["q_sgn"] * requantised.signed_output,
        at.fixed["q_rel"] * (requantised.b * requantised.b - requantised.b),
        at.fixed["q_rel"] * (requantised.d * requantised.d - requantised.d),
        helper,
    )
    vanishing = pow(y, key.layout.rows, SCALAR_MODULUS) - 1
    public_sum = horner(public, challenges.theta)
    boundary = chi * chi * public_sum * vanishing * key.inverse_rows
    return ((y - 1) * horner(terms, chi) - boundary) % SCALAR_MODULUS


def _bus(at: Evaluations, challenges: Challenges, h: int) -> tuple[int, int]:
    """Return c0 and c6.

    c0 = (phi' - phi - g) d_h..d_(L-1) d_p - d_p sum_(j >= h) prod_(i != j, i >= h) d_i + m d_h..d_(L-1)
    c6 = g d_0..d_(h-1) - sum_(j < h) prod_(i != j, i < h) d_i
    """
    alpha, beta = challenges.alpha, challenges.beta
    base, step = at.fixed["base"], at.fixed["q_dot"] + at.fixed["q_pub"]
    fetched = [(alpha + base + j * step + beta * x) % SCALAR_MODULUS for j, x in enumerate(at.lanes)]
    given = (alpha + at.fixed["padr"] + beta * at.provided) % SCALAR_MODULUS
    late, early = fetched[h:], fetched[:h]
    step = at.phi_next - at.phi - at.g
    late_product, late_others = _products(late)
    early_product, early_others = _products(early)
    bus = step * late_product * given - given * late_others + at.multiplicity * late_product
    helper = at.g * early_product - early_others
    return bus % SCALAR_MODULUS, helper % SCALAR_MODULUS


def _products(factors: list[int]) -> tuple[int, int]:
    """Return prod d_i and sum_j prod_(i != j) d_i, which are 1 and 0 for no factor.

    The sum is that of (d_0 .. d_(j-1)) (d_(j+1) ..), so that time grows with their number only.
    """
    after = [1]
    for factor in reversed(factors):
        after.append(after[-1] * factor % SCALAR_MODULUS)
    before, others = 1, 0
    for j, factor in enumerate(factors):
        others += before * after[len(factors) - 1 - j]
        before = before * factor % SCALAR_MODULUS
    return before, others % SCALAR_MODULUS


def _accumulator(at: Evaluations, challenges: Challenges, requantised: _Requantisation) -> int:
    """Return c1 = q_dot (e' - e - sum x_i u_i) + q_pub (theta^L e' - e + sum theta^j x_j)
    + (q_rel + q_sgn)(theta e' - e - u_0) + q_rel v_rel + q_sgn v_sgn.
    """
    theta, fixed = challenges.theta, at.fixed
    dot = at.e_next - at.e - sum(x * u for x, u in zip(at.lanes, at.weights, strict=False))
    public = pow(theta, len(at.lanes), SCALAR_MODULUS) * at.e_next - at.e + horner(at.lanes, theta)
    close = theta * at.e_next - at.e - at.weights[0]
    return (
        fixed["q_dot"] * dot
        + fixed["q_pub"] * public
        + (fixed["q_rel"] + fixed["q_sgn"]) * close
        + fixed["q_rel"] * requantised.relu_value
        + fixed["q_sgn"] * requantised.signed_value
    ) % SCALAR_MODULUS


class _Requantisation:
    """Compute what a requantisation row states, from its first six lanes, M the limb size.

    lo    = x_1 + M x_2
    v_rel = (2b - 1)(x_0 + M lo + M^3 d (1 + x_3)) - M/2      o_rel = b ((1 - d) lo + d (M^2 - 1))
    v_sgn = x_0 + M lo + M^3 x_3 - M/2 - M^4/2                o_sgn = lo + M^2 x_3 - M^3/2
    """

    def __init__(self, at: Evaluations, limb: int) -> None:
        x_0, x_1, x_2, x_3, b, d = at.lanes[:6]
        low = x_1 + limb * x_2
        self.b, self.d = b, d
        self.relu_value = (2 * b - 1) * (x_0 + limb * low + limb**3 * d * (1 + x_3)) - limb // 2
        self.relu_output = b * ((1 - d) * low + d * (limb**2 - 1))
        self.signed_value = x_0 + limb * low + limb**3 * x_3 - limb // 2 - limb**4 // 2
        self.signed_output = low + limb**2 * x_3 - limb**3 // 2
