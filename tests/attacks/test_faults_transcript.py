"""Faults 1, 2, 6, 10, 22 and 33 of real proof systems: challenges that a prover knows, and openings."""

from __future__ import annotations

import secrets
from dataclasses import fields, replace

import pytest

from prover.errors import RestartError, VerificationError
from prover.field import BASE_MODULUS, field_inverse
from prover.field import SCALAR_MODULUS as R
from prover.protocol.claim_polynomials import Opening
from prover.protocol.constraints import FirstChallenges, bus_program
from prover.protocol.masking import add_vanishing_multiple
from prover.protocol.messages import EvaluationMessage, Proof, SumMessage
from prover.protocol.prove import round_1, round_2, round_3, round_4, round_5, round_6
from prover.protocol.randomness import MaskSource
from prover.protocol.rounds import AfterSums, Session
from prover.protocol.statement import Statement
from prover.protocol.sums import accumulate, bus_sum
from prover.protocol.verify import Challenges, check_opening, derive_challenges
from prover.protocol.weights import rerandomise
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, recount
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import commit_sums, forge
from tests.attacks.test_bent_bytes import fields as proof_fields
from tests.attacks.test_bent_bytes import put
from tests.attacks.test_false_statements import public_foreign_lane

REFUSED = ("opening", "opening", "opening")


@pytest.fixture
def statement(relu_circuit: Circuit) -> Statement:
    return Statement.build(
        relu_circuit.setup.key, relu_circuit.commitment, CONTEXT, INPUTS, relu_circuit.outputs()
    )


def test_fault_01_public_values_chosen_after_theta(
    relu_circuit: Circuit, statement: Statement, verifiers: Verifiers
) -> None:
    """Pi(theta) is one number: with theta known, other public cells have the same Pi.

    Recorded challenges accept them, the transcript refuses them, and so do the ranges.
    """
    honest = forge(relu_circuit.prover, statement, relu_circuit.witness())
    check_opening(relu_circuit.setup, statement, honest.proof, honest.challenges)

    output = relu_circuit.layout.output_start - 1
    public = list(statement.public)
    public[output] += 1
    public[0] = (public[0] - pow(honest.challenges.first.theta, output, R)) % R
    claimed = replace(statement, public=tuple(public))
    check_opening(relu_circuit.setup, claimed, honest.proof, honest.challenges)

    real = derive_challenges(claimed, honest.proof)
    with pytest.raises(VerificationError, match="opening"):
        check_opening(relu_circuit.setup, claimed, honest.proof, real)
    inputs, outputs = (public[0], *INPUTS[1:]), (public[output],)
    verdicts = verifiers.verdicts(relu_circuit, inputs, outputs, honest.proof.to_bytes())
    assert verdicts == ("input",) * 3


