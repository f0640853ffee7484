"""Each place where a contract refuses has a test that names its word; the sources are read for the places."""

import ast
import re
from pathlib import Path

import pytest

from contracts.compile import source_folder

HERE = Path(__file__).parent
BROKEN = "test_a_broken_rule_is_refused_on_both_sides"
MATRIX = "test_only_its_role_may_call"
CHEATS = "test_a_pool_that_cheats_is_refused"

# internal functions that only check, and the words they refuse with
CHECKS = {
    "_live": ("ended",),
    "_check_receiver": ("receiver",),
    "_only_operator": ("auth",),
    "_only_guardian": ("auth",),
    "_check_call": ("expired", "receiver"),
    "_check_balances": ("token",),
}

# contract, function: (word, test), in the order of the source
SITES: dict[str, dict[str, list[tuple[str, str]]]] = {
    "Vault": {
        "__init__": [
            ("parameters", "test_a_pool_that_the_factory_does_not_know_is_refused"),
            ("parameters", "test_a_token_that_is_not_in_the_pool_is_refused"),
            ("parameters", "test_one_token_in_both_places_is_refused_on_both_sides"),
            ("parameters", "test_a_price_log_of_another_pool_is_refused"),
            ("parameters", "test_a_verifier_without_code_is_refused"),
            ("parameters", "test_a_base_token_of_more_than_18_decimals_is_refused_on_both_sides"),
            *[("parameters", BROKEN)] * 14,
        ],
        "_live": [("ended", "test_trading_after_the_end_is_refused")],
        "_check_receiver": [("receiver", "test_minting_to_nobody_or_to_the_vault_is_refused")],
        "_pull": [
            ("token", "test_a_false_reply_is_refused"),
            ("token", "test_fee_on_transfer_is_refused"),
        ],
        "_pay": [("token", "test_a_false_reply_is_refused")],
        "open": [
            ("auth", "test_open_by_another_is_refused"),
            ("opened", "test_opening_twice_is_refused"),
            ("ended", "test_opening_what_was_shut_or_retired_is_refused"),
            ("cap", "test_a_seed_or_bond_that_is_too_small_is_refused"),
            ("cap", "test_a_seed_beyond_the_share_cap_is_refused"),
            ("window", "test_opening_before_the_log_holds_a_window_is_refused"),
        ],
        "_cost": [("opened", "test_mint_before_open_is_refused")],
        "mint": [
            ("closed", "test_minting_while_paused_is_refused"),
            ("receiver", "test_minting_to_nobody_or_to_the_vault_is_refused"),
            ("price", "test_more_than_the_callers_limit_is_refused"),
            ("amount", "test_minting_nothing_is_refused"),
            ("cap", "test_minting_beyond_the_cap_is_refused"),
        ],
        "redeem": [
            ("amount", "test_redeeming_nothing_is_refused"),
            ("receiver", "test_redeeming_to_nobody_or_to_the_vault_is_refused"),
        ],
        "collect": [
            ("amount", "test_collecting_a_token_that_is_not_owed_calls_nobody"),
            ("receiver", "test_collecting_to_nobody_or_to_the_vault_is_refused"),
        ],
        "decide": [
            ("early", "test_the_first_epoch_is_the_one_after_opening"),
            ("closed", "test_the_decision_window_is_the_first_seconds_of_the_epoch"),
            ("ended", "test_deciding_after_the_end_is_refused"),
            ("decided", "test_deciding_twice_is_refused"),
            ("target", "test_a_target_above_all_is_refused"),
        ],
        "trade": [
            ("closed", "test_trading_while_paused_is_refused"),
            ("ended", "test_trading_after_the_end_is_refused"),
            ("early", "test_trading_without_a_decision_of_this_epoch_is_refused"),
        ],
        "_swap": [("price", CHEATS), ("token", CHEATS)],
        "uniswapV3SwapCallback": [("auth", "test_fake_swap_callback_is_refused"), ("price", CHEATS)],
        "miss": [
            ("early", "test_an_epoch_before_the_first_is_not_missed"),
            ("early", "test_a_decision_that_can_still_be_sent_is_not_missed"),
            ("ended", "test_no_epoch_is_missed_once_the_vault_has_ended"),
            ("decided", "test_a_decided_epoch_is_not_missed"),
            ("missed", "test_an_epoch_is_missed_once"),
            ("ended", "test_a_bond_smaller_than_bounty_and_cut_is_taken_whole"),
            ("window", "test_a_miss_needs_its_window_in_the_log"),
            ("sequencer", "test_a_sequencer_outage_waives_a_miss"),
        ],
        "add_bond": [
            ("opened", "test_adding_before_opening_is_refused"),
            ("ended", "test_adding_after_the_end_is_refused"),
            ("amount", "test_adding_nothing_is_refused"),
        ],
        "retire": [("auth", MATRIX), ("ended", "test_retiring_twice_is_refused")],
        "take_bond": [
            ("auth", MATRIX),
            ("early", "test_the_bond_is_paid_out_one_unbonding_time_after_the_end"),
            ("receiver", "test_the_bond_is_paid_out_one_unbonding_time_after_the_end"),
        ],
        "lower_fee": [("auth", MATRIX), ("cap", "test_the_fee_only_falls")],
        "pause": [("auth", MATRIX), ("early", "test_a_pause_ends_by_itself_and_is_rare")],
        "shut": [("auth", MATRIX), ("ended", "test_shut_is_irrevocable")],
        "nav_per_share": [("opened", "test_views_per_share_before_open_are_refused")],
        "assets_per_share": [("opened", "test_views_per_share_before_open_are_refused")],
    },
    "PriceLog": {
        "__init__": [
            ("interval", "test_constructor_refusals"),
            ("step", "test_constructor_refusals"),
            ("cardinality", "test_only_the_present_cardinality_counts"),
            ("early", "test_constructor_refusals"),
            ("window", "test_constructor_refusals"),
        ],
        "push": [("early", "test_an_interval_ahead_of_now_is_early_and_one_behind_is_nothing")],
        "window": [("window", "test_the_ring_keeps_256_intervals_and_wraps")],
        "_restart": [("early", "test_a_pool_that_knows_no_grid_point_leaves_the_log_as_it_is")],
    },
    "Zap": {
        "__init__": [("parameters", "test_an_address_without_a_contract_is_no_vault")],
        "_check_call": [
            ("expired", "test_a_call_after_its_deadline_is_refused"),
            ("receiver", "test_receivers_that_could_keep_nothing_are_refused"),
        ],
        "_check_balances": [("token", "test_a_donation_does_not_pay_for_a_tokens_fee")],
        "_take": [("token", "test_a_false_reply_of_base_for_its_own_part_is_refused")],
        "_pay": [("token", "test_a_false_reply_of_risky_to_the_pool_is_refused")],
        "enter": [
            ("expired", "test_a_call_after_its_deadline_is_refused"),
            ("receiver", "test_receivers_that_could_keep_nothing_are_refused"),
            ("price", "test_a_limit_below_the_base_part_is_refused_when_no_swap_is_needed"),
            ("price", "test_a_limit_that_leaves_nothing_for_the_swap_is_refused"),
            ("price", "test_a_pool_that_cheats_in_an_entry_is_refused"),
            ("token", "test_a_vault_that_changes_in_the_middle_of_an_entry_is_refused"),
        ],
        "_leave": [
            ("expired", "test_a_call_after_its_deadline_is_refused"),
            ("receiver", "test_receivers_that_could_keep_nothing_are_refused"),
            ("price", "test_a_pool_that_cheats_in_an_exit_is_refused"),
            ("price", "test_exit_below_the_callers_limit_is_refused"),
            ("token", "test_a_pool_that_cheats_in_an_exit_is_refused"),
        ],
        "uniswapV3SwapCallback": [
            ("auth", "test_fake_swap_callback_is_refused"),
            ("price", "test_entry_above_the_callers_limit_is_refused"),
        ],
    },
    "modules/roles": {
        "__init__": [("parameters", "test_an_empty_role_is_refused_on_both_sides")],
        "_only_operator": [("auth", MATRIX)],
        "_only_guardian": [("auth", MATRIX)],
        "offer_role": [("auth", MATRIX)] * 2,
        "take_role": [("auth", "test_a_role_is_handed_over_in_two_steps")] * 2,
    },
    "modules/strategy_pin": {
        "__init__": [
            ("key", "test_a_strategy_other_than_the_one_named_by_its_code_is_refused"),
            ("parameters", BROKEN),
        ],
        "_genuine": [("key", "test_a_strategy_whose_code_changed_is_refused")],
        "propose": [
            ("auth", MATRIX),
            ("frozen", "test_freezing_keeps_the_strategy_and_drops_a_waiting_one"),
            ("pending", "test_a_second_proposal_waits_for_the_first"),
            ("key", "test_an_account_without_code_cannot_be_proposed"),
        ],
        "revoke": [("auth", MATRIX), ("pending", "test_a_proposal_whose_epoch_began_cannot_be_revoked")],
        "freeze": [("auth", MATRIX), ("frozen", "test_freezing_keeps_the_strategy_and_drops_a_waiting_one")],
    },
    "modules/erc20": {
        "_transfer": [
            ("receiver", "test_receivers_that_could_never_redeem_are_refused"),
            ("balance", "test_more_than_the_balance_is_refused"),
        ],
        "_spend_allowance": [("allowance", "test_an_allowance_is_spent")],
        "_burn": [("balance", "test_more_than_the_balance_is_refused")],
        "permit": [
            ("expired", "test_a_late_permit_is_refused"),
            ("signature", "test_the_mirrored_signature_is_refused"),
            ("signature", "test_a_permit_for_something_else_is_refused"),
        ],
    },
    "modules/full_math": {"mul_div_down": [("overflow", "test_mul_div_is_exact_or_refused")]},
    "modules/tick_math": {"sqrt_ratio_at_tick": [("tick", "test_a_tick_outside_the_range_is_refused")]},
}

