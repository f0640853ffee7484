"""The transcript binds every message: choosing one after its challenge must not help.

Each test has four steps: the honest proof verifies and its challenges are recorded; one claim is made false;
with the recorded challenges it still verifies; with the transcript every verifier refuses it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from prover.errors import VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse
from prover.protocol.opening import Exponents, PointFactors, quotient_value
from prover.protocol.statement import Statement
from prover.protocol.verify import Challenges, check_opening, derive_challenges, opening_terms
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import Forgery, forge

REFUSED = ("opening", "opening", "opening")


@pytest.fixture
def statement(relu_circuit: Circuit) -> Statement:
    return Statement.build(
        relu_circuit.setup.key, relu_circuit.commitment, CONTEXT, INPUTS, relu_circuit.outputs()
    )


@pytest.fixture
def honest(relu_circuit: Circuit, statement: Statement) -> Forgery:
    return forge(relu_circuit.prover, statement, relu_circuit.witness())


def links(challenges: Challenges) -> list[int]:
    first = challenges.first
    return [
        first.alpha,
        first.beta,
        first.theta,
        challenges.chi,
        challenges.y,
        challenges.gamma,
        challenges.z,
    ]


def test_every_byte_of_every_message_changes_every_later_challenge(
    relu_circuit: Circuit, statement: Statement, honest: Forgery
) -> None:
    """Messages 1 to 5, byte by byte; the number of challenges that stay is the number drawn before it."""
    proof = honest.proof
    expected = links(honest.challenges)
    encoded = [
        (proof.witness.to_bytes(), 0),
        (proof.sums.to_bytes(), 3),
        (proof.quotient.to_bytes(), 4),
        (proof.evaluations.to_bytes(), 5),
        (proof.opening, 6),
    ]
    for message, (content, earlier) in enumerate(encoded):
        for position in range(len(content)):
            found = []
            transcript = statement.transcript
            for index, (data, _) in enumerate(encoded):
                bent = bytearray(data)
                if index == message:
                    bent[position] ^= 0x80
                transcript = transcript.absorb(bytes(bent))
                found += transcript.challenges(3 if index == 0 else 1)
            assert found[:earlier] == expected[:earlier]
            assert not set(found[earlier:]) & set(expected[earlier:])


@pytest.mark.parametrize("field", ["context", "public", "commitment", "key"])
def test_every_part_of_the_statement_changes_every_challenge(
    field: str, statement: Statement, honest: Forgery
) -> None:
    changed = {
        "context": lambda: replace(statement, context=bytes(32)),
        "public": lambda: replace(statement, public=(*statement.public[:-1], 1)),
        "commitment": lambda: replace(statement, commitment=statement.commitment[:-1] + b"\0"),
        "key": lambda: replace(statement, key=replace(statement.key, circuit_digest=bytes(32))),
    }[field]()
    assert not set(links(derive_challenges(changed, honest.proof))) & set(links(honest.challenges))


def test_a_mask_chosen_after_y_is_refused(
    relu_circuit: Circuit, statement: Statement, honest: Forgery, verifiers: Verifiers
) -> None:
    """With P chosen after y, u'(y) is anything: other weights are claimed at y and P is shifted to match.

    U = S + Z_H(y) P and its claim move together, so that W stays and W' moves by p2 p3 gamma^a du_1; du_0
    keeps c1's value: (q_dot x_0 + q_rel + q_sgn) du_0 + q_dot x_1 du_1 = 0.
    """
    setup, challenges, values = relu_circuit.setup, honest.challenges, honest.proof.evaluations
    check_opening(setup, statement, honest.proof, challenges)

    q_dot, _, q_rel, q_sgn = values.fixed[4:8]
    second = 12345
    slope = (q_dot * values.lanes[0] + q_rel + q_sgn) % R
    first = -q_dot * values.lanes[1] * second * field_inverse(slope) % R
    vanishing_inverse = field_inverse(pow(challenges.y, setup.key.shape.rows, R) - 1)
    kernel, powers = setup.kernel, relu_circuit.prover.proving_key.powers
    shift = kernel.msm(powers, kernel.scale(kernel.vector([first, second]), vanishing_inverse))
    mask = kernel.add_points([honest.proof.witness.mask, shift])
    weights = ((values.weights[0] + first) % R, (values.weights[1] + second) % R, *values.weights[2:])
    factors = PointFactors.at(challenges.z, challenges.y, setup.key)
    power = pow(challenges.gamma, Exponents.of(setup.key.shape).weights, R)
    step = kernel.vector([factors.pack_next * factors.point * power * second])
    forged = replace(
        honest.proof,
        witness=replace(honest.proof.witness, mask=mask),
        evaluations=replace(values, weights=weights),
        opening_at_z=kernel.add_points([honest.proof.opening_at_z, kernel.msm(powers, step)]),
    )

    check_opening(setup, statement, forged, challenges)
    outputs = relu_circuit.outputs()
    assert verifiers.verdicts(relu_circuit, INPUTS, outputs, forged.to_bytes()) == REFUSED


def test_wrong_evaluations_that_cancel_are_refused(
    relu_circuit: Circuit, statement: Statement, honest: Forgery, verifiers: Verifiers
) -> None:
    """Were message 4 not absorbed before gamma, false values of m, phi and phi' would cancel in the batch.

    c0 keeps its value for d_p (dphi' - dphi) + dm = 0, the batch for
    p2 p3 z^(L+1) dm + gamma^F p3 (p2 dphi - p1 dphi') = 0 (m stands in slot L + 1 of A_1).
    """
    setup, challenges, values = relu_circuit.setup, honest.challenges, honest.proof.evaluations
    check_opening(setup, statement, honest.proof, challenges)

    shape, first = setup.key.shape, challenges.first
    factors = PointFactors.at(challenges.z, challenges.y, setup.key)
    p1, p2 = factors.pack, factors.pack_next
    provided = (first.alpha + values.fixed[1] + first.beta * values.output) % R
    batch = pow(challenges.gamma, Exponents.of(shape).sums, R)
    fetches = 777
    step = fetches * field_inverse(provided) % R
    slot = p2 * pow(challenges.z, shape.lanes + 1, R) * fetches
    here = -(slot * field_inverse(batch) + p1 * step) * field_inverse(p2 - p1) % R
    bent = replace(
        values,
        fetches=(values.fetches + fetches) % R,
        sum_here=(values.sum_here + here) % R,
        sum_next=(values.sum_next + here - step) % R,
    )
    forged = replace(honest.proof, evaluations=bent)

    check_opening(setup, statement, forged, challenges)
    outputs = relu_circuit.outputs()
    assert verifiers.verdicts(relu_circuit, INPUTS, outputs, forged.to_bytes()) == REFUSED


def test_an_opening_changed_after_z_is_refused(
    relu_circuit: Circuit, statement: Statement, honest: Forgery, verifiers: Verifiers
) -> None:
    """z binds W: otherwise W pays for a false evaluation, as Q has - p1 p2 p3 [W] beside [1].

    The claim of o is bent, which moves the constant of Q; W is shifted by a constant so that Q stays.
    """
    setup, challenges, values = relu_circuit.setup, honest.challenges, honest.proof.evaluations
    check_opening(setup, statement, honest.proof, challenges)

    bent = replace(values, output=(values.output + 1) % R)
    terms = [
        opening_terms(setup, statement, replace(honest.proof, evaluations=each), challenges)[1]
        for each in (values, bent)
    ]
    shape = setup.key.shape
    constant = shape.product_terms - 3
    lost = (terms[1][constant] - terms[0][constant]) % R
    factors = PointFactors.at(challenges.z, challenges.y, setup.key)
    weight = -factors.pack * factors.pack_next * factors.point % R
    kernel, powers = setup.kernel, relu_circuit.prover.proving_key.powers
    paid = kernel.msm(powers, kernel.vector([-lost * field_inverse(weight) % R]))
    opening = kernel.add_points([honest.proof.opening, paid])
    forged = replace(honest.proof, evaluations=bent, opening=opening)

    check_opening(setup, statement, forged, challenges)
    outputs = relu_circuit.outputs()
    assert verifiers.verdicts(relu_circuit, INPUTS, outputs, forged.to_bytes()) == REFUSED


def test_a_quotient_chosen_after_y_is_refused(
    relu_circuit: Circuit, statement: Statement, honest: Forgery, verifiers: Verifiers
) -> None:
    """y binds T: otherwise T is any polynomial with the right value at y, and a false output has a proof."""
    setup, challenges, values = relu_circuit.setup, honest.challenges, honest.proof.evaluations
    claimed = Statement.build(
        setup.key, relu_circuit.commitment, CONTEXT, INPUTS, (relu_circuit.outputs()[0] + 1,)
    )
    check_opening(setup, statement, honest.proof, challenges)
    with pytest.raises(VerificationError, match="opening"):
        check_opening(setup, claimed, honest.proof, challenges)

    true, false = (
        quotient_value(setup.key, values, each.public, challenges.first, challenges.chi, challenges.y)
        for each in (statement, claimed)
    )
    vanishing = pow(challenges.y, setup.key.shape.rows, R) - 1
    change = (false - true) * field_inverse((challenges.y - 1) * vanishing % R) % R
    kernel, powers = setup.kernel, relu_circuit.prover.proving_key.powers
    shift = kernel.msm(powers, kernel.vector([change]))
    chunk = kernel.add_points([honest.proof.quotient.chunks[0], shift])
    forged = replace(honest.proof, quotient=replace(honest.proof.quotient, chunks=(chunk,)))

    check_opening(setup, claimed, forged, challenges)
    outputs = (relu_circuit.outputs()[0] + 1,)
    assert verifiers.verdicts(relu_circuit, INPUTS, outputs, forged.to_bytes()) == REFUSED
