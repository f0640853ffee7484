"""The two implementations agree on the columns of random networks, and on what no layout can hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import CircuitError
from audit.verifier.key_build import rebuild_circuit
from tests.audit.support.cases import architecture_json, dense, layout_json


@st.composite
def networks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    lam = draw(st.integers(1, 6))
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    layers = [
        dense(
            inputs,
            outputs,
            draw(st.sampled_from(["relu", "signed"])),
            draw(st.integers(0, lam)),
            draw(st.integers(0, 1 << lam)),
        )
        for inputs, outputs in pairwise(widths)
    ]
    split = draw(st.integers(1, widths[0]))
    runs = [(split, -draw(st.integers(0, 5)), 3)]
    if split < widths[0]:
        runs.append((widths[0] - split, 0, draw(st.integers(0, 9))))
    pack_columns = draw(st.sampled_from([2, 3, 4, 6, 1]))
    lanes = draw(st.sampled_from([6, 7, 9, 5]))
    layout = layout_json(
        1 << draw(st.integers(6, 9)),
        pack_columns,
        lanes,
        draw(st.integers(1, min(lanes, pack_columns))),
        draw(st.integers(1, 4)),
        lam,
    )
    return architecture_json(runs, layers, lam), layout


@settings(max_examples=150)
@given(networks())
def test_both_builders_fill_the_same_columns_or_both_refuse(network: tuple[bytes, bytes]) -> None:
    from prover.compile.architecture import Architecture
    from prover.compile.layout import build_layout
    from prover.compile.parameters import LayoutParameters
    from prover.errors import ArchitectureError, LayoutError

    architecture, layout = network
    try:
        circuit = rebuild_circuit(architecture, layout)
    except CircuitError:
        with pytest.raises((LayoutError, ArchitectureError)):
            build_layout(Architecture.from_bytes(architecture), LayoutParameters.from_bytes(layout))
        return
    built = build_layout(Architecture.from_bytes(architecture), LayoutParameters.from_bytes(layout))
    assert [[int(value) for value in column] for column in built.fixed_columns()] == [
        list(column) for column in circuit.fixed_columns()
    ]
    assert built.public_count == circuit.shape.public_count
    assert built.output_start == circuit.shape.output_start
