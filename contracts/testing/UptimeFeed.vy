# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  UptimeFeed
@license Apache-2.0
@notice A test double of a sequencer's uptime feed: answer 0 is up, 1 is down, since `started_at`.
"""

answer: int256
started_at: uint256
retired: bool


@external
def report(answer: int256, started_at: uint256):
    self.answer = answer
    self.started_at = started_at


@external
def retire():
    self.retired = True


@external
@view
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    assert not self.retired, "retired"
    return 1, self.answer, self.started_at, block.timestamp, 1
