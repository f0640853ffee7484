"""The benchmark's networks: the file both provers read says the same as the integers provault commits to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.benchmark_models import (
    NAMES,
    WIDTHS,
    benchmark_model,
    compile_onnx,
    drawn_inputs,
    fits,
    largest_widths,
    write_onnx,
)
from agent.errors import BenchmarkError
from prover.compile.integer_model import evaluate_many
from strategies.quantise import read_onnx


def test_the_ladder_has_the_sizes_it_is_named_after() -> None:
    sizes = {name: benchmark_model(name).params for name in WIDTHS}
    assert sizes == {
        "r1": 1601,
        "r1-time": 1601,
        "r2": 49665,
        "1k": 1001,
        "5k": 5033,
        "20k": 19959,
        "50k": 50117,
    }
    assert set(NAMES) == {*WIDTHS, "largest"}


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="'r9' is no benchmark network; known: r1, r1-time, r2"):
        benchmark_model("r9")


def test_the_integers_follow_the_file(tmp_path: Path) -> None:
    model = benchmark_model("1k")
    write_onnx(model, tmp_path / "model.onnx")
    inputs = drawn_inputs(model, 16)
    made = compile_onnx(model, tmp_path / "model.onnx", inputs)
    floats = read_onnx(tmp_path / "model.onnx").evaluate(inputs.astype(np.float64))
    integers = evaluate_many(made.architecture, made.weights, inputs)
    assert float(np.abs(integers - floats).max()) == made.largest_difference
    assert made.largest_difference < float(np.abs(floats).max()) / 4
    assert len(np.unique(integers)) > 8


def test_r1_for_time_is_r1_in_the_layout_for_time(tmp_path: Path) -> None:
    made = {}
    for name in ("r1", "r1-time"):
        model = benchmark_model(name)
        write_onnx(model, tmp_path / name)
        made[name] = compile_onnx(model, tmp_path / name, drawn_inputs(model, 4))
    assert (tmp_path / "r1").read_bytes() == (tmp_path / "r1-time").read_bytes()
    assert made["r1"].architecture == made["r1-time"].architecture
    assert (made["r1"].parameters.bus_sums, made["r1-time"].parameters.bus_sums) == (1, 2)


def test_the_file_is_the_same_every_time(tmp_path: Path) -> None:
    model = benchmark_model("1k")
    for name in ("first", "second"):
        write_onnx(model, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("last", [1, 2, 3, 37, 64, 229])
def test_the_search_finds_the_last_that_fits(last: int) -> None:
    asked: list[int] = []

    def predicate(m: int) -> bool:
        asked.append(m)
        return m <= last

    widths, how = largest_widths(predicate)
    assert widths == (64, 2 * last, last, 1)
    assert f"m = {last} fits, {last + 1} does not" in how
    assert len(asked) <= 20


def test_a_network_that_is_too_large_does_not_fit() -> None:
    assert fits(1)
    assert not fits(1000)


def test_the_room_of_the_verifier_contract_is_a_limit() -> None:
    """Key and commitment of m = 229 fit into one contract, and its product has too many points."""
    assert fits(128)
    assert not fits(229)
