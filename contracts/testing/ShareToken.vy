# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  ShareToken
@license Apache-2.0
@notice A test double: the vault's share token alone, which anybody may mint and burn.
"""

from ..modules import erc20

initializes: erc20

exports: erc20.__interface__


@deploy
def __init__(token_name: String[64], token_symbol: String[32]):
    erc20.__init__(token_name, token_symbol)


@external
def mint(to: address, amount: uint256):
    erc20._mint(to, amount)


@external
def burn(owner: address, amount: uint256):
    erc20._burn(owner, amount)
