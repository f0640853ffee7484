"""Turn an audit into one document of plain values: amounts are integers in raw units."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from audit.report.performance import performance
from audit.report.powers import list_powers
from audit.run import Audit
from audit.vault.records import EpochRecord
from audit.vault.trade_rule import IDLE_WORDS

FORMAT = "provault-audit-1"
NOBODY = bytes(20)


def build_document(audit: Audit) -> dict[str, Any]:
    """Return everything that the audit read and found."""
    parameters, state, replay = audit.parameters, audit.state, audit.replay
    records = [replay.records[epoch] for epoch in sorted(replay.records)]
    wrong = {finding.epoch for finding in audit.findings}
    operator_shares = replay.books.shares.get(state.operator, 0)
    return {
        "format": FORMAT,
        "ok": not audit.findings,
        "vault": _hex(parameters.vault),
        "chain_id": audit.chain_id,
        "head": {
            "block": audit.head.number,
            "hash": _hex(audit.head.hash),
            "time": _time(audit.head.time_secs),
        },
        "findings": [{**asdict(finding), "text": str(finding)} for finding in audit.findings],
        "notes": audit.notes,
        "checked": {
            "blocks": len(audit.history.headers),
            "headers_linked": audit.history.linked,
            "logs": len(audit.history.logs),
            "decisions": len(records),
            "proofs_verified": audit.proofs_verified,
            "trades": sum(len(record.trades) for record in records),
            "missed": len(replay.misses),
            "skipped": [finding.epoch for finding in audit.findings if finding.subject == "skipped"],
        },
        "parameters": {
            "interval_secs": parameters.interval_secs,
            "max_step_ticks": replay.prices.max_step,
            "fee_now": state.fee,
            **asdict(parameters.rules),
        },
        "market": {
            "pool": _hex(parameters.pool),
            "factory": _hex(audit.market.factory),
            "pool_fee_millionths": audit.market.fee,
            "base": _hex(parameters.base),
            "base_symbol": audit.market.base_symbol,
            "base_decimals": audit.market.base_decimals,
            "risky": _hex(parameters.risky),
            "risky_symbol": audit.market.risky_symbol,
            "risky_decimals": audit.market.risky_decimals,
            "price_log": _hex(parameters.price_log),
            "verifier": _hex(parameters.verifier),
            "sequencer": None if parameters.sequencer == NOBODY else _hex(parameters.sequencer),
        },
        "state": {
            "base": state.base,
            "risky": state.risky,
            "supply": state.supply,
            "bond": state.bond,
            "drip_left": state.drip_left,
            "first_epoch": state.first_epoch if state.supply else None,
            "operator_shares": operator_shares,
            "other_shares": state.supply - operator_shares,
        },
        "strategies": [
            {
                "address": _hex(strategy.address),
                "code_hash": _hex(strategy.code_hash),
                "commitment": _hex(strategy.strategy_commitment),
                "circuit": _hex(strategy.circuit),
                "in_force": strategy.address == state.strategy,
                "key_rebuilt": strategy.published and not strategy.faults,
            }
            for strategy in audit.strategies.values()
        ],
        "roles": {"operator": _hex(state.operator), "guardian": _hex(state.guardian)},
        "powers": list_powers(audit),
        "performance": performance(records, state, audit),
        "epochs": [_epoch(record, record.epoch not in wrong) for record in records],
        "misses": [asdict(replay.misses[epoch]) for epoch in sorted(replay.misses)],
        "seconds": round(audit.seconds, 2),
    }


def _epoch(record: EpochRecord, ok: bool) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "ok": ok,
        "time": _time(record.time_secs),
        "block": record.block,
        "transaction": _hex(record.tx_hash),
        "strategy": _hex(record.strategy),
        "target_bps": record.target,
        "tick": record.tick,
        "proof_holds": record.proof_holds,
        "base": record.base,
        "risky": record.risky,
        "supply": record.supply,
        "fee_shares": record.fee_shares,
        "nav": record.nav,
        "nav_per_share": record.nav_per_share,
        "trades": [asdict(trade) for trade in record.trades],
        "idle": [IDLE_WORDS[reason] if reason < len(IDLE_WORDS) else str(reason) for reason in record.idles],
    }


def _time(secs: int) -> str:
    return datetime.fromtimestamp(secs, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hex(content: bytes) -> str:
    return "0x" + content.hex()
