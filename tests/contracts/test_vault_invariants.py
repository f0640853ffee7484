"""The vault's invariants, over random lives of a vault with ghost accounting beside it.

V1 solvency, V2 flows, V3 exit, V4 authority, V5 trade, V6 price, V7 budget, V8 once, V9 inputs, V10 fee,
V12 bond, V13 donation. (V11 notice and V14 oracle have tests of their own.)
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.support.vault_life import HAPPENED, VaultLife

# the least that 30 lives must have seen; several times as much is usual
EXPECTED = {
    "steps": 900,
    "decided": 20,
    "bought": 5,
    "sold": 3,
    "idle 0": 3,
    "idle 2": 2,
    "missed": 3,
    "entered": 5,
    "left": 5,
}


def live(lives: int) -> None:
    """Live so many random lives, and refuse them when too little happened in them to show anything."""
    HAPPENED.clear()
    run_state_machine_as_test(
        VaultLife,
        settings=settings(
            max_examples=lives,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    few = {name: HAPPENED[name] for name, least in EXPECTED.items() if HAPPENED[name] < least * lives // 30}
    assert not few, f"too little happened: {dict(HAPPENED)}"


def test_the_invariants_hold_over_random_lives() -> None:
    live(27)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_the_invariants_hold_over_many_random_lives() -> None:
    live(600)
