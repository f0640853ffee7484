"""A batch is accepted when every proof is, and otherwise names exactly the proofs that are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prover.errors import BatchRefusedError
from prover.protocol import verify_batch as module
from prover.protocol.verify_batch import Claim, verify_batch
from tests.attacks.circuits import Circuit, small_circuit


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return small_circuit("relu")


@pytest.fixture(scope="module")
def claims(circuit: Circuit) -> list[Claim]:
    made = []
    for index in range(5):
        inputs, context = (index - 2, 1, -3), bytes([index]) * 32
        outputs, proof = circuit.prover.prove(context, inputs)
        made.append(Claim(context, inputs, outputs, proof))
    return made


def refused(circuit: Circuit, claims: list[Claim]) -> dict[int, str]:
    with pytest.raises(BatchRefusedError) as refusal:
        verify_batch(circuit.setup, claims)
    return {index: error.reason for index, error in refusal.value.refused.items()}


def test_honest_batches_are_accepted(circuit: Circuit, claims: list[Claim]) -> None:
    for size in (0, 1, len(claims)):
        verify_batch(circuit.setup, claims[:size])
    verify_batch(circuit.setup, [claims[0], claims[0]])


def test_one_false_output_is_named(circuit: Circuit, claims: list[Claim]) -> None:
    bent = list(claims)
    bent[3] = replace(bent[3], outputs=(bent[3].outputs[0] + 1,))
    assert refused(circuit, bent) == {3: "opening"}


def test_swapped_contexts_are_named(circuit: Circuit, claims: list[Claim]) -> None:
    bent = list(claims)
    bent[1], bent[2] = (
        replace(bent[1], context=bent[2].context),
        replace(bent[2], context=bent[1].context),
    )
    assert refused(circuit, bent) == {1: "opening", 2: "opening"}


def test_malformed_proofs_are_named_by_their_own_words(circuit: Circuit, claims: list[Claim]) -> None:
    bent = list(claims)
    bent[0] = replace(bent[0], proof=bent[0].proof[:-1])
    bent[4] = replace(bent[4], proof=bytes(96) + bent[4].proof[96:])
    assert refused(circuit, bent) == {0: "length", 4: "point"}


def test_two_errors_that_cancel_without_weights_are_refused(
    circuit: Circuit, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One proof twice, bent by +D and -D in its last point: with weights 1 both sums stay as they were."""
    point = circuit.setup.kernel.mul_point(claims[0].proof[:96], 7)
    kernel = circuit.setup.kernel

    def shifted(claim: Claim, sign: int) -> Claim:
        last = kernel.add_points([claim.proof[-96:], kernel.mul_point(point, sign)])
        return replace(claim, proof=claim.proof[:-96] + last)

    pair = [shifted(claims[0], 1), shifted(claims[0], -1)]
    assert refused(circuit, pair) == {0: "opening", 1: "opening"}
    monkeypatch.setattr(module.secrets, "randbits", lambda bits: 1)
    verify_batch(circuit.setup, pair)
