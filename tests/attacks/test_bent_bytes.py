"""Bent proofs, statements, keys and commitments: refused, by name, by every verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from prover.field import BASE_MODULUS, SCALAR_MODULUS
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, small_circuit
from tests.attacks.conftest import Verifiers

#: x = 4 is on the curve, y = sqrt(68) mod p, but the point is outside the subgroup.
OUTSIDE_X = 4


def outside_subgroup() -> bytes:
    """A point of the curve y^2 = x^3 + 4 that is not of order r."""
    y = pow(OUTSIDE_X**3 + 4, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
    assert y * y % BASE_MODULUS == OUTSIDE_X**3 + 4
    return OUTSIDE_X.to_bytes(48, "big") + y.to_bytes(48, "big")


@pytest.fixture(scope="module")
def honest(relu_circuit: Circuit) -> bytes:
    """One honest proof of INPUTS in CONTEXT."""
    return relu_circuit.prover.prove(CONTEXT, INPUTS)[1]


def fields(circuit: Circuit) -> Iterator[tuple[str, int, int]]:
    """List (name, start, length) of every field of a proof."""
    shape = circuit.setup.key.shape
    names = [f"A{index}" for index in range(shape.witness_packs)] + ["P", "F"]
    names += [f"T{index}" for index in range(shape.quotient_chunks)]
    start = 0
    for name in names:
        yield name, start, 96
        start += 96
    for index in range(shape.evaluations):
        yield f"evaluation{index}", start, 32
        start += 32
    for name in ("W", "W'"):
        yield name, start, 96
        start += 96
    assert start == shape.proof_bytes


def points(circuit: Circuit) -> list[int]:
    return [start for _, start, length in fields(circuit) if length == 96]


def put(proof: bytes, start: int, field: bytes) -> bytes:
    return proof[:start] + field + proof[start + len(field) :]


def test_the_honest_proof_is_accepted(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), honest) == (None, None, None)


def test_every_byte_flipped_is_refused_by_the_fast_verifier(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    for position in range(len(honest)):
        bent = bytearray(honest)
        bent[position] ^= 1 << (position % 8)
        verdict = verifiers.fast(relu_circuit, INPUTS, relu_circuit.outputs(), bytes(bent))
        assert verdict in ("point", "scalar", "opening"), position


def test_one_byte_of_each_field_flipped_is_refused_by_all(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    for name, start, length in fields(relu_circuit):
        bent = bytearray(honest)
        bent[start + length - 1] ^= 1
        expected = "point" if length == 96 else "opening"
        verdicts = verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), bytes(bent))
        assert verdicts == (expected,) * 3, name


@pytest.mark.parametrize(
    ("field", "word"),
    [
        (bytes(96), "point"),
        (b"\x40" + bytes(95), "point"),
        (outside_subgroup(), "point"),
        ((1).to_bytes(48, "big") + (1).to_bytes(48, "big"), "point"),
        (BASE_MODULUS.to_bytes(48, "big") + (2).to_bytes(48, "big"), "point"),
    ],
    ids=["infinity", "flagged-infinity", "off-subgroup", "off-curve", "coordinate-p"],
)
def test_a_malformed_point_is_refused_in_every_place(
    field: bytes, word: str, relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    for start in points(relu_circuit):
        bent = put(honest, start, field)
        assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), bent) == (word,) * 3, start


def test_a_coordinate_plus_p_is_refused(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    """The same point with a coordinate written as x + p: canonical encodings only."""
    for start in points(relu_circuit):
        aliased = int.from_bytes(honest[start : start + 48], "big") + BASE_MODULUS
        bent = put(honest, start, aliased.to_bytes(48, "big"))
        assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), bent) == ("point",) * 3


def test_an_evaluation_plus_r_is_refused(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    """The same field element written as v + r."""
    places = [start for _, start, length in fields(relu_circuit) if length == 32]
    for start in places:
        aliased = int.from_bytes(honest[start : start + 32], "big") + SCALAR_MODULUS
        if aliased >= 2**256:
            continue
        bent = put(honest, start, aliased.to_bytes(32, "big"))
        assert verifiers.fast(relu_circuit, INPUTS, relu_circuit.outputs(), bent) == "scalar"
    assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), bent) == ("scalar",) * 3


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\0", lambda p: b"", lambda p: p + p])
def test_another_length_is_refused(
    change: Callable[[bytes], bytes], relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    bent = change(honest)
    assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), bent) == ("length",) * 3


def test_all_zero_bytes_are_refused(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    zeros = bytes(len(honest))
    assert verifiers.verdicts(relu_circuit, INPUTS, relu_circuit.outputs(), zeros) == ("point",) * 3


def test_every_public_integer_is_bound(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    """Each input and output, one more and plus r."""
    outputs = relu_circuit.outputs()
    public = (*INPUTS, *outputs)
    for index in range(len(public)):
        for step, word in ((1, "opening"), (SCALAR_MODULUS, "input"), (-SCALAR_MODULUS, "input")):
            bent = list(public)
            bent[index] += step
            inputs, claimed = tuple(bent[:3]), tuple(bent[3:])
            assert verifiers.fast(relu_circuit, inputs, claimed, honest) == word
            assert verifiers.independent(relu_circuit, inputs, claimed, honest) == word
            if abs(step) == 1:
                assert verifiers.contract(relu_circuit, inputs, claimed, honest) == word


def test_integers_at_and_beyond_the_limit_are_refused(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    for value in (2**127, -(2**127) - 1):
        assert verifiers.verdicts(relu_circuit, INPUTS, (value,), honest) == ("input",) * 3
    for value in (5, -5):
        assert (
            verifiers.verdicts(relu_circuit, (value, -2, 1), relu_circuit.outputs(), honest) == ("input",) * 3
        )


def test_another_number_of_integers_is_refused(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    outputs = relu_circuit.outputs()
    for inputs, claimed in ((INPUTS[:2], outputs), (INPUTS, (*outputs, 0)), (INPUTS, ()), ((), ())):
        assert verifiers.verdicts(relu_circuit, inputs, claimed, honest) == ("count",) * 3


def test_another_context_is_refused(relu_circuit: Circuit, honest: bytes, verifiers: Verifiers) -> None:
    other = CONTEXT[:-1] + bytes([CONTEXT[-1] ^ 1])
    outputs = relu_circuit.outputs()
    assert verifiers.verdicts(relu_circuit, INPUTS, outputs, honest, other) == ("opening",) * 3


def test_another_commitment_to_the_same_weights_is_refused(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    twin = small_circuit("relu")
    assert twin.weights == relu_circuit.weights and twin.key_bytes == relu_circuit.key_bytes
    assert twin.commitment != relu_circuit.commitment
    assert verifiers.verdicts(twin, INPUTS, twin.outputs(), honest) == ("opening",) * 3


def test_another_key_is_refused(
    relu_circuit: Circuit, signed_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    """The same shape with another last layer: proof length and counts agree, the key does not."""
    outputs = relu_circuit.outputs()
    assert verifiers.verdicts(signed_circuit, INPUTS, outputs, honest) == ("opening",) * 3


def test_proofs_of_one_statement_differ_and_both_hold(
    relu_circuit: Circuit, honest: bytes, verifiers: Verifiers
) -> None:
    """Fresh masks in every proof: no field repeats but the evaluation of a column that is zero (q_sgn)."""
    again = relu_circuit.prover.prove(CONTEXT, INPUTS)[1]
    assert verifiers.fast(relu_circuit, INPUTS, relu_circuit.outputs(), again) is None
    for name, start, length in fields(relu_circuit):
        field = honest[start : start + length]
        assert field != again[start : start + length] or field == bytes(32), name
