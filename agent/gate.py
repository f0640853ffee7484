"""The only way from a decision to a signature: guards, then simulation, then the journal, then the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

from agent.chain import Call, Chain
from agent.clock import Clock
from agent.errors import CallRefusedError, HaltedError
from agent.guards import Facts, Guards, Verdict, sentence
from agent.journal import CommandKind, Journal, Outcome
from agent.keystore import Signer
from agent.transactions import Fees, FeeSettings, Sent, Transactions, with_reason
from agent.vault_access import VaultView
from strategies.vault_rules import VaultRules

log = structlog.get_logger(__name__)

NOBODY = "0x0000000000000000000000000000000000000001"  # simulates a dry run's calls
NO_WORD = "the call runs out of gas or reverts without a word"


class ExchangePrices(Protocol):
    """Give the exchanges' price of the pair."""

    def tick(self) -> int | None:
        """Return base per risky as an oriented tick in raw units, None when no venue answers."""
        ...


@dataclass(frozen=True)
class Judgement:
    """What the guards leave of a call, and what it would offer for gas."""

    fees: Fees
    verdict: Verdict
    said: str


class Gate:
    """Let calls of one vault out to the chain.

    Parameters: `signer` None is a dry run, which signs nothing; `exchange` None asks no exchange.
    """

    def __init__(
        self,
        chain: Chain,
        chain_id: int,
        *,
        journal: Journal,
        clock: Clock,
        guards: Guards,
        fees: FeeSettings,
        signer: Signer | None,
        exchange: ExchangePrices | None,
    ) -> None:
        self._chain = chain
        self._journal = journal
        self._clock = clock
        self._guards = guards
        self._fees = fees
        self._exchange = exchange
        self.sender: str = signer.address if signer is not None else NOBODY
        self._transactions = (
            Transactions(chain, chain_id, journal, clock, signer, fees) if signer is not None else None
        )

    @property
    def dry_run(self) -> bool:
        """Tell whether nothing is signed."""
        return self._transactions is None

    def settle(self) -> list[Sent]:
        """Write down what has become of everything sent before."""
        return self._transactions.settle() if self._transactions is not None else []

    def judge(self, rules: VaultRules, view: VaultView, gas_limit: int) -> Judgement:
        """Let every guard look at what would be signed now."""
        block = self._chain.latest()
        if self._transactions is not None:
            fees = self._transactions.offer(block.base_fee_wei)
            balance = self._chain.balance_wei(self.sender)
        else:
            most = min(2 * block.base_fee_wei + self._fees.priority_fee_wei, self._fees.max_fee_wei)
            fees, balance = Fees(most, min(self._fees.priority_fee_wei, most)), gas_limit * most
        market = view.market
        facts = Facts(
            clock_secs=self._clock.now_secs(),
            block_secs=block.time_secs,
            head=view.head,
            epoch=view.epoch,
            base_fee_wei=block.base_fee_wei,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
            gas_limit=gas_limit,
            balance_wei=balance,
            recent_tick=rules.orientation * market.recent_tick if market.recent_known else None,
            exchange_tick=self._exchange.tick() if self._exchange is not None else None,
            exchange_asked=self._exchange is not None,
        )
        verdict, findings = self._guards.check(facts)
        return Judgement(fees, verdict, sentence(findings))

    def refusal(self, call: Call) -> str | None:
        """Simulate a call; return the word with which it reverts, None when it passes."""
        try:
            self._chain.simulate(call, self.sender)
        except CallRefusedError as refusal:
            return refusal.reason or NO_WORD
        return None

    def send(self, kind: CommandKind, vault: str, epoch: int, call: Call, fees: Fees) -> Sent:
        """Send a call, or go on with the same one that is in flight already.

        Raises: HaltedError in a dry run.
        """
        if self._transactions is None:
            raise HaltedError("a dry run signs nothing.")
        sent: Sent | None = None
        for row in self._transactions.unresolved():
            same = (row.vault, row.epoch, row.kind) == (vault, epoch, kind)
            if same and not self._transactions.is_late(row):
                sent = self._transactions.resume(row)
        if sent is None:
            sent = self._transactions.send(kind, vault, epoch, call, fees)
        sent = with_reason(
            sent, self._journal, lambda block: self._chain.refusal_of(call, self.sender, block)
        )
        log.info(
            "transaction",
            vault=vault,
            epoch=epoch,
            kind=str(kind),
            outcome=str(sent.outcome),
            tx="0x" + sent.row.tx_hash.hex(),
            nonce=sent.row.nonce,
            reason=sent.row.reason,
        )
        return sent

    def guarded(
        self, kind: CommandKind, rules: VaultRules, view: VaultView, vault: str, call: Call
    ) -> Sent | str:
        """Send a push or a trade when guards and simulation let it pass, else return why not."""
        judged = self.judge(rules, view, call.gas_limit)
        held = judged.verdict is Verdict.WITHHOLD_TRADE and kind == CommandKind.TRADE
        if judged.verdict is Verdict.REFUSE or held:
            return judged.said
        refused = self.refusal(call)
        if refused is not None:
            return f"simulation of {kind}: {refused}"
        return self.send(kind, vault, view.epoch, call, judged.fees)


def describe(sent: Sent) -> str:
    """Put what became of a transaction into one line."""
    word = f"{sent.row.kind} {sent.outcome}"
    return f"{word}: {sent.row.reason}" if sent.row.reason and sent.outcome is not Outcome.CONFIRMED else word
