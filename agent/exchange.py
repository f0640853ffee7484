"""Ask exchanges for a price to compare the pool with: the median of the venues that answer, through ccxt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any, Protocol

import structlog

from agent.errors import InvalidOptionError

log = structlog.get_logger(__name__)


class Venue(Protocol):
    """One exchange, as ccxt gives it."""

    @property
    def id(self) -> str:
        """Return the exchange's name."""
        ...

    def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        """Return the present prices of a pair."""
        ...


class MedianPrice:
    """The median of several venues.

    Parameters: `decimals_apart` is base decimals minus risky decimals: the pool counts raw units.
    """

    def __init__(self, venues: Sequence[Venue], symbol: str, *, decimals_apart: int) -> None:
        self._venues = venues
        self._symbol = symbol
        self._decimals_apart = decimals_apart

    def tick(self) -> int | None:
        """Return floor(log(price * 10^decimals_apart) / log 1.0001), None when no venue answers."""
        prices = []
        for venue in self._venues:
            try:
                price = venue.fetch_ticker(self._symbol).get("last")
            except Exception as error:  # a venue fails in as many ways as its server; the others still count
                log.warning("venue fails", venue=venue.id, error=type(error).__name__)
                continue
            if isinstance(price, int | float) and math.isfinite(price) and price > 0:
                prices.append(float(price))
        if not prices:
            return None
        logarithm = math.log(median(prices)) + self._decimals_apart * math.log(10)
        return math.floor(logarithm / math.log(1.0001))


def open_venues(names: Sequence[str], timeout_secs: float) -> list[Venue]:
    """Return ccxt clients with their rate limiters on.

    Raises: InvalidOptionError for a name that ccxt does not have.
    """
    import ccxt

    venues: list[Venue] = []
    for name in names:
        if name not in ccxt.exchanges:
            raise InvalidOptionError("exchange.venues", name, "names of exchanges that ccxt has")
        options = {"enableRateLimit": True, "timeout": int(timeout_secs * 1000)}
        venues.append(getattr(ccxt, name)(options))
    return venues
