"""A demo that has run, and the command line that ran it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

from agent.demo.vault_history import VaultHistory
from contracts.compile import compile_contract
from strategies.recording import Recording, read_recording

DEMO_SECS = 3_000


@dataclass(frozen=True)
class Commands:
    """The command line, with a state folder of its own."""

    state: Path

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command and wait for it; an empty variable is unset."""
        merged = {**os.environ, "XDG_STATE_HOME": str(self.state), **variables}
        environment = {name: value for name, value in merged.items() if value}
        return subprocess.run(
            [sys.executable, "-m", "agent", *words],
            capture_output=True,
            text=True,
            env=environment,
            timeout=DEMO_SECS,
            check=False,
        )

    @property
    def folder(self) -> Path:
        """What the demo leaves."""
        return self.state / "provault" / "demo"


@dataclass(frozen=True)
class LiveDemo:
    """A demo that has run, and its chain."""

    commands: Commands
    done: subprocess.CompletedProcess[str]
    web3: Web3

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `--json` printed."""
        return json.loads(self.done.stdout)

    @cached_property
    def recording(self) -> Recording:
        """What it recorded."""
        return read_recording(self.commands.folder / "recording.json")

    def contract(self, name: str, address: str) -> Contract:
        """Give a contract of ours at an address."""
        return self.web3.eth.contract(
            address=Web3.to_checksum_address(address), abi=compile_contract(name).abi
        )

    def request(self, method: str, *arguments: Any) -> Any:
        """Ask the node, and take an error for one."""
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(arguments))
        assert "error" not in answer, answer
        return answer["result"]

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo what the block does to the chain."""
        before = self.request("evm_snapshot")
        yield
        assert self.request("evm_revert", before)

    @cached_property
    def vault(self) -> Contract:
        """The vault."""
        return self.contract("Vault", self.document["vault"])

    @cached_property
    def price_log(self) -> Contract:
        """Its price log."""
        return self.contract("PriceLog", self.vault.functions.PRICE_LOG().call())

    @cached_property
    def verifier(self) -> Contract:
        """Its verifier."""
        return self.contract("Verifier", self.vault.functions.VERIFIER().call())

    @cached_property
    def history(self) -> VaultHistory:
        """Read all events."""
        return VaultHistory.read(self.vault, self.price_log)
