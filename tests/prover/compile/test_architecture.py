"""`architecture.json`: one byte string for one network, and nothing else accepted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.compile.architecture import Architecture, InputRun, Layer, Market
from prover.errors import ArchitectureError

TEXT = (
    b'{"format":"provault-architecture-1",'
    b'"inputs":[{"count":32,"high":2000,"low":-2000}],'
    b'"layers":[{"activation":"relu","bias_bound":1048576,"inputs":32,"outputs":32,"weight_bound":255},'
    b'{"activation":"signed","bias_bound":7,"inputs":32,"outputs":1,"weight_bound":3}],'
    b'"market":{"previous_target":false,"window_ticks":33},'
    b'"shift_bits":7}'
)
NETWORK = Architecture(
    (InputRun(32, -2000, 2000),),
    (Layer(32, 32, "relu", 255, 1048576), Layer(32, 1, "signed", 3, 7)),
    Market(33, False),
    7,
)


def test_bytes_are_those_of_the_specification():
    assert NETWORK.to_bytes() == TEXT
    assert Architecture.from_bytes(TEXT) == NETWORK


@given(data=st.data())
def test_every_architecture_survives_its_file(architectures, data):
    architecture = data.draw(architectures)
    assert Architecture.from_bytes(architecture.to_bytes()) == architecture


def edit(path, value):
    """Give the canonical bytes with one entry replaced."""
    document = json.loads(TEXT)
    *parents, last = path
    target = document
    for key in parents:
        target = target[key]
    target[last] = value
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "data",
    [
        TEXT + b"\n",
        b" " + TEXT,
        TEXT.replace(b":7}", b": 7}"),
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(b'"shift_bits"', b'"shift\\u005fbits"'),
        TEXT.replace(b'"count":32,"high":2000,"low":-2000', b'"high":2000,"count":32,"low":-2000'),
        TEXT.replace(b'"shift_bits":7', b'"shift_bits":7,"shift_bits":7'),
        TEXT.replace(b"2000}", b"2e3}"),
        TEXT.replace(b":255", b":255.0"),
        TEXT.replace(b":255", b":NaN"),
        TEXT.replace(b":255", b":Infinity"),
        TEXT.replace(b":255", b":0255"),
        TEXT.replace(b"-2000", b"-0"),
        TEXT[:-1],
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        TEXT.replace(b":255", b":" + b"9" * 5000),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data):
    with pytest.raises(ArchitectureError) as caught:
        Architecture.from_bytes(data)
    assert caught.value.field == "encoding"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("format",), "provault-architecture-2", "format"),
        (("colour",), 1, "architecture"),
        (("inputs",), [], "inputs"),
        (("inputs",), {}, "inputs"),
        (("inputs", 0, "count"), 0, "inputs.count"),
        (("inputs", 0, "count"), True, "inputs.count"),
        (("inputs", 0, "count"), "32", "inputs.count"),
        (("inputs", 0, "extra"), 0, "inputs"),
        (("inputs", 0, "low"), 2001, "inputs.low"),
        (("inputs", 0, "low"), -(2**62) - 1, "inputs.low"),
        (("inputs", 0, "high"), 2**62 + 1, "inputs.high"),
        (("inputs",), [{"count": 16, "high": 1, "low": 0}] * 2, "inputs"),
        (("layers",), [], "layers"),
        (("layers",), [7], "layers"),
        (("layers", 0, "activation"), "gelu", "layers.activation"),
        (("layers", 0, "activation"), None, "layers.activation"),
        (("layers", 0, "inputs"), 31, "layers.inputs"),
        (("layers", 1, "inputs"), 33, "layers.inputs"),
        (("layers", 0, "outputs"), 0, "layers.outputs"),
        (("layers", 0, "weight_bound"), -1, "layers.weight_bound"),
        (("layers", 0, "weight_bound"), 2**62, "layers.weight_bound"),
        (("layers", 0, "bias_bound"), 2**62, "layers.bias_bound"),
        (("layers", 0, "bias_bound"), None, "layers.bias_bound"),
        (("market",), {}, "market"),
        (("market",), 0, "market"),
        (("market", "window_ticks"), 34, "market"),
        (("market", "previous_target"), True, "market"),
        (("market", "previous_target"), 0, "market.previous_target"),
        (("market", "window_ticks"), True, "market.window_ticks"),
        (("shift_bits",), 0, "shift_bits"),
        (("shift_bits",), 13, "shift_bits"),
        (("shift_bits",), False, "shift_bits"),
    ],
)
def test_what_is_no_network_is_refused_by_its_field(path, value, field):
    with pytest.raises(ArchitectureError) as caught:
        Architecture.from_bytes(edit(path, value))
    assert caught.value.field == field


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(ArchitectureError) as caught:
        Architecture.from_bytes(b"[]")
    assert caught.value.field == "architecture"


def test_market_may_be_absent_and_the_previous_target_counts_as_an_input():
    Architecture.from_bytes(edit(("market",), None))
    runs = (InputRun(32, -2000, 2000), InputRun(1, 0, 10000))
    network = Architecture(runs, (Layer(33, 1, "signed", 1, 0),), Market(33, True), 7)
    assert network.input_bounds == ((-2000, 2000),) * 32 + ((0, 10000),)
    assert (network.input_count, network.output_count) == (33, 1)


def test_value_bounds_follow_section_4():
    layers = (Layer(2, 3, "signed", 10, 7), Layer(3, 1, "relu", 2, 1), Layer(1, 1, "relu", 5, 0))
    bounds = Architecture((InputRun(2, -6, 5),), layers, None, 3).value_bounds()
    # V = 2 6 10 + 7, 3 17 2 + 1, 13 5;  X = floor(131 / 8) + 1, floor(107 / 8), floor(69 / 8)
    assert bounds.accumulators == (127, 103, 65)
    assert bounds.values == (6, 17, 13, 8)
    saturated = Architecture((InputRun(1, 0, 1000),), (Layer(1, 1, "relu", 10, 0),), None, 3).value_bounds()
    assert saturated.values == (1000, 63)
