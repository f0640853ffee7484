"""The verifier (protocol, section 10).

Every refusal is a `VerificationError` that carries its word; nothing is returned on success, and no path
returns a truth value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from audit.errors import VerificationError
from audit.verifier.ceremony_setup import find_setup
from audit.verifier.circuit import FIXED_COLUMNS
from audit.verifier.constraints import Challenges, combined_constraint
from audit.verifier.curve import (
    POINT_BYTES,
    Group,
    Point,
    PointFault,
    choose_group,
    decode_coordinates,
    decode_point,
)
from audit.verifier.field import SCALAR_MODULUS, WORD_BYTES, encode_element, encode_unsigned, horner
from audit.verifier.generators import GENERATOR_G1, GENERATOR_G2
from audit.verifier.key import VerifyingKey, parse_key
from audit.verifier.proof import Evaluations, Proof, decode_proof
from audit.verifier.transcript import Transcript

PROTOCOL_VERSION: Final = 1
PUBLIC_LIMIT: Final = 1 << 127


def verify(
    key: bytes,
    commitment: bytes,
    context: bytes,
    inputs: Sequence[int],
    outputs: Sequence[int],
    proof: bytes,
    *,
    fast: bool = False,
) -> None:
    """Verify that outputs are the image of inputs under the committed network, in this context.

    Parameters
    ----------
    key, commitment : `key.bin` and `commitment.bin`.
    context : 32 bytes, `transcript.context_of`.
    inputs, outputs : signed integers, without padding.
    fast : compute in arkworks instead of py_ecc.

    Raises
    ------
    VerificationError : key, ceremony, context, count, input, length, scalar, point, challenge or opening,
        the first that applies.
    """
    parsed = parse_key(key)
    if len(commitment) != parsed.commitment_bytes:
        raise VerificationError(
            "key", "commitment length", expected=parsed.commitment_bytes, found=len(commitment)
        )
    if len(context) != WORD_BYTES:
        raise VerificationError("context", "length", expected=WORD_BYTES, found=len(context))
    public = _check_public(parsed, tuple(inputs), tuple(outputs))
    decoded = decode_proof(parsed, proof)
    group = choose_group(fast)
    points = _Points(group, parsed, commitment, decoded)
    challenges = derive_challenges(parsed, commitment, context, public, decoded)
    if challenges.y == 0 or pow(challenges.y, parsed.layout.rows, SCALAR_MODULUS) == 1:
        raise VerificationError("challenge", "y", expected="a point outside 0 and H", found=challenges.y)
    _check_opening(group, parsed, points, decoded.evaluations, challenges, public)


def check_commitment(key: bytes, commitment: bytes, *, fast: bool = False) -> None:
    """Check that a strategy's commitment may be registered: its length, and every point of it.

    Raises
    ------
    VerificationError : key, ceremony, point.
    """
    parsed = parse_key(key)
    if len(commitment) != parsed.commitment_bytes:
        raise VerificationError(
            "key", "commitment length", expected=parsed.commitment_bytes, found=len(commitment)
        )
    _decode_all(choose_group(fast), _cut_points(commitment), "commitment")


def derive_challenges(
    key: VerifyingKey, commitment: bytes, context: bytes, public: list[int], proof: Proof
) -> Challenges:
    """Run the transcript of section 8.

    Transcript
    ----------
    message 0 = u(1) || key_digest || commitment || context || u(|pub|) || fe(pub_i); then messages 1 to 5.
    """
    transcript = Transcript(
        encode_unsigned(PROTOCOL_VERSION)
        + key.digest
        + commitment
        + context
        + encode_unsigned(key.public_count)
        + b"".join(map(encode_element, public))
    )
    alpha, beta, theta = transcript.absorb(proof.messages[0], 3)
    (chi,) = transcript.absorb(proof.messages[1], 1)
    (y,) = transcript.absorb(proof.messages[2], 1)
    (gamma,) = transcript.absorb(proof.messages[3], 1)
    (z,) = transcript.absorb(proof.messages[4], 1)
    return Challenges(alpha, beta, theta, chi, y, gamma, z)


class _Points:
    """Decode every point that a caller or a prover chose."""

    def __init__(self, group: Group, key: VerifyingKey, commitment: bytes, proof: Proof) -> None:
        self.strategy = _decode_all(group, _cut_points(commitment), "commitment")
        self.fixed = _decode_all(group, key.fixed_points, "fixed pack")
        self.packs = _decode_all(group, proof.packs, "pack A")
        (self.mask,) = _decode_all(group, (proof.mask,), "mask P")
        (self.sums,) = _decode_all(group, (proof.sums,), "pack F")
        self.quotient = _decode_all(group, proof.quotient, "quotient T")
        (self.opening,) = _decode_all(group, (proof.opening,), "opening W")
        (self.shifted,) = _decode_all(group, (proof.shifted,), "opening W'")


def _check_public(key: VerifyingKey, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> list[int]:
    """Check the public integers and return the padded vector."""
    for name, values, count in (("inputs", inputs, key.input_count), ("outputs", outputs, key.output_count)):
        if len(values) != count:
            raise VerificationError("count", name, expected=count, found=len(values))
    for index, value in enumerate(inputs + outputs):
        if not isinstance(value, int) or isinstance(value, bool) or not -PUBLIC_LIMIT <= value < PUBLIC_LIMIT:
            raise VerificationError(
                "input", "public integer", index=index, expected="an integer in [-2^127, 2^127)", found=value
            )
    index = 0
    for run in key.runs:
        for value in inputs[index : index + run.count]:
            if not run.low <= value <= run.high:
                raise VerificationError(
                    "input", "input", index=index, expected=f"{run.low} to {run.high}", found=value
                )
            index += 1
    return key.public_vector(inputs, outputs)


def _check_opening(
    group: Group,
    key: VerifyingKey,
    points: _Points,
    at: Evaluations,
    challenges: Challenges,
    public: list[int],
) -> None:
    """Check e(Q, [1]_2) = e(W', [tau]_2).

    Q = p2 p3 sum_M1 gamma^g [claim_g] + gamma^F p3 kappa [F] + gamma^T p1 p2 (y - 1) Z_H(y) [V]
        - ( p2 p3 sum_M1 gamma^g r_g(z) + gamma^F p3 (p2 r_0(z) - p1 r_1(z)) + gamma^T p1 p2 C*(y) ) [1]_1
        - p1 p2 p3 [W] + z [W']
    """
    n, t, powers = key.layout.rows, key.layout.pack_columns, key.layout.powers
    y, z, gamma, theta = challenges.y, challenges.z, challenges.gamma, challenges.theta
    z_packed = pow(z, t, SCALAR_MODULUS)
    p1, p2, p3 = z_packed - y, z_packed - key.omega * y, z - y
    vanishing = pow(y, n, SCALAR_MODULUS) - 1
    kappa = (1 - key.omega) * y
    columns = [*at.lanes, at.provided, at.multiplicity]
    fixed = [at.fixed[name] for name in FIXED_COLUMNS]
    remainders = [
        *(horner(slots, z) for slots in _slots(columns, t)),
        horner(at.weights, z),
        *(horner(slots, z) for slots in _slots(fixed, t)),
    ]
    weight_place = key.pack_count
    sums_power = pow(gamma, len(remainders), SCALAR_MODULUS)
    quotient_power = sums_power * gamma
    weight_scale = p2 * p3 * pow(gamma, weight_place, SCALAR_MODULUS)
    quotient_scale = quotient_power * p1 * p2 * (y - 1) * vanishing
    r_0 = horner([at.phi, at.e, at.g], z)
    r_1 = horner([at.phi_next, at.e_next, at.g_next], z)
    constant = (
        p2 * p3 * horner(remainders, gamma)
        + sums_power * p3 * (p2 * r_0 - p1 * r_1)
        + quotient_power * p1 * p2 * combined_constraint(key, at, challenges, public)
    )
    terms: list[tuple[Point, int]] = [
        *((point, p2 * p3 * pow(gamma, g, SCALAR_MODULUS)) for g, point in enumerate(points.packs)),
        *((point, weight_scale * pow(theta, k, SCALAR_MODULUS)) for k, point in enumerate(points.strategy)),
        (points.mask, weight_scale * vanishing),
        *(
            (point, p2 * p3 * pow(gamma, weight_place + 1 + q, SCALAR_MODULUS))
            for q, point in enumerate(points.fixed)
        ),
        (points.sums, sums_power * p3 * kappa),
        *(
            (point, quotient_scale * pow(y, i * (powers - 1), SCALAR_MODULUS))
            for i, point in enumerate(points.quotient)
        ),
        (group.point(*decode_coordinates(GENERATOR_G1)), -constant),
        (points.opening, -p1 * p2 * p3),
        (points.shifted, z),
    ]
    combined = group.multi_scalar(
        [point for point, _ in terms], [scalar % SCALAR_MODULUS for _, scalar in terms]
    )
    setup = find_setup(powers)
    if setup is None:
        raise VerificationError("ceremony", "number of powers", expected="a known number", found=powers)
    one, tau = group.point_g2(GENERATOR_G2), group.point_g2(setup.tau_g2)
    if not group.pairings_equal((combined, one), (points.shifted, tau)):
        raise VerificationError(
            "opening", "pairing", expected="e(Q, [1]) = e(W', [tau])", found="unequal sides"
        )


def _slots(values: list[int], pack_columns: int) -> list[list[int]]:
    return [values[i : i + pack_columns] for i in range(0, len(values), pack_columns)]


def _cut_points(content: bytes) -> tuple[bytes, ...]:
    return tuple(content[i : i + POINT_BYTES] for i in range(0, len(content), POINT_BYTES))


def _decode_all(group: Group, encodings: Sequence[bytes], name: str) -> list[Point]:
    points = []
    for index, encoded in enumerate(encodings):
        try:
            points.append(decode_point(group, encoded))
        except PointFault as fault:
            raise VerificationError(
                "point",
                name,
                index=index,
                expected="a point of the subgroup other than infinity",
                found=fault.fault,
            ) from fault
    return points
