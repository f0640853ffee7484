"""The journal file: private, durable, of one version, and readable while an agent writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.errors import JournalError
from agent.journal import CommandKind, CommandRow, EpochRow, EpochState, HaltRow, Journal, Outcome

CHAIN, VAULT, SENDER = 1, "0x" + "aa" * 20, "0x" + "bb" * 20


def epoch_row(epoch: int, state: EpochState) -> EpochRow:
    """Return a row of an epoch."""
    return EpochRow(
        chain_id=CHAIN, vault=VAULT, epoch=epoch, state=state, first_block=1,
        inputs=[-3, 2**40], updated_secs=1,
    )  # fmt: skip


def command_row(nonce: int, outcome: Outcome) -> CommandRow:
    """Return a row of a transaction."""
    return CommandRow(
        tx_hash=bytes([nonce]) * 32, chain_id=CHAIN, vault=VAULT, epoch=5, kind=CommandKind.DECIDE,
        sender=SENDER, nonce=nonce, max_fee_wei=2**62, priority_fee_wei=1, raw=b"\x02", outcome=outcome,
        signed_secs=nonce,
    )  # fmt: skip


def test_what_is_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.sqlite"
    journal = Journal(path)
    journal.save(epoch_row(5, EpochState.OBSERVED))
    journal.add_command(command_row(1, Outcome.UNRESOLVED))
    journal.close()
    assert path.stat().st_mode & 0o777 == 0o600
    journal = Journal(path)
    row = journal.epoch(CHAIN, VAULT, 5)
    assert row is not None
    assert (row.state, row.inputs) == (EpochState.OBSERVED, [-3, 2**40])
    (command,) = journal.unresolved(CHAIN, SENDER)
    assert command.max_fee_wei == 2**62
    journal.close()


def test_a_row_is_replaced_and_not_doubled(journal: Journal) -> None:
    row = epoch_row(5, EpochState.DUE)
    journal.save(row)
    row.state = EpochState.DONE
    journal.save(row)
    assert [one.state for one in journal.epochs(CHAIN, VAULT, last=9)] == [EpochState.DONE]


def test_only_open_epochs_before_are_listed(journal: Journal) -> None:
    states = [EpochState.DONE, EpochState.PROVEN, EpochState.MISSED, EpochState.CONFIRMED, EpochState.DUE]
    journal.save(*(epoch_row(epoch, state) for epoch, state in enumerate(states)))
    assert [row.epoch for row in journal.open_epochs(CHAIN, VAULT, before=4)] == [1, 3]
    assert [row.epoch for row in journal.epochs(CHAIN, VAULT, last=2)] == [3, 4]
    assert journal.open_epochs(2, VAULT, before=4) == []


def test_settled_commands_are_not_unresolved(journal: Journal) -> None:
    rows = [command_row(nonce, Outcome.UNRESOLVED) for nonce in (1, 2)]
    for row in rows:
        journal.add_command(row)
    rows[0].outcome = Outcome.REJECTED
    journal.settle(rows[:1])
    assert [row.nonce for row in journal.unresolved(CHAIN, SENDER)] == [2]
    assert [row.nonce for row in journal.commands(CHAIN, VAULT, 5)] == [1, 2]


def test_a_halt_is_remembered_until_it_is_forgotten(journal: Journal) -> None:
    assert journal.halted(CHAIN, VAULT) is None
    journal.halt(HaltRow(chain_id=CHAIN, vault=VAULT, name="ChainIdError", message="other.", at_secs=1))
    halted = journal.halted(CHAIN, VAULT)
    assert halted is not None
    assert halted.name == "ChainIdError"
    journal.resume(CHAIN, VAULT)
    assert journal.halted(CHAIN, VAULT) is None


def test_a_reader_sees_what_a_writer_has_written(journal: Journal) -> None:
    reader = Journal(journal.path, read_only=True)
    journal.save(epoch_row(5, EpochState.DUE))
    assert [row.epoch for row in reader.epochs(CHAIN, VAULT, last=1)] == [5]
    assert reader.vaults() == [(CHAIN, VAULT)]
    reader.close()


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with pytest.raises(JournalError, match="there is no journal at"):
        Journal(path, read_only=True)
    path.write_bytes(b"no database, but long enough to be looked at as one" * 40)
    with pytest.raises(JournalError, match="file is not a database"):
        Journal(path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(JournalError, match="version 7, expected 1"):
        Journal(path)
    with pytest.raises(JournalError, match="cannot be made: file exists"):
        Journal(path / "journal.sqlite")
