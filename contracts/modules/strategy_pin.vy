# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The strategy in force, and the one that waits
@notice A strategy is pinned as (address, code hash): a contract created, proposed and destroyed within one
        transaction could come back with other content. A proposal takes effect with an epoch number and by
        itself; an enacting call could be slipped between proving and inclusion and force a miss.
@custom:invariant for epochs that begin within TIMELOCK, strategy_of is the one in force or the one pending now.
"""

from . import refusal
from . import roles

uses: roles


event StrategyProposed:
    strategy: indexed(address)
    from_epoch: uint256

event StrategyRevoked:
    strategy: indexed(address)

event StrategyFrozen:
    strategy: indexed(address)


EPOCH_SECS: immutable(uint256)
TIMELOCK_SECS: immutable(uint256)

strategy: address
key_hash: bytes32
next_strategy: address  # empty when nothing waits
next_hash: bytes32
next_from: uint256  # epoch
frozen: bool


@deploy
def __init__(strategy: address, key_hash: bytes32, epoch_secs: uint256, timelock_secs: uint256):
    assert strategy.is_contract and strategy.codehash == key_hash, "key"
    assert timelock_secs >= 7 * 86400 and timelock_secs < 1 << 128, "parameters"
    self.strategy = strategy
    self.key_hash = key_hash
    EPOCH_SECS = epoch_secs
    TIMELOCK_SECS = timelock_secs


@internal
@view
def _is_due(epoch: uint256) -> bool:
    return self.next_strategy != empty(address) and epoch >= self.next_from


@internal
@view
def _at(epoch: uint256) -> (address, bytes32):
    if self._is_due(epoch):
        return self.next_strategy, self.next_hash
    return self.strategy, self.key_hash


@internal
def _promote(epoch: uint256):
    if self._is_due(epoch):
        self.strategy = self.next_strategy
        self.key_hash = self.next_hash
        self._clear()


@internal
def _clear():
    self.next_strategy = empty(address)
    self.next_hash = empty(bytes32)
    self.next_from = 0


@internal
def _genuine(epoch: uint256) -> address:
    # the strategy that decides this epoch, with the code it was pinned with
    self._promote(epoch)
    strategy: address = self.strategy
    refusal.check(strategy.codehash == self.key_hash, "key")
    return strategy


@external
def propose(strategy: address):
    """
    @notice Announce another strategy; it decides from epoch (now + TIMELOCK) // INTERVAL + 1 on.
    """
    roles._only_operator()
    refusal.check(not self.frozen, "frozen")
    self._promote(block.timestamp // EPOCH_SECS)
    refusal.check(self.next_strategy == empty(address), "pending")
    refusal.check(strategy.is_contract, "key")
    from_epoch: uint256 = (block.timestamp + TIMELOCK_SECS) // EPOCH_SECS + 1
    self.next_strategy = strategy
    self.next_hash = strategy.codehash
    self.next_from = from_epoch
    log StrategyProposed(strategy=strategy, from_epoch=from_epoch)


@external
def revoke():
    """
    @notice Clear a proposal whose epoch has not begun; the guardian may too.
    """
    refusal.check(msg.sender in [roles.operator, roles.guardian], "auth")
    self._promote(block.timestamp // EPOCH_SECS)
    strategy: address = self.next_strategy
    refusal.check(strategy != empty(address), "pending")
    self._clear()
    log StrategyRevoked(strategy=strategy)


@external
def freeze():
    """
    @notice Keep the strategy in force for ever, and drop one that waits.
    """
    roles._only_operator()
    refusal.check(not self.frozen, "frozen")
    self._promote(block.timestamp // EPOCH_SECS)
    self._clear()
    self.frozen = True
    log StrategyFrozen(strategy=self.strategy)


@external
@view
def strategy_of(epoch: uint256) -> (address, bytes32):
    """
    @notice Return the strategy, and its code hash, that decides an epoch as things stand.
    """
    return self._at(epoch)
