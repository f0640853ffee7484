"""The people around a test vault, each with a keystore, and the command line as they use it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from agent import cli
from tests.agent.support.live_vault import LiveVault, write_light_keystore

PASSPHRASE = "correct horse"
MNEMONIC = "test test test test test test test test test test test junk"  # anvil's own
ROLES = ("operator", "guardian", "depositor", "stranger")


@dataclass
class Done:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one document on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass
class People:
    """Keystores by role, and a way to run commands on the vault."""

    live: LiveVault
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def address(self, role: str) -> str:
        return dev_account(ROLES.index(role)).address

    def run(self, *words: str, as_: str | None = None, live: bool = False, json: bool = True) -> Done:
        """Run `provault vault ...`; the vault's address comes after the command, `VAULT` marks the place."""
        filled = [self.live.vault.address if word == "VAULT" else word for word in words]
        filled += ["--rpc", self.live.node.rpc_url]
        if as_ is not None:
            filled += ["--keystore", str(self.folder / f"{as_}.json")]
        filled += (["--live"] if live else []) + (["--json"] if json else [])
        self.capsys.readouterr()
        code = cli.run(["vault", *filled])
        out, err = self.capsys.readouterr()
        return Done(code, out, err)

    def does(self, *words: str, as_: str) -> dict[str, Any]:
        """Run a command live and return its document."""
        done = self.run(*words, as_=as_, live=True)
        assert done.code == 0, done.out + done.err
        found = done.document
        assert found["live"] is True
        assert found["sent"], "a live command says what it sent"
        return found

    def tries(self, *words: str, as_: str) -> dict[str, Any]:
        """Run a command dry, see that nothing at all happened, and return its document."""
        before = self.state()
        done = self.run(*words, as_=as_)
        assert done.code == 0, done.out + done.err
        assert self.state() == before
        found = done.document
        assert (found["live"], found["sent"], found["events"]) == (False, [], [])
        return found

    def refused(self, *words: str, as_: str, live: bool = False) -> str:
        """Run a command that must be refused in one sentence, with nothing sent; return name and sentence."""
        before = self.state()
        done = self.run(*words, as_=as_, live=live)
        assert done.code == 1, done.out + done.err
        assert set(done.document) == {"error"}
        assert "Traceback" not in done.err
        assert self.state() == before
        error = done.document["error"]
        assert error["message"].endswith("."), error
        assert "\n" not in error["message"]
        return f"{error['name']}: {error['message']}"

    def state(self) -> tuple[int, list[int]]:
        """Return the height of the chain and what everybody has sent."""
        web3 = self.live.node.web3
        return web3.eth.block_number, [web3.eth.get_transaction_count(self.address(role)) for role in ROLES]

    def base_of(self, role: str) -> int:
        return int(self.live.market.base.functions.balanceOf(self.address(role)).call())

    def risky_of(self, role: str) -> int:
        return int(self.live.market.risky.functions.balanceOf(self.address(role)).call())

    def shares_of(self, role: str) -> int:
        return int(self.live.vault.functions.balanceOf(self.address(role)).call())

    def give_base(self, role: str, amount: int) -> None:
        self.live.market.mint_tokens(self.live.market.base, self.address(role), amount)

    def give_risky(self, role: str, amount: int) -> None:
        self.live.market.mint_tokens(self.live.market.risky, self.address(role), amount)


def dev_account(index: int) -> LocalAccount:
    """Return one of the accounts that the local node funds."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account


def people_of(
    live: LiveVault, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> People:
    """Write a keystore for everybody, and keep outboxes in the test's folder."""
    monkeypatch.setenv("PROVAULT_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    for index, role in enumerate(ROLES):
        write_light_keystore(folder / f"{role}.json", dev_account(index), PASSPHRASE)
    return People(live, folder, capsys)
