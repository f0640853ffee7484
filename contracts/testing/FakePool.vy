# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  FakePool
@license Apache-2.0
@notice A test double: claims tokens and a fee like a pool, and is none.
"""

token0: public(immutable(address))
token1: public(immutable(address))
fee: public(immutable(uint24))


@deploy
def __init__(one: address, other: address, pool_fee: uint24):
    token0 = one
    token1 = other
    fee = pool_fee
