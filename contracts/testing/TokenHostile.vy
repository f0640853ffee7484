# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title  TokenHostile
@license Apache-2.0
@notice A test double with the bad manners of real tokens, each switched on by a test: a fee taken out of what
        arrives, a list of blocked accounts, a false reply instead of a revert or after a transfer that
        happened, and a call into somebody else in the middle of a transfer. Never holds value.
"""

from ethereum.ercs import IERC20

implements: IERC20

decimals: public(immutable(uint8))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

fee_bps: public(uint256)
blocked: public(HashMap[address, bool])
lies: public(bool)
denies: public(bool)  # answers false and moves the amount all the same
hook_target: public(address)
hook_data: public(Bytes[2048])
hook_reason: public(Bytes[256])  # what the call came back with
hook_succeeded: public(bool)
hook_calls: public(uint256)


@deploy
def __init__(token_decimals: uint8):
    decimals = token_decimals


@external
def set_fee(bps: uint256):
    self.fee_bps = bps


@external
def block_account(account: address, on: bool):
    self.blocked[account] = on


@external
def set_lies(on: bool):
    self.lies = on


@external
def set_denies(on: bool):
    self.denies = on


@external
def set_hook(target: address, data: Bytes[2048]):
    self.hook_target = target
    self.hook_data = data


@external
def mint(to: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    return self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    return self._move(owner, to, amount)


def _move(owner: address, to: address, amount: uint256) -> bool:
    assert not self.blocked[owner] and not self.blocked[to], "blocked"
    if self.lies:
        return False
    if self.hook_target != empty(address):
        ok: bool = False
        reason: Bytes[256] = b""
        ok, reason = raw_call(self.hook_target, self.hook_data, max_outsize=256, revert_on_failure=False)
        self.hook_succeeded = ok
        self.hook_reason = reason
        self.hook_calls += 1
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - amount * self.fee_bps // 10_000
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
    return not self.denies
