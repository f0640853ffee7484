"""The books of a vault: holdings, supply, bond, drip and budget, moved by its events under the rules.

due  = drip_left at the end, else floor(drip_left (now - drip_last) / (drip_end - drip_last))
mint   base = ceil(shares base / S), risky = ceil(shares risky / S)
redeem base = floor(shares base / S), risky = floor(shares risky / S)
fee    floor(S fee)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from audit.vault.arithmetic import ONE, divide_up
from audit.vault.events import Event
from audit.vault.parameters import Parameters

NEVER: Final = (1 << 256) - 1
NOBODY: Final = bytes(20)
DAY_SECS: Final = 86_400
PAUSE_SECS: Final = 3 * DAY_SECS
PAUSE_AGAIN_SECS: Final = 30 * DAY_SECS
RETIRED, BOND_GONE, SHUT = 1, 2, 3
Off = list[tuple[str, object, object]]


@dataclass
class Books:
    """Hold the amounts of a vault, in raw units; fractions with 1e18 = 1."""

    parameters: Parameters
    fee: int
    base: int = 0
    risky: int = 0
    supply: int = 0
    bond: int = 0
    drip_left: int = 0
    drip_last: int = 0
    drip_end: int = 0
    spent: int = 0
    spent_at: int = 0
    end_at: int = NEVER
    paused_at: int = 0
    first_epoch: int = NEVER
    shares: dict[bytes, int] = field(default_factory=dict)

    def held_shares(self) -> int:
        """Return the sum of what all holders hold."""
        return sum(shares for holder, shares in self.shares.items() if holder != NOBODY)

    def paused(self, now: int) -> bool:
        """Tell whether trade and mint are paused."""
        return now < self.paused_at + PAUSE_SECS

    def spent_now(self, now: int) -> int:
        """Return what counts as spent after the refill, max(0, spent - floor(BUDGET dt / PERIOD))."""
        rules = self.parameters.rules
        return max(0, self.spent - rules.budget * (now - self.spent_at) // rules.period_secs)

    def due(self, now: int) -> int:
        """Return what has dripped and is not counted in base yet."""
        if now >= self.drip_end:
            return self.drip_left
        return self.drip_left * (now - self.drip_last) // (self.drip_end - self.drip_last)

    def drip(self, now: int) -> None:
        """Count what has dripped in base."""
        due = self.due(now)
        if due:
            self.drip_left -= due
            self.drip_last = now
            self.base += due

    def apply(self, event: Event) -> Off:
        """Take an event over; return (what, expected, found) for each value that the rules do not give."""
        handler = {
            "Opened": self._opened,
            "Minted": self._minted,
            "Redeemed": self._redeemed,
            "Missed": self._missed,
            "BondChanged": self._bond_changed,
            "Ending": self._ending,
            "FeeLowered": self._fee_lowered,
            "Paused": self._paused,
            "Transfer": self._transferred,
        }.get(event.name)
        return [] if handler is None else handler(event, event.log.time_secs)

    def take_fee(self, fee_shares: int, supply: int) -> Off:
        """Mint the fee of a decision to the operator; `supply` is what the decision states after it."""
        expected = (supply - fee_shares) * self.fee // ONE
        self.supply += fee_shares
        return [] if fee_shares == expected else [("fee shares", expected, fee_shares)]

    def _opened(self, event: Event, now: int) -> Off:
        rules = self.parameters.rules
        self.bond = event["bond"]
        self.first_epoch = self.parameters.epoch_of(now) + 1
        least = rules.cut + rules.bounty
        return [] if self.bond >= least else [("bond", f"at least {least}", self.bond)]

    def _minted(self, event: Event, now: int) -> Off:
        self.drip(now)
        shares = event["shares"]
        off: Off = []
        if self.supply == 0:
            expected = (event["base"], 0)
            if shares != event["base"] * self.parameters.shares_per_base:
                seed_shares = event["base"] * self.parameters.shares_per_base
                off.append(("shares of the seed", seed_shares, shares))
        else:
            expected = (
                divide_up(shares * self.base, self.supply),
                divide_up(shares * self.risky, self.supply),
            )
            if self.paused(now) or self.end_at != NEVER:
                off.append(("entry", "none while paused or ending", shares))
        off += _pair("taken for shares", expected, event)
        self.base += event["base"]
        self.risky += event["risky"]
        self.supply += shares
        if self.supply > self.parameters.rules.max_shares:
            off.append(("supply", f"at most {self.parameters.rules.max_shares}", self.supply))
        return off

    def _redeemed(self, event: Event, now: int) -> Off:
        self.drip(now)
        shares = event["shares"]
        if self.supply == 0:
            return [("redemption", "none before a mint", shares)]
        expected = (shares * self.base // self.supply, shares * self.risky // self.supply)
        off = _pair("paid for shares", expected, event)
        self.base -= event["base"]
        self.risky -= event["risky"]
        self.supply -= shares
        return off

    def _missed(self, event: Event, now: int) -> Off:
        rules = self.parameters.rules
        bounty = min(rules.bounty, self.bond)
        cut = min(rules.cut, self.bond - bounty)
        off: Off = []
        closes = self.parameters.closes_at(event["epoch"])
        if not (event["epoch"] >= self.first_epoch and closes < min(now, self.end_at)):
            off.append(("miss", "an epoch whose time to decide is over", event["epoch"]))
        for name, expected in (("cut", cut), ("bounty", bounty), ("bond", self.bond - cut - bounty)):
            if event[name] != expected:
                off.append((f"{name} of the miss", expected, event[name]))
        self.bond = event["bond"]
        self.drip(now)
        self.drip_left += event["cut"]
        self.drip_last, self.drip_end = now, now + rules.drip_secs
        return off

    def _bond_changed(self, event: Event, now: int) -> Off:
        before, self.bond = self.bond, event["bond"]
        unbound = self.end_at != NEVER and now >= self.end_at + self.parameters.rules.unbond_secs
        if self.bond >= before or (self.bond == 0 and unbound):
            return []
        return [("bond", f"at least {before}", self.bond)]

    def _ending(self, event: Event, now: int) -> Off:
        rules = self.parameters.rules
        at = now + rules.unbond_secs if event["cause"] == RETIRED else now
        off: Off = [] if event["at"] == at else [("time of the end", at, event["at"])]
        if event["cause"] == BOND_GONE and self.bond >= rules.cut + rules.bounty:
            off.append(("bond of an ended vault", f"below {rules.cut + rules.bounty}", self.bond))
        self.end_at = event["at"]
        return off

    def _fee_lowered(self, event: Event, now: int) -> Off:
        before, self.fee = self.fee, event["rate"]
        return [] if self.fee < before else [("fee", f"below {before}", self.fee)]

    def _paused(self, event: Event, now: int) -> Off:
        early = now < self.paused_at + PAUSE_AGAIN_SECS
        self.paused_at = now
        off: Off = [("pause", "none within 30 days of the last", now)] if early else []
        if event["until"] != now + PAUSE_SECS:
            off.append(("end of the pause", now + PAUSE_SECS, event["until"]))
        return off

    def _transferred(self, event: Event, now: int) -> Off:
        for account, change in ((event["sender"], -event["value"]), (event["receiver"], event["value"])):
            self.shares[account] = self.shares.get(account, 0) + change
        return []


def _pair(what: str, expected: tuple[int, int], event: Event) -> Off:
    return [
        (f"{name} {what}", value, event[name])
        for name, value in zip(("base", "risky"), expected, strict=True)
        if event[name] != value
    ]
