"""Show a deployment: what was sent and left, what would be, and what it waits for."""

from __future__ import annotations

from typing import Any

from agent.vault_config import DeploymentConfig
from agent.vault_deployment import Deployment, Wait
from contracts.deployment_plan import CREATIONS, StepKind, creation_address
from contracts.deployment_record import Step


def deployment_document(
    config: DeploymentConfig, deployment: Deployment, *, live: bool, wait: Step | Wait | None
) -> dict[str, Any]:
    record = deployment.record
    planned = [step for step in record.steps if step.state != "done"]
    for step in planned:
        if step.state == "planned":
            deployment.fill(step)
    opened = record.find(StepKind.OPEN)
    vault = record.find(StepKind.VAULT)
    done = vault is not None and vault.state == "done"
    state = "opened" if opened is not None and opened.state == "done" else "deployed" if done else "begun"
    if not any(step.state != "planned" for step in record.steps):
        state = "planned"
    return {
        "live": live,
        "state": state,
        "complete": live and wait is None,
        "waiting_for": wait.reason if isinstance(wait, Wait) else None,
        "chain_id": record.chain_id,
        "sender": record.sender,
        "record": config.record.file,
        "contracts": deployment.plan.addresses(record),
        "steps": [_step_document(step, record.sender) for step in record.steps],
        "worst_cost_wei": sum(step.gas_limit for step in planned) * config.fees.max_fee_wei,
        "notes": deployment.notes(),
    }


def _step_document(step: Step, sender: str) -> dict[str, Any]:
    mined = step.transaction
    address = step.address
    if address is None and step.kind in CREATIONS:
        address = creation_address(sender, step.nonce)
    return {
        "name": step.name,
        "kind": str(step.kind),
        "state": step.state,
        "nonce": step.nonce,
        "to": step.to,
        "address": address,
        "function": step.function,
        "arguments": step.arguments,
        "gas_limit": step.gas_limit,
        "tx_hash": None if mined is None else mined.tx_hash,
        "block": None if mined is None else mined.block,
        "gas_used": None if mined is None else mined.gas_used,
    }