SITE = re.compile(r'(?:assert |refusal\.check\().*, "(\w+)"\)?$')
CHECKED = re.compile(r"\s+(?:self|roles)\.(_\w+)\(")


def refusals_in(source: str) -> dict[str, list[str]]:
    """Return the words with which each function of a contract refuses, in order."""
    found: dict[str, list[str]] = {}
    function = ""
    for line in source.splitlines():
        if line.startswith("def "):
            function = line[4 : line.index("(")]
        elif site := SITE.search(line):
            found.setdefault(function, []).append(site[1])
        elif (checked := CHECKED.match(line)) and checked[1] in CHECKS:
            found.setdefault(function, []).extend(CHECKS[checked[1]])
    return found


def words_of_tests() -> dict[str, str]:
    """Return each test below this folder, with its source and that of the tables in its file."""
    found: dict[str, str] = {}
    for path in HERE.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        source = path.read_text("utf-8")
        tree = ast.parse(source)
        tables = [node for node in tree.body if isinstance(node, ast.Assign)]
        shared = "\n".join(ast.get_source_segment(source, node) or "" for node in tables)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                parts = [*node.decorator_list, node]
                own = "\n".join(ast.get_source_segment(source, part) or "" for part in parts)
                found[node.name] = found.get(node.name, "") + own + shared
    return found


