# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Mover
@license Apache-2.0
@notice A market maker for a local chain: provides liquidity to a pool and swaps in it. It mints the test tokens
        that it owes, so it never runs short. Never holds value.
"""

from ..interfaces import IUniswapV3Pool

interface ITestToken:
    def mint(to: address, amount: uint256): nonpayable

event Moved:
    amount0: int256
    amount1: int256

# The pool being served; callbacks are refused from anybody else and at any other time.
serving: transient(address)


# Provide liquidity between two ticks, as a position of this contract.
@external
def add(pool: address, lower: int24, upper: int24, amount: uint128) -> (uint256, uint256):
    self.serving = pool
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = extcall IUniswapV3Pool(pool).mint(self, lower, upper, amount, b"")
    self.serving = empty(address)
    return amount0, amount1


# Withdraw liquidity and everything that the position is owed to `to`.
@external
def remove(pool: address, lower: int24, upper: int24, amount: uint128, to: address) -> (uint256, uint256):
    extcall IUniswapV3Pool(pool).burn(lower, upper, amount)
    amount0: uint128 = 0
    amount1: uint128 = 0
    amount0, amount1 = extcall IUniswapV3Pool(pool).collect(
        to, lower, upper, max_value(uint128), max_value(uint128)
    )
    return convert(amount0, uint256), convert(amount1, uint256)


# Swap until the price is reached, whatever that takes. No-op when it is there already.
@external
def move(pool: address, sqrt_price_x96: uint160) -> (int256, int256):
    present: uint160 = (staticcall IUniswapV3Pool(pool).slot0())[0]
    if present == sqrt_price_x96:
        return 0, 0
    return self._swap(pool, self, sqrt_price_x96 < present, max_value(int256), sqrt_price_x96)


# Swap an exact amount (negative: exact output) up to a price; what is received goes to `to`.
@external
def swap(
    pool: address, to: address, zero_for_one: bool, amount: int256, limit_x96: uint160
) -> (int256, int256):
    return self._swap(pool, to, zero_for_one, amount, limit_x96)


@external
@reentrant
def uniswapV3MintCallback(owed0: uint256, owed1: uint256, data: Bytes[32]):
    self._pay(owed0, owed1)


@external
@reentrant
def uniswapV3SwapCallback(delta0: int256, delta1: int256, data: Bytes[32]):
    self._pay(convert(max(delta0, 0), uint256), convert(max(delta1, 0), uint256))


def _swap(
    pool: address, to: address, zero_for_one: bool, amount: int256, limit_x96: uint160
) -> (int256, int256):
    self.serving = pool
    amount0: int256 = 0
    amount1: int256 = 0
    amount0, amount1 = extcall IUniswapV3Pool(pool).swap(to, zero_for_one, amount, limit_x96, b"")
    self.serving = empty(address)
    log Moved(amount0=amount0, amount1=amount1)
    return amount0, amount1


def _pay(owed0: uint256, owed1: uint256):
    assert msg.sender == self.serving, "auth"
    pool: IUniswapV3Pool = IUniswapV3Pool(msg.sender)
    if owed0 > 0:
        extcall ITestToken(staticcall pool.token0()).mint(msg.sender, owed0)
    if owed1 > 0:
        extcall ITestToken(staticcall pool.token1()).mint(msg.sender, owed1)