def test_fault_02_a_proof_reused_with_another_input(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """Another input in range that has the same output: the old proof says nothing about it."""
    honest = Claim.honest(relu_circuit)
    other = next(
        inputs
        for inputs in ((a, b, c) for a in range(-4, 5) for b in range(-4, 5) for c in range(-4, 5))
        if inputs != INPUTS and relu_circuit.outputs(inputs) == honest.outputs
    )
    assert all_verdicts(verifiers, replace(honest, inputs=other)) == REFUSED


def test_fault_06_no_evaluation_is_ignored(relu_circuit: Circuit, statement: Statement) -> None:
    """With every challenge frozen, each evaluation of message 4 alone decides."""
    honest = forge(relu_circuit.prover, statement, relu_circuit.witness())
    check_opening(relu_circuit.setup, statement, honest.proof, honest.challenges)
    bent_count = 0
    for field in fields(EvaluationMessage):
        value = getattr(honest.proof.evaluations, field.name)
        slots = range(len(value)) if isinstance(value, tuple) else (None,)
        for slot in slots:
            if slot is None:
                bent = (value + 1) % R
            else:
                bent = (*value[:slot], (value[slot] + 1) % R, *value[slot + 1 :])
            values = replace(honest.proof.evaluations, **{field.name: bent})
            with pytest.raises(VerificationError, match="opening"):
                check_opening(
                    relu_circuit.setup,
                    statement,
                    replace(honest.proof, evaluations=values),
                    honest.challenges,
                )
            bent_count += 1
    assert bent_count == relu_circuit.setup.key.shape.evaluations


def test_fault_10_no_second_encoding_of_a_proof(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """Each point negated, and W exchanged with W': no valid proof gives another valid one."""
    honest = Claim.honest(relu_circuit)
    assert all_verdicts(verifiers, honest) == (None, None, None)
    for _, start, length in proof_fields(relu_circuit):
        if length == 32:
            continue
        y = int.from_bytes(honest.proof[start + 48 : start + 96], "big")
        bent = put(honest.proof, start + 48, (BASE_MODULUS - y).to_bytes(48, "big"))
        assert all_verdicts(verifiers, replace(honest, proof=bent)) == REFUSED
    swapped = honest.proof[:-192] + honest.proof[-96:] + honest.proof[-192:-96]
    assert all_verdicts(verifiers, replace(honest, proof=swapped)) == REFUSED


def test_fault_33_a_random_proof_of_the_right_form(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """Points of the subgroup and canonical scalars, all random: what a placeholder verifier would take."""
    honest = Claim.honest(relu_circuit)
    kernel, powers = relu_circuit.setup.kernel, relu_circuit.prover.proving_key.powers
    parts = []
    for _, _, length in proof_fields(relu_circuit):
        scalar = secrets.randbelow(R - 1) + 1
        parts.append(
            kernel.msm(powers, kernel.vector([scalar])) if length == 96 else scalar.to_bytes(32, "big")
        )
    assert all_verdicts(verifiers, replace(honest, proof=b"".join(parts))) == REFUSED


def unfetched_value(circuit: Circuit, session: Session) -> tuple[int, int]:
    """A value that no lane range-checks, and the row that provides it in the table."""
    layout = circuit.layout
    checked = session.witness.lanes[:, (layout.q_dot + layout.q_pub) == 0]
    value = next(v for v in range(layout.parameters.modulus) if v not in checked)
    return value, next(r for r, a in enumerate(layout.padr) if a == 0 and layout.tab[r] == value)


def sums_around(session: Session, challenges: FirstChallenges, row: int) -> AfterSums:
    """Fill phi where the denominator of one provider is zero: that row's step is free and closes the sum."""
    proving_key, witness = session.proving_key, session.witness
    kernel = proving_key.kernel
    cells = [kernel.from_int64(column) for column in (*witness.lanes, witness.o)]
    denominators = kernel.run(
        bus_program(proving_key.key.shape),
        [*cells, *proving_key.fixed_values],
        [challenges.alpha, challenges.beta],
    )
    *columns, provider = [kernel.ints(vector) for vector in denominators]
    assert provider[row] == 0 and provider.count(0) == 1 and not any(0 in column for column in columns)
    steps = [0] * len(provider)
    for index, given in enumerate(provider):
        if index != row:
            total = sum(field_inverse(column[index]) for column in columns)
            steps[index] = (total - int(witness.m[index]) * field_inverse(given)) % R
    steps[row] = -sum(steps) % R
    values = [sum(steps[:index]) % R for index in range(len(steps))]
    weights = session.weight_columns.combine(challenges.theta)
    masked = [
        add_vanishing_multiple(proving_key, kernel.intt(vector), [3, 1, 4, 1])
        for vector in (kernel.vector(values), accumulate(session, challenges.theta))
    ]
    return AfterSums(masked[0], masked[1], tuple(weights))


def test_fault_22_a_zero_denominator_frees_the_bus(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """With alpha = -beta v for a table value v that nobody fetches, d_p is 0 on its row, where phi is free.

    Then a false lookup passes: here an output that its cell does not hold. Recorded challenges accept
    it; alpha comes from the transcript, so that every verifier refuses it, and an honest prover starts over.
    """
    told = public_foreign_lane(relu_circuit)
    witness = recount(relu_circuit.layout, told.witness)
    statement = Statement.build(
        relu_circuit.setup.key, relu_circuit.commitment, CONTEXT, told.inputs, told.outputs
    )
    masks = MaskSource.seeded(bytes(32), statement.transcript.state, bytes(32))
    prover = relu_circuit.prover
    session = Session(prover.proving_key, prover.weight_columns, statement, witness, masks)
    value, row = unfetched_value(relu_circuit, session)
    assert witness.m[row] == 0

    message_1, after_1 = round_1(session)
    transcript = statement.transcript.absorb(message_1.to_bytes())
    _, beta, theta = transcript.challenges(3)
    first = FirstChallenges(-beta * value % R, beta, theta)
    with pytest.raises(RestartError, match="denominator"):
        bus_sum(session, first)
    with pytest.raises(RestartError, match="denominator"):
        round_2(session, after_1, first)

    after_2 = sums_around(session, first, row)
    after_2 = replace(
        after_2, weights=rerandomise(prover.proving_key, after_2.weights, after_1.rerandomisers)
    )
    message_2 = SumMessage(commit_sums(session, after_2))
    transcript = transcript.absorb(message_2.to_bytes())
    chi = transcript.challenge()
    message_3, after_3 = round_3(session, after_1, after_2, first, chi)
    transcript = transcript.absorb(message_3.to_bytes())
    y = transcript.challenge()
    message_4 = round_4(session, after_1, after_2, y)
    transcript = transcript.absorb(message_4.to_bytes())
    gamma = transcript.challenge()
    opening = Opening(session, after_1, after_2, after_3, message_4, first, chi, y, gamma)
    message_5 = round_5(opening)
    z = transcript.absorb(message_5).challenge()
    forged = Proof(message_1, message_2, message_3, message_4, message_5, round_6(opening, z))

    check_opening(relu_circuit.setup, statement, forged, Challenges(first, chi, y, gamma, z))
    assert verifiers.verdicts(relu_circuit, told.inputs, told.outputs, forged.to_bytes()) == REFUSED
