# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  ConstraintsProbe
@license Apache-2.0
@notice Makes the verifier's constraint polynomial callable by tests.
"""

from ..modules import verifier_constraints as constraints


@external
@pure
def combine(
    row: constraints.Row, alpha: uint256, beta: uint256, theta: uint256, chi: uint256, limb_bits: uint256
) -> uint256:
    return constraints.combine(row, alpha, beta, theta, chi, limb_bits)
