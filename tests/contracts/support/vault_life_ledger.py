"""The ghost of a vault: what it ought to hold and allow, in plain Python from the specification alone."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from contracts.vault_parameters import VaultRules
from tests.contracts.support.trade_reference import ONE, ceil_div

NEVER = 2**256 - 1
PAUSE_SECS = 3 * 86_400


class BrokenError(AssertionError):
    """Something does not hold; the first word of the message is the invariant's name."""


def hold(name: str, so: bool, *seen: Any) -> None:
    """Require that an invariant holds.

    Raises: BrokenError, naming the invariant and what was seen.
    """
    if not so:
        raise BrokenError(f"{name} is broken: {seen}")


@dataclass
class Notice:
    """V11: the strategies by epoch, and what was promised about them at each moment."""

    interval_secs: int
    timelock_secs: int
    in_force: str
    waiting: str | None = None
    waits_for: int = 0
    frozen: bool = False
    promises: list[tuple[int, frozenset[str]]] = field(default_factory=list)

    def promote(self, epoch: int) -> None:
        if self.waiting is not None and epoch >= self.waits_for:
            self.in_force, self.waiting = self.waiting, None

    def at(self, epoch: int) -> str:
        due = self.waiting is not None and epoch >= self.waits_for
        return self.waiting if due and self.waiting is not None else self.in_force

    def propose(self, strategy: str, now: int) -> str:
        """Return the word of the refusal, or nothing."""
        if self.frozen:
            return "frozen"
        self.promote(now // self.interval_secs)
        if self.waiting is not None:
            return "pending"
        self.waiting, self.waits_for = strategy, (now + self.timelock_secs) // self.interval_secs + 1
        return ""

    def revoke(self, now: int) -> str:
        self.promote(now // self.interval_secs)
        word = "" if self.waiting is not None else "pending"
        self.waiting = None
        return word

    def freeze(self, now: int) -> str:
        if self.frozen:
            return "frozen"
        self.promote(now // self.interval_secs)
        self.waiting, self.frozen = None, True
        return ""

    def check(self, now: int, strategy_of: Any) -> None:
        """Compare the vault's word with every promise made within the last TIMELOCK."""
        epoch = now // self.interval_secs
        last = (now + self.timelock_secs - 1) // self.interval_secs
        near, far = strategy_of(epoch)[0], strategy_of(last)[0]
        begins = epoch * self.interval_secs
        self.promises = [(at, names) for at, names in self.promises if begins < at + self.timelock_secs]
        for at, names in self.promises:
            hold("V11", near in names, "promised", at, names, "now", now, near)
        self.promote(epoch)
        allowed = frozenset([self.in_force] if self.waiting is None else [self.in_force, self.waiting])
        hold("V11", near in allowed and far in allowed, near, far, allowed)
        hold("V11", near == self.at(epoch) and far == self.at(last), near, far, self)
        if not self.promises or self.promises[-1][1] != allowed or self.promises[-1][0] + 3_600 < now:
            self.promises.append((now, allowed))


@dataclass
class Ledger:
    """Every balance of a vault and every bit of its history."""

    rules: VaultRules
    base: int
    risky: int
    supply: int
    bond: int
    first_epoch: int
    shares: Counter[str]
    deposited: int
    fee: int
    end_at: int = NEVER
    paused_at: int = 0
    drip_left: int = 0
    drip_last: int = 0
    drip_end: int = 0
    arrived: int = 0  # of the bond, in base
    paid_out: int = 0  # of the bond, as bounty or to the operator
    owed: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    donated: list[int] = field(default_factory=lambda: [0, 0])
    decided: set[int] = field(default_factory=set)
    missed: set[int] = field(default_factory=set)
    since_flow: tuple[int, int, int] = (0, 0, 0)  # supply, fee, and decisions since the last entry or exit

    def __post_init__(self) -> None:
        self.flowed()

    # -- what may happen

    def paused(self, now: int) -> bool:
        return now < self.paused_at + PAUSE_SECS

    def may_decide(self, epoch: int, now: int) -> bool:
        begins = epoch * self.rules.interval_secs
        return (
            epoch >= self.first_epoch
            and begins <= now <= begins + self.rules.decide_secs
            and epoch not in self.decided
            and now < self.end_at
        )

    def may_miss(self, epoch: int, now: int) -> bool:
        closes = epoch * self.rules.interval_secs + self.rules.decide_secs
        return (
            epoch >= self.first_epoch
            and closes < min(now, self.end_at)
            and epoch not in self.decided | self.missed
            and self.bond > 0
        )

    def may_take_bond(self, now: int) -> bool:
        return self.end_at != NEVER and now >= self.end_at + self.rules.unbond_secs

    # -- what happens

    def drip(self, now: int) -> int:
        """Return what flows from the drip into base, and let it."""
        due = self.drip_left
        if now < self.drip_end:
            due = self.drip_left * (now - self.drip_last) // (self.drip_end - self.drip_last)
        if due:
            self.drip_left, self.drip_last = self.drip_left - due, now
            self.base, self.arrived = self.base + due, self.arrived + due
        return due

    def enter(self, who: str, shares: int, now: int) -> tuple[int, int]:
        """Return what an entry takes."""
        self.drip(now)
        taken = ceil_div(shares * self.base, self.supply), ceil_div(shares * self.risky, self.supply)
        self.base, self.risky = self.base + taken[0], self.risky + taken[1]
        self.supply += shares
        self.shares[who] += shares
        self.flowed()
        return taken

    def leave(self, who: str, shares: int, now: int, held: tuple[bool, bool]) -> tuple[int, int]:
        """Return what an exit pays or holds."""
        self.drip(now)
        paid = shares * self.base // self.supply, shares * self.risky // self.supply
        self.base, self.risky = self.base - paid[0], self.risky - paid[1]
        self.supply -= shares
        self.shares[who] -= shares
        for amounts, amount, hold_it in zip(self.owed, paid, held, strict=True):
            amounts[who] += amount if hold_it else 0
        self.flowed()
        return paid

    def flowed(self) -> None:
        self.since_flow = self.supply, self.fee, 0

    def decide(self, epoch: int, operator: str) -> int:
        """Return the shares of the fee."""
        minted = self.supply * self.fee // ONE
        self.decided.add(epoch)
        self.supply += minted
        self.shares[operator] += minted
        supply, fee, count = self.since_flow
        self.since_flow = supply, fee, count + 1
        return minted

    def miss(self, epoch: int, who: str, now: int) -> tuple[int, int]:
        """Return cut and bounty."""
        bounty = min(self.rules.bounty, self.bond)
        cut = min(self.rules.cut, self.bond - bounty)
        self.missed.add(epoch)
        self.bond -= bounty + cut
        self.paid_out += bounty
        self.owed[0][who] += bounty
        self.drip(now)
        self.drip_left, self.drip_last, self.drip_end = self.drip_left + cut, now, now + self.rules.drip_secs
        if self.bond < self.rules.cut + self.rules.bounty:
            self.end_at = min(self.end_at, now)
        return cut, bounty

    # -- what must be so

    def check(self, vault: Any, held: tuple[int, int], bits_read: int = 4) -> None:
        """Compare the vault's storage, and what it really holds of both tokens, with this ledger."""
        base, risky, bond, left, supply = (
            vault.base(),
            vault.risky(),
            vault.bond(),
            vault.drip_left(),
            vault.totalSupply(),
        )
        out = self.paid_out + self.arrived
        hold("V12", bond + left + out == self.deposited, bond, left, out, self.deposited)
        hold("V12", (bond, left) == (self.bond, self.drip_left), bond, left, self.bond, self.drip_left)
        hold("V4", (base, risky) == (self.base, self.risky), base, risky, self.base, self.risky)
        owed = [sum(amounts.values()) for amounts in self.owed]
        hold("V1", held[0] - self.donated[0] == base + bond + left + owed[0], held, base, bond, left, owed)
        hold("V1", held[1] - self.donated[1] == risky + owed[1], held, risky, owed)
        before, fee, count = self.since_flow
        hold("V10", supply * ONE**count <= before * (ONE + fee) ** count, supply, before, fee, count)
        hold("V10", supply == self.supply, supply, self.supply)
        hold("V8", not self.decided & self.missed, self.decided & self.missed)
        for epoch in sorted(self.decided | self.missed)[-bits_read:]:
            bits = vault.is_decided(epoch), vault.is_missed(epoch)
            hold("V8", bits == (epoch in self.decided, epoch in self.missed), epoch, bits)
