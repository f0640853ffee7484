# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Relay
@license Apache-2.0
@notice A test double: somebody's contract through which calls are sent, as wallets and bundlers do. Never holds value.
"""


@external
def forward(target: address, data: Bytes[8192]):
    """
    @notice Call a contract; its refusal becomes this call's.
    """
    raw_call(target, data)
