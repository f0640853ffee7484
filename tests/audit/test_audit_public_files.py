"""architecture.json and layout.json: the one canonical form is read, everything else is refused."""

from __future__ import annotations

import json

import pytest

from audit.errors import CircuitError
from audit.verifier.architecture import Architecture, InputRun, Layer, parse_architecture
from audit.verifier.canonical_json import parse_canonical
from audit.verifier.layout import LayoutParameters, circuit_digest, parse_layout
from audit.verifier.transcript import keccak256

ARCHITECTURE = {
    "format": "provault-architecture-1",
    "inputs": [{"count": 2, "high": 4, "low": -4}, {"count": 1, "high": 3, "low": 0}],
    "layers": [
        {"activation": "relu", "bias_bound": 10, "inputs": 3, "outputs": 2, "weight_bound": 5},
        {"activation": "signed", "bias_bound": 5, "inputs": 2, "outputs": 1, "weight_bound": 3},
    ],
    "market": {"previous_target": True, "window_ticks": 3},
    "shift_bits": 2,
}
LAYOUT = {
    "bus_sums": 1,
    "format": "provault-layout-1",
    "lanes": 6,
    "limb_bits": 2,
    "optimiser": 2,
    "pack_columns": 4,
    "powers": 4096,
    "rows": 32,
    "weight_lanes": 2,
    "weight_packs": 2,
}


def canonical(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def changed(document: dict, path: tuple, value: object) -> bytes:
    copy = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return canonical(copy)


def test_an_architecture_is_read() -> None:
    assert parse_architecture(canonical(ARCHITECTURE)) == Architecture(
        runs=(InputRun(2, -4, 4), InputRun(1, 0, 3)),
        layers=(Layer(3, 2, "relu", 5, 10), Layer(2, 1, "signed", 3, 5)),
        shift_bits=2,
    )


def test_accumulator_bounds_follow_section_4() -> None:
    """V_0 = 3*4*5 + 10 = 70, X_0 = min(15, 72 div 4) = 15, V_1 = 2*15*3 + 5 = 95."""
    assert parse_architecture(canonical(ARCHITECTURE)).accumulator_bounds() == (70, 95)
    signed_first = changed(ARCHITECTURE, ("layers", 0, "activation"), "signed")
    assert parse_architecture(signed_first).accumulator_bounds() == (70, 2 * 19 * 3 + 5)


def test_a_network_without_a_market_is_read() -> None:
    assert parse_architecture(changed(ARCHITECTURE, ("market",), None)).input_count == 3


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "provault-architecture-2"),
        (("extra",), 1),
        (("inputs",), []),
        (("inputs",), {}),
        (("inputs", 0), 3),
        (("inputs", 0, "count"), 0),
        (("inputs", 0, "count"), 2.0),
        (("inputs", 0, "count"), True),
        (("inputs", 0, "low"), 5),
        (("inputs", 0, "high"), (1 << 62) + 1),
        (("inputs", 0, "low"), -(1 << 62) - 1),
        (("inputs", 0, "step"), 1),
        (("inputs", 1), {"count": 1, "high": 4, "low": -4}),
        (("layers",), []),
        (("layers", 0, "inputs"), 4),
        (("layers", 1, "inputs"), 3),
        (("layers", 0, "outputs"), 0),
        (("layers", 0, "activation"), "tanh"),
        (("layers", 0, "activation"), 1),
        (("layers", 0, "weight_bound"), -1),
        (("layers", 0, "bias_bound"), 1 << 62),
        (("layers", 0, "kernel"), 3),
        (("market",), 0),
        (("market", "window_ticks"), 4),
        (("market", "window_ticks"), "3"),
        (("market", "previous_target"), 1),
        (("market", "pool"), 1),
        (("shift_bits",), 0),
        (("shift_bits",), 13),
        (("shift_bits",), "2"),
        (("shift_bits",), None),
    ],
)
def test_an_architecture_outside_section_4_is_refused(path: tuple, value: object) -> None:
    with pytest.raises(CircuitError) as caught:
        parse_architecture(changed(ARCHITECTURE, path, value))
    assert caught.value.rule == "architecture"


def test_a_layout_is_read() -> None:
    assert parse_layout(canonical(LAYOUT)) == LayoutParameters(
        rows=32,
        pack_columns=4,
        lanes=6,
        weight_lanes=2,
        weight_packs=2,
        limb_bits=2,
        powers=4096,
        optimiser=2,
        bus_sums=1,
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "provault-layout-2"),
        (("bus_sums",), True),
        (("rows",), -1),
        (("rows",), 32.0),
        (("rows",), "32"),
        (("lanes",), None),
        (("threads",), 2),
    ],
)
def test_a_layout_outside_section_4_is_refused(path: tuple, value: object) -> None:
    with pytest.raises(CircuitError) as caught:
        parse_layout(changed(LAYOUT, path, value))
    assert caught.value.rule == "layout"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1} ',
        b'{"a":1}\n',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":"\\u0061"}',
        b'{"a":"\xc3\xa9"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'["]",' * 100_000,
        b'["\\"]",' * 100_000,
        b'{"a":' + b"1" * 5000 + b"}",
        b" " * (1 << 20) + b"{}",
    ],
)
def test_other_spellings_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse_canonical(content)


def test_a_canonical_file_above_one_mebibyte_is_refused() -> None:
    assert len(parse_canonical(b'{"a":"' + b"x" * 1000 + b'"}')["a"]) == 1000
    with pytest.raises(ValueError, match="longer than"):
        parse_canonical(b'{"a":"' + b"x" * (1 << 20) + b'"}')


def test_a_layout_with_two_bus_sums_is_read() -> None:
    found = parse_layout(changed(LAYOUT, ("bus_sums",), 2))
    assert (found.bus_sums, found.helper_lanes, found.fault()) == (2, 3, None)
    assert parse_layout(canonical(LAYOUT)).helper_lanes == 0


def test_another_number_of_bus_sums_breaks_the_parameters() -> None:
    for count in (0, 3):
        with pytest.raises(CircuitError) as caught:
            parse_layout(changed(LAYOUT, ("bus_sums",), count))
        assert caught.value.rule == "parameters"


def test_a_missing_field_is_refused() -> None:
    for name in LAYOUT:
        with pytest.raises(CircuitError) as caught:
            parse_layout(canonical({key: value for key, value in LAYOUT.items() if key != name}))
        assert caught.value.rule == "layout"


def test_the_circuit_digest_hashes_both_files_apart() -> None:
    assert circuit_digest(b"ab", b"c") == keccak256(keccak256(b"ab") + keccak256(b"c"))
    assert circuit_digest(b"ab", b"c") != circuit_digest(b"a", b"bc")
