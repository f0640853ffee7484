# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Refusals of one word
@notice One copy of the code that reverts with a reason; a reason written out at each place takes five times
        the bytes.
"""


@internal
@pure
def check(ok: bool, word: String[10]):
    """
    @notice Revert with the word unless ok.
    """
    assert ok, word
