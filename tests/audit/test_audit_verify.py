"""Honest proofs are accepted by both groups; whatever differs in one thing is refused by its word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from py_ecc.optimized_bls12_381 import G1, multiply, normalize

from audit.errors import VerificationError
from audit.verifier import verify as verify_module
from audit.verifier.constraints import Challenges, combined_constraint
from audit.verifier.curve import BASE_MODULUS, encode_coordinates
from audit.verifier.field import SCALAR_MODULUS, encode_unsigned, root_of_unity
from audit.verifier.key import parse_key
from audit.verifier.proof import decode_proof, proof_length
from audit.verifier.transcript import context_of
from audit.verifier.verify import derive_challenges, verify
from tests.audit.support.cases import Case

BOTH = pytest.mark.parametrize("fast", [True, False], ids=["arkworks", "py_ecc"])
POINT_FIELDS = {"A_1": 0, "A_2": 1, "P": 2, "F": 3, "T": 4, "W": 5, "W'": 6}
EVALUATION_START = 96 * 5
EVALUATION_COUNT = 23
EVALUATIONS = (
    *(f"x_{j}" for j in range(6)),
    *("o", "m", "u_0", "u_1"),
    *("base", "padr", "tab", "q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero"),
    *("phi", "phi_next", "e", "e_next"),
)


def point_at(index: int) -> int:
    """Byte offset of a point of the tiny proof: five before the evaluations, two after."""
    return 96 * index + (32 * EVALUATION_COUNT if index > 4 else 0)


def refusal(case: Case, *, fast: bool, **changes: object) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        case.verify(fast=fast, **changes)
    return caught.value


def spliced(content: bytes, start: int, part: bytes) -> bytes:
    return content[:start] + part + content[start + len(part) :]


def some_point(scalar: int) -> bytes:
    x, y = normalize(multiply(G1, scalar))
    return encode_coordinates(int(x), int(y))


@pytest.fixture(params=["tiny", "helped", "r1", "chunked"])
def honest(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


@BOTH
def test_an_honest_proof_is_accepted(honest: Case, fast: bool) -> None:
    returned = verify(
        honest.key, honest.commitment, honest.context, honest.inputs, honest.outputs, honest.proof, fast=fast
    )
    assert returned is None


def test_the_proof_of_r1_has_the_length_of_section_8(r1: Case, chunked: Case) -> None:
    assert len(r1.proof) == proof_length(parse_key(r1.key)) == 1376
    assert len(chunked.proof) == proof_length(parse_key(chunked.key)) == 96 * (3 + 2 + 4) + 32 * (8 + 3 + 13)


@BOTH
def test_every_chunk_of_the_quotient_counts(chunked: Case, fast: bool) -> None:
    first = 96 * (3 + 2)
    swapped = spliced(
        chunked.proof, first, chunked.proof[first + 96 : first + 192] + chunked.proof[first : first + 96]
    )
    assert refusal(chunked, proof=swapped, fast=fast).reason == "opening"


@pytest.mark.parametrize("index", range(EVALUATION_COUNT), ids=EVALUATIONS)
def test_one_flipped_bit_in_an_evaluation_is_refused(tiny: Case, index: int) -> None:
    place = EVALUATION_START + 32 * index + 31
    flipped = spliced(tiny.proof, place, bytes([tiny.proof[place] ^ 1]))
    assert refusal(tiny, proof=flipped, fast=False).reason == "opening"
    assert refusal(tiny, proof=flipped, fast=True).reason == "opening"


@pytest.mark.parametrize("field", POINT_FIELDS)
def test_one_flipped_bit_in_a_point_is_refused(tiny: Case, field: str) -> None:
    for offset in (0, 47, 48, 95):
        place = point_at(POINT_FIELDS[field]) + offset
        flipped = spliced(tiny.proof, place, bytes([tiny.proof[place] ^ 1]))
        for fast in (True, False) if offset in (0, 95) else (True,):
            error = refusal(tiny, proof=flipped, fast=fast)
            assert (error.reason, error.found in ("curve", "encoding")) == ("point", True)


@BOTH
@pytest.mark.parametrize("field", POINT_FIELDS)
def test_another_point_of_the_subgroup_is_refused(tiny: Case, field: str, fast: bool) -> None:
    other = spliced(tiny.proof, point_at(POINT_FIELDS[field]), some_point(12345))
    assert refusal(tiny, proof=other, fast=fast).reason == "opening"


@BOTH
@pytest.mark.parametrize("field", POINT_FIELDS)
def test_the_negative_of_a_point_is_refused(tiny: Case, field: str, fast: bool) -> None:
    start = point_at(POINT_FIELDS[field])
    y = int.from_bytes(tiny.proof[start + 48 : start + 96], "big")
    negated = spliced(tiny.proof, start + 48, (BASE_MODULUS - y).to_bytes(48, "big"))
    assert refusal(tiny, proof=negated, fast=fast).reason == "opening"


@BOTH
@pytest.mark.parametrize(
    ("fault", "point"),
    [
        ("infinity", bytes(96)),
        ("curve", bytes(47) + b"\x01" + bytes(47) + b"\x01"),
        ("subgroup", bytes(95) + b"\x02"),
        ("encoding", b"\xff" * 96),
        ("encoding", b"\x40" + bytes(95)),
    ],
    ids=["infinity", "off-curve", "off-subgroup", "not-canonical", "flagged-infinity"],
)
@pytest.mark.parametrize("field", POINT_FIELDS)
def test_what_is_no_point_is_refused_with_its_fault(
    tiny: Case, field: str, fault: str, point: bytes, fast: bool
) -> None:
    error = refusal(tiny, proof=spliced(tiny.proof, point_at(POINT_FIELDS[field]), point), fast=fast)
    assert (error.reason, error.found) == ("point", fault)


@pytest.mark.parametrize("fault", ["infinity", "subgroup"])
def test_a_fixed_commitment_that_is_no_point_is_refused(tiny: Case, fault: str) -> None:
    start = len(tiny.key) - 96
    for fast in (True, False):
        key = spliced(tiny.key, start, bytes(96) if fault == "infinity" else bytes(95) + b"\x02")
        error = refusal(tiny, key=key, fast=fast)
        assert (error.reason, error.subject, error.index, error.found) == ("point", "fixed pack", 2, fault)


@pytest.mark.parametrize("index", range(EVALUATION_COUNT), ids=EVALUATIONS)
def test_an_evaluation_plus_the_modulus_is_refused(tiny: Case, index: int) -> None:
    start = EVALUATION_START + 32 * index
    value = int.from_bytes(tiny.proof[start : start + 32], "big") + SCALAR_MODULUS
    raised = spliced(tiny.proof, start, encode_unsigned(value if value < 1 << 256 else (1 << 256) - 1))
    error = refusal(tiny, proof=raised, fast=True)
    assert (error.reason, error.index) == ("scalar", index)


def test_the_modulus_itself_is_no_evaluation(tiny: Case) -> None:
    raised = spliced(tiny.proof, EVALUATION_START, encode_unsigned(SCALAR_MODULUS))
    assert refusal(tiny, proof=raised, fast=True).reason == "scalar"


@pytest.mark.parametrize(
    "alter",
    [
        lambda p: b"",
        lambda p: p[:-1],
        lambda p: p + b"\x00",
        lambda p: p[:-96],
        lambda p: p + p[-96:],
        lambda p: p * 2,
    ],
    ids=["empty", "truncated", "extended", "point-less", "point-more", "twice"],
)
def test_a_proof_of_another_length_is_refused(tiny: Case, alter: Callable[[bytes], bytes]) -> None:
    error = refusal(tiny, proof=alter(tiny.proof), fast=True)
    assert (error.reason, error.expected) == ("length", len(tiny.proof))


@BOTH
def test_every_other_public_value_is_refused(tiny: Case, fast: bool) -> None:
    for index in range(len(tiny.inputs)):
        inputs = (*tiny.inputs[:index], tiny.inputs[index] + 1, *tiny.inputs[index + 1 :])
        assert refusal(tiny, inputs=inputs, fast=fast).reason == "opening"
    assert refusal(tiny, outputs=(tiny.outputs[0] + 1,), fast=fast).reason == "opening"


def test_every_public_value_of_r1_plus_one_is_refused(r1: Case) -> None:
    for index in range(32):
        inputs = (*r1.inputs[:index], r1.inputs[index] + 1, *r1.inputs[index + 1 :])
        assert refusal(r1, inputs=inputs, fast=True).reason == "opening"
    assert refusal(r1, outputs=(r1.outputs[0] + 1,), fast=True).reason == "opening"


def test_a_public_value_plus_the_modulus_is_refused(tiny: Case) -> None:
    for step in (SCALAR_MODULUS, -SCALAR_MODULUS):
        for index in range(3):
            inputs = (*tiny.inputs[:index], tiny.inputs[index] + step, *tiny.inputs[index + 1 :])
            error = refusal(tiny, inputs=inputs, fast=True)
            assert (error.reason, error.index) == ("input", index)
        error = refusal(tiny, outputs=(tiny.outputs[0] + step,), fast=True)
        assert (error.reason, error.index) == ("input", 3)


@pytest.mark.parametrize(
    ("index", "value"), [(0, 5), (0, -5), (1, 5), (2, 4), (2, -1), (0, 1 << 127), (0, -(1 << 127) - 1)]
)
def test_an_input_outside_its_bounds_is_refused(tiny: Case, index: int, value: int) -> None:
    inputs = (*tiny.inputs[:index], value, *tiny.inputs[index + 1 :])
    error = refusal(tiny, inputs=inputs, fast=True)
    assert (error.reason, error.index, error.found) == ("input", index, value)


@pytest.mark.parametrize("value", [1 << 127, -(1 << 127) - 1, 1.0, True, "1", None])
def test_an_output_that_is_no_public_integer_is_refused(tiny: Case, value: object) -> None:
    error = refusal(tiny, outputs=(value,), fast=True)
    assert (error.reason, error.index) == ("input", 3)


def test_the_largest_public_integers_are_judged_by_the_opening(tiny: Case) -> None:
    for value in ((1 << 127) - 1, -(1 << 127)):
        assert refusal(tiny, outputs=(value,), fast=True).reason == "opening"


@pytest.mark.parametrize(
    ("inputs", "outputs", "subject"),
    [
        (lambda case: case.inputs[:-1], lambda case: case.outputs, "inputs"),
        (lambda case: (*case.inputs, 0), lambda case: case.outputs, "inputs"),
        (lambda case: case.inputs, lambda case: (), "outputs"),
        (lambda case: case.inputs, lambda case: (*case.outputs, 0), "outputs"),
        (lambda case: case.inputs[:-1], lambda case: (case.inputs[-1], *case.outputs), "inputs"),
    ],
)
def test_another_number_of_public_integers_is_refused(
    tiny: Case,
    inputs: Callable[[Case], Sequence[int]],
    outputs: Callable[[Case], Sequence[int]],
    subject: str,
) -> None:
    error = refusal(tiny, inputs=inputs(tiny), outputs=outputs(tiny), fast=True)
    assert (error.reason, error.subject) == ("count", subject)


def test_another_context_is_refused(tiny: Case) -> None:
    chain_id, vault, epoch, verifier = 31337, 0xA11CE, 7, 0xB0B
    assert context_of(chain_id, vault, epoch, verifier) == tiny.context
    for place in (
        (chain_id, vault, epoch + 1, verifier),
        (1, vault, epoch, verifier),
        (chain_id, verifier, epoch, vault),
        (0, 0, 0, 0),
    ):
        assert refusal(tiny, context=context_of(*place), fast=True).reason == "opening"
    assert refusal(tiny, context=context_of(0, 0, 0, 0), fast=False).reason == "opening"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_context_of_another_length_is_refused(tiny: Case, length: int) -> None:
    assert refusal(tiny, context=bytes(length), fast=True).reason == "context"


@BOTH
def test_another_commitment_is_refused(tiny: Case, fast: bool) -> None:
    swapped = tiny.commitment[96:] + tiny.commitment[:96]
    assert refusal(tiny, commitment=swapped, fast=fast).reason == "opening"
    assert refusal(tiny, commitment=some_point(5) + tiny.commitment[96:], fast=fast).reason == "opening"


@BOTH
def test_another_key_is_refused(tiny: Case, fast: bool) -> None:
    start = len(tiny.key) - 3 * 96
    for pack in range(3) if fast else (1,):
        key = spliced(tiny.key, start + 96 * pack, some_point(7))
        assert refusal(tiny, key=key, fast=fast).reason == "opening"
    assert refusal(tiny, key=spliced(tiny.key, 32, bytes(32)), fast=fast).reason == "opening"
    other_bound = spliced(tiny.key, 32 * 20, encode_unsigned(3))
    assert refusal(tiny, key=other_bound, fast=fast).reason == "opening"


def test_the_key_of_another_limb_size_is_refused(tiny: Case) -> None:
    assert refusal(tiny, key=spliced(tiny.key, 32 * 8, encode_unsigned(3)), fast=True).reason == "opening"


def test_the_order_of_refusals_is_that_of_section_10(tiny: Case) -> None:
    """Every earlier fault hides the later ones."""
    faults = {
        "key": {"key": b"q" + tiny.key[1:]},
        "count": {"outputs": ()},
        "length": {"proof": tiny.proof + b"\x00"},
        "scalar": {"proof": spliced(tiny.proof, EVALUATION_START, b"\xff" * 32)},
    }
    both = spliced(spliced(tiny.proof, 0, bytes(96)), EVALUATION_START, b"\xff" * 32)
    assert refusal(tiny, proof=both, fast=True).reason == "scalar"
    assert refusal(tiny, proof=both + b"\x00", fast=True).reason == "length"
    assert refusal(tiny, proof=both + b"\x00", inputs=(9, 9, 9), fast=True).reason == "input"
    assert refusal(tiny, proof=both + b"\x00", inputs=(9, 9), fast=True).reason == "count"
    assert refusal(tiny, proof=both, inputs=(9, 9), **faults["key"], fast=True).reason == "key"
    for reason, change in faults.items():
        assert refusal(tiny, **change, fast=True).reason == reason


@pytest.mark.parametrize("kind", ["zero", "one", "row"])
def test_a_point_of_the_domain_is_refused_as_challenge(
    tiny: Case, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    y = {"zero": 0, "one": 1, "row": pow(root_of_unity(32), 5, SCALAR_MODULUS)}[kind]

    def forced(*given: object) -> Challenges:
        return replace(derive_challenges(*given), y=y)

    monkeypatch.setattr(verify_module, "derive_challenges", forced)
    error = refusal(tiny, fast=True)
    assert (error.reason, error.found) == ("challenge", y)


def test_the_claimed_constraints_decide(tiny: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one unit more in C*(y) nothing is accepted: the constraints do enter the opening."""

    def one_more(*given: object) -> int:
        return combined_constraint(*given) + 1

    monkeypatch.setattr(verify_module, "combined_constraint", one_more)
    assert refusal(tiny, fast=True).reason == "opening"


