"""Give `provault agent`: run the daemon, look at it, end it, and make a key for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import EXIT_DONE, EXIT_REFUSED, CommandResult, JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.journal import EpochRow
    from agent.output import Document
    from agent.step_report import StepReport

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="Configuration file.")]
LiveOption = Annotated[bool, typer.Option("--live", help="Sign and send; without it nothing is signed.")]
OnceOption = Annotated[bool, typer.Option("--once", help="Do what is due now, and leave.")]
LastOption = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many epochs to show.")]
WaitOption = Annotated[float, typer.Option("--wait-secs", min=0, help="How long to wait for the end.")]
OutOption = Annotated[Path, typer.Option("--out", help="Keystore file to write.")]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="agent", help="Run, watch and end the agent.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("run")
    def run(
        config: ConfigOption, live: LiveOption = False, once: OnceOption = False, json: JsonOption = False
    ) -> None:
        """Run the agent: observe, decide, prove, submit, confirm, trade. A dry run unless --live.

        Example: provault agent run --config agent.yaml --live
        """
        run_command(lambda: run_agent(config, live=live, once=once), json=json, render=_render_run)

    @group.command("status")
    def status(config: ConfigOption, last: LastOption = 10, json: JsonOption = False) -> None:
        """Show what the journal knows: whether an agent runs, and its last epochs."""
        run_command(lambda: read_status(config, last), json=json, render=_render_status)

    @group.command("stop")
    def stop(config: ConfigOption, wait_secs: WaitOption = 60.0, json: JsonOption = False) -> None:
        """Let the running agent finish its step and end it."""
        run_command(
            lambda: stop_agent(config, wait_secs),
            json=json,
            render=lambda found: f"ended process {found['process_id']}",
        )

    @group.command("key")
    def key(out: OutOption, json: JsonOption = False) -> None:
        """Make a new key in an encrypted keystore; the passphrase comes from the environment."""
        run_command(lambda: make_key(out), json=json, render=lambda found: f"{found['address']} in {out}")


def run_agent(config_file: Path, *, live: bool, once: bool) -> CommandResult:
    """Run the agent of a configuration, for one step or until it is told to stop.

    Raises: agent.errors.AgentError, prover.errors.ProverError by name.
    """
    import os
    import threading

    from agent.assembly import assemble
    from agent.config import load_config
    from agent.scheduler import Daemon
    from agent.step_report import StepOutcome

    config = load_config(config_file, os.environ)
    stop = threading.Event()
    with assemble(config_file, config, live=live, environment=os.environ, stop=stop) as assembly:
        if once:
            report = assembly.agent.step()
            good = (StepOutcome.CONFIRMED, StepOutcome.DRY_RUN, StepOutcome.SKIPPED)
            code = EXIT_DONE if report is None or report.outcome in good else EXIT_REFUSED
            return CommandResult({"live": live, "step": _step_document(report)}, code)
        daemon = Daemon(
            assembly.agent,
            assembly.clock,
            poll_secs=config.schedule.poll_secs,
            retry_first_secs=config.schedule.retry_first_secs,
            retry_most_secs=config.schedule.retry_most_secs,
            stop=stop,
        )
        daemon.run()
        halted = None if daemon.halted is None else f"{type(daemon.halted).__name__}: {daemon.halted}"
        return CommandResult(
            {"live": live, "steps": daemon.steps, "halted": halted},
            EXIT_DONE if halted is None else EXIT_REFUSED,
        )


def read_status(config_file: Path, last: int) -> Document:
    """Return what the journal of a configuration knows.

    Raises: agent.errors.ConfigError, JournalError.
    """
    import os

    from agent.assembly import journal_path
    from agent.config import load_config
    from agent.instance_lock import holder
    from agent.journal import Journal

    config = load_config(config_file, os.environ)
    file = journal_path(config)
    journal = Journal(file, read_only=True)
    try:
        chain_id, vault = config.chain.chain_id, config.vault.address
        halted = journal.halted(chain_id, vault)
        return {
            "journal": file,
            "vault": vault,
            "process_id": holder(file),
            "halted": f"{halted.name}: {halted.message}" if halted is not None else None,
            "epochs": [
                _epoch_document(row, journal.commands(chain_id, vault, row.epoch))
                for row in journal.epochs(chain_id, vault, last=last)
            ],
        }
    finally:
        journal.close()


def stop_agent(config_file: Path, wait_secs: float) -> Document:
    """End the agent that works with the journal of a configuration.

    Raises: agent.errors.NotRunningError; agent.instance_lock.StopTimeoutError.
    """
    import os

    from agent.assembly import journal_path
    from agent.clock import SystemClock
    from agent.config import load_config
    from agent.instance_lock import stop

    config = load_config(config_file, os.environ)
    return {"process_id": stop(journal_path(config), SystemClock(), wait_secs)}


def make_key(out: Path) -> Document:
    """Make a key in a new keystore.

    Raises: agent.errors.KeystoreError, MissingFileError.
    """
    import os
    import secrets

    from agent.keystore import read_passphrase, write_keystore

    passphrase = read_passphrase(os.environ)
    return {"keystore": out, "address": write_keystore(out, secrets.token_bytes(32), passphrase)}


def _step_document(report: StepReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "epoch": report.epoch,
        "outcome": str(report.outcome),
        "reason": report.reason,
        "target_bps": report.target_bps,
        "previous_bps": report.previous_bps,
        "decided_by": report.decided_by,
        "decision_tx": report.decision_tx,
        "prove_secs": None if report.prove_secs is None else round(report.prove_secs, 4),
        "decide_gas": report.decide_gas,
        "trade_gas": list(report.trade_gas),
        "gas_wei": report.gas_wei,
        "trades": [
            {"buy": trade.buy, "paid": trade.paid, "got": trade.got, "wanted": trade.wanted}
            for trade in report.trades
        ],
        "idle_reason": report.idle_reason,
        "missed": list(report.missed),
    }


def _epoch_document(row: EpochRow, commands: list[Any]) -> dict[str, Any]:
    return {
        "epoch": row.epoch,
        "state": row.state,
        "target_bps": row.target_bps,
        "decided_by": row.decided_by,
        "decision_tx": row.decision_tx,
        "idle_reason": row.idle_reason,
        "reason": row.reason,
        "updated_secs": row.updated_secs,
        "transactions": [
            {
                "kind": one.kind,
                "outcome": one.outcome,
                "nonce": one.nonce,
                "tx_hash": one.tx_hash,
                "gas_used": one.gas_used,
                "reason": one.reason,
            }
            for one in commands
        ],
    }


def _render_run(document: Document) -> str:
    kind = "live" if document["live"] else "dry run"
    if "steps" in document:
        return f"{kind}: {document['steps']} steps" + (
            f"; halted: {document['halted']}" if document["halted"] else ""
        )
    step = document["step"]
    if step is None:
        return f"{kind}: nothing is due"
    said = f" ({step['reason']})" if step["reason"] else ""
    target = f", target {step['target_bps']} bps" if step["target_bps"] is not None else ""
    return f"{kind}: epoch {step['epoch']} {step['outcome']}{said}{target}"


def _render_status(document: Document) -> RenderableType:
    from rich.table import Table

    running = f"process {document['process_id']}" if document["process_id"] else "not running"
    halted = f"; halted: {document['halted']}" if document["halted"] else ""
    table = Table(title=f"vault {document['vault']}: {running}{halted}")
    for column in ("epoch", "state", "target bps", "transactions", "reason"):
        table.add_column(column)
    for row in document["epochs"]:
        sent = ", ".join(f"{one['kind']} {one['outcome']}" for one in row["transactions"])
        target = "" if row["target_bps"] is None else str(row["target_bps"])
        table.add_row(str(row["epoch"]), row["state"], target, sent, row["reason"] or "")
    return table
