"""Which contracts are mutated, what is compiled to try a mutant, and which tests may notice it."""

from __future__ import annotations

from dataclasses import dataclass

#: Without the searches that take minutes (invariants, sandwiches, threats): what only they notice counts
#: as not noticed.
VAULT_TESTS = (
    "test_vault_shares",
    "test_vault_decisions",
    "test_vault_trades",
    "test_vault_bond",
    "test_vault_ending",
    "test_vault_powers",
    "test_vault_exits",
    "test_vault_tokens",
    "test_vault_parameters",
    "test_vault_edge_prices",
)
#: Where the guards of internal functions are likely to be noticed; a wrong guess costs time only.
LIKELY = {
    "_due": "test_vault_bond",
    "_drip": "test_vault_bond",
    "_pull": "test_vault_tokens",
    "_pay": "test_vault_tokens",
    "_pay_or_hold": "test_vault_exits",
    "_inputs": "test_vault_decisions",
    "_spent_now": "test_vault_trades",
    "_swap": "test_vault_tokens",
    "uniswapV3SwapCallback": "test_vault_tokens",
    "_trade": "test_vault_trades",
    "_is_due": "test_vault_powers",
    "_at": "test_vault_powers",
    "_promote": "test_vault_powers",
    "_genuine": "test_vault_decisions",
    "status": "test_vault_powers",
}
VERIFIER_TESTS = (
    "test_verifier",
    "test_verifier_key",
    "test_verifier_transcript",
    "test_verifier_terms",
    "test_verifier_opening",
    "test_verifier_constants",
    "test_verifier_gas",
)


@dataclass(frozen=True)
class Subject:
    """A contract whose guards are removed one by one."""

    contract: str  # path below `contracts` without its suffix
    compiled: str  # the contract that the tests deploy
    tests: tuple[str, ...]  # files below `tests/contracts` without their suffix
    together: int = 0  # how many mutants may share a compilation and stay below the code size limit
    kinds: tuple[str, ...] = ()  # of guards that may; empty for all


#: What every contract stands on first.
SUBJECTS = (
    Subject("modules/refusal", "testing/ShareToken", ("test_erc20",)),
    Subject("modules/erc20", "testing/ShareToken", ("test_erc20",)),
    Subject("modules/full_math", "testing/ArithmeticProbe", ("test_full_math",)),
    Subject("modules/roles", "Vault", VAULT_TESTS, together=40),
    Subject("modules/strategy_pin", "Vault", VAULT_TESTS, together=40),
    Subject("Vault", "Vault", VAULT_TESTS, together=40),
    Subject("PriceLog", "PriceLog", ("test_price_log", "test_price_log_fuzz"), together=40),
    Subject("Zap", "Zap", ("test_zap_refusals", "test_zap", "test_zap_property"), together=40),
    Subject("modules/tick_math", "testing/ArithmeticProbe", ("test_tick_math",)),
    Subject("modules/verifier_constraints", "testing/ConstraintsProbe", ("test_verifier_constraints",)),
    Subject("Verifier", "Verifier", VERIFIER_TESTS),  # too near the code size limit for a switch
)


def subject_of(contract: str) -> Subject:
    """Return the subject with this name."""
    (found,) = (subject for subject in SUBJECTS if subject.contract == contract)
    return found
