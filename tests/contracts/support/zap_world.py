"""A vault with a Zap, and entries and exits of which every unit is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from tests.contracts.support.evm import Deployed, deploy
from tests.contracts.support.vault_world import ACTORS, CHAIN_ID, HOLDER, MAX_UINT, World

SIGNER: LocalAccount = Account.from_key(keccak(text="a holder who signs"))
PERMIT = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


@dataclass
class Zapped:
    """A world and the Zap of its vault; all actors have allowed it base and shares without limit."""

    world: World
    zap: Deployed

    @classmethod
    def of(cls, world: World) -> Zapped:
        """Deploy the Zap of a world's vault."""
        zap = deploy("Zap", world.vault.address)
        for actor in ACTORS:
            for token in (world.base, world.vault):
                token.approve(zap.address, MAX_UINT, sender=actor)
        return cls(world, zap)

    def enter(
        self,
        shares: int,
        *,
        who: str = HOLDER,
        receiver: str | None = None,
        max_base: int = MAX_UINT,
        deadline: int | None = None,
    ) -> int:
        """Enter with the defaults of a careless caller, unchecked."""
        until = self.world.now if deadline is None else deadline
        return int(self.zap.enter(shares, max_base, receiver or who, until, sender=who))

    def leave(
        self,
        shares: int,
        *,
        who: str = HOLDER,
        receiver: str | None = None,
        min_base: int = 0,
        deadline: int | None = None,
    ) -> int:
        """Leave with the defaults of a careless caller, unchecked."""
        until = self.world.now if deadline is None else deadline
        return int(self.zap.leave(shares, min_base, receiver or who, until, sender=who))

    def sign(self, shares: int, deadline: int, **other: Any) -> tuple[int, bytes, bytes]:
        """Return the signer's permit for the Zap: v, r, s; `other` changes a field of the message."""
        vault = self.world.vault
        domain = {
            "name": vault.name(),
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": vault.address,
        }
        message = {
            "owner": SIGNER.address,
            "spender": self.zap.address,
            "value": shares,
            "nonce": vault.nonces(SIGNER.address),
            "deadline": deadline,
            **other,
        }
        signed = SIGNER.sign_typed_data(domain, {"Permit": PERMIT}, message)
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")

    # -- every unit accounted for

    def enter_checked(self, shares: int, *, who: str = HOLDER, receiver: str | None = None) -> int:
        """Enter and account for every unit."""
        world, to = self.world, receiver or who
        base_in, risky_in = world.vault.preview(shares)
        before, held = self.ledger(who, to), self.behind_shares()
        spent = self.enter(shares, who=who, receiver=to)
        after = self.ledger(who, to)
        changes = {name: after[name] - before[name] for name in before if after[name] != before[name]}
        expected = {
            (who, "base"): -spent,
            (to, "shares"): shares,
            (world.vault.address, "base"): base_in,
            (world.vault.address, "risky"): risky_in,
            (world.pool.address, "base"): spent - base_in,
            (world.pool.address, "risky"): -risky_in,
        }
        assert changes == {name: change for name, change in expected.items() if change != 0}
        self.check_kept(held)
        return spent

    def leave_checked(self, shares: int, *, who: str = HOLDER, receiver: str | None = None) -> int:
        """Leave and account for every unit."""
        world, to = self.world, receiver or who
        before, held = self.ledger(who, to), self.behind_shares()
        base_out, risky_out = (shares * part // held[2] for part in held[:2])
        got = self.leave(shares, who=who, receiver=to)
        after = self.ledger(who, to)
        changes = {name: after[name] - before[name] for name in before if after[name] != before[name]}
        expected = {
            (to, "base"): got,
            (who, "shares"): -shares,
            (world.vault.address, "base"): -base_out,
            (world.vault.address, "risky"): -risky_out,
            (world.pool.address, "base"): base_out - got,
            (world.pool.address, "risky"): risky_out,
        }
        assert changes == {name: change for name, change in expected.items() if change != 0}
        self.check_kept(held)
        return got

    def ledger(self, *actors: str) -> dict[tuple[str, str], int]:
        """Return what everybody concerned holds of each token."""
        world = self.world
        tokens = {"base": world.base, "risky": world.risky, "shares": world.vault}
        concerned = {*actors, self.zap.address, world.vault.address, world.pool.address}
        return {(name, label): token.balanceOf(name) for name in concerned for label, token in tokens.items()}

    def behind_shares(self) -> tuple[int, int, int]:
        """Return base, what has dripped by now included, and risky of all shares, and the shares."""
        supply = int(self.world.vault.totalSupply())
        base, risky = self.world.vault.preview(supply)
        return base, risky, supply

    def check_kept(self, before: tuple[int, int, int]) -> None:
        """Nothing is left behind, and what other holders' shares hold has not fallen."""
        self.check_empty()
        after = self.behind_shares()
        assert after[0] * before[2] >= before[0] * after[2]
        assert after[1] * before[2] >= before[1] * after[2]

    def check_empty(self) -> None:
        """The Zap holds nothing of any token, and allows nobody anything."""
        world, zap = self.world, self.zap.address
        for token in (world.base, world.risky, world.vault):
            assert token.balanceOf(zap) == 0
        for token in (world.base, world.risky):
            for spender in (world.vault.address, world.pool.address, *ACTORS):
                assert token.allowance(zap, spender) == 0
