"""One deployment: what is done, what comes next, what it waits for; and how a step is sent and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from eth_utils.crypto import keccak

from agent.chain import Chain
from agent.vault_amounts import format_amount
from agent.vault_config import DeploymentConfig
from agent.vault_deploy_inputs import DeploymentInputs, base_held
from agent.vault_errors import DeploymentError, RevertedError
from agent.vault_opening import next_opening_step
from agent.vault_sender import AccountSender, finish
from contracts.deployment_plan import CREATIONS, DeploymentPlan, StepKind
from contracts.deployment_probes import probe_market
from contracts.deployment_record import DeploymentRecord, Step
from contracts.errors import ProbeError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wait:
    """Something that has to happen on chain before the next step, and what to do then."""

    reason: str


class Deployment:
    """One deployment: its inputs, its record, and the chain they meet on."""

    def __init__(
        self,
        chain: Chain,
        config: DeploymentConfig,
        inputs: DeploymentInputs,
        record: DeploymentRecord,
        *,
        save: Callable[[], None],
        say: Say,
    ) -> None:
        self._chain = chain
        self._config = config
        self._inputs = inputs
        self._save = save
        self._say = say
        self.record = record

    @property
    def plan(self) -> DeploymentPlan:
        """Return the plan."""
        return self._inputs.plan

    def check_done(self) -> None:
        """Compare every contract that the record calls done with the chain.

        Raises: DeploymentError when the chain has other code.
        """
        for step in self.record.steps:
            if step.kind in CREATIONS and step.state == "done" and step.address is not None:
                try:
                    self.plan.check_code(step, self._chain.code(step.address))
                except ProbeError as error:
                    raise DeploymentError(str(error).rstrip(".")) from None

    def next(self) -> Step | Wait | None:
        """Return the step to do now, what to wait for, or None when everything is done."""
        if self.plan.with_zap and self.record.find(StepKind.ZAP) is None:
            self.record.steps.append(self.plan.zap_step(self._nonce_after()))
        for step in self.record.steps:
            if step.state == "open":
                return step
            if step.state == "planned":
                wait = self.wait_before(step)
                return step if wait is None else Wait(wait)
        if self._config.opening is None:
            return None
        found = next_opening_step(self._chain, self._inputs, self.record, self._nonce_after())
        if isinstance(found, Step):
            self.record.steps.append(found)
        return Wait(found) if isinstance(found, str) else found

    def notes(self) -> list[str]:
        """Return what the operator should know, and nothing refuses."""
        notes, decimals = list(self._inputs.notes), self._inputs.market.base_decimals
        needed = self._inputs.seed + self._inputs.bond
        opened = self.record.find(StepKind.OPEN)
        if needed and (opened is None or opened.state != "done"):
            held = base_held(self._chain, self.plan.base, self.record.sender)
            if held < needed:
                has, needs = format_amount(held, decimals), format_amount(needed, decimals)
                notes.append(f"opening takes {needs} base, {self.record.sender} holds {has}: fund it before")
        return notes

    def fill(self, step: Step) -> None:
        """Complete a planned step with its bytes."""
        if step.kind in CREATIONS or step.kind == StepKind.GROW:
            self.plan.fill(step, self.record, first_interval=self._first_interval())

    def renumber(self, nonce: int) -> None:
        """Give the steps that are not sent the account's next nonces, and foretell their addresses."""
        planned = [step for step in self.record.steps if step.state == "planned"]
        if not planned or planned[0].nonce == nonce:
            return
        if any(step.kind in CREATIONS for step in planned):
            self._say("the account has sent something else meanwhile: addresses not taken yet have changed")
        for ahead, step in enumerate(planned):
            step.nonce = nonce + ahead
            step.address = None

    def send(self, sender: AccountSender, step: Step) -> None:
        """Do one step and write down what came of it.

        Raises: VaultCommandError by name; ProbeError when a creation left other code.
        """
        if step.state == "planned":
            self.renumber(sender.next_nonce())
            self.fill(step)
        try:
            mined = sender.deliver(step, self._save)
        except RevertedError as error:
            self.record.failed.append(error.tx_hash)
            self._save()
            raise
        if step.kind in CREATIONS and step.address is not None:
            code = self._chain.code(step.address)
            self.plan.check_code(step, code)
            step.code_hash = "0x" + keccak(code).hex()
        finish(step, mined)
        self._save()

    def _nonce_after(self) -> int:
        return max((step.nonce + 1 for step in self.record.steps), default=0)

    def wait_before(self, step: Step) -> str | None:
        """Return what a step has to wait for: a price log needs what its pool keeps now, not later."""
        if step.kind != StepKind.PRICE_LOG:
            return None
        plan = self.plan
        market = probe_market(
            self._chain, factory=plan.factory, pool=plan.pool, base=plan.base, risky=plan.risky
        )
        self._inputs = replace(self._inputs, market=market)
        if market.cardinality >= plan.min_cardinality:
            interval = plan.rules.interval_secs
            first = -(-market.oldest_secs // interval)
            if first * interval <= self._chain.latest().time_secs:
                return None
            at = datetime.fromtimestamp(first * interval, UTC)
            return (
                f"the pool remembers nothing before {at:%Y-%m-%d %H:%M} UTC, where a price log can begin; run"
                " the same command again then"
            )
        left = market.cardinality - 1 - market.observation_index
        when = f"in {left} blocks with such a change" if left else "with the next one"
        return (
            f"the pool keeps {market.cardinality} of the {plan.min_cardinality} observations wanted and"
            f" {market.cardinality_next} are paid for; it takes them into use at a swap, or a change of"
            f" liquidity in range, {when}; run the same command again then"
        )

    def _first_interval(self) -> int:
        """Return where a new price log begins: as early as the pool remembers and the window needs."""
        interval = self.plan.rules.interval_secs
        now = self._chain.latest().time_secs // interval
        remembered = -(-self._inputs.market.oldest_secs // interval)
        return max(remembered, now - self.plan.rules.window)
