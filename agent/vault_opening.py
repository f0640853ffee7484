"""Find the next step toward an open vault, or what to wait for: push the log, allow seed and bond, open."""

from __future__ import annotations

from datetime import UTC, datetime

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from agent.batch_call import Ask
from agent.chain import Chain
from agent.errors import RpcError
from agent.vault_deploy_inputs import DeploymentInputs, check_opening_funds
from contracts.deployment_plan import PUSH_STEPS, StepKind, approve_step, open_step, push_step
from contracts.deployment_record import DeploymentRecord, Step

MOST_APPROVALS = 2  # the second when the amounts were changed; a token that forgets is refused by `open`


def next_opening_step(
    chain: Chain, inputs: DeploymentInputs, record: DeploymentRecord, nonce: int
) -> Step | str | None:
    """Return the step to do now, a sentence that says what to wait for, or None when the vault is open.

    Raises: FundsError when the account cannot pay seed and bond.
    """
    if record.find(StepKind.OPEN) is not None:
        return None
    addresses = inputs.plan.addresses(record)
    price_log, vault = addresses[StepKind.PRICE_LOG], addresses[StepKind.VAULT]
    rules = inputs.plan.rules
    epoch = chain.latest().time_secs // rules.interval_secs
    head, ready, solid_from, allowed, held = _read(
        chain,
        [
            _ask(price_log, "head()"),
            _ask(price_log, "push(uint256)", epoch),
            _ask(price_log, "ready(uint256,uint256)", epoch, rules.window),
            _ask(price_log, "solid_from()"),
            _ask(inputs.plan.base, "allowance(address,address)", record.sender, vault),
            _ask(inputs.plan.base, "balanceOf(address)", record.sender),
        ],
    )
    behind = epoch - head > PUSH_STEPS
    if behind or (not ready and head < epoch):
        pushes = sum(step.kind == StepKind.PUSH for step in record.steps)
        return push_step(pushes + 1, nonce, price_log, epoch)
    if not ready:
        at = datetime.fromtimestamp((solid_from + rules.window) * rules.interval_secs, UTC)
        return (
            f"the price log holds {head - solid_from} of {rules.window} intervals that the strategy reads;"
            f" run the same command again from {at:%Y-%m-%d %H:%M} UTC on, and every few hours until then, so"
            " that the log is pushed before the pool forgets"
        )
    check_opening_funds(held, inputs, record.sender)
    approvals = sum(step.kind == StepKind.APPROVE for step in record.steps)
    if allowed < inputs.seed + inputs.bond and approvals < MOST_APPROVALS:
        return approve_step(nonce, inputs.plan.base, vault, inputs.seed + inputs.bond)
    return open_step(nonce, vault, inputs.seed, inputs.bond)


def _read(chain: Chain, asks: list[Ask]) -> tuple[int, int, int, int, int]:
    """Return head, ready, solid_from, allowance and balance; the push among them is made and forgotten."""
    answers = chain.read_together(asks).answers
    words = [one.data for index, one in enumerate(answers) if index != 1]
    if any(len(word) != 32 for word in words) or not all(one.ok for one in answers):
        raise RpcError("eth_call", "price log or base token do not answer as such")
    head, ready, solid_from, allowed, held = (int(decode(["uint256"], word)[0]) for word in words)
    return head, ready, solid_from, allowed, held


def _ask(address: str, signature: str, *values: object) -> Ask:
    kinds = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    data = keccak(text=signature)[:4] + encode(kinds, values)
    return Ask(bytes.fromhex(to_checksum_address(address)[2:]), data)
