"""The rules see the files of the repository, or fail."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Listing = Callable[[Path], list[Path]]


def test_new_files_are_listed_and_ignored_ones_are_not(tmp_path: Path, list_checkout: Listing) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    (tmp_path / "new.py").write_text("")
    (tmp_path / "old.pyc").write_text("")
    assert list_checkout(tmp_path) == [Path(".gitignore"), Path("new.py")]


def test_a_folder_without_git_is_refused(tmp_path: Path, list_checkout: Listing) -> None:
    with pytest.raises(RuntimeError, match="git cannot list"):
        list_checkout(tmp_path)


def test_a_missing_git_is_refused(
    tmp_path: Path, list_checkout: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="git is not installed"):
        list_checkout(tmp_path)
