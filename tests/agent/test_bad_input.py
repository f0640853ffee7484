"""What a user gets wrong: one sentence on what it is and what to do, exit 1, nothing half-written."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import cli
from agent.config import config_template
from agent.instance_lock import InstanceLock
from agent.journal import Journal
from contracts.node import Anvil
from tests.agent.support.live_vault import LiveVault, write_light_keystore

PASSPHRASE = "correct horse"


class Case:
    """A folder with a configuration that works, to be broken in one place."""

    def __init__(self, live: LiveVault, folder: Path) -> None:
        self.live = live
        self.folder = folder
        self.config = folder / "agent.yaml"
        self.write()

    def write(self, **changes: object) -> None:
        """Write the configuration, with some keys replaced (`section__key`)."""
        values: dict[tuple[str, str], object] = {
            ("chain", "rpc_url"): self.live.node.rpc_url,
            ("chain", "chain_id"): 31337,
            ("chain", "local_time"): True,
            ("vault", "address"): self.live.vault.address,
            ("vault", "strategy_folder"): self.live.strategy_folder,
            ("account", "keystore_file"): "key.json",
            ("state", "journal_file"): "state/journal.sqlite",
        }
        for name, value in changes.items():
            section, _, key = name.partition("__")
            values[section, key] = value
        self.config.write_text(config_template(values))

    def before(self) -> set[Path]:
        """Return every file there is."""
        return set(self.folder.rglob("*"))


@pytest.fixture
def case(built_vault: LiveVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Give a working configuration, its keystore and its passphrase."""
    monkeypatch.setenv("PROVAULT_PASSPHRASE", PASSPHRASE)
    monkeypatch.chdir(tmp_path)
    write_light_keystore(tmp_path / "key.json", built_vault.operator, PASSPHRASE)
    yield Case(built_vault, tmp_path)


