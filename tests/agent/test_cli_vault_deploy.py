"""`provault vault deploy` from a chain that holds the exchange and a pool alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from web3 import Web3

from agent import cli
from audit.chain.node import Node
from audit.report.document import build_document
from audit.run import AuditOptions, audit_vault, read_address
from contracts.compile import COMPILER_VERSION, compile_contract
from contracts.deploy import PriceLogPlan, deploy_price_log, push_prices
from contracts.node import Anvil
from contracts.uniswap import Market
from prover.artefacts import load_public
from prover.compile.parameters import LayoutParameters
from tests.agent.support.deployment_case import (
    DOLLAR,
    GENESIS,
    LIQUIDITY,
    PASSPHRASE,
    START,
    DeploymentCase,
    addresses,
    build_case,
)
from tests.agent.support.other_strategies import write_strategy
from tests.audit.support.foreign_constructor import rebuild_price_log


@pytest.fixture(scope="module")
def built_case(strategy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeploymentCase]:
    """Give a chain that is built once; tests take `case`."""
    with Anvil(genesis_secs=GENESIS) as node:
        yield build_case(node, strategy_folder, tmp_path_factory.mktemp("deployment"))


@pytest.fixture
def case(built_case: DeploymentCase, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeploymentCase]:
    """Give the chain as it was built, the configuration whole, and no record."""
    monkeypatch.setenv("PROVAULT_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr("agent.public_strategy.load_public", READ_ONCE)
    state = built_case.node.snapshot()
    built_case.write()
    yield built_case
    built_case.node.revert(state)
    built_case.record_file.unlink(missing_ok=True)


READ_ONCE = cache(load_public)  # a strategy folder does not change here, and its key takes half a second
Captured = pytest.CaptureFixture[str]


def test_a_dry_run_foretells_and_sends_nothing(case: DeploymentCase, capsys: Captured) -> None:
    height = case.node.web3.eth.block_number
    code, planned, _ = case.run(capsys)
    assert (code, planned["state"], planned["live"]) == (0, "planned", False)
    assert [step["kind"] for step in planned["steps"]] == [
        "grow",
        "grow",
        "verifier",
        "strategy",
        "circuit",
        "price_log",
        "vault",
        "zap",
    ]
    assert {step["state"] for step in planned["steps"]} == {"planned"}
    assert [step["arguments"] for step in planned["steps"][:2]] == [[61], [100]]
    tried = [step["kind"] for step in planned["steps"] if step["simulated"]]
    assert tried == ["grow", "verifier", "strategy", "circuit"]
    assert "1 of the 100 observations wanted" in planned["waiting_for"]
    assert (case.node.web3.eth.block_number, case.sent()) == (height, 0)
    assert not case.record_file.exists()
    assert cli.run(["vault", "deploy", "--config", str(case.config)]) == 0
    drawn = capsys.readouterr().out
    assert planned["contracts"]["vault"] in drawn
    assert "nothing was signed, sent or written" in drawn


def test_everything_is_deployed_opened_and_audited(case: DeploymentCase, capsys: Captured) -> None:
    _, planned, _ = case.run(capsys)
    code, begun, _ = case.run(capsys, "--live")
    assert (code, begun["complete"]) == (1, False)
    assert "100 are paid for" in begun["waiting_for"]
    assert case.market.slot0().observation_cardinality_next == 100
    sent = case.sent()
    again, _, _ = case.run(capsys, "--live")
    assert (again, case.sent()) == (1, sent), "waiting sends nothing"

    case.swap()
    code, done, _ = case.run(capsys, "--live")
    assert (code, done["state"], done["complete"]) == (0, "opened", True)
    assert addresses(done) == addresses(planned), "where the dry run said"
    assert {step["state"] for step in done["steps"]} == {"done"}
    assert case.sent() == len(done["steps"])

    vault = case.node.web3.eth.contract(address=done["contracts"]["vault"], abi=compile_contract("Vault").abi)
    assert vault.functions.base().call() == 1_000 * DOLLAR
    assert vault.functions.bond().call() == 4_000 * DOLLAR
    assert vault.functions.operator().call() == case.account.address
    assert vault.functions.rules().call()[9:12] == (LIQUIDITY // 2, 100 * DOLLAR, 1_500_000)
    assert vault.functions.first_epoch().call() == case.node.now_secs // 3_600 + 1

    sent = case.sent()
    code, same, _ = case.run(capsys, "--live")
    assert (code, same["steps"], case.sent()) == (0, done["steps"], sent), "a third run does nothing"
    check_record(case)
    node = Node(case.node.rpc_url)
    try:
        address = read_address(done["contracts"]["vault"])
        audit = audit_vault(node, address, AuditOptions(jobs=1), lambda *_: None)
    finally:
        node.close()
    assert build_document(audit)["ok"] is True


def check_record(case: DeploymentCase) -> None:
    """Compute every hash of the record again, from the sources, the transactions and the code on chain."""
    record, web3 = case.record(), case.node.web3
    compiler = {"vyper": COMPILER_VERSION, "evm_version": "prague", "code_generation": "legacy"}
    assert record["compiler"] == compiler
    assert PASSPHRASE not in case.record_file.read_text()
    assert case.account.key.hex() not in case.record_file.read_text()
    assert case.record_file.stat().st_mode & 0o022 == 0
    nonces = []
    for step in record["steps"]:
        mined = web3.eth.get_transaction(step["transaction"]["tx_hash"])
        receipt = web3.eth.get_transaction_receipt(step["transaction"]["tx_hash"])
        nonces.append(mined["nonce"])
        assert (mined["from"], mined["nonce"]) == (record["sender"], step["nonce"])
        assert receipt["status"] == 1
        assert step["transaction"]["gas_used"] == receipt["gasUsed"] < step["gas_limit"]
        assert (step["attempts"], step["data"]) == ([], None)
        if step["address"] is None:
            assert mined["to"] == step["to"]
            continue
        assert receipt["contractAddress"] == step["address"]
        assert "0x" + Web3.keccak(mined["input"]).hex() == step["creation_code_hash"]
        assert "0x" + Web3.keccak(web3.eth.get_code(step["address"])).hex() == step["code_hash"]
        if step["contract"] is not None:
            compiled = compile_contract(step["contract"])
            code = compiled.bytecode + bytes.fromhex(step["constructor_arguments"][2:])
            assert bytes(mined["input"]) == code
            assert step["source_digest"] == compiled.source_digest
    assert nonces == list(range(nonces[0], nonces[0] + len(nonces)))


def test_existing_contracts_are_taken_and_compared(case: DeploymentCase, capsys: Captured) -> None:
    case.write(opening=False, zap__deploy=False)
    case.run(capsys, "--live")
    case.swap()
    _, first, _ = case.run(capsys, "--live")
    assert first["state"] == "deployed"
    log, verifier = first["contracts"]["price_log"], first["contracts"]["verifier"]
    case.record_file.rename(case.folder / "first.json")
    case.write(opening=False, zap__deploy=False, price_log__address=log, verifier__address=verifier)
    code, second, _ = case.run(capsys, "--live")
    assert code == 0
    assert [step["kind"] for step in second["steps"]] == ["strategy", "circuit", "vault"]
    assert second["contracts"]["vault"] != first["contracts"]["vault"]

    case.write(opening=True, zap__deploy=True, price_log__address=log, verifier__address=verifier)
    code, third, _ = case.run(capsys, "--live")
    assert (code, third["state"]) == (0, "opened"), "a Zap and the opening may come later"
    assert third["contracts"]["vault"] == second["contracts"]["vault"]

    case.record_file.unlink()
    case.write(price_log__address=verifier)
    assert "is not the price log that this version" in refused(case, capsys, "ProbeError")
    case.write(verifier__address=log)
    assert "is not the verifier that this version" in refused(case, capsys, "ProbeError")
    case.write(price_log__address=log, price_log__max_step_ticks=1_000)
    assert "max_step_ticks 2000, the file says 1000" in refused(case, capsys, "ProbeError")
    (case.folder / "first.json").unlink()


def test_the_account_may_send_something_else_in_between(case: DeploymentCase, capsys: Captured) -> None:
    _, begun, _ = case.run(capsys, "--live")
    web3 = case.node.web3
    own = {"to": case.account.address, "value": 0, "gas": 21_000, "gasPrice": 10**11, "chainId": 31337}
    signed = case.account.sign_transaction({**own, "nonce": case.sent()})
    web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(signed.raw_transaction))
    case.swap()
    code, done, said = case.run(capsys, "--live")
    assert code == 0
    assert "addresses not taken yet have changed" in said
    assert done["contracts"]["verifier"] == begun["contracts"]["verifier"], "that one stood already"
    assert done["contracts"]["vault"] != begun["contracts"]["vault"]


def files(folder: Path) -> dict[str, bytes]:
    """Return what a folder holds besides locks."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"
    }


