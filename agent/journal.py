"""Keep what the agent is about to do and what became of it: SQLite, written before the act.

    epochs     one row per vault and epoch: how far its decision has come, and everything needed to go on
    commands   one row per signed transaction, with its hash and nonce, written before it is broadcast

One row per agent remembers why it stopped. The file is readable by its owner alone: a target is worth money
until the trade is done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, create_engine, event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from agent.errors import JournalError

VERSION = 1
BUSY_MS = 10_000


class EpochState(StrEnum):
    """How far the decision of an epoch has come; the next step is the one after it."""

    DUE = "due"
    OBSERVED = "observed"  # the input window is in the row
    DECIDED = "decided"  # the model's target is in the row
    PROVEN = "proven"  # the proof is in the row and holds
    CONFIRMED = "confirmed"  # the chain has taken the decision, whoever sent it
    DONE = "done"  # nothing left to trade, or the epoch is over
    MISSED = "missed"  # over without a decision
    SKIPPED = "skipped"  # no decision was possible or owed: the log had no window, or the vault was not live


FINAL = (EpochState.DONE, EpochState.MISSED, EpochState.SKIPPED)


class CommandKind(StrEnum):
    """What a transaction does."""

    PUSH = "push"
    DECIDE = "decide"
    TRADE = "trade"


class Outcome(StrEnum):
    """What became of a transaction."""

    UNRESOLVED = "unresolved"  # signed, perhaps broadcast; receipt or nonce will tell
    CONFIRMED = "confirmed"
    REJECTED = "rejected"  # mined and reverted
    DENIED = "denied"  # the node refused it, so it is nowhere
    SUPERSEDED = "superseded"  # another transaction used its nonce


class Rows(DeclarativeBase):
    """The journal's tables."""


class EpochRow(Rows):
    """One epoch of one vault."""

    __tablename__ = "epochs"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    vault: Mapped[str] = mapped_column(String(42), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    first_block: Mapped[int] = mapped_column(BigInteger)  # the head when the row was made
    window: Mapped[list[int] | None] = mapped_column(JSON)  # raw ticks, oldest first
    inputs: Mapped[list[int] | None] = mapped_column(JSON)
    previous_bps: Mapped[int | None]
    target_bps: Mapped[int | None]
    proof: Mapped[bytes | None]
    prove_secs: Mapped[float | None]
    decided_by: Mapped[str | None] = mapped_column(String(42))
    decision_tx: Mapped[bytes | None]
    idle_reason: Mapped[int | None]
    reason: Mapped[str | None]  # the last refusal, or why the epoch ended as it did
    updated_secs: Mapped[int] = mapped_column(BigInteger)


class CommandRow(Rows):
    """One signed transaction."""

    __tablename__ = "commands"
    __table_args__ = (Index("open_commands", "chain_id", "sender", "outcome"),)

    tx_hash: Mapped[bytes] = mapped_column(primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    vault: Mapped[str] = mapped_column(String(42))
    epoch: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(42))
    nonce: Mapped[int] = mapped_column(BigInteger)
    max_fee_wei: Mapped[int] = mapped_column(BigInteger)
    priority_fee_wei: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes]
    outcome: Mapped[str] = mapped_column(String(16))
    block: Mapped[int | None] = mapped_column(BigInteger)
    gas_used: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    signed_secs: Mapped[int] = mapped_column(BigInteger)


