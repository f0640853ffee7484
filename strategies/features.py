"""Build a model's inputs: the one function that training, backtest, agent and compiler use.

inputs = s (tick_(i+1) - tick_i), oldest first, then the previous target in bps if the model asks
s = +1 when the risky asset is the pool's token0 (and for candles), else -1: up means dearer
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strategies.errors import RulesError


def orientation(*, risky_is_token0: bool) -> int:
    """Return s, which turns the pool's tick into base per risky."""
    return 1 if risky_is_token0 else -1


def model_inputs(
    window: Sequence[int] | NDArray[np.int64], *, sign: int, previous_target_bps: int | None = None
) -> tuple[int, ...]:
    """Return the inputs of one decision from its W raw ticks.

    Parameters: `window` oldest first; `sign` s; `previous_target_bps` only for a model that takes it.
    Raises: RulesError for a window without a difference or a sign other than 1 and -1.
    """
    if sign not in (1, -1):
        raise RulesError("sign", sign, "1 or -1")
    ticks = [int(tick) for tick in window]
    if len(ticks) < 2:
        raise RulesError("window", len(ticks), "at least two ticks")
    differences = tuple(sign * (b - a) for a, b in pairwise(ticks))
    return differences if previous_target_bps is None else (*differences, previous_target_bps)


def difference_matrix(ticks: NDArray[np.int64], window_ticks: int, *, sign: int = 1) -> NDArray[np.int64]:
    """Return `model_inputs` without previous target for every window of a run, one row each.

    Row i belongs to the decision after tick i + W - 1; shape [len(ticks) - W + 1, W - 1].
    """
    if len(ticks) < window_ticks:
        return np.empty((0, window_ticks - 1), dtype=np.int64)
    differences = sign * np.diff(ticks)
    return np.lib.stride_tricks.sliding_window_view(differences, window_ticks - 1)
