"""`layout.json`, and the rules on it that need no columns."""

import json
from dataclasses import replace

import pytest
from Crypto.Hash import keccak

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.cells import count_rows, map_cells
from prover.compile.layout import LayoutParameters, build_layout
from prover.compile.parameters import circuit_digest
from prover.errors import LayoutError

TEXT = (
    b'{"bus_sums":1,"format":"provault-layout-1","lanes":6,"limb_bits":7,"optimiser":2,"pack_columns":9,'
    b'"powers":4096,"rows":256,"weight_lanes":4,"weight_packs":2}'
)
PARAMETERS = LayoutParameters(256, 9, 6, 4, 2, 7)


def test_bytes_are_those_of_the_specification():
    assert PARAMETERS.to_bytes() == TEXT
    assert LayoutParameters.from_bytes(TEXT) == PARAMETERS


@pytest.mark.parametrize(
    "data",
    [
        TEXT + b"\n",
        TEXT.replace(b":256", b":256.0"),
        TEXT.replace(b":256", b":true"),
        TEXT.replace(b":256", b":null"),
        TEXT.replace(b'"rows"', b'"row"'),
        TEXT.replace(b"layout-1", b"layout-2"),
        TEXT.replace(b'"bus_sums":1,', b""),
        TEXT[:-1] + b',"zeta":1}',
        b"[]",
        b"",
    ],
)
def test_other_bytes_are_refused(data):
    with pytest.raises(LayoutError) as caught:
        LayoutParameters.from_bytes(data)
    assert caught.value.rule == "parameters"


def test_circuit_digest_hashes_the_two_hashes(r1):
    def digest(data):
        return keccak.new(digest_bits=256, data=data).digest()

    expected = digest(digest(r1.to_bytes()) + digest(TEXT))
    assert circuit_digest(r1, PARAMETERS) == expected
    assert build_layout(r1, PARAMETERS).circuit_digest == expected


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"rows": 255}, "rows must be"),
        ({"rows": 1, "powers": 10**6}, "rows must be"),
        ({"rows": 0}, "rows must be"),
        ({"rows": -256}, "rows must be"),
        ({"rows": 2**33, "powers": 2**60}, "rows must be"),
        ({"lanes": 5}, "lanes must be"),
        ({"weight_lanes": 0}, "weight_lanes"),
        ({"weight_lanes": 7}, "weight_lanes"),
        ({"lanes": 10, "weight_lanes": 10}, "weight_lanes"),
        ({"pack_columns": 1, "weight_lanes": 1}, "pack_columns must be"),
        ({"powers": 9 * 260 - 1}, "must not exceed powers"),
        ({"pack_columns": 16}, "must not exceed powers"),
        ({"weight_packs": 0}, "weight_packs"),
        ({"limb_bits": 0}, "limb_bits must lie"),
        ({"limb_bits": 13}, "limb_bits must lie"),
        ({"limb_bits": 10**9}, "limb_bits must lie"),
        ({"limb_bits": 8}, "equal shift_bits"),
        ({"bus_sums": 0}, "bus_sums"),
        ({"bus_sums": 3}, "bus_sums"),
        ({"bus_sums": 2, "pack_columns": 2, "weight_lanes": 2}, "the helper"),
        ({"optimiser": 1}, "optimiser"),
        ({"optimiser": 3}, "optimiser"),
    ],
)
def test_parameters_out_of_range_are_refused(r1, change, detail):
    with pytest.raises(LayoutError, match=detail) as caught:
        build_layout(r1, replace(PARAMETERS, **change))
    assert caught.value.rule == "parameters"


def test_exactly_enough_powers_are_enough(r1):
    assert build_layout(r1, replace(PARAMETERS, powers=9 * 260)).public_count == 36


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"weight_packs": 1}, "accumulator rows"),
        ({"rows": 128}, "accumulator rows"),
        ({"lanes": 300}, "do not fit"),
    ],
)
def test_too_few_rows_are_refused(r1, change, detail):
    with pytest.raises(LayoutError, match=detail) as caught:
        build_layout(r1, replace(PARAMETERS, **change))
    assert caught.value.rule == "rows"


def test_too_few_free_rows_are_refused():
    network = Architecture((InputRun(1, 0, 1),), (Layer(1, 1, "relu", 1, 1),), None, 7)
    with pytest.raises(LayoutError, match="free rows") as caught:
        build_layout(network, replace(PARAMETERS, rows=128))
    assert caught.value.rule == "rows"
    build_layout(network, PARAMETERS)


def test_enormous_networks_are_refused_before_anything_is_allocated():
    network = Architecture((InputRun(2**60, 0, 0),), (Layer(2**60, 2**60, "relu", 0, 0),), None, 7)
    with pytest.raises(LayoutError) as caught:
        build_layout(network, PARAMETERS)
    assert caught.value.rule == "rows"


def test_bounds_are_refused_from_the_limit_on():
    limit = 128**4 // 2 - 128
    for activation in ("relu", "signed"):
        layer = Layer(1, 1, activation, 0, limit - 1)
        build_layout(Architecture((InputRun(1, 0, 1),), (layer,), None, 7), PARAMETERS)
        second = Layer(1, 1, activation, 0, limit)
        with pytest.raises(LayoutError, match="layer 1") as caught:
            build_layout(Architecture((InputRun(1, 0, 1),), (layer, second), None, 7), PARAMETERS)
        assert caught.value.rule == "bounds"


def test_r1_takes_the_rows_of_the_specification(r1, r1_clipped):
    counts = count_rows(r1, PARAMETERS)
    assert (counts.public, counts.dot, counts.requantisation) == (6, 8 * 16 + 8 * 8 + 4, 49)
    assert counts.accumulator == 251
    assert count_rows(r1_clipped, PARAMETERS).accumulator == 255
    cells = map_cells(r1, PARAMETERS)
    assert (cells.public_count, cells.output_start, cells.vector_start) == (36, 33, (1, 37, 69, 33))
    assert cells.constants == (34, 35, 36, *range(85, 91))


def test_documents_hold_integers_alone():
    assert all(type(value) is int for key, value in json.loads(TEXT).items() if key != "format")
    with pytest.raises(LayoutError) as caught:
        LayoutParameters(256, 9, 6, 4, 2, True)
    assert caught.value.rule == "parameters"
