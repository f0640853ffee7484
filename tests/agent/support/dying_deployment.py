"""Run a deployment in a process that kills itself, without notice, around one write of its record."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from pathlib import Path

import agent.public_strategy
from agent.vault_config import load_deployment_config
from agent.vault_deploy import deploy
from contracts.deployment_record import DeploymentRecord

READ_ONCE = cache(agent.public_strategy.load_public)
WARM_FOLDER = "PROVAULT_TEST_WARM_FOLDER"
if WARM_FOLDER in os.environ:  # in the process that the others are forked from
    READ_ONCE(Path(os.environ[WARM_FOLDER]))


def dying_record(write: int, moment: str) -> type[DeploymentRecord]:
    """Return a record that ends its process before or after one of its writes."""

    class DyingRecord(DeploymentRecord):
        writes = 0

        def save(self, path: Path) -> None:
            DyingRecord.writes += 1
            if DyingRecord.writes == write and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            super().save(path)
            if DyingRecord.writes == write and moment == "after":
                os.kill(os.getpid(), signal.SIGKILL)

    return DyingRecord


def run_and_die(config: str, passphrase: str, write: int, moment: str) -> None:
    """Deploy live, and die around a write; leave 0 when it came to an end, and 3 when it has to wait."""
    path = Path(config)
    agent.public_strategy.load_public = READ_ONCE
    document = deploy(
        path,
        load_deployment_config(path, {}),
        live=True,
        environment={"PROVAULT_PASSPHRASE": passphrase},
        say=lambda line: None,
        record_type=dying_record(write, moment),
    )
    sys.exit(0 if document["complete"] else 3)
