# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title  ScriptedPool
@license Apache-2.0
@notice A test double put in a pool's place, whose swap does what it was told: asks for amounts, as often as told,
        sends amounts, and answers with amounts. Positive is paid to the pool, as in the pool's own interface.
"""

from ethereum.ercs import IERC20


interface Payer:
    def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]): nonpayable


TOKEN0: immutable(address)
TOKEN1: immutable(address)
ASKED0: immutable(int256)
ASKED1: immutable(int256)
TIMES: immutable(uint256)
SENT0: immutable(uint256)
SENT1: immutable(uint256)
ANSWER0: immutable(int256)
ANSWER1: immutable(int256)


@deploy
def __init__(
    tokens: address[2], asked: int256[2], times: uint256, sent: uint256[2], answer: int256[2]
):
    TOKEN0 = tokens[0]
    TOKEN1 = tokens[1]
    ASKED0 = asked[0]
    ASKED1 = asked[1]
    TIMES = times
    SENT0 = sent[0]
    SENT1 = sent[1]
    ANSWER0 = answer[0]
    ANSWER1 = answer[1]


@external
def swap(
    recipient: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[32]
) -> (int256, int256):
    if SENT0 != 0:
        extcall IERC20(TOKEN0).transfer(recipient, SENT0)
    if SENT1 != 0:
        extcall IERC20(TOKEN1).transfer(recipient, SENT1)
    for _: uint256 in range(TIMES, bound=2):
        extcall Payer(msg.sender).uniswapV3SwapCallback(ASKED0, ASKED1, b"")
    return ANSWER0, ANSWER1