class HaltRow(Rows):
    """Why the agent of a vault stopped for good, until somebody looks; no row while it has not."""

    __tablename__ = "halts"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    vault: Mapped[str] = mapped_column(String(42), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    message: Mapped[str]
    at_secs: Mapped[int] = mapped_column(BigInteger)


class Journal:
    """One journal file.

    Raises: JournalError when the file cannot be made, is no journal, or is of another version.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        if read_only and not path.is_file():
            raise JournalError(f"there is no journal at {path}; `provault agent run` makes one.")
        try:
            if not read_only:
                _make_private(path)
            self._engine = create_engine(f"sqlite:///{path}")
            event.listen(self._engine, "connect", _on_connect)
            try:
                self._check_version(read_only=read_only)
            except BaseException:
                self._engine.dispose()
                raise
        except SQLAlchemyError as error:
            raise JournalError(f"{path} cannot be used as a journal: {_plain(error)}.") from error
        except OSError as error:
            reason = (error.strerror or "no reason").lower()
            raise JournalError(f"{path} cannot be made: {reason}.") from error

    def _check_version(self, *, read_only: bool) -> None:
        with self._engine.begin() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version == 0 and not read_only:
                Rows.metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise JournalError(f"{self.path} is a journal of version {version}, expected {VERSION}.")

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    # -- epochs

    def epoch(self, chain_id: int, vault: str, epoch: int) -> EpochRow | None:
        """Return the row of an epoch."""
        with self._reading() as session:
            return session.get(EpochRow, (chain_id, vault, epoch))

    def epochs(self, chain_id: int, vault: str, *, last: int) -> list[EpochRow]:
        """Return the rows of the last epochs, oldest first."""
        wanted = select(EpochRow).where(EpochRow.chain_id == chain_id, EpochRow.vault == vault)
        with self._reading() as session:
            found = session.scalars(wanted.order_by(EpochRow.epoch.desc()).limit(last)).all()
        return list(reversed(found))

    def open_epochs(self, chain_id: int, vault: str, *, before: int) -> list[EpochRow]:
        """Return the rows of earlier epochs that have not ended, oldest first."""
        wanted = select(EpochRow).where(
            EpochRow.chain_id == chain_id,
            EpochRow.vault == vault,
            EpochRow.epoch < before,
            EpochRow.state.not_in(FINAL),
        )
        with self._reading() as session:
            return list(session.scalars(wanted.order_by(EpochRow.epoch)).all())

    def vaults(self) -> list[tuple[int, str]]:
        """Return chain id and address of every vault in the journal."""
        wanted = select(EpochRow.chain_id, EpochRow.vault).distinct()
        with self._reading() as session:
            return [(row[0], row[1]) for row in session.execute(wanted).all()]

    def save(self, *rows: EpochRow) -> None:
        """Write rows of epochs."""
        self._write(rows)

    # -- commands

    def add_command(self, row: CommandRow) -> None:
        """Write a signed transaction, before it is broadcast."""
        self._write([row])

    def settle(self, rows: Sequence[CommandRow]) -> None:
        """Write what became of transactions, all at once."""
        self._write(rows)

    def unresolved(self, chain_id: int, sender: str) -> list[CommandRow]:
        """Return the transactions of an account whose outcome is open, oldest first."""
        wanted = select(CommandRow).where(
            CommandRow.chain_id == chain_id,
            CommandRow.sender == sender,
            CommandRow.outcome == Outcome.UNRESOLVED,
        )
        with self._reading() as session:
            return list(session.scalars(wanted.order_by(CommandRow.nonce, CommandRow.signed_secs)).all())

    def commands(self, chain_id: int, vault: str, epoch: int) -> list[CommandRow]:
        """Return the transactions of an epoch, oldest first."""
        wanted = select(CommandRow).where(
            CommandRow.chain_id == chain_id, CommandRow.vault == vault, CommandRow.epoch == epoch
        )
        with self._reading() as session:
            return list(session.scalars(wanted.order_by(CommandRow.nonce, CommandRow.signed_secs)).all())

    # -- halts

    def halt(self, row: HaltRow) -> None:
        """Write why an agent stopped."""
        self._write([row])

    def halted(self, chain_id: int, vault: str) -> HaltRow | None:
        """Return why an agent stopped, None when it did not."""
        with self._reading() as session:
            return session.get(HaltRow, (chain_id, vault))

    def resume(self, chain_id: int, vault: str) -> None:
        """Forget why an agent stopped: its reconciliation with the chain has succeeded."""
        if self.halted(chain_id, vault) is None:
            return
        with self._session() as session:
            row = session.get(HaltRow, (chain_id, vault))
            if row is not None:
                session.delete(row)
            self.commit(session)

    def commit(self, session: Session) -> None:
        """Make one write durable; every write of the journal ends here."""
        session.commit()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                yield session
        except SQLAlchemyError as error:
            raise JournalError(f"{self.path} cannot be used as a journal: {_plain(error)}.") from error

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._session() as session:
            yield session
            session.expunge_all()

    def _write(self, rows: Sequence[Rows]) -> None:
        with self._session() as session:
            for row in rows:
                session.merge(row)
            self.commit(session)


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _plain(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0].rstrip(".")
