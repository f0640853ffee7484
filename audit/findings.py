"""What an audit finds to be off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Name one thing that is not as the rules say.

    epoch : the epoch it belongs to, None for what belongs to the whole vault.
    subject : what was checked: block, code, price, strategy, decision, proof, trade, shares, bond, power,
        skipped or state.
    detail : what is off, in words; expected, found : the two values, empty where words say it all.
    """

    epoch: int | None
    subject: str
    detail: str
    block: int | None = None
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        place = "vault" if self.epoch is None else f"epoch {self.epoch}"
        values = f": expected {self.expected}, found {self.found}" if self.expected or self.found else ""
        return f"{place}: {self.subject}: {self.detail}{values}"
