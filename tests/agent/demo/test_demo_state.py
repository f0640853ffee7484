"""The demo's folder: whole or untouched, and every kept chain can be ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.demo.state_folder import (
    PIECES,
    KeptChain,
    demo_folder,
    keep_chain,
    kept_chains,
    run_folder,
    stop_chains,
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def fill(folder: Path, text: str) -> None:
    (folder / "strategy").mkdir()
    (folder / "strategy" / "weights").write_text(text)
    for name in PIECES[1:]:
        (folder / name).write_text(text)


def contents() -> set[str]:
    return {(demo_folder() / "strategy" / "weights").read_text()} | {
        (demo_folder() / name).read_text() for name in PIECES[1:]
    }


def test_the_folder_is_below_the_state_folder(state: Path) -> None:
    assert demo_folder() == state / "provault" / "demo"


def test_a_run_that_succeeds_replaces_everything() -> None:
    for text in ("first", "second"):
        with run_folder() as folder:
            fill(folder, text)
        assert contents() == {text}
        assert sorted(path.name for path in demo_folder().iterdir()) == sorted(PIECES)


def test_a_run_that_fails_leaves_the_last_one() -> None:
    with run_folder() as folder:
        fill(folder, "first")
    with pytest.raises(KeyboardInterrupt), run_folder() as folder:
        fill(folder, "second")
        raise KeyboardInterrupt
    assert contents() == {"first"}
    assert sorted(path.name for path in demo_folder().iterdir()) == sorted(PIECES)


def test_a_chain_that_is_gone_is_forgotten_and_not_counted() -> None:
    assert stop_chains() == ()
    chain = KeptChain(process_id=2**22 + 1, rpc_url="http://127.0.0.1:1", vault="0x" + "11" * 20)
    keep_chain(chain)
    assert kept_chains() == (chain,)
    assert stop_chains() == ()
    assert kept_chains() == ()


def test_a_damaged_note_of_a_chain_is_passed_over() -> None:
    keep_chain(KeptChain(1, "http://127.0.0.1:1", "0x"))
    (demo_folder() / "chains" / "2.json").write_text("{")
    assert [chain.process_id for chain in kept_chains()] == [1]
