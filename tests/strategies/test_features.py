"""One function builds a model's inputs: signs, order, previous target; the vectorised form equals it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.errors import RulesError
from strategies.features import difference_matrix, model_inputs, orientation


def test_up_means_dearer_in_both_token_orders():
    raw = [100, 103, 101]
    assert model_inputs(raw, sign=orientation(risky_is_token0=True)) == (3, -2)
    assert model_inputs(raw, sign=orientation(risky_is_token0=False)) == (-3, 2)


def test_the_previous_target_comes_last():
    assert model_inputs([5, 7], sign=1, previous_target_bps=0) == (2, 0)
    assert model_inputs([5, 7], sign=-1, previous_target_bps=4321) == (-2, 4321)


@pytest.mark.parametrize(("window", "sign"), [([1, 2], 0), ([1, 2], 2), ([1], 1), ([], 1)])
def test_nonsense_is_refused(window, sign):
    with pytest.raises(RulesError):
        model_inputs(window, sign=sign)


@given(
    st.lists(st.integers(-800_000, 800_000), min_size=1, max_size=30),
    st.integers(2, 9),
    st.sampled_from([1, -1]),
)
def test_rows_equal_the_function(ticks, window_ticks, sign):
    rows = difference_matrix(np.array(ticks, dtype=np.int64), window_ticks, sign=sign)
    expected = [
        list(model_inputs(ticks[i : i + window_ticks], sign=sign))
        for i in range(len(ticks) - window_ticks + 1)
    ]
    assert rows.tolist() == expected
