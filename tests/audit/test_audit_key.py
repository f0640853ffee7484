"""Verifying keys: rebuilt equal to the prover's, and refused by name when a word is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit.errors import VerificationError
from audit.verifier.ceremony import CEREMONY_DIGEST
from audit.verifier.field import SCALAR_MODULUS, root_of_unity
from audit.verifier.key import encode_key, parse_key, split_data_contract
from audit.verifier.key_build import build_key, check_key
from audit.verifier.layout import circuit_digest
from audit.verifier.transcript import keccak256
from audit.verifier.verify import check_commitment, verify
from tests.audit.support.cases import (
    R1_ARCHITECTURE,
    R1_LAYOUT,
    TINY_ARCHITECTURE,
    TINY_LAYOUT,
    Case,
    architecture_json,
    dense,
    layout_json,
)

CLIPPED = [
    *(
        dense(32, 32, "relu", 127, 1 << 20),
        dense(32, 16, "relu", 127, 1 << 20),
        dense(16, 1, "relu", 127, 1 << 20),
    ),
    *(dense(1, 1, "relu", 128, 1280000), dense(1, 1, "relu", 128, 1280000)),
]
CIRCUITS = {
    "tiny": (TINY_ARCHITECTURE, TINY_LAYOUT),
    "r1": (R1_ARCHITECTURE, R1_LAYOUT),
    "r1-clipped": (
        architecture_json([(32, -2000, 2000)], CLIPPED, 7, {"previous_target": False, "window_ticks": 33}),
        R1_LAYOUT,
    ),
    "full-lanes": (
        architecture_json(
            [(5, 0, 9), (2, -1, 1)], [dense(7, 3, "signed", 3, 9), dense(3, 2, "relu", 3, 9)], 3
        ),
        layout_json(64, 8, 8, 8, 2, 3),
    ),
    "one-column-of-weights": (
        architecture_json([(1, -1, 1)], [dense(1, 1, "signed", 1, 1)], 2),
        layout_json(32, 2, 6, 1, 1, 2),
    ),
    "two-chunks": (
        architecture_json(
            [(16, -100, 100)], [dense(16, 8, "relu", 60, 500), dense(8, 2, "signed", 60, 500)], 8
        ),
        layout_json(1024, 3, 6, 3, 2, 8),
    ),
    "two-sums": (TINY_ARCHITECTURE, layout_json(32, 3, 7, 2, 2, 2, bus_sums=2)),
    "wide-pack": (
        architecture_json([(4, -9, 9)], [dense(4, 4, "relu", 9, 9), dense(4, 3, "relu", 9, 9)], 4),
        layout_json(64, 13, 7, 5, 3, 4),
    ),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_rebuilt_key_is_that_of_the_prover(name: str) -> None:
    from prover.compile.architecture import Architecture
    from prover.compile.layout import build_layout
    from prover.compile.parameters import LayoutParameters
    from prover.protocol.proving_key import build_proving_key

    architecture, layout = CIRCUITS[name]
    parsed = Architecture.from_bytes(architecture), LayoutParameters.from_bytes(layout)
    expected = build_proving_key(build_layout(*parsed)).key.to_bytes()
    check_key(expected, architecture, layout, fast=True)
    assert build_key(architecture, layout, fast=True) == expected


def test_both_groups_build_one_key() -> None:
    assert build_key(TINY_ARCHITECTURE, TINY_LAYOUT) == build_key(TINY_ARCHITECTURE, TINY_LAYOUT, fast=True)


def test_a_key_of_another_network_is_refused_at_its_first_other_word(tiny: Case) -> None:
    other = TINY_ARCHITECTURE.replace(b'"weight_bound":5', b'"weight_bound":4')
    with pytest.raises(VerificationError) as caught:
        check_key(tiny.key, other, TINY_LAYOUT, fast=True)
    assert (caught.value.reason, caught.value.subject, caught.value.index) == ("key", "word", 1)
    with pytest.raises(VerificationError) as caught:
        check_key(tiny.key + b"\x00", TINY_ARCHITECTURE, TINY_LAYOUT, fast=True)
    assert (caught.value.reason, caught.value.subject) == ("key", "length")


def test_a_key_with_another_column_is_refused(tiny: Case) -> None:
    points = len(tiny.key) - 3 * 96
    swapped = tiny.key[:points] + tiny.key[points + 96 : points + 192] + tiny.key[points : points + 96]
    with pytest.raises(VerificationError) as caught:
        check_key(swapped + tiny.key[points + 192 :], TINY_ARCHITECTURE, TINY_LAYOUT, fast=True)
    assert (caught.value.reason, caught.value.index) == ("key", points // 32)


def test_the_words_of_a_key_stand_where_section_7_says(tiny: Case) -> None:
    key = parse_key(tiny.key)
    words = [tiny.key[32 * i : 32 * i + 32] for i in range(24)]
    assert words[0] == b"provault/verifying-key" + bytes(6) + b"\x00\x00\x00\x01"
    assert words[1] == circuit_digest(TINY_ARCHITECTURE, TINY_LAYOUT)
    assert words[2] == CEREMONY_DIGEST
    numbers = [int.from_bytes(word, "big") for word in words]
    assert numbers[3:15] == [32, 4, 6, 2, 2, 2, 4096, 0, 6, 3, 1, 2]
    assert numbers[15:18] == [root_of_unity(32), pow(32, -1, SCALAR_MODULUS), 2]
    assert numbers[18:24] == [2, (1 << 256) - 4, 4, 1, 0, 3]
    assert len(tiny.key) == 24 * 32 + 3 * 96
    assert (key.pack_count, key.chunk_count, key.evaluation_count) == (2, 1, 23)
    assert key.digest == keccak256(tiny.key)
    assert encode_key(key) == tiny.key


def word(index: int, value: int) -> Callable[[bytes], bytes]:
    return lambda key: key[: 32 * index] + value.to_bytes(32, "big") + key[32 * index + 32 :]


@pytest.mark.parametrize(
    ("reason", "subject", "alter"),
    [
        ("key", "length", lambda key: b""),
        ("key", "length", lambda key: key[:575]),
        ("key", "length", lambda key: key[:-1]),
        ("key", "length", lambda key: key + b"\x00"),
        ("key", "magic and version", lambda key: b"q" + key[1:]),
        ("key", "magic and version", lambda key: key[:31] + b"\x02" + key[32:]),
        ("key", "magic and version", lambda key: key[:25] + b"\x01" + key[26:]),
        ("key", "parameters", word(3, 0)),
        ("key", "parameters", word(3, 1)),
        ("key", "parameters", word(3, 33)),
        ("key", "parameters", word(3, 1 << 33)),
        ("key", "parameters", word(3, 1024)),
        ("key", "parameters", word(4, 0)),
        ("key", "parameters", word(4, 1)),
        ("key", "parameters", word(4, 1 << 200)),
        ("key", "parameters", word(5, 5)),
        ("key", "parameters", word(6, 0)),
        ("key", "parameters", word(6, 5)),
        ("key", "parameters", word(7, 0)),
        ("key", "parameters", word(8, 0)),
        ("key", "parameters", word(8, 13)),
        ("key", "parameters", word(9, 143)),
        ("key", "parameters", word(17, 0)),
        ("key", "parameters", word(17, 1)),
        ("key", "parameters", word(17, 3)),
        ("key", "flags", word(10, 2)),
        ("key", "flags", word(10, 1 << 255)),
        ("key", "number of public cells", word(11, 12)),
        ("key", "number of public cells", word(11, 0)),
        ("key", "number of inputs", word(12, 4)),
        ("key", "number of outputs", word(13, 0)),
        ("key", "number of public cells", word(13, 3)),
        ("key", "length", word(14, 1)),
        ("key", "length", word(14, 1 << 255)),
        ("key", "omega", word(15, 1)),
        ("key", "omega", word(15, pow(root_of_unity(32), -1, SCALAR_MODULUS))),
        ("key", "omega", word(15, root_of_unity(32) + SCALAR_MODULUS)),
        ("key", "1/n", word(16, 0)),
        ("key", "1/n", word(16, pow(32, -1, SCALAR_MODULUS) + SCALAR_MODULUS)),
        ("key", "input run", word(18, 0)),
        ("key", "input run", word(18, (1 << 256) - 1)),
        ("key", "number of inputs", word(18, 3)),
        ("key", "input run", word(19, 5)),
        ("key", "input run", word(19, 1 << 255)),
        ("key", "input run", word(20, (1 << 62) + 1)),
        ("ceremony", "number of powers", word(9, 8192)),
        ("ceremony", "digest", word(2, 1)),
    ],
)
def test_a_key_with_one_wrong_word_is_refused(
    tiny: Case, reason: str, subject: str, alter: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(VerificationError) as caught:
        parse_key(alter(tiny.key))
    assert (caught.value.reason, caught.value.subject) == (reason, subject)
    with pytest.raises(VerificationError) as caught:
        tiny.verify(key=alter(tiny.key), fast=True)
    assert caught.value.reason == reason


def test_neighbouring_runs_with_one_bound_are_refused(tiny: Case) -> None:
    same = tiny.key[: 32 * 22] + tiny.key[32 * 19 : 32 * 21] + tiny.key[32 * 24 :]
    with pytest.raises(VerificationError) as caught:
        parse_key(same)
    assert (caught.value.reason, caught.value.subject, caught.value.index) == ("key", "input run", 1)


def test_a_data_contract_is_split_at_the_key(tiny: Case) -> None:
    assert split_data_contract(b"\x00\x01" + tiny.key + tiny.commitment) == (tiny.key, tiny.commitment)


@pytest.mark.parametrize(
    "alter",
    [
        lambda code: b"",
        lambda code: code[1:],
        lambda code: b"\x00\x02" + code[2:],
        lambda code: b"\x60" + code[1:],
        lambda code: code + b"\x00",
        lambda code: code[:-1],
        lambda code: code[:-96],
        lambda code: code[:500],
        lambda code: code[: 2 + 32 * 4] + bytes(32) + code[2 + 32 * 5 :],
    ],
)
def test_a_malformed_data_contract_is_refused(tiny: Case, alter: Callable[[bytes], bytes]) -> None:
    with pytest.raises(VerificationError) as caught:
        split_data_contract(alter(b"\x00\x01" + tiny.key + tiny.commitment))
    assert caught.value.reason == "key"


@pytest.mark.parametrize("fast", [True, False])
def test_an_honest_commitment_may_be_registered(tiny: Case, fast: bool) -> None:
    check_commitment(tiny.key, tiny.commitment, fast=fast)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("fault", "point"),
    [
        ("infinity", bytes(96)),
        ("curve", bytes(47) + b"\x01" + bytes(47) + b"\x01"),
        ("subgroup", bytes(95) + b"\x02"),
        ("encoding", b"\xff" * 96),
    ],
)
def test_a_commitment_that_is_no_point_is_refused(tiny: Case, fault: str, point: bytes, fast: bool) -> None:
    for index in range(2):
        altered = tiny.commitment[: 96 * index] + point + tiny.commitment[96 * (index + 1) :]
        for check in (
            lambda altered=altered: check_commitment(tiny.key, altered, fast=fast),
            lambda altered=altered: tiny.verify(commitment=altered, fast=fast),
        ):
            with pytest.raises(VerificationError) as caught:
                check()
            assert (caught.value.reason, caught.value.subject) == ("point", "commitment")
            assert (caught.value.index, caught.value.found) == (index, fault)


def test_a_commitment_of_another_length_is_refused(tiny: Case) -> None:
    for altered in (b"", tiny.commitment[:-1], tiny.commitment[:96], tiny.commitment * 2):
        for check in (
            lambda altered=altered: check_commitment(tiny.key, altered, fast=True),
            lambda altered=altered: verify(
                tiny.key, altered, tiny.context, tiny.inputs, tiny.outputs, tiny.proof, fast=True
            ),
        ):
            with pytest.raises(VerificationError) as caught:
                check()
            assert (caught.value.reason, caught.value.subject) == ("key", "commitment length")
