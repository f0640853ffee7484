"""Verifier.vy refuses every data contract whose key is not as docs/protocol.md section 7 says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.node import Anvil
from contracts.registration import PREFIX
from prover.field import SCALAR_MODULUS
from tests.contracts.support.verifier_cases import Case, case
from tests.contracts.support.verifier_chain import ChainVerifier

HEADER = 18 * 32
HALF = 2**62


@pytest.fixture(scope="module")
def verifier(anvil: Anvil) -> ChainVerifier:
    return ChainVerifier(anvil)


def with_runs(proven: Case, *runs: tuple[int, int, int]) -> Case:
    """Replace the bound runs, and their number."""
    words = b"".join((value % 2**256).to_bytes(32, "big") for run in runs for value in run)
    points = proven.key[HEADER + 96 * proven.word(14) :]
    return replace(
        proven.with_word(14, len(runs)), key=proven.with_word(14, len(runs)).key[:HEADER] + words + points
    )


WORDS: dict[str, tuple[int, Callable[[Case], int]]] = {
    "magic": (0, lambda key: key.word(0) ^ 1 << 255),
    "version 2": (0, lambda key: key.word(0) + 1),
    "n = 0": (3, lambda key: 0),
    "n = 1": (3, lambda key: 1),
    "n not a power of two": (3, lambda key: key.word(3) + 1),
    "n too large": (3, lambda key: 2**33),
    "n = 2^255": (3, lambda key: 2**255),
    "t = 0": (4, lambda key: 0),
    "t = 1": (4, lambda key: 1),
    "t (n + 4) beyond N": (4, lambda key: key.word(9) // (key.word(3) + 4) + 1),
    "t = 2^255": (4, lambda key: 2**255),
    "L = 5": (5, lambda key: 5),
    "L = 0": (5, lambda key: 0),
    "L = 17": (5, lambda key: 17),
    "L = 2^256 - 1": (5, lambda key: 2**256 - 1),
    "wa = 0": (6, lambda key: 0),
    "wa beyond L": (6, lambda key: key.word(5) + 1),
    "wa = 2^256 - 1": (6, lambda key: 2**256 - 1),
    "K = 0": (7, lambda key: 0),
    "K one less": (7, lambda key: key.word(7) - 1),
    "K one more": (7, lambda key: key.word(7) + 1),
    "K = 64": (7, lambda key: 64),
    "lam = 0": (8, lambda key: 0),
    "lam = 13": (8, lambda key: 13),
    "N too small": (9, lambda key: key.word(4) * (key.word(3) + 4) - 1),
    "flags = 2": (10, lambda key: 2),
    "flags = 2^255": (10, lambda key: 2**255),
    "optimiser 1": (17, lambda key: 1),
    "optimiser 3": (17, lambda key: 3),
    "|pub| one less": (11, lambda key: key.word(11) - key.word(5)),
    "|pub| one more": (11, lambda key: key.word(11) + key.word(5)),
    "|pub| = 0": (11, lambda key: 0),
    "no inputs": (12, lambda key: 0),
    "other inputs": (12, lambda key: key.word(12) - 1),
    "inputs = 2^256 - 1": (12, lambda key: 2**256 - 1),
    "no outputs": (13, lambda key: 0),
    "outputs beyond the cells": (13, lambda key: key.word(13) + key.word(5)),
    "outputs = 2^256 - 1": (13, lambda key: 2**256 - 1),
    "no runs": (14, lambda key: 0),
    "a run more": (14, lambda key: key.word(14) + 1),
    "runs = 2^255": (14, lambda key: 2**255),
    "omega = 1": (15, lambda key: 1),
    "omega of order n / 2": (15, lambda key: pow(key.word(15), 2, SCALAR_MODULUS)),
    "another root of order n": (15, lambda key: pow(key.word(15), 3, SCALAR_MODULUS)),
    "omega + r": (15, lambda key: key.word(15) + SCALAR_MODULUS),
    "1/n": (16, lambda key: key.word(16) + 1),
    "1/n + r": (16, lambda key: key.word(16) + SCALAR_MODULUS),
}


@pytest.mark.parametrize("name", ["single", "chunks", "sums"])
def test_words_of_the_header(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    assert verifier.verdict(proven) is None
    for what, (index, value) in WORDS.items():
        assert verifier.verdict(proven.with_word(index, value(proven))) == "key", what


@pytest.mark.parametrize("name", ["single", "chunks"])
def test_content_of_the_data_contract(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    body = proven.key + proven.commitment
    for code in (
        b"",
        PREFIX,
        PREFIX + proven.key[: HEADER - 1],
        PREFIX + proven.key[:HEADER],
        PREFIX + body[:-1],
        PREFIX + body[:-96],
        PREFIX + body + b"\0",
        PREFIX + body + body[-96:],
        b"\x00\x02" + body,
        b"\x01\x01" + body,
        b"\x00" + body,
        body,
    ):
        assert verifier.verdict(proven, code=code) == "key", len(code)


def test_bound_runs(verifier: ChainVerifier) -> None:
    proven = case("single")
    low, high = -9, 9
    assert with_runs(proven, (5, low, high)) == proven
    assert verifier.verdict(with_runs(proven, (2, low, high), (3, low, 20))) == "opening"
    assert verifier.verdict(with_runs(proven, (5, -HALF, HALF))) == "opening"
    for runs in (
        ((2, low, high), (3, low, high)),
        ((4, low, high),),
        ((6, low, high),),
        ((0, low, high), (5, low, 20)),
        ((5, low, high), (0, low, 20)),
        ((5, high, low),),
        ((5, 10, 9),),
        ((5, -HALF - 1, HALF),),
        ((5, -HALF, HALF + 1),),
        ((5, 2**255, 2**255),),
        ((5, -HALF - 1, -HALF - 1),),
        ((2**256 - 1, low, high), (6, low, 20)),
        ((1, -9, 9), (1, -9, 8), (1, -9, 9), (1, -9, 8), (2, -9, 9)),
    ):
        assert verifier.verdict(with_runs(proven, *runs)) == "key", runs


def test_limits_of_two_bus_sums(verifier: ChainVerifier) -> None:
    """F holds three columns, and h = floor(L / 2) is at most 5 on chain."""
    two, proven = case("packs_two"), case("sums_single")
    assert (two.word(4), verifier.verdict(two), verifier.verdict(two.with_word(10, 1))) == (2, None, "key")
    for lanes, word in ((11, "length"), (12, "key")):
        wide = proven.with_word(5, lanes).with_word(11, lanes)
        assert verifier.verdict(wide) == word
        assert verifier.verdict(wide.with_word(10, 0)) == "length"


def test_limits_of_the_contract(verifier: ChainVerifier) -> None:
    """More bound runs than it has room for, and a product of more points than it has gas constants for."""
    proven = case("single_runs")
    many = replace(proven, commitment=proven.commitment * 53).with_word(7, 53)
    assert verifier.verdict(replace(many, commitment=proven.commitment * 52).with_word(7, 52)) == "opening"
    assert verifier.verdict(many) == "key"
    fourteen = [(1, -9, 9 + index) for index in range(14)]
    enough = with_runs(proven.with_word(12, 14).with_word(11, 16), *fourteen)
    assert verifier.verdict(enough.with_public((0,) * 15)) == "opening"
    beyond = with_runs(proven.with_word(12, 15).with_word(11, 16), *fourteen, (1, -9, 40))
    assert verifier.verdict(beyond.with_public((0,) * 16)) == "key"


def test_more_public_cells_than_the_contract_has_room_for(verifier: ChainVerifier) -> None:
    """Inputs and outputs have room, and what they fill after rounding to whole rows has not."""
    proven = case("single")
    lanes, weight_lanes = proven.word(5), proven.word(6)
    words = set()
    for outputs in range(1, 40):
        inputs = 192 - weight_lanes - 16
        start = -(-inputs // weight_lanes) * weight_lanes
        cells = -(-(start + outputs) // lanes) * lanes
        wide = (
            with_runs(proven, (inputs, -9, 9))
            .with_word(12, inputs)
            .with_word(13, outputs)
            .with_word(11, cells)
        )
        word = "count" if cells <= 192 else "key"
        assert verifier.verdict(wide) == word, (inputs, outputs, cells)
        words.add(word)
    assert words == {"count", "key"}


@pytest.mark.parametrize("name", ["chunks", "sums"])
def test_more_weight_lanes_than_a_pack_has_columns(name: str, verifier: ChainVerifier) -> None:
    """The public cells fit all the same."""
    proven = case(name)
    lanes, weight_lanes = proven.word(5), proven.word(4) + 1
    assert weight_lanes <= lanes
    start = -(-proven.word(12) // weight_lanes) * weight_lanes
    cells = -(-(start + proven.word(13)) // lanes) * lanes
    wide = proven.with_word(6, weight_lanes).with_word(11, cells)
    assert verifier.verdict(wide) == "key"


def test_a_number_of_runs_that_wraps_around(verifier: ChainVerifier) -> None:
    """The fixed packs are added to it, and the sum is 0: only the header and the commitment stand there."""
    proven = case("single")
    fixed_packs = (proven.word(4) + 8) // proven.word(4)
    wrapped = proven.with_word(14, 2**256 - fixed_packs)
    assert verifier.verdict(replace(wrapped, key=wrapped.key[:HEADER])) == "key"


@pytest.mark.parametrize("name", ["single", "chunks"])
def test_ceremony(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    assert verifier.verdict(proven.with_word(2, proven.word(2) ^ 1)) == "ceremony"
    other = proven.with_word(9, 32768)
    assert verifier.verdict(other) in ("ceremony", "key")
    single = case("single")
    assert verifier.verdict(single.with_word(9, 8192)) == "ceremony"
    assert verifier.verdict(single.with_word(9, 4097)) == "ceremony"
    assert verifier.verdict(single.with_word(9, 4095)) == "ceremony"
    # the root is not looked at when no ceremony of that size is pinned
    assert verifier.verdict(single.with_word(9, 8192).with_word(15, 1)) == "ceremony"
