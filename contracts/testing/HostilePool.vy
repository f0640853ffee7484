# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title  HostilePool
@license Apache-2.0
@notice A test double put in a pool's place: it answers every question as the pool does and cheats in `swap`.
"""

from ethereum.ercs import IERC20


interface Payer:
    def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]): nonpayable


HONEST: immutable(address)  # where the pool's own code stands
TOKEN0: immutable(address)
TOKEN1: immutable(address)
MANNER: immutable(uint256)

TAKES_TOO_MUCH: constant(uint256) = 0
ASKS_TWICE: constant(uint256) = 1
PAYS_LESS: constant(uint256) = 2
PAYS_MORE: constant(uint256) = 3
CLAIMS_TOO_MUCH: constant(uint256) = 4
ASKS_THE_OTHER_TOKEN: constant(uint256) = 5
TAKES_AND_HIDES: constant(uint256) = 6


@deploy
def __init__(honest: address, token0: address, token1: address, manner: uint256):
    HONEST = honest
    TOKEN0 = token0
    TOKEN1 = token1
    MANNER = manner


@external
@raw_return
def slot0() -> Bytes[224]:
    return raw_call(HONEST, msg.data, max_outsize=224, is_delegate_call=True)


@external
@raw_return
def observations(index: uint256) -> Bytes[128]:
    return raw_call(HONEST, msg.data, max_outsize=128, is_delegate_call=True)


@external
@raw_return
def observe(ago: DynArray[uint32, 2]) -> Bytes[256]:
    return raw_call(HONEST, msg.data, max_outsize=256, is_delegate_call=True)


@external
def swap(
    recipient: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[32]
) -> (int256, int256):
    asked: int256 = amount
    if MANNER == TAKES_TOO_MUCH or MANNER == TAKES_AND_HIDES:
        asked += 1
    got: int256 = 1000
    forward: bool = zero_for_one
    if MANNER == ASKS_THE_OTHER_TOKEN:
        forward = not zero_for_one
    amount0: int256 = asked if forward else -got
    amount1: int256 = -got if forward else asked
    extcall Payer(msg.sender).uniswapV3SwapCallback(amount0, amount1, b"")
    if MANNER == ASKS_TWICE:
        extcall Payer(msg.sender).uniswapV3SwapCallback(amount0, amount1, b"")
    sent: uint256 = convert(got, uint256)
    if MANNER == PAYS_LESS:
        sent -= 1
    if MANNER == PAYS_MORE:
        sent += 1
    extcall IERC20(TOKEN1 if zero_for_one else TOKEN0).transfer(recipient, sent)
    if MANNER == CLAIMS_TOO_MUCH:
        asked = amount + 1
    if MANNER == TAKES_AND_HIDES:
        asked = amount
    return asked if zero_for_one else -got, -got if zero_for_one else asked
