"""Where the vault keeps its words: numbered slots, and entries of maps behind a hash.

entry of a map at slot s, key k     H( s || k ), both 32 bytes; a map of maps hashes again
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.vault.sources import CompiledSource
from audit.verifier.transcript import keccak256

EPOCHS_A_WORD: Final = 256
MAPS: Final = ("erc20.balanceOf", "erc20.allowance", "erc20.nonces", "owed", "decided", "missed")


@dataclass(frozen=True)
class Slots:
    """Give the slots of one compiled source."""

    source: CompiledSource

    @property
    def numbered(self) -> list[int]:
        """Return every slot that is no map's, words of names included."""
        first = self.source.slots
        maps = {first[name] for name in MAPS}
        return [slot for slot in range(max(first.values()) + 1) if slot not in maps]

    def of(self, name: str) -> int:
        """Return the slot of a variable."""
        return self.source.slots[name]

    def balance(self, holder: bytes) -> int:
        """Return the slot of a holder's shares."""
        return self._entry("erc20.balanceOf", holder)

    def allowance(self, owner: bytes, spender: bytes) -> int:
        """Return the slot of what a spender may move."""
        return self._entry("erc20.allowance", owner, spender)

    def nonce(self, owner: bytes) -> int:
        """Return the slot of the number of permits of an owner."""
        return self._entry("erc20.nonces", owner)

    def owed(self, account: bytes, token: bytes) -> int:
        """Return the slot of what is kept for an account."""
        return self._entry("owed", account, token)

    def decided(self, epoch: int) -> int:
        """Return the slot of the word that holds an epoch's bit of `decided`."""
        return self._entry("decided", (epoch // EPOCHS_A_WORD).to_bytes(32, "big"))

    def missed(self, epoch: int) -> int:
        """Return the slot of the word that holds an epoch's bit of `missed`."""
        return self._entry("missed", (epoch // EPOCHS_A_WORD).to_bytes(32, "big"))

    def _entry(self, name: str, *keys: bytes) -> int:
        place = self.source.slots[name].to_bytes(32, "big")
        for key in keys:
            place = keccak256(place + key.rjust(32, b"\0"))
        return int.from_bytes(place, "big")
