"""Deploy a vault from its configuration: look, plan, send step by step, and go on after whatever happened.

The record is written before and after every transaction, so a run that is killed anywhere is finished by the
next one, at the same addresses. Without `live` nothing is signed, sent or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from agent.chain import Chain
from agent.clock import SystemClock
from agent.errors import AlreadyRunningError, ConfigError
from agent.instance_lock import InstanceLock
from agent.keystore import Signer, keystore_address, open_keystore, read_passphrase
from agent.vault_config import DeploymentConfig
from agent.vault_deploy_document import deployment_document
from agent.vault_deploy_inputs import DeploymentInputs, read_inputs
from agent.vault_deployment import Deployment, Say, Wait
from agent.vault_errors import DeploymentError, NonceTakenError
from agent.vault_sender import AccountSender, OfferSettings, simulate
from contracts.deployment_plan import StepKind, digest_of
from contracts.deployment_record import DeploymentRecord, Step

MOST_RETRIES = 3


def deploy(
    path: Path,
    config: DeploymentConfig,
    *,
    live: bool,
    environment: Mapping[str, str],
    say: Say,
    record_type: type[DeploymentRecord] = DeploymentRecord,
) -> dict[str, Any]:
    """Deploy what a configuration says, or show what would be sent.

    Raises: AgentError, ContractsError and ProverError by name.
    """
    signer = _signer(path, config, environment) if live else None
    sender = signer.address if signer is not None else _sender_of(path, config)
    chain = Chain(config.chain.rpc_url, timeout_secs=config.chain.request_timeout_secs, one_chain=True)
    file = config.record.file
    try:
        chain.check_id(config.chain.chain_id)
        say("looking at the chain")
        inputs = read_inputs(chain, config, sender)
        if signer is None:
            record = _record(record_type, file, config, inputs, chain, sender)
            return _plan_document(chain, config, inputs, record, say)
        if not file.parent.is_dir():
            raise ConfigError(path, f"record.file is in {file.parent}, and there is no such folder")
        lock = _lock(file)
        try:
            record = _record(record_type, file, config, inputs, chain, sender)
            return _send_all(chain, config, inputs, record, signer, say)
        finally:
            lock.close()
    finally:
        chain.close()


def _lock(file: Path) -> InstanceLock:
    try:
        return InstanceLock(file)
    except AlreadyRunningError:
        raise DeploymentError(f"another process works with {file}; wait until it has ended") from None


def _record(
    kind: type[DeploymentRecord],
    file: Path,
    config: DeploymentConfig,
    inputs: DeploymentInputs,
    chain: Chain,
    sender: str,
) -> DeploymentRecord:
    """Return the record to go on from, or a new one that is not written yet."""
    found = kind.load(file)
    if found is None:
        nonce = chain.mined_nonce(sender)
        new = inputs.plan.new_record(config.chain.chain_id, sender, nonce, inputs.market.cardinality_next)
        return kind(**vars(new))
    if (found.chain_id, found.sender) != (config.chain.chain_id, sender):
        raise DeploymentError(
            f"{file} belongs to chain {found.chain_id} and account {found.sender}, not to chain"
            f" {config.chain.chain_id} and {sender}; name another record.file"
        )
    if found.settings_digest != digest_of(inputs.plan.settings()):
        settings = inputs.plan.settings()
        changed = sorted(key for key in settings if found.settings.get(key) != settings[key])
        raise DeploymentError(
            f"{file} was begun with other settings ({', '.join(changed) or 'unknown'}); restore them, or name"
            " another record.file to begin anew"
        )
    return found


def _send_all(
    chain: Chain,
    config: DeploymentConfig,
    inputs: DeploymentInputs,
    record: DeploymentRecord,
    signer: Signer,
    say: Say,
) -> dict[str, Any]:
    def save() -> None:
        record.save(config.record.file)

    fees = config.fees
    offer = OfferSettings(fees.max_fee_wei, fees.priority_fee_wei, fees.confirm_wait_secs, fees.confirmations)
    sender = AccountSender(chain, config.chain.chain_id, signer, offer, SystemClock(), say)
    deployment = Deployment(chain, config, inputs, record, save=save, say=say)
    deployment.check_done()
    retries = 0
    while True:
        step = deployment.next()
        if step is None or isinstance(step, Wait):
            break
        try:
            deployment.send(sender, step)
        except NonceTakenError as error:
            retries += 1
            if retries > MOST_RETRIES:
                raise
            say(str(error))
    return deployment_document(config, deployment, live=True, wait=step)


def _plan_document(
    chain: Chain, config: DeploymentConfig, inputs: DeploymentInputs, record: DeploymentRecord, say: Say
) -> dict[str, Any]:
    """Return what would be sent, each step that can be tried now tried."""
    deployment = Deployment(chain, config, inputs, record, save=lambda: None, say=say)
    deployment.check_done()
    wait = deployment.next()
    planned = [step for step in record.steps if step.state == "planned"]
    for step in planned:
        later = deployment.wait_before(step)
        if later is not None:
            wait = Wait(later)
    waiting = record.open_step()
    mined = chain.mined_nonce(record.sender)
    deployment.renumber(mined if waiting is None else max(mined, waiting.nonce + 1))
    document = deployment_document(config, deployment, live=False, wait=wait)
    tried: set[str] = set()
    for step in planned:
        if _can_be_tried(step, deployment):
            say(f"trying: {step.name}")
            simulate(chain, step, record.sender)
            tried.add(step.name)
    for entry in document["steps"]:
        entry["simulated"] = entry["name"] in tried
    return document


def _can_be_tried(step: Step, deployment: Deployment) -> bool:
    """Tell whether a planned step needs nothing that an earlier one leaves, and could be sent now."""
    if step.kind == StepKind.PRICE_LOG:
        return deployment.wait_before(step) is None
    first = next(one for one in deployment.record.steps if one.state == "planned")
    return step is first or step.kind in (StepKind.VERIFIER, StepKind.STRATEGY, StepKind.CIRCUIT)


def _sender_of(path: Path, config: DeploymentConfig) -> str:
    """Return the account that a dry run foretells for: the keystore's, else the operator."""
    if config.account.keystore_file is not None:
        address = keystore_address(config.account.keystore_file)
        if address is not None:
            return address
    if config.roles.operator is not None:
        return str(to_checksum_address(config.roles.operator))
    raise ConfigError(
        path, "account.keystore_file and roles.operator are missing; one of them names the account"
    )


def _signer(path: Path, config: DeploymentConfig, environment: Mapping[str, str]) -> Signer:
    if config.account.keystore_file is None:
        raise ConfigError(path, "account.keystore_file is missing, and --live signs with it")
    return open_keystore(config.account.keystore_file, read_passphrase(environment))
