"""Publish a strategy in a process that kills itself, without notice, around one change of its outbox."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from pathlib import Path

import agent.public_strategy
import agent.vault_session
from agent.commands.vault_publish import publish_for
from agent.vault_options import Account
from agent.vault_outbox import Outbox
from contracts.deployment_record import Step

READ_ONCE = cache(agent.public_strategy.load_public)
WARM_FOLDER = "PROVAULT_TEST_WARM_PUBLICATION"
if WARM_FOLDER in os.environ:  # in the process that the others are forked from
    READ_ONCE(Path(os.environ[WARM_FOLDER]))


def dying_outbox(change: int, moment: str) -> type[Outbox]:
    """Return an outbox that ends its process before or after one of its changes."""

    class DyingOutbox(Outbox):
        changes = 0

        def write(self, step: Step) -> None:
            self.begin()
            super().write(step)
            self.end()

        def clear(self) -> None:
            self.begin()
            super().clear()
            self.end()

        def begin(self) -> None:
            DyingOutbox.changes += 1
            self.die_at("before")

        def end(self) -> None:
            self.die_at("after")

        def die_at(self, now: str) -> None:
            if (DyingOutbox.changes, moment) == (change, now):
                os.kill(os.getpid(), signal.SIGKILL)

    return DyingOutbox


def publish_and_die(
    account: Account, folder: str, settings: dict[str, str], change: int, moment: str
) -> None:
    """Publish live, and die around a change of the outbox; leave 0 when it came to an end."""
    os.environ.update(settings)
    agent.public_strategy.load_public = READ_ONCE
    agent.vault_session.Outbox = dying_outbox(change, moment)  # type: ignore[misc]
    document = publish_for(account, Path(folder))
    sys.exit(0 if document["complete"] else 3)
