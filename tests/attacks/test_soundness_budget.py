"""The soundness sum: recomputed for the layouts that documents name; a degenerate layout is refused."""

from __future__ import annotations

import re
from math import log2
from pathlib import Path

import pytest

from audit.errors import CircuitError
from audit.verifier.key_build import build_key, rebuild_circuit
from prover.compile.layout import LayoutParameters, build_layout
from prover.compile.reference import LAYOUTS, reference_architecture
from prover.errors import SoundnessError
from prover.field import SCALAR_MODULUS as R
from prover.protocol.proving_key import build_proving_key
from prover.protocol.shape import Shape
from prover.protocol.soundness import check_soundness, error_terms, soundness_bits
from tests.attacks.circuits import small_architecture

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol-arguments.md"
ROW = re.compile(
    r"^\| (R[12])([^|]*) \| ([0-9, ]+) \| (\d+) \| ([0-9,]+) \| ([0-9.]+) \| ([0-9.]+) \|$", re.MULTILINE
)


def shape_of(parameters: LayoutParameters) -> Shape:
    return Shape(
        parameters.rows,
        parameters.pack_columns,
        parameters.lanes,
        parameters.weight_lanes,
        parameters.weight_packs,
        parameters.powers,
        parameters.bus_sums,
    )


def test_the_documented_sums_are_those_of_the_layouts() -> None:
    rows = ROW.findall(DOCUMENT.read_text())
    seen = []
    for name, kind, numbers, public, total, once, left in rows:
        *first, powers = (int(number) for number in numbers.split(","))
        parameters = LayoutParameters(*first, powers=powers, bus_sums=2 if "two sums" in kind else 1)
        layout = build_layout(reference_architecture(name.lower()), parameters)
        shape = shape_of(parameters)
        assert layout.public_count == int(public)
        assert sum(error_terms(shape, layout.public_count).values()) == int(total.replace(",", ""))
        assert f"{soundness_bits(shape, layout.public_count):.1f}" == once
        assert f"{check_soundness(shape, layout.public_count):.1f}" == left
        seen.append(parameters)
    assert set(LAYOUTS.values()) < set(seen)
    assert {parameters.powers for parameters in seen} == {4096, 8192, 32768}
    assert {parameters.bus_sums for parameters in seen} == {1, 2}


def test_each_term_is_the_degree_of_its_section() -> None:
    """Counted for n = 32, t = 2, L = 6, wa = 1, K = 3, |pub| = 12, N = 4096: a = 4, f = 5."""
    found = error_terms(Shape(32, 2, 6, 1, 3, 4096), 12)
    assert found == {
        "alpha_beta": 2 * 8 * 32,
        "theta": 32 * (2 * 3 + 12),
        "chi": 5,
        "y": 2 * 10 * 4096,
        "gamma": 4 + 5 + 3,
        "z": 2 * 4096,
    }
    two = error_terms(Shape(32, 3, 7, 1, 3, 4096, 2), 14)
    assert (two["chi"], two["y"], two["alpha_beta"]) == (6, 2 * (7 - 3 + 4) * 4096, 2 * 9 * 32)
    bits = soundness_bits(Shape(32, 2, 6, 1, 3, 4096), 12)
    assert bits == pytest.approx(log2(R) - log2(1.37 * sum(found.values())), abs=1e-6)


@pytest.mark.parametrize(("packs", "refused"), [(2**45, False), (2**48, False), (2**49, True), (2**60, True)])
def test_a_degenerate_layout_is_refused_by_both_builders(packs: int, refused: bool) -> None:
    """K is free in `layout.json`: with 32 rows the sum passes 2^54 between 2^48 and 2^49 weight packs.

    The auditor once counted single attempts only, and took what the prover's builder refused.
    """
    architecture, parameters = small_architecture("relu"), LayoutParameters(32, 9, 6, 2, packs, 3)
    files = architecture.to_bytes(), parameters.to_bytes()
    if refused:
        with pytest.raises(SoundnessError, match="100 are needed"):
            build_proving_key(build_layout(architecture, parameters))
        with pytest.raises(CircuitError) as refusal:
            build_key(*files, fast=True)
        assert refusal.value.rule == "soundness"
    else:
        assert check_soundness(shape_of(parameters), 6) > 100
        rebuild_circuit(*files)
