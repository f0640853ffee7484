"""The auditor's verifier on a proof with two bus sums: two evaluations more, and every one of them counts."""

from __future__ import annotations

import pytest

from audit.errors import VerificationError
from audit.verifier.key import parse_key
from audit.verifier.proof import decode_proof, proof_length
from tests.audit.support.cases import Case

EVALUATION_START = 96 * 5
#: x_0 .. x_5, o, m, u_0, u_1, nine fixed columns, and phi, e, g at y and omega y
EVALUATION_COUNT = 6 + 2 + 2 + 9 + 6


def evaluations(case: Case) -> list[int]:
    words = case.proof[EVALUATION_START:-192]
    return [int.from_bytes(words[place : place + 32], "big") for place in range(0, len(words), 32)]


def test_two_bus_sums_show_two_evaluations_more(tiny: Case, helped: Case) -> None:
    key = parse_key(helped.key)
    assert len(helped.proof) == len(tiny.proof) + 64 == proof_length(key)
    found, words = decode_proof(key, helped.proof).evaluations, evaluations(helped)
    assert len(words) == EVALUATION_COUNT
    assert [found.phi, found.phi_next, found.e, found.e_next, found.g, found.g_next] == words[-6:]
    plain = decode_proof(parse_key(tiny.key), tiny.proof).evaluations
    assert (plain.g, plain.g_next) == (0, 0)


@pytest.mark.parametrize("index", range(EVALUATION_COUNT))
def test_one_flipped_bit_in_an_evaluation_is_refused(helped: Case, index: int) -> None:
    place = EVALUATION_START + 32 * index + 31
    flipped = helped.proof[:place] + bytes([helped.proof[place] ^ 1]) + helped.proof[place + 1 :]
    with pytest.raises(VerificationError) as caught:
        helped.verify(proof=flipped, fast=True)
    assert caught.value.reason == "opening"


def test_a_proof_of_the_other_kind_is_refused_by_its_length(tiny: Case, helped: Case) -> None:
    for given, proof in ((tiny, helped.proof), (helped, tiny.proof)):
        with pytest.raises(VerificationError) as caught:
            given.verify(proof=proof, fast=True)
        assert caught.value.reason == "length"