def refused(case: DeploymentCase, capsys: Captured, name: str, *words: str) -> str:
    """Run a deployment that must be refused by name, dry and live, and return its sentence."""
    sent, before = case.sent(), files(case.folder)
    lines = set()
    for more in ((), ("--live",)):
        code, found, err = case.run(capsys, *words, *more)
        assert code == 1
        assert set(found) == {"error"}, found
        assert found["error"]["name"] == name, found
        assert "Traceback" not in err
        lines.add(found["error"]["message"])
    assert case.sent() == sent
    assert files(case.folder) == before
    (line,) = lines
    assert "\n" not in line
    return str(line)


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"chain__chain_id": 1}, "ChainIdError", "serves chain 31337, expected 1"),
        ({"market__base_decimals": 18}, "DeploymentError", "has 6 decimals and market.base_decimals says 18"),
        ({"market__factory": "0x" + "11" * 20}, "ProbeError", "there is no factory at"),
        ({"rules__cut_base_tokens": "1"}, "ParametersError", "bounty < cut"),
        ({"rules__fee_e18": 10**13}, "ParametersError", "at most 2 % a year"),
        ({"rules__cut_base_tokens": "0.0000001"}, "AmountError", "has 6 decimals"),
        ({"opening__seed_base_tokens": "1"}, "DeploymentError", "below rules.seed_min_base_tokens (100)"),
        ({"opening__bond_base_tokens": "100"}, "DeploymentError", "below a cut and a bounty (101.5)"),
        (
            {"opening__seed_base_tokens": "2000000"},
            "DeploymentError",
            "more shares than rules.max_supply",
        ),
        ({"roles__operator": "0x" + "22" * 20}, "DeploymentError", "only the operator"),
        ({"strategy__public_folder": "nowhere"}, "MissingFileError", "nowhere does not exist"),
        ({"chain__sequencer_feed": "0x" + "33" * 20}, "ProbeError", "there is no sequencer feed"),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_sent(
    case: DeploymentCase, capsys: Captured, changes: dict[str, object], name: str, said: str
) -> None:
    case.write(**changes)
    assert said in refused(case, capsys, name)


