# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Operator and guardian
@notice The only two roles. Each hands over its own role in two steps: an offer, and its acceptance.
"""

from . import refusal


event RoleOffered:
    guardian: bool
    to: indexed(address)

event RoleTaken:
    guardian: bool
    to: indexed(address)


operator: public(address)
guardian: public(address)
offered_operator: public(address)
offered_guardian: public(address)


@deploy
def __init__(operator: address, guardian: address):
    assert operator != empty(address) and guardian != empty(address), "parameters"
    self.operator = operator
    self.guardian = guardian


@internal
@view
def _only_operator():
    refusal.check(msg.sender == self.operator, "auth")


@internal
@view
def _only_guardian():
    refusal.check(msg.sender == self.guardian, "auth")


@external
def offer_role(guardian: bool, to: address):
    """
    @notice Offer the caller's own role; an offer to the empty address withdraws an earlier one.
    @param guardian True for the guardian's role, False for the operator's.
    """
    if guardian:
        self._only_guardian()
        self.offered_guardian = to
    else:
        self._only_operator()
        self.offered_operator = to
    log RoleOffered(guardian=guardian, to=to)


@external
def take_role(guardian: bool):
    """
    @notice Take a role that was offered to the caller.
    """
    if guardian:
        refusal.check(msg.sender == self.offered_guardian, "auth")
        self.guardian = msg.sender
        self.offered_guardian = empty(address)
    else:
        refusal.check(msg.sender == self.offered_operator, "auth")
        self.operator = msg.sender
        self.offered_operator = empty(address)
    log RoleTaken(guardian=guardian, to=msg.sender)
