# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title TokenSkimming
@license Apache-2.0
@notice A test double: what `Token` becomes when its issuer replaces the code behind it. Storage as in `Token`; of what
        one account pays, a tenth does not arrive, though events and replies say that all of it did. Never holds value.
"""

from ethereum.ercs import IERC20

implements: IERC20

name: public(String[32])
symbol: public(String[16])
decimals: public(immutable(uint8))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

PAYER: immutable(address)


@deploy
def __init__(token_decimals: uint8, payer: address):
    decimals = token_decimals
    PAYER = payer


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - (amount // 10 if owner == PAYER else 0)
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
