"""Cells and rows stand where docs/protocol.md sections 5.1 and 5.2 put them."""

import dataclasses

import numpy as np
import pytest

from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.cells import IDLE
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import LayoutParameters, RowKind, Segment, build_layout
from prover.compile.witness import weight_columns


def test_a_tiny_layout_is_the_one_written_by_hand():
    network = Architecture((InputRun(2, 0, 1),), (Layer(2, 1, "signed", 1, 1),), None, 1)
    layout = build_layout(network, LayoutParameters(16, 4, 6, 4, 1, 1))
    # One public, one dot, one signed row. Cells: inputs 1 2, padding 3 4, output 5, padding 6, zeros 7 .. 12.
    expected = {
        "base": [1, 1] + [0] * 14,
        "padr": [0, 0, 5, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, IDLE, IDLE],
        "tab": [0, 1] + [0] * 14,
        "q_in": [0, 0, 0, 1, 1] + [0] * 11,
        "q_dot": [0, 1] + [0] * 14,
        "q_pub": [1] + [0] * 15,
        "q_rel": [0] * 16,
        "q_sgn": [0, 0, 1] + [0] * 13,
        "q_zero": [1, 1, 0, 1] + [0] * 12,
    }
    assert [column.tolist() for column in layout.fixed_columns()] == list(expected.values())
    assert layout.segments == (Segment(0, 0, range(1, 2), range(2, 3)),)
    assert layout.row_kind.tolist() == [RowKind.PUBLIC, RowKind.DOT, RowKind.SIGNED] + [RowKind.IDLE] * 13
    assert (layout.public_count, layout.output_start, layout.vector_start) == (6, 5, (1, 5))
    assert layout.constants == (3, 4, 6, 7, 8, 9, 10, 11, 12)
    assert layout.cell_provider[5] == 2


def test_no_zero_cells_when_all_lanes_are_multiplied(small, fit):
    parameters = fit(small, 6, 6, 2)
    layout = build_layout(small, parameters)
    # Inputs 1 .. 5 padded to 6, outputs 7 8 padded to 12, hidden 13 .. 15 and 19 .. 21 padded to 18 and 24.
    assert layout.public_count == 12
    assert layout.vector_start == (1, 13, 19, 7)
    assert layout.constants == (6, 9, 10, 11, 12, 16, 17, 18, 22, 23, 24)


def test_weights_stand_where_their_dot_rows_read(small, small_parameters):
    layout = build_layout(small, small_parameters)
    layers = tuple(
        (
            np.arange(1, layer.outputs * layer.inputs + 1).reshape(layer.outputs, layer.inputs) % 9,
            np.full(layer.outputs, 50 + index, dtype=np.int64),
        )
        for index, layer in enumerate(small.layers)
    )
    columns = weight_columns(layout, IntegerWeights(layers))
    seen = np.zeros_like(columns, dtype=bool)
    packs, wa = small_parameters.weight_packs, small_parameters.weight_lanes
    for segment in layout.segments:
        matrix, biases = layers[segment.layer]
        for group, row in enumerate(segment.dot_rows):
            for lane, pack in np.ndindex(wa, packs):
                neuron, source = segment.block * packs + pack, group * wa + lane
                inside = neuron < matrix.shape[0] and source < matrix.shape[1]
                assert columns[lane, pack, row] == (matrix[neuron, source] if inside else 0)
                seen[lane, pack, row] = True
        for offset, row in enumerate(segment.close_rows):
            assert columns[0, 0, row] == biases[segment.block * packs + offset]
            seen[0, 0, row] = True
    assert not columns[~seen].any()


def test_columns_cannot_be_written(small, small_parameters):
    layout = build_layout(small, small_parameters)
    for column in layout.fixed_columns():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        layout.public_count = 0


def test_the_same_files_give_the_same_columns(r1_clipped):
    parameters = LayoutParameters(256, 9, 6, 4, 2, 7)
    first = build_layout(r1_clipped, parameters)
    second = build_layout(
        Architecture.from_bytes(r1_clipped.to_bytes()), LayoutParameters.from_bytes(parameters.to_bytes())
    )
    assert first.circuit_digest == second.circuit_digest
    for one, other in zip(first.fixed_columns(), second.fixed_columns(), strict=True):
        assert np.array_equal(one, other)
