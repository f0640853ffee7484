"""Where random lives of a vault begin, what is counted of them, and what may take its oracles' place."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import boa
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contracts.support.vault_world import HOLDER, OPERATOR, OTHER, Market, World, build

HOLDERS = (OPERATOR, HOLDER, OTHER)
DECIMALS = ((6, 18), (18, 6), (8, 18))
LONG_INTERVAL = 6 * 3_600  # a timelock of seven days in 28 epochs
HAPPENED: Counter[str] = Counter()
STAGED: dict[Market, tuple[World, int]] = {}
# what stands in the place of log, pool and verifier for V14
DEAD_MANNERS = {
    "reverts": bytes.fromhex("5f5ffd"),
    "takes all gas": bytes.fromhex("fe"),
    "returns rubbish": bytes.fromhex("6102005f5f396102005ff3") + b"\xff" * 512,
}


def market_of(decimals: tuple[int, int], risky_is_token0: bool) -> Market:
    """Return a market; tokens that can be frozen where they have other decimals than 6 and 18."""
    token = "testing/Token" if decimals == (6, 18) else "testing/TokenHostile"
    return Market(*decimals, risky_is_token0, base_token=token, risky_token=token)


MARKETS = [market_of(decimals, first) for decimals in DECIMALS for first in (False, True)]


@contextlib.contextmanager
def stage(markets: Sequence[Market] = MARKETS) -> Iterator[None]:
    """Build an opened vault of every market, where lives begin, for one block."""
    with boa.env.anchor():
        for market in markets:
            long = {"interval_secs": LONG_INTERVAL, "unbond_secs": 64 * 86_400}
            changes = long if market.base_decimals == 18 else {}
            world = build(market, previous_target=market.base_decimals == 18, **changes)
            world.open()
            STAGED[market] = world, world.now
        try:
            yield
        finally:
            STAGED.clear()


def step(**strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., bool | None]], Any]:
    """Make a rule of a method, and count a step each time it ran and did not say that it did nothing."""

    def decorate(method: Callable[..., bool | None]) -> Any:
        @wraps(method)
        def counted(self: Any, *args: Any, **drawn: Any) -> None:
            self.unfinished = True
            if method(self, *args, **drawn) is not False:
                self.steps += 1
                HAPPENED["steps"] += 1
                HAPPENED[str(self.world.market)] += 1
            self.unfinished = False

        return rule(**strategies)(counted)

    return decorate
