"""Audit one vault from the chain alone.

code       of vault, price log and verifier is what the sources compile to, and the vault's was in every
           block in which it acted; its numbers are what its constructor allows; the pool's address is the
           exchange's own
storage    held at the opening nothing but what constructor and events give, and holds at the head what the
           events since then add; the price log's is, to the last word, what the pool's history gives
logs       are those that the headers commit to
decisions  rebuilt from the price log, the price log from the pool, and every proof verified again
books      trades, mints, redemptions, fees, bond and drip recomputed, and compared with storage
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.chain.header import Header
from audit.chain.history import History, read_history
from audit.chain.node import Node
from audit.errors import VaultError
from audit.findings import Finding
from audit.vault.entries import compare_entries
from audit.vault.events import PUBLISHED_TOPIC, Event, EventReader
from audit.vault.market import MarketFacts
from audit.vault.parameters import Parameters
from audit.vault.past import check_past
from audit.vault.price_storage import check_price_storage
from audit.vault.proofs import ProofTask, verify_all
from audit.vault.replay import Replay
from audit.vault.standing import read_standing
from audit.vault.storage import HeadState, compare_state, read_state
from audit.vault.strategy import Strategy, read_strategy
from audit.vault.undecided import Undecided
from audit.verifier.transcript import context_of

ADDRESS_BYTES: Final = 20
Say = Callable[[str, int, int], None]  # stage, done, total
SILENT: Final[Say] = lambda stage, done, total: None  # noqa: E731


@dataclass(frozen=True)
class AuditOptions:
    """Choose how an audit is made.

    fast : verify in arkworks; else in py_ecc, the reference.
    jobs : processes that verify proofs.
    from_block : where the history begins, at or before the opening of the pool.
    head : the last block that counts, the latest by default.
    public : folder with architecture.json and layout.json, where they are not published on chain.
    """

    fast: bool = True
    jobs: int = 1
    from_block: int = 0
    head: int | None = None
    public: Path | None = None


@dataclass
class Audit:
    """Hold what an audit read and found."""

    parameters: Parameters
    chain_id: int
    head: Header
    history: History
    market: MarketFacts
    state: HeadState
    replay: Replay
    strategies: dict[bytes, Strategy] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proofs_verified: int = 0
    seconds: float = 0.0


def read_address(text: str) -> bytes:
    """Return the 20 bytes of an address.

    Raises
    ------
    VaultError : anything else.
    """
    digits = text[2:] if text.startswith("0x") else ""
    try:
        address = bytes.fromhex(digits)
    except ValueError:
        address = b""
    if len(address) != ADDRESS_BYTES:
        raise VaultError(text, "it is not an address, 0x and 40 hexadecimal digits")
    return address


def audit_vault(node: Node, vault: bytes, options: AuditOptions, say: Say = SILENT) -> Audit:
    """Audit a vault.

    Raises
    ------
    VaultError : no vault of these sources stands there. NodeError : the node does not serve what is needed.
    """
    started = time.monotonic()
    standing = read_standing(node, vault, options.head, lambda stage: say(stage, 0, 0))
    sources, head, deployed = standing.sources, standing.head, standing.deployed
    chain_id, market, parameters = standing.chain_id, standing.market, deployed.parameters
    findings = [Finding(None, "code", fault) for fault in standing.faults]

    watched = (parameters.vault, parameters.price_log, parameters.pool)
    history = read_history(
        node,
        head,
        watched,
        (PUBLISHED_TOPIC,),
        from_block=options.from_block,
        progress=lambda done, total: say("reading the chain", done, total),
    )
    replay = Replay(parameters, deployed.max_step)
    events = _read_events(history, parameters, findings)
    if not any(event.name == "Initialize" for event in events):
        raise VaultError(_hex(vault), "the history read begins after its pool did; lower --from-block")
    say("replaying", 0, 0)
    replay.run(events, history.doubted)
    say("reading storage", 0, 0)
    state = read_state(node, parameters, sources["Vault"], head)
    audit = Audit(parameters, chain_id, head, history, market, state, replay)
    audit.findings += findings
    audit.findings += _block_findings(audit, events)
    audit.findings += replay.findings
    if not history.linked:
        audit.notes.append("the chain is long: omitted logs would show in the books, not in the headers")
    past = check_past(
        node,
        parameters,
        sources["Vault"],
        history,
        events,
        state.code_hash,
        lambda done, total: say("comparing past code", done, total),
    )
    audit.findings += past.findings
    audit.notes += past.notes
    _check_proofs(node, audit, options, say)
    undecided = Undecided.of(replay, head.time_secs)
    for epoch in undecided.skipped:
        words = "it was due, is not decided, and nobody claimed the miss"
        audit.findings.append(Finding(epoch, "skipped", words))
    if undecided.freed:
        audit.notes.append(undecided.note())
    if not history.doubted:  # a block that cannot be read has its own finding, and may hide a push
        audit.findings += check_price_storage(
            node, parameters.price_log, sources["PriceLog"], head, replay.prices, replay.pool
        )
    audit.findings += compare_state(state, replay, head.time_secs)
    audit.findings += compare_entries(node, parameters, sources["Vault"], head, replay)
    audit.findings.sort(key=lambda finding: (finding.epoch is not None, finding.epoch or 0))
    audit.seconds = time.monotonic() - started
    return audit


def _read_events(history: History, parameters: Parameters, findings: list[Finding]) -> list[Event]:
    reader = EventReader(parameters.vault, parameters.price_log, parameters.pool)
    events = []
    for log in history.logs:
        try:
            event = reader.read(log)
        except ValueError as error:
            epoch = parameters.epoch_of(log.time_secs)
            findings.append(Finding(epoch, "block", f"a log cannot be read: {error}", log.block))
            continue
        if event is not None:
            events.append(event)
    return events


def _block_findings(audit: Audit, events: list[Event]) -> list[Finding]:
    named: dict[int, list[str]] = {}
    for event in events:
        named.setdefault(event.log.block, []).append(event.name)
    found = []
    for fault in audit.history.faults:
        epoch = audit.parameters.epoch_of(audit.history.headers[fault.block].time_secs)
        holds = named.get(fault.block)
        words = f"block {fault.block}: {fault.detail}" + (f" (events: {', '.join(holds)})" if holds else "")
        found.append(Finding(epoch, "block", words, fault.block))
    return found


def _check_proofs(node: Node, audit: Audit, options: AuditOptions, say: Say) -> None:
    published = [log for log in audit.history.logs if log.topics and log.topics[0] == PUBLISHED_TOPIC]
    records = list(audit.replay.records.values())
    wanted = {record.strategy for record in records} | {audit.state.strategy}
    for address in sorted(wanted):
        say("rebuilding the verifying key", 0, 0)
        strategy = read_strategy(
            node,
            address,
            audit.head,
            published,
            audit.parameters,
            fast=options.fast,
            public=options.public,
        )
        audit.strategies[address] = strategy
        audit.findings += [Finding(None, "strategy", fault) for fault in strategy.faults]
    pinned = audit.strategies[audit.state.strategy].code_hash
    if pinned != audit.state.key_hash:
        words = "the data contract in force is not the one that was pinned"
        expected, found = _hex(audit.state.key_hash), _hex(pinned)
        audit.findings.append(Finding(None, "strategy", words, None, expected, found))
    tasks = []
    for record in records:
        if record.proof is None:
            words = "the decision stands without a proof"
            audit.findings.append(Finding(record.epoch, "proof", words, record.block))
        elif record.inputs is not None:
            strategy = audit.strategies[record.strategy]
            tasks.append(_task(audit, record.epoch, strategy, options))
    refusals = verify_all(tasks, options.jobs, lambda done: say("verifying proofs", done, len(tasks)))
    for task, refusal in zip(tasks, refusals, strict=True):
        record = audit.replay.records[task.epoch]
        record.proof_holds = refusal is None
        audit.proofs_verified += refusal is None
        if refusal is not None:
            words = f"the proof does not hold: {refusal}"
            audit.findings.append(Finding(task.epoch, "proof", words, record.block))


def _task(audit: Audit, epoch: int, strategy: Strategy, options: AuditOptions) -> ProofTask:
    record, parameters = audit.replay.records[epoch], audit.parameters
    context = context_of(
        audit.chain_id,
        int.from_bytes(parameters.vault, "big"),
        epoch,
        int.from_bytes(parameters.verifier, "big"),
    )
    return ProofTask(
        epoch=epoch,
        key=strategy.key,
        commitment=strategy.commitment,
        context=context,
        inputs=record.inputs or (),
        target=record.target,
        proof=record.proof or b"",
        fast=options.fast,
    )


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


__all__ = ["Audit", "AuditOptions", "audit_vault", "read_address"]
