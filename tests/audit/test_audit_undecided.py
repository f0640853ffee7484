"""Runs of epochs in words."""

import pytest

from audit.vault.undecided import spans


@pytest.mark.parametrize(
    ("epochs", "words"),
    [([], ""), ([7], "7"), ([7, 8], "7 to 8"), ([1, 2, 3, 9, 11, 12], "1 to 3, 9, 11 to 12")],
)
def test_neighbours_are_written_as_a_run(epochs: list[int], words: str) -> None:
    assert spans(epochs) == words
