# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  ZapRoundTrip
@license Apache-2.0
@notice A test double: enters a vault through its Zap and leaves again within one transaction. Its base is at
        anybody's mercy.
"""

from ethereum.ercs import IERC20


interface Zap:
    def VAULT() -> address: view
    def BASE() -> address: view
    def enter(shares: uint256, max_base: uint256, receiver: address, deadline: uint256) -> uint256: nonpayable
    def leave(shares: uint256, min_base: uint256, receiver: address, deadline: uint256) -> uint256: nonpayable


@external
def run(zap: Zap, shares: uint256) -> (uint256, uint256):
    """
    @notice Return the base spent on the way in and got on the way out.
    """
    spent: uint256 = self._enter(zap, shares)
    return spent, self._leave(zap, shares)


def _enter(zap: Zap, shares: uint256) -> uint256:
    base: IERC20 = IERC20(staticcall zap.BASE())
    extcall base.approve(zap.address, max_value(uint256))
    return extcall zap.enter(shares, staticcall base.balanceOf(self), self, block.timestamp)


def _leave(zap: Zap, shares: uint256) -> uint256:
    extcall IERC20(staticcall zap.VAULT()).approve(zap.address, shares)
    return extcall zap.leave(shares, 0, self, block.timestamp)
