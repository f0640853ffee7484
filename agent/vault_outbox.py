"""Keep the one transaction of an account that is signed and not known to be mined.

The file is there only while such a transaction is: a command that was killed leaves it, and the next one of
the same account settles it before it does anything else.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Self

from platformdirs import user_state_path

from agent.errors import AlreadyRunningError
from agent.instance_lock import InstanceLock
from agent.vault_errors import VaultCommandError
from contracts.deployment_record import Step, replace_file, step_of

FORMAT = "provault-outbox-1"


class OutboxError(VaultCommandError):
    """Name an outbox that cannot be used, and why."""


class Outbox:
    """The outbox of one account on one chain, held by one process at a time.

    Raises: OutboxError when another process holds it, or the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._lock = InstanceLock(path)
        except AlreadyRunningError:
            raise OutboxError(
                f"another command sends from this account ({path}); wait until it has ended."
            ) from None

    @classmethod
    def of(cls, chain_id: int, account: str) -> Self:
        """Open the outbox of an account in the state folder of the user."""
        folder = user_state_path("provault", appauthor=False) / "vault"
        return cls(folder / f"{chain_id}-{account}.json")

    def read(self) -> Step | None:
        """Return the transaction that was left, None when there is none.

        Raises: OutboxError.
        """
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ValueError
            return step_of(document["step"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise OutboxError(
                f"{self.path} is damaged; it names a transaction that may be under way: look for it with the"
                " account's nonce, then move the file away."
            ) from None

    def write(self, step: Step) -> None:
        """Keep a transaction; without an attempt there is none, and the file goes.

        Raises: contracts.errors.RecordError.
        """
        if step.attempts:
            replace_file(self.path, json.dumps({"format": FORMAT, "step": asdict(step)}) + "\n")
        else:
            self.clear()

    def clear(self) -> None:
        """Forget the transaction: it is settled."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process have it."""
        self._lock.close()
