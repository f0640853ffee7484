"""Who holds the two roles: an offer, then its acceptance by whom it was made to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from audit.vault.events import Event

NOBODY: Final = bytes(20)
ROLES: Final = {False: "operator", True: "guardian"}


@dataclass
class RoleReplay:
    """Hold what the events say of the roles; who holds one at first is the constructor's choice."""

    held: dict[str, bytes] = field(default_factory=dict)
    offered: dict[str, bytes] = field(default_factory=lambda: dict.fromkeys(ROLES.values(), NOBODY))

    def apply(self, event: Event) -> list[tuple[str, object, object]]:
        """Take an event over; return (what, expected, found) where the rules give something else."""
        role, to = ROLES[event["guardian"]], event["to"]
        if event.name == "RoleOffered":
            self.offered[role] = to
            return []
        offered, self.offered[role] = self.offered[role], NOBODY
        self.held[role] = to
        if to == offered:
            return []
        return [(f"{role} that took over", "0x" + offered.hex(), "0x" + to.hex())]
