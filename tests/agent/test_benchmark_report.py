"""Ratios, targets and the generated part of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.benchmark_report import END, START, compared, markdown, targets_of, write_into
from agent.errors import BenchmarkError

ROW: dict[str, Any] = {
    "model": "r1",
    "params": 1601,
    "widths": "32-32-16-1",
    "chosen_by": "by hand",
    "largest_difference": 0.5,
    "prove_seconds": 0.15,
    "prove_seconds_min": 0.1,
    "prove_cpu_seconds": 0.2,
    "prove_unprepared_seconds": 0.3,
    "verify_seconds": 0.003,
    "command_beyond_seconds": 1.0,
    "command_beyond_seconds_min": 0.9,
    "load_seconds": 0.5,
    "prepare_seconds": 0.3,
    "verify_py_ecc_seconds": 2.0,
    "peak_rss_mb": 200,
    "proof_bytes": 1376,
    "calldata_bytes": 2628,
    "proving_key_bytes": 299136,
    "verify_tx_gas": 286700,
    "rows": 256,
    "lanes": 6,
    "packs": 10,
    "batches": [{"decisions": 8, "prove_seconds_each": 0.1, "verify_seconds_each": 0.001}],
    "profile": [
        {"step": "round_1", "seconds": 0.01, "products": 0.005, "transforms": 0.001, "other_kernel": 0.0}
    ],
    "floor": [{"part": "round 2: 512 full terms", "seconds": 0.05}],
    "floor_seconds": 0.05,
    "over_floor": 3.0,
}
SETTING = {"label": "polycommit, base 512", "visibility": "polycommit", "logrows": 11, "num_rows": 2012}
PEER: dict[str, Any] = {
    "peer": "ezkl",
    "model": "r1",
    "default": {**SETTING, "prove_seconds": 3.0, "verify_tx_gas": 573400, "largest_difference": 1.0},
    "best": {**SETTING, "prove_seconds": 1.5, "prove_seconds_min": 1.2, "largest_difference": 2.0},
    "results": [
        {**SETTING, "prove_seconds": 1.5},
        {**SETTING, "label": "polycommit, base 2", "failed": "proving: too small"},
    ],
}


def test_a_ratio_says_how_many_times_the_peer_takes() -> None:
    ratios = compared(ROW, PEER)
    assert ratios["default"] == {"prove_seconds": 20.0, "verify_tx_gas": 2.0}
    assert ratios["best"] == {"prove_seconds": 10.0, "prove_seconds_min": 12.0}


def test_a_peer_that_proved_nothing_has_no_ratios() -> None:
    assert compared(ROW, PEER | {"default": None, "best": None}) == {"default": {}, "best": {}}


def test_targets_are_judged_at_their_edge() -> None:
    row = ROW | {"prove_seconds": 0.2, "peak_rss_mb": 201, "verify_tx_gas": 300_001}
    judged = {found["field"]: (found["reached"], found["surpassed"]) for found in targets_of(row)}
    assert judged["prove_seconds"] == (True, False)
    assert judged["peak_rss_mb"] == (True, False)
    assert judged["verify_tx_gas"] == (False, False)
    assert judged["proof_bytes"] == (True, True)
    assert judged["verify_seconds"] == (True, None)
    assert "prove_seconds_ratio" not in judged


@pytest.mark.parametrize(("ratio", "met"), [(9.99, False), (10.0, True)])
def test_the_ratio_has_to_be_at_least_ten(ratio: float, met: bool) -> None:
    row = ROW | {"ratios": {"best": {"prove_seconds": ratio}}}
    (found,) = [target for target in targets_of(row) if target["field"] == "prove_seconds_ratio"]
    assert found["reached"] is met


def test_a_network_without_targets_has_none() -> None:
    assert targets_of(ROW | {"model": "5k"}) == []


def test_every_setting_is_published_also_those_that_failed() -> None:
    text = markdown([ROW | {"targets": targets_of(ROW), "peer": PEER, "ratios": compared(ROW, PEER)}])
    assert "| polycommit, base 512 | 11 | 2012 | 1.5 |" in text
    assert "proving: too small" in text
    assert "| prove, median | 0.15 | 3.0 | 20.0 | 1.5 | 10.0 |" in text
    assert "proving takes 3.0 times this" in text
    assert "299,136" in text


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"# Before\n\n{START}\nold\n{END}\n\nafter\n", "utf-8")
    write_into(document, "new")
    write_into(document, "newer")
    assert document.read_text("utf-8") == f"# Before\n\n{START}\n\nnewer\n{END}\n\nafter\n"


@pytest.mark.parametrize("text", ["nothing", f"{START}\n", f"{END}\n{START}\n"])
def test_a_document_without_both_markers_is_refused(text: str, tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(text, "utf-8")
    with pytest.raises(BenchmarkError, match=r"benchmarks\.md lacks the lines between which figures go"):
        write_into(document, "new")
    assert document.read_text("utf-8") == text


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="is not here; --markdown replaces a part of a document"):
        write_into(tmp_path / "absent.md", "new")
