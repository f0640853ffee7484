"""Epochs that were due and have neither decision nor claimed miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.vault.replay import Replay


@dataclass(frozen=True)
class Undecided:
    """Part the epochs without decision by whether one could have been made."""

    skipped: list[int]
    freed: list[int]  # the price log had restarted: no window, so neither decision nor miss

    @classmethod
    def of(cls, replay: Replay, now: int) -> Undecided:
        """Sort the epochs that closed before `now` and before the vault's end."""
        skipped: list[int] = []
        freed: list[int] = []
        if replay.books.supply == 0:
            return cls(skipped, freed)
        epoch, until = replay.books.first_epoch, min(now, replay.books.end_at)
        width = replay.parameters.rules.window
        while replay.parameters.closes_at(epoch) < until:
            if epoch not in replay.records and epoch not in replay.misses:
                gap = any(restart < epoch < restart + width for restart in replay.restarts)
                (freed if gap else skipped).append(epoch)
            epoch += 1
        return cls(skipped, freed)

    def note(self) -> str:
        """Say which epochs were freed."""
        return (
            f"the price log restarted: epochs {spans(self.freed)} could have neither decision nor miss"
            " (holders prevent that by pushing prices in every interval)"
        )


def spans(epochs: Sequence[int]) -> str:
    """Write ascending epochs with each run of neighbours as `first to last`."""
    runs: list[tuple[int, int]] = []
    for epoch in epochs:
        if runs and epoch == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], epoch)
        else:
            runs.append((epoch, epoch))
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in runs)
