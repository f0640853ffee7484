"""Candles made by hand."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from strategies.candles import Candles


def hourly(
    closes: Sequence[float | int | str], *, first_open: int = 10 * 3600, missing_before: Sequence[int] = ()
) -> Candles:
    """Hourly candles; one is left out before each listed position."""
    prices = tuple(Decimal(str(close)) for close in closes)
    times, time = [], first_open
    for i in range(len(prices)):
        time += 3600 * (i in missing_before)
        times.append(time)
        time += 3600
    return Candles(
        3600, np.array(times, dtype=np.int64), prices, prices, prices, prices, (Decimal(1),) * len(prices)
    )
