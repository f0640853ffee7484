"""SIGKILL a deployment around every write of its record: the same addresses, and nothing is sent twice.

Each process performs one write of its own and dies; the next one goes on. `after` dies as soon as a write is
on disk: a transaction is signed and not broadcast. `before` dies at the second write of a process: a
transaction is broadcast and mined, and the record does not know.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from web3 import Web3

from agent import cli
from agent.instance_lock import InstanceLock
from contracts.compile import compile_contract
from contracts.node import Anvil
from tests.agent.support.deployment_case import DOLLAR, GENESIS, PASSPHRASE, DeploymentCase, build_case
from tests.agent.support.dying_deployment import WARM_FOLDER, run_and_die

MOST_PROCESSES = 80
COMPLETE, WAITS = 0, 3
STEPS = 12  # two slices, six creations, two pushes, approval, opening


@pytest.fixture(scope="module")
def context(strategy_folder: Path) -> ForkServerContext:
    """Give processes that are forked from one which has imported everything and read the strategy."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.agent.support.dying_deployment"])
    os.environ[WARM_FOLDER] = str(strategy_folder / "public")
    multiprocessing.forkserver.ensure_running()
    del os.environ[WARM_FOLDER]
    return context


@pytest.fixture(scope="module")
def built_case(strategy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeploymentCase]:
    """Give a chain that is built once; tests take `case`."""
    with Anvil(genesis_secs=GENESIS) as node:
        yield build_case(node, strategy_folder, tmp_path_factory.mktemp("deployment"))


@pytest.fixture
def case(built_case: DeploymentCase) -> Iterator[DeploymentCase]:
    """Give the chain as it was built, and no record."""
    state = built_case.node.snapshot()
    yield built_case
    built_case.node.revert(state)
    built_case.record_file.unlink(missing_ok=True)


@pytest.mark.parametrize(("write", "moment"), [(1, "after"), (2, "before")])
def test_a_deployment_that_is_killed_around_every_write(
    case: DeploymentCase,
    context: ForkServerContext,
    capsys: pytest.CaptureFixture[str],
    write: int,
    moment: str,
) -> None:
    code, planned, _ = case.run(capsys)
    assert code == 0
    kills, swapped = 0, False
    for _ in range(MOST_PROCESSES):
        process = context.Process(target=run_and_die, args=(str(case.config), PASSPHRASE, write, moment))
        process.start()
        process.join()
        if process.exitcode == WAITS:
            assert not swapped, "it waits for the swap alone"
            case.swap()
            swapped = True
            continue
        if process.exitcode == COMPLETE:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        check_nothing_is_lost(case)
    else:
        pytest.fail("it never came to an end")
    assert kills >= 2 * STEPS - 2, "signed and done are writes of their own, for every step"

    record = case.record()
    assert len(record["steps"]) == STEPS
    assert {
        step["kind"]: step["address"] for step in record["steps"] if step["address"] is not None
    } == planned["contracts"]
    assert mined_nonces(case) == list(range(STEPS)), "every step once, and nothing else"
    assert record["failed"] == []
    vault = case.node.web3.eth.contract(
        address=planned["contracts"]["vault"], abi=compile_contract("Vault").abi
    )
    assert (vault.functions.base().call(), vault.functions.bond().call()) == (1_000 * DOLLAR, 4_000 * DOLLAR)


def check_nothing_is_lost(case: DeploymentCase) -> None:
    """Whatever was mined is named by the record, done or signed."""
    if not case.record_file.exists():
        assert case.sent() == 0
        return
    named = {attempt["tx_hash"] for step in case.record()["steps"] for attempt in step["attempts"]} | {
        step["transaction"]["tx_hash"] for step in case.record()["steps"] if step["transaction"]
    }
    assert mined_hashes(case) <= named


def mined_hashes(case: DeploymentCase) -> set[str]:
    """Return the transactions of the account that deploys."""
    return {str(one["hash"].to_0x_hex()) for one in mined(case)}


def mined_nonces(case: DeploymentCase) -> list[int]:
    """Return the nonces of everything that the account has mined, reverted or not."""
    return [int(one["nonce"]) for one in mined(case)]


def mined(case: DeploymentCase) -> list[dict]:  # type: ignore[type-arg]
    web3: Web3 = case.node.web3
    found = []
    for number in range(web3.eth.block_number + 1):
        for one in web3.eth.get_block(number, full_transactions=True)["transactions"]:
            if one["from"] == case.account.address:
                found.append(dict(one))
    return found


def test_two_processes_do_not_deploy_at_once(
    case: DeploymentCase, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVAULT_PASSPHRASE", PASSPHRASE)
    lock = InstanceLock(case.record_file)
    try:
        assert cli.run(["vault", "deploy", "--live", "--config", str(case.config)]) == 1
    finally:
        lock.close()
    assert "another process works with" in capsys.readouterr().err
    assert case.sent() == 0
