"""What must hold of every vault holds of the demo's, read from the chain (CONTRACTS section 10)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts.vault_parameters import ONE
from strategies.tick_math import q_ratio_at_tick
from tests.e2e.support.live_demo import LiveDemo

pytestmark = pytest.mark.timeout(3_600)  # the first test of a process waits for a whole demo

POOL_FEE = 500
HOUR, DECIDE_SECS = 3_600, 1_200
BUDGET, PERIOD_SECS = 5 * 10**15, 86_400
SLACK_BITS = 70


def test_v1_the_vault_holds_what_it_owes_to_the_unit(demo: LiveDemo) -> None:
    vault = demo.vault.functions
    token = "testing/Token"
    base, risky = (demo.contract(token, one().call()) for one in (vault.BASE, vault.RISKY))
    owed = vault.base().call() + vault.bond().call() + vault.drip_left().call()
    assert base.functions.balanceOf(demo.vault.address).call() == owed
    assert risky.functions.balanceOf(demo.vault.address).call() == vault.risky().call()


def test_v2_entry_takes_no_less_than_its_share(demo: LiveDemo) -> None:
    opened, *entered = demo.history.named("Minted")
    supply, base = opened.args["shares"], opened.args["base"]
    assert entered
    for entry in entered:
        assert entry.args["base"] * supply >= entry.args["shares"] * base
        supply, base = supply + entry.args["shares"], base + entry.args["base"]


def test_v3_a_depositor_leaves_at_once_with_the_share_of_both_tokens(demo: LiveDemo) -> None:
    vault, depositor = demo.vault.functions, demo.web3.eth.accounts[1]
    shares, supply = vault.balanceOf(depositor).call(), vault.totalSupply().call()
    base, risky = vault.base().call(), vault.risky().call()
    assert shares * 10 > supply * 8
    with demo.undone():
        left = vault.redeem(shares, depositor, depositor, False, False).transact(
            {"from": depositor, "gas": 1_000_000}
        )
        assert demo.web3.eth.wait_for_transaction_receipt(left)["status"] == 1
        held = [
            demo.contract("testing/Token", token.call()).functions.balanceOf(depositor).call()
            for token in (vault.BASE(), vault.RISKY())
        ]
    assert held == [shares * base // supply, shares * risky // supply]


def test_v4_assets_change_by_trades_alone_between_decisions(demo: LiveDemo) -> None:
    decided = demo.history.named("Decision")
    for before, after in pairwise(decided):
        base, risky = before.args["base"], before.args["risky"]
        for swap in demo.history.named("Traded"):
            if swap.args["epoch"] == before.args["epoch"]:
                paid, got = swap.args["paid"], swap.args["got"]
                base, risky = (base - paid, risky + got) if swap.args["buy"] else (base + got, risky - paid)
        assert (after.args["base"], after.args["risky"]) == (base, risky)


def test_v5_all_swaps_of_an_epoch_have_one_side(demo: LiveDemo) -> None:
    sides: dict[int, set[bool]] = {}
    for swap in demo.history.named("Traded"):
        sides.setdefault(swap.args["epoch"], set()).add(swap.args["buy"])
    assert sides
    assert all(len(side) == 1 for side in sides.values())


def test_v6_no_swap_is_worse_than_its_limit_and_the_pool_fee(demo: LiveDemo) -> None:
    for swap in demo.history.named("Traded"):
        paid, got = swap.args["paid"], swap.args["got"]
        net = paid * (1_000_000 - POOL_FEE) // 1_000_000
        limit = q_ratio_at_tick(swap.args["limit_tick"])
        if swap.args["buy"]:
            assert net << 128 <= (got + 2 + (got >> SLACK_BITS)) * limit
        else:
            assert (got + 2 + (got >> SLACK_BITS)) << 128 >= net * limit


def test_v7_trading_costs_stay_within_the_budget(demo: LiveDemo) -> None:
    spent = [swap.args["spent"] for swap in demo.history.named("Traded")]
    assert 0 < max(spent) <= BUDGET + 1


def test_v8_each_epoch_is_decided_within_its_window_and_never_missed(demo: LiveDemo) -> None:
    for event in demo.history.named("Decision"):
        epoch = event.args["epoch"]
        assert epoch * HOUR <= event.time_secs <= epoch * HOUR + DECIDE_SECS
        assert demo.vault.functions.is_decided(epoch).call()
        assert not demo.vault.functions.is_missed(epoch).call()
    assert demo.history.named("Missed", "Ending") == ()


def test_v10_the_supply_grows_by_the_fee_alone(demo: LiveDemo) -> None:
    fee = demo.vault.functions.fee().call()
    supply = sum(event.args["shares"] for event in demo.history.named("Minted"))
    for event in demo.history.named("Decision"):
        minted = supply * fee // ONE
        supply += minted
        assert (event.args["fee_shares"], event.args["supply"]) == (minted, supply)
    assert supply == demo.vault.functions.totalSupply().call()
