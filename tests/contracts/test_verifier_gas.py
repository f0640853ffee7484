"""What a verification costs: whole transactions, printed with `pytest -s`, held under their limits."""

from __future__ import annotations

import pytest

from contracts.compile import compile_contract, deploy
from contracts.node import Anvil
from contracts.refusal import refusal_of
from contracts.registration import deploy_data_contract
from tests.contracts.support.verifier_cases import Case, case
from tests.contracts.test_verifier import off_subgroup, put

GAS_LIMIT = 5_000_000
TRANSACTION = 21_000


def gas_of(node: Anvil, proven: Case, status: int = 1) -> tuple[int, int, str]:
    """Send `verify` as a transaction; return its gas, the gas of its calldata, and the refusal."""
    web3, sender = node.web3, node.accounts[0]
    verifier = deploy(web3, compile_contract("Verifier"), sender=sender)
    strategy = deploy_data_contract(web3, proven.key, proven.commitment, sender=sender)
    call = verifier.functions.verify(strategy, proven.context, list(proven.public), proven.proof)
    hash_ = call.transact({"from": sender, "gas": GAS_LIMIT})
    receipt = web3.eth.wait_for_transaction_receipt(hash_)
    assert receipt["status"] == status
    calldata = bytes(web3.eth.get_transaction(hash_)["input"])
    cost = sum(4 if byte == 0 else 16 for byte in calldata)
    return receipt["gasUsed"], cost, "" if status else refusal_of(web3, hash_)


@pytest.mark.parametrize(("name", "limit"), [("r1", 300_000), ("r1_fast", 340_000), ("r2", 600_000)])
def test_gas_of_a_verification(name: str, limit: int, chain: Anvil) -> None:
    proven = case(name)
    gas, calldata, _ = gas_of(chain, proven)
    size = compile_contract("Verifier").runtime_size
    print(
        f"\n{name}: {gas} gas the whole transaction, {calldata} of it for calldata, "
        f"{gas - calldata - TRANSACTION} for execution; "
        f"proof {len(proven.proof)} bytes, contract {size} bytes"
    )
    assert gas < limit


def test_a_bad_point_burns_no_more_than_its_allowance(chain: Anvil) -> None:
    """A failing precompile keeps what it was given: the formula's gas, not the transaction's."""
    proven = case("r1")
    honest, _, _ = gas_of(chain, proven)
    bad, _, reason = gas_of(chain, proven.with_proof(put(proven.proof, 0, off_subgroup())), status=0)
    assert reason == "point"
    assert bad < honest