def test_every_contract_that_refuses_is_listed() -> None:
    folder = source_folder()
    sources = [*folder.glob("*.vy"), *(folder / "modules").glob("*.vy")]
    listed = {path.relative_to(folder).with_suffix("").as_posix() for path in sources}
    elsewhere = {"Verifier", "modules/verifier_constraints"}  # tests of the verifier's own
    without = {"modules/refusal"}  # passes on the word it is given
    assert listed - elsewhere - without == set(SITES)


@pytest.mark.parametrize("contract", SITES)
def test_every_refusal_is_listed_with_its_test(contract: str) -> None:
    found = refusals_in((source_folder() / f"{contract}.vy").read_text("utf-8"))
    listed = {function: [word for word, _ in sites] for function, sites in SITES[contract].items()}
    assert found == listed


def test_every_test_that_is_listed_exists_and_names_the_word() -> None:
    tests = words_of_tests()
    missing = [
        (contract, function, word, test)
        for contract, functions in SITES.items()
        for function, sites in functions.items()
        for word, test in sites
        if not re.search(rf'["^ ]{word}["$]', tests.get(test, ""))
    ]
    assert missing == []


def test_every_contract_names_compiler_and_lock() -> None:
    folder = source_folder()
    sources = [*folder.glob("*.vy"), *(folder / "modules").glob("*.vy")]
    assert len(sources) >= len(SITES)
    for path in sources:
        head = path.read_text("utf-8").splitlines()[:2]
        assert head == ["# pragma version 0.4.3", "# pragma nonreentrancy on"], path.name


def test_every_test_named_beside_the_specification_exists() -> None:
    root = HERE.parent.parent
    page = (root / "docs" / "decisions" / "034-sentences-and-tests.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    written = {
        name
        for folder in ("contracts", "e2e")
        for path in (root / "tests" / folder).rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named) > 60
    assert sorted(named - written) == []


def test_a_refusal_without_a_test_would_be_found() -> None:
    source = "def f(a: uint256):\n    # assert a, 'no'\n    assert a < 9, \"size\"\n    self._live()\n"
    assert refusals_in(source) == {"f": ["size", "ended"]}