def refused(capsys: pytest.CaptureFixture[str], case: Case, *words: str, name: str) -> str:
    """Run a command that must be refused by name, leaving no file, and return its sentence."""
    before = case.before()
    assert cli.run([*words, "--config", str(case.config)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [line for line in err.splitlines() if line]
    assert line.startswith(f"{name}: "), err
    assert line.endswith(".")
    assert case.before() == before
    return line


RUN = ("agent", "run", "--live", "--once")


def test_the_unbroken_configuration_runs(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    assert cli.run([*RUN, "--config", str(case.config)]) == 0
    assert capsys.readouterr().out == "live: nothing is due\n"


def test_an_unknown_key(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.config.write_text(case.config.read_text() + "\nmarket:\n  pair: ETH/USDT\n")
    assert "market is not a key that is known" in refused(capsys, case, *RUN, name="ConfigError")


def test_a_refusal_is_one_document_under_json(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(vault__strategy_folder="nowhere")
    before = case.before()
    assert cli.run([*RUN, "--config", str(case.config), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    sentence = f"{case.folder / 'nowhere'} does not exist; check the path."
    assert error == {"name": "MissingFileError", "message": sentence}
    assert case.before() == before


def test_a_missing_configuration(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.config.unlink()
    assert "agent.yaml does not exist" in refused(capsys, case, *RUN, name="MissingFileError")


def test_a_missing_strategy_folder(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(vault__strategy_folder="nowhere")
    assert "nowhere does not exist" in refused(capsys, case, *RUN, name="MissingFileError")


def test_an_incomplete_strategy_folder(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    (case.folder / "strategy").mkdir()
    case.write(vault__strategy_folder="strategy")
    assert "layout.json does not exist" in refused(capsys, case, *RUN, name="MissingFileError")


def test_a_missing_keystore(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    (case.folder / "key.json").unlink()
    assert "key.json does not exist" in refused(capsys, case, *RUN, name="MissingFileError")


def test_no_keystore_named(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    text = case.config.read_text()
    case.config.write_text(text.replace('  keystore_file: "key.json"\n', ""))
    assert "account.keystore_file is missing" in refused(capsys, case, *RUN, name="ConfigError")


def test_a_wrong_passphrase(
    capsys: pytest.CaptureFixture[str], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVAULT_PASSPHRASE", "wrong horse")
    line = refused(capsys, case, *RUN, name="KeystoreError")
    assert "the passphrase does not open" in line
    assert "horse" not in line


def test_no_passphrase(
    capsys: pytest.CaptureFixture[str], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVAULT_PASSPHRASE")
    assert "set PROVAULT_PASSPHRASE" in refused(capsys, case, *RUN, name="KeystoreError")


def test_a_node_that_is_not_there(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        case.write(chain__rpc_url=url)
        line = refused(capsys, case, *RUN, name="UnreachableError")
    assert url in line
    assert "correct chain.rpc_url" in line


def test_the_key_of_a_node_s_provider_is_not_shown(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(chain__rpc_url="http://user:hidden@127.0.0.1:9/v2/hidden?key=hidden")
    assert "hidden" not in refused(capsys, case, *RUN, name="UnreachableError")


def test_another_chain(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(chain__chain_id=1, chain__local_time=False)
    assert "serves chain 31337, expected 1" in refused(capsys, case, *RUN, name="ChainIdError")


def test_a_chain_without_the_precompiles(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    with Anvil(hardfork="cancun") as node:
        case.write(chain__rpc_url=node.rpc_url)
        line = refused(capsys, case, *RUN, name="MissingPrecompileError")
    assert "BLS12-381" in line
    assert "use a chain at Prague or later" in line


def test_an_address_that_holds_no_vault(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(vault__address=case.live.operator.address)
    assert "there is no vault at" in refused(capsys, case, *RUN, name="MissingCodeError")


def test_an_address_that_holds_another_contract(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    case.write(vault__address=case.live.market.pool.address)
    assert "does not answer as a vault" in refused(capsys, case, *RUN, name="RpcError")


def test_a_second_agent(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    lock = InstanceLock(case.folder / "state" / "journal.sqlite")
    try:
        assert "agent stop" in refused(capsys, case, *RUN, name="AlreadyRunningError")
    finally:
        lock.close()


def test_a_journal_of_another_version(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    journal = Journal(case.folder / "state" / "journal.sqlite")
    with journal._engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 99")
    journal.close()
    (case.folder / "state" / "journal.sqlite.lock").touch()
    assert "version 99, expected 1" in refused(capsys, case, *RUN, name="JournalError")


def test_a_demo_without_the_local_chain(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVAULT_ANVIL", str(tmp_path / "nowhere" / "anvil"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    assert cli.run(["demo", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["name"] == "ToolchainError"
    assert "PROVAULT_ANVIL names" in error["message"]
    assert "correct or unset it" in error["message"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_status_and_stop_without_an_agent(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    assert "there is no journal" in refused(capsys, case, "agent", "status", name="JournalError")
    assert "no agent works with" in refused(capsys, case, "agent", "stop", name="NotRunningError")


def test_a_configuration_is_never_overwritten(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    before = case.config.read_bytes()
    assert cli.run(["config", "new", str(case.config)]) == 1
    assert "never overwritten" in capsys.readouterr().err
    assert case.config.read_bytes() == before


def test_config_new_check_and_show(
    capsys: pytest.CaptureFixture[str], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.run(["config", "new", "new.yaml", "--chain-id", "5", "--rpc", "https://a.example/v2/KEY"]) == 0
    assert cli.run(["config", "check", "new.yaml"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("PROVAULT__FEES__CONFIRMATIONS", "7")
    assert cli.run(["config", "show", "new.yaml", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["chain"]["chain_id"], shown["fees"]["confirmations"]) == (5, 7)
    assert shown["chain"]["rpc_url"] == "https://a.example", "what follows the host may be a key"
    monkeypatch.setenv("PROVAULT__FEES__CONFIRMATIONS", "many")
    assert cli.run(["config", "check", "new.yaml"]) == 1
    assert "fees.confirmations should be a valid integer" in capsys.readouterr().err


def test_a_key_is_made_with_the_passphrase_of_the_environment(
    capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    assert cli.run(["agent", "key", "--out", "new.json", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["address"].startswith("0x")
    assert cli.run(["agent", "key", "--out", "new.json"]) == 1
    assert "never overwritten" in capsys.readouterr().err
