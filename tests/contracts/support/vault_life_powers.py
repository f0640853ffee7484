"""The powers of the two roles in a vault's life: each goes through exactly where the ledger says so."""

from collections.abc import Callable
from typing import Any

from tests.contracts.support.evm import Deployed, Refused
from tests.contracts.support.vault_life_ledger import NEVER, Ledger, Notice, hold
from tests.contracts.support.vault_life_stage import HAPPENED
from tests.contracts.support.vault_world import GUARDIAN, OPERATOR, World

POWERS = ("propose", "revoke", "lower_fee", "propose", "pause", "retire", "freeze", "shut")
STEPS_BEFORE_THE_END = 30


class Powers:
    """What the two roles do; mixed into a life."""

    world: World
    vault: Deployed
    ledger: Ledger
    notice: Notice
    strategies: list[str]

    def attempt(self, name: str, may: bool, call: Callable[[], Any], *words: str) -> bool:
        """Call, and require success where the invariant says so, else a refusal with one of the words."""
        try:
            call()
        except Refused as refusal:
            hold(name, not may, "refused", refusal.args)
            hold(name, refusal.args[0] in words, "refused with", refusal.args, words)
            return False
        hold(name, may, "went through")
        return True

    def propose(self, number: int) -> None:
        strategy = self.strategies[number]
        word = self.notice.propose(strategy, self.world.now)
        call = lambda: self.vault.propose(strategy, sender=OPERATOR)  # noqa: E731
        HAPPENED["proposed"] += self.attempt("V11", not word, call, word)

    def revoke(self, number: int) -> None:
        word = self.notice.revoke(self.world.now)
        call = lambda: self.vault.revoke(sender=(OPERATOR, GUARDIAN)[number])  # noqa: E731
        HAPPENED["revoked"] += self.attempt("V11", not word, call, word)

    def freeze(self, _: int) -> None:
        word = self.notice.freeze(self.world.now)
        self.attempt("V11", not word, lambda: self.vault.freeze(sender=OPERATOR), word)

    def lower_fee(self, _: int) -> None:
        rate = self.ledger.fee // 2
        lower = lambda: self.vault.lower_fee(rate, sender=OPERATOR)  # noqa: E731
        self.attempt("V10", rate < self.ledger.fee, lower, "cap")
        self.attempt("V10", False, lambda: self.vault.lower_fee(rate + 1, sender=OPERATOR), "cap")
        self.ledger.fee = rate

    def pause(self, _: int) -> None:
        may = self.world.now >= self.ledger.paused_at + 30 * 86_400
        if self.attempt("V3", may, lambda: self.vault.pause(sender=GUARDIAN), "early"):
            self.ledger.paused_at = self.world.now

    def retire(self, _: int) -> None:
        may = self.ledger.end_at == NEVER
        if self.attempt("V12", may, lambda: self.vault.retire(sender=OPERATOR), "ended"):
            self.ledger.end_at = self.world.now + self.world.rules.unbond_secs

    def shut(self, _: int) -> None:
        may = self.world.now < self.ledger.end_at
        if self.attempt("V12", may, lambda: self.vault.shut(sender=GUARDIAN), "ended"):
            self.ledger.end_at = self.world.now

    def take_bond(self) -> None:
        may, before = self.ledger.may_take_bond(self.world.now), self.world.base.balanceOf(OPERATOR)
        if self.attempt("V12", may, lambda: self.vault.take_bond(OPERATOR, sender=OPERATOR), "early"):
            HAPPENED["bond taken"] += 1
            hold("V12", self.world.base.balanceOf(OPERATOR) - before == self.ledger.bond)
            self.ledger.paid_out += self.ledger.bond
            self.ledger.bond = 0