def test_a_strategy_for_another_ceremony_file_is_not_deployed(
    case: DeploymentCase, tmp_path: Path, capsys: Captured
) -> None:
    """Told from layout.json alone, so that nobody is asked for a transcript that would not help."""
    folder = tmp_path / "public"
    shutil.copytree(case.strategy_folder / "public", folder)
    layout = LayoutParameters.from_bytes((folder / "layout.json").read_bytes())
    (folder / "layout.json").write_bytes(replace(layout, powers=8192).to_bytes())
    case.write(strategy__public_folder=folder)
    line = refused(case, capsys, "OffChainStrategyError")
    assert "8192 powers of the ceremony and the verifier contract takes 4096 only" in line
    assert line.endswith("compile it again with --powers 4096.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lanes": 17}, "more lanes than the verifier contract has room for"),
        ({"outputs": 2}, "has 2 outputs, and a vault reads one"),
    ],
)
def test_a_strategy_that_the_verifier_would_refuse_is_not_deployed(
    case: DeploymentCase, tmp_path: Path, capsys: Captured, changes: dict[str, int], said: str
) -> None:
    case.write(strategy__public_folder=write_strategy(tmp_path / "strategy", **changes) / "public")
    assert said in refused(case, capsys, "DeploymentError")


def test_a_pool_that_is_not_the_factory_s(case: DeploymentCase, capsys: Captured) -> None:
    pool, factory = case.market.pool, case.market.factory
    code = bytes(case.node.web3.eth.get_code(pool.address))
    other = case.node.accounts[8]
    case.node.set_code(other, code)  # the immutables say the right tokens, the factory knows another address
    case.write(market__pool=other)
    assert f"the factory knows {pool.address}" in refused(case, capsys, "ProbeError")
    case.write(market__risky=factory.address)
    assert "not the base and risky token of the file" in refused(case, capsys, "ProbeError")


