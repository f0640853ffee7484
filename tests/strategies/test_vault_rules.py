"""Shares, drip and bond: rounding to whoever stays, by known values and by property."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.errors import RulesError, VaultRefusal
from strategies.vault_rules import (
    NEVER,
    ONE,
    VaultRules,
    VaultState,
    drip,
    due,
    fee_shares,
    mint,
    miss,
    open_vault,
    redeem,
    spent_now,
)

RULES = VaultRules(risky_is_token0=True, base_decimals=6, pool_fee_pips=500)
T0 = 1_700_000_000
AMOUNTS = st.integers(0, 10**15)
STATES = st.builds(
    VaultState,
    base=AMOUNTS,
    risky=st.integers(0, 10**24),
    supply=st.integers(1, 10**30),
    first_epoch=st.just(1),
)


def test_the_worst_cost_is_the_specified_sum():
    assert RULES.worst_cost_e18 == 40 * 102 * 10**12 + 500 * 10**12 + 10**12


def test_opening_gives_shares_of_eighteen_decimals():
    state = open_vault(RULES, seed=5_000_000, bond=26_000_000, fee_e18=10**12, now=T0)
    assert state.supply == 5 * 10**18
    assert state.first_epoch == T0 // 3600 + 1
    assert state.base == 5_000_000


@pytest.mark.parametrize(
    ("seed", "bond"), [(999_999, 26_000_000), (1_000_000, 25_999_999), (2**128, 26_000_000)]
)
def test_an_opening_below_the_least_is_refused(seed, bond):
    with pytest.raises(VaultRefusal) as found:
        open_vault(RULES, seed=seed, bond=bond, fee_e18=0, now=T0)
    assert found.value.word == "cap"


def test_a_fee_above_two_percent_a_year_is_refused():
    most = 3600 * (ONE // 50) // (365 * 86_400)
    open_vault(RULES, seed=10**6, bond=26 * 10**6, fee_e18=most, now=T0)
    with pytest.raises(RulesError):
        open_vault(RULES, seed=10**6, bond=26 * 10**6, fee_e18=most + 1, now=T0)


@given(STATES, st.integers(1, 10**30))
def test_entry_never_dilutes(state, shares):
    if state.base + state.risky == 0:
        return
    base, risky, after = mint(RULES, state, shares, T0)
    assert after.base * state.supply >= state.base * after.supply
    assert after.risky * state.supply >= state.risky * after.supply
    assert base - 1 < Fraction(shares * state.base, state.supply) <= base
    assert risky - 1 < Fraction(shares * state.risky, state.supply) <= risky


@given(STATES, st.data())
def test_exit_never_dilutes_and_never_fails(state, data):
    shares = data.draw(st.integers(1, state.supply))
    base, risky, after = redeem(state, shares, T0)
    assert after.base * state.supply >= state.base * after.supply
    assert after.risky * state.supply >= state.risky * after.supply
    assert base <= Fraction(shares * state.base, state.supply) < base + 1
    assert (after.base, after.risky) == (state.base - base, state.risky - risky)


@given(STATES, st.integers(1, 10**30))
def test_there_and_back_gains_nothing(state, shares):
    if state.base + state.risky == 0:
        return
    base, risky, after = mint(RULES, state, shares, T0)
    paid_base, paid_risky, _ = redeem(after, shares, T0)
    assert paid_base <= base
    assert paid_risky <= risky


def opened(**changes):
    return replace(open_vault(RULES, seed=10**9, bond=10**9, fee_e18=10**12, now=T0), **changes)


@pytest.mark.parametrize(
    ("state", "shares", "word"),
    [
        (VaultState(), 1, "opened"),
        (opened(end_at=T0), 1, "closed"),
        (opened(base=0), 1, "amount"),
        (opened(), RULES.max_shares, "cap"),
    ],
)
def test_entry_is_refused_by_its_word(state, shares, word):
    with pytest.raises(VaultRefusal) as found:
        mint(RULES, state, shares, T0)
    assert found.value.word == word


@pytest.mark.parametrize("shares", [0, -1, 10**21 + 1])
def test_exit_of_no_shares_or_too_many_is_refused(shares):
    with pytest.raises(VaultRefusal) as found:
        redeem(opened(), shares, T0)
    assert found.value.word == "amount"


def test_a_miss_pays_bounty_and_cut_and_ends_a_vault_without_bond():
    cut, bounty, after = miss(RULES, opened(bond=60_000_000), T0)
    assert (cut, bounty, after.bond) == (25_000_000, 1_000_000, 34_000_000)
    assert (after.drip_left, after.drip_last, after.drip_end) == (25_000_000, T0, T0 + 7 * 86_400)
    assert after.end_at == NEVER
    cut, bounty, after = miss(RULES, after, T0 + 3600)
    assert (cut, bounty, after.bond, after.end_at) == (25_000_000, 1_000_000, 8_000_000, T0 + 3600)
    cut, bounty, last = miss(RULES, replace(after, bond=1_500_000), T0 + 7200)
    assert (cut, bounty, last.bond, last.end_at) == (500_000, 1_000_000, 0, T0 + 3600)
    with pytest.raises(VaultRefusal, match="ended"):
        miss(RULES, last, T0 + 7300)


@given(st.lists(st.integers(0, 200_000), max_size=12))
def test_the_drip_arrives_by_the_second_and_wholly(waits):
    _, _, state = miss(RULES, opened(), T0)
    now, total = T0, state.base + state.drip_left
    for wait in waits:
        now += wait
        straight = due(replace(state, drip_left=25_000_000, drip_last=T0), now)
        state = drip(state, now)
        assert state.base + state.drip_left == total
        assert 25_000_000 - state.drip_left <= straight
    assert drip(state, T0 + 7 * 86_400).drip_left == 0


def test_nothing_due_writes_nothing():
    _, _, state = miss(replace(RULES, cut_base=2_000_000, drip_secs=10**9), opened(), T0)
    assert drip(state, T0 + 100) is state


def test_the_fee_is_rounded_down():
    assert fee_shares(opened(supply=10**18)) == 10**12
    assert fee_shares(opened(supply=10**6 - 1)) == 0


def test_the_budget_refills_by_the_second():
    state = opened(spent_e18=4 * 10**15, spent_at=T0)
    assert spent_now(RULES, state, T0) == 4 * 10**15
    assert spent_now(RULES, state, T0 + 3600) == 4 * 10**15 - 5 * 10**15 * 3600 // 86_400
    assert spent_now(RULES, state, T0 + 86_400) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"base_decimals": 19},
        {"window_ticks": 1},
        {"window_ticks": 129},
        {"decide_secs": 3600},
        {"tolerance_ticks": 0},
        {"tolerance_ticks": 301},
        {"band_bps": 10_000},
        {"budget_e18": 0},
        {"budget_e18": ONE + 1},
        {"bounty_base": 25_000_000},
        {"max_shares": 1 << 128},
        {"liquidity_min": 0},
    ],
)
def test_rules_that_the_constructor_refuses_are_refused(change):
    with pytest.raises(RulesError) as found:
        replace(RULES, **change)
    assert found.value.name_of_parameter in change
