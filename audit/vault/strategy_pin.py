"""Which strategy decides an epoch: the one in force, or a proposal once its epoch has come."""

from __future__ import annotations

from dataclasses import dataclass

from audit.vault.events import Event
from audit.vault.parameters import Parameters


@dataclass
class StrategyPin:
    """Hold the strategy in force and the one that waits; both None where nothing is known."""

    parameters: Parameters
    strategy: bytes | None = None
    waiting: bytes | None = None
    waiting_from: int = 0
    frozen: bool = False

    def in_force(self, epoch: int, found: bytes) -> bytes:
        """Return the strategy of an epoch; the first decision names the one of the constructor."""
        self._promote(epoch)
        if self.strategy is None:
            self.strategy = found
        return self.strategy

    def settled(self, epoch: int) -> tuple[bytes | None, bytes | None, int]:
        """Return the strategy that decides an epoch, the one that still waits, and from when."""
        self._promote(epoch)
        return self.strategy, self.waiting, self.waiting_from if self.waiting is not None else 0

    def apply(self, event: Event) -> list[tuple[str, object, object]]:
        """Take an event over; return (what, expected, found) where the rules give something else."""
        now = event.log.time_secs
        self._promote(self.parameters.epoch_of(now))
        off: list[tuple[str, object, object]] = []
        if event.name == "StrategyProposed":
            earliest = (now + self.parameters.rules.timelock_secs) // self.parameters.interval_secs + 1
            if event["from_epoch"] != earliest:
                off.append(("first epoch of a proposed strategy", earliest, event["from_epoch"]))
            if self.frozen or self.waiting is not None:
                off.append(("proposal", "none while frozen or another waits", "0x" + event["strategy"].hex()))
            self.waiting, self.waiting_from = event["strategy"], event["from_epoch"]
        elif event.name == "StrategyRevoked":
            if event["strategy"] != self.waiting:
                off.append(("revoked strategy", "the one that waits", "0x" + event["strategy"].hex()))
            self.waiting = None
        elif event.name == "StrategyFrozen":
            self.waiting, self.frozen = None, True
        return off

    def _promote(self, epoch: int) -> None:
        if self.waiting is not None and epoch >= self.waiting_from:
            self.strategy, self.waiting = self.waiting, None