def test_a_chain_whose_precompiles_are_missing(
    strategy_folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVAULT_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr("agent.public_strategy.load_public", READ_ONCE)
    with Anvil(genesis_secs=GENESIS, hardfork="cancun") as node:
        case = build_case(node, strategy_folder, tmp_path)
        line = refused(case, capsys, "ProbeError")
    assert "gives a wrong answer for 1 * G" in line
    assert "use a chain at Prague or later" in line


def test_a_record_fits_its_account_and_its_settings(case: DeploymentCase, capsys: Captured) -> None:
    case.run(capsys, "--live")
    case.write(rules__band_bps=60)
    assert "was begun with other settings (rules)" in refused(case, capsys, "DeploymentError")
    case.write()
    whole = case.record_file.read_text()
    case.record_file.write_text(whole.replace(case.account.address, case.node.accounts[3]))
    assert "belongs to chain 31337 and account" in refused(case, capsys, "DeploymentError")
    case.record_file.write_text(whole[: len(whole) // 2])
    assert "not readable as JSON" in refused(case, capsys, "RecordError")
    case.record_file.write_text(json.dumps({"format": "another"}))
    assert "no deployment record of the format" in refused(case, capsys, "RecordError")
    case.record_file.write_text(whole)
    verifier = json.loads(whole)["steps"][2]["address"]
    case.node.set_code(verifier, b"\x00")
    assert "is not what the step 'deploy the verifier' leaves" in refused(case, capsys, "DeploymentError")


def test_a_refused_step_names_the_contract_s_word(case: DeploymentCase, capsys: Captured) -> None:
    """The operator spends what the opening needs, after everything else stands."""
    case.run(capsys, "--live")
    case.swap()
    base = case.market.base
    case.node.set_balance(case.account.address, 10**21)
    with case.node.impersonate(case.account.address) as owner:
        base.functions.transfer(case.node.accounts[5], 5_000 * DOLLAR).transact({"from": owner})
    code, found, _ = case.run(capsys, "--live")
    assert (code, found["error"]["name"]) == (1, "FundsError")
    assert "opening takes 5000 base" in found["error"]["message"]
    case.market.mint_tokens(base, case.account.address, 5_000 * DOLLAR)
    code, done, _ = case.run(capsys, "--live")
    assert (code, done["state"]) == (0, "opened")


def test_a_price_log_with_another_pool_is_refused(case: DeploymentCase, capsys: Captured) -> None:
    other = Market.create(case.node.web3, sender=case.node.accounts[0], tick=0, fee=3_000)
    plan = PriceLogPlan(first=case.node.now_secs // 3_600 + 1, min_cardinality=1)
    case.node.mine((case.node.now_secs // 3_600 + 1) * 3_600 + 5)
    log = deploy_price_log(case.node.web3, other.pool.address, plan, sender=case.node.accounts[0])
    case.write(price_log__address=log.address)
    assert f"logs the pool {other.pool.address}" in refused(case, capsys, "ProbeError")


def test_deploy_refuses_a_price_log_with_planted_storage(case: DeploymentCase, capsys: Captured) -> None:
    """Genuine code, immutables and all; head, cumulative or ticks are somebody's own."""
    web3, admin = case.node.web3, case.node.accounts[0]
    case.market.grow_cardinality(100)
    case.swap()
    plan = PriceLogPlan(first=START, min_cardinality=100)
    log = deploy_price_log(web3, case.market.pool.address, plan, sender=admin)
    head = case.node.now_secs // 3_600
    case.write(price_log__address=log.address)
    assert case.run(capsys)[0] == 0, "a log that nobody pushed"
    push_prices(log, head, sender=admin)
    assert case.run(capsys)[0] == 0, "a log of genuine history"

    read = (web3.eth.get_storage_at(log.address, slot) for slot in range(35))
    words = {slot: int.from_bytes(word, "big") for slot, word in enumerate(read)}
    state, ring = 2, 3 + head // 8 % 32
    lane, tick = 1 << 32 * (head % 8), log.functions.window(head, 1).call()[0]
    for slot, by, said in (
        (state, 100, f"holds intervals from {START} to {head + 100}, the pool's history gives none after"),
        (state, 1 << 128, f"at interval {head}, the pool's history gives"),
        (
            ring,
            900 * lane,
            f"has the tick {tick + 900} for interval {head}, the pool's history gives {tick}:",
        ),
    ):
        planted = rebuild_price_log(log, {**words, slot: words[slot] + by}, admin)
        case.write(price_log__address=planted.address)
        sentence = refused(case, capsys, "ProbeError")
        assert said in sentence
        assert "its storage was planted" in sentence