def test_every_byte_of_every_message_changes_all_later_challenges(tiny: Case) -> None:
    key = parse_key(tiny.key)
    public = key.public_vector(tiny.inputs, tiny.outputs)
    honest = decode_proof(key, tiny.proof)
    names = ("alpha", "beta", "theta", "chi", "y", "gamma", "z")
    first_changed = {0: 0, 1: 3, 2: 4, 3: 5, 4: 6, 5: 7}

    given = {
        "key": key,
        "commitment": tiny.commitment,
        "context": tiny.context,
        "public": public,
        "proof": honest,
    }

    def challenges(**changes: object) -> tuple[int, ...]:
        found = derive_challenges(**{**given, **changes})
        return tuple(getattr(found, name) for name in names)

    expected = challenges()
    for number, message in enumerate(honest.messages):
        for place in range(0, len(message), 31):
            altered = spliced(message, place, bytes([message[place] ^ 0x10]))
            messages = (*honest.messages[:number], altered, *honest.messages[number + 1 :])
            found = challenges(proof=replace(honest, messages=messages))
            assert [i for i in range(7) if found[i] != expected[i]] == list(range(first_changed[number], 7))
    altered_first = [
        {"context": spliced(tiny.context, 31, bytes([tiny.context[31] ^ 1]))},
        {"commitment": spliced(tiny.commitment, 95, bytes([tiny.commitment[95] ^ 1]))},
        {"key": replace(key, digest=spliced(key.digest, 0, bytes([key.digest[0] ^ 1])))},
        {"key": replace(key, public_count=key.public_count + 1)},
        *({"public": [*public[:i], public[i] + 1, *public[i + 1 :]]} for i in range(len(public))),
    ]
    for change in altered_first:
        assert all(a != b for a, b in zip(challenges(**change), expected, strict=True))


def test_nothing_depends_on_assertions_being_compiled(tiny: Case) -> None:
    """`python -O` accepts the honest proof and refuses the others by the same words."""
    place = EVALUATION_START + 31
    flipped = spliced(tiny.proof, place, bytes([tiny.proof[place] ^ 1])).hex()
    outside = spliced(tiny.proof, 0, bytes(95) + b"\x02").hex()
    script = f"""
import sys
if __debug__:
    sys.exit("assertions are compiled")
from audit.errors import VerificationError
from audit.verifier.verify import verify
given = [bytes.fromhex({tiny.key.hex()!r}), bytes.fromhex({tiny.commitment.hex()!r}), {tiny.context!r}]
public = [{tiny.inputs!r}, {tiny.outputs!r}]
for fast in (True, False):
    verify(*given, *public, bytes.fromhex({tiny.proof.hex()!r}), fast=fast)
    for proof in ({flipped!r}, {outside!r}, ""):
        try:
            verify(*given, *public, bytes.fromhex(proof), fast=fast)
        except VerificationError as error:
            print(error.reason)
        else:
            print("accepted")
"""
    run = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["opening", "point", "length"] * 2
