"""The peer's grid, how its failures are reported, and, in the long tests, EZKL itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import ezkl_environment
from agent.benchmark_models import benchmark_model
from agent.errors import BenchmarkError
from agent.ezkl_environment import EzklEnvironment, benchmark_folder, prepare
from agent.ezkl_grid import DEFAULTS, GRID, WIDE_GRID, EzklSetting
from agent.ezkl_peer import measure_peer, settings_for
from contracts.node import Anvil


def test_every_setting_is_tried_once_and_the_default_comes_first() -> None:
    for settings in ((*DEFAULTS, *GRID), (*DEFAULTS, *WIDE_GRID)):
        assert len({setting.label for setting in settings}) == len(settings)
    assert settings_for(benchmark_model("r1")) == (*DEFAULTS, *GRID)
    assert settings_for(benchmark_model("r2")) == (*DEFAULTS, *WIDE_GRID)


def test_the_default_sets_nothing_but_who_sees_the_weights() -> None:
    assert [setting.run_args for setting in DEFAULTS] == [
        {"param_visibility": "polycommit"},
        {"param_visibility": "private"},
    ]
    assert EzklSetting("private", 512, 3, 2, 0, 7).run_args == {
        "param_visibility": "private",
        "decomp_base": 512,
        "decomp_legs": 3,
        "num_inner_cols": 2,
        "input_scale": 0,
        "param_scale": 7,
    }


def test_the_grid_varies_what_it_says_it_varies() -> None:
    for name in ("decomp_base", "decomp_legs", "inner_columns", "input_scale", "param_scale"):
        assert len({getattr(setting, name) for setting in GRID}) > 1, name


@pytest.fixture
def without_ezkl(tmp_path: Path) -> EzklEnvironment:
    """An environment whose interpreter has no EZKL."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    return EzklEnvironment(tmp_path)


def test_a_stage_that_dies_is_reported_with_its_last_words(
    without_ezkl: EzklEnvironment, tmp_path: Path
) -> None:
    found = without_ezkl.run({"stage": "setup"}, tmp_path, 60)
    assert found == {"error": "exit 1: ModuleNotFoundError: No module named 'ezkl'"}


def test_an_answer_of_an_earlier_run_is_not_read_again(without_ezkl: EzklEnvironment, tmp_path: Path) -> None:
    (tmp_path / "setup.answer").write_text('{"logrows": 11}', "utf-8")
    assert "error" in without_ezkl.run({"stage": "setup"}, tmp_path, 60)


def test_a_stage_that_takes_too_long_is_reported(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexec sleep 600\n", "utf-8")
    python.chmod(0o755)
    found = EzklEnvironment(tmp_path).run({"stage": "prove"}, tmp_path, 1)
    assert found == {"error": "no answer within 1 s"}


def test_outside_a_checkout_the_peer_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ezkl_environment, "__file__", str(tmp_path / "agent" / "ezkl_environment.py"))
    with pytest.raises(BenchmarkError, match="needs a checkout"):
        benchmark_folder()


@pytest.fixture
def node() -> Iterator[Anvil]:
    """A local chain."""
    with Anvil() as running:
        yield running


@pytest.mark.long
def test_ezkl_proves_the_same_file_and_its_contract_accepts(node: Anvil) -> None:
    environment = prepare(lambda line: None)
    settings = (EzklSetting("polycommit", 2, 2, 2, 0, 7), EzklSetting("polycommit", 512, 3, 1, 0, 7))
    found = measure_peer(environment, node, benchmark_model("1k"), settings, 1, lambda line: None)
    failed, proven = found["results"]
    assert failed["failed"]
    assert found["best"]["label"] == proven["label"] == settings[1].label
    assert found["best"]["logrows"] <= 13
    assert found["best"]["proof_bytes"] < found["best"]["calldata_bytes"]
    assert 300_000 < found["best"]["verify_tx_gas"] < 1_000_000
    assert found["best"]["contract_bytes"] <= 24_576
