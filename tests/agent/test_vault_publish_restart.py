"""SIGKILL a publication around every change of its outbox: the foretold addresses, and nothing sent twice.

Each process makes one change of its own and dies; the next one goes on. `after` the first change: a
transaction is signed and not broadcast. `before` the second: it is mined, and the outbox still holds it.
`after` the second: it is mined, the outbox is empty, and the chain alone knows.
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.forkserver
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from agent.chain import Chain
from agent.vault_options import MAX_FEE, TIP, WAIT, Account
from tests.agent.support.dying_publication import WARM_FOLDER, publish_and_die
from tests.agent.support.live_vault import LiveVault
from tests.agent.support.other_strategies import write_strategy
from tests.agent.support.vault_people import PASSPHRASE, People, people_of

MOST_PROCESSES = 12
PUBLISH = ("strategy", "publish", "VAULT")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a strategy that fits the vault."""
    return write_strategy(tmp_path_factory.mktemp("other") / "strategy")


@pytest.fixture(scope="module")
def context(other: Path) -> ForkServerContext:
    """Give processes that are forked from one which has imported everything and read the strategy."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.agent.support.dying_publication"])
    os.environ[WARM_FOLDER] = str(other / "public")
    multiprocessing.forkserver.ensure_running()
    del os.environ[WARM_FOLDER]
    return context


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give everybody around the vault."""
    yield people_of(live, tmp_path, capsys, monkeypatch)


def sent(people: People) -> int:
    web3 = people.live.node.web3
    return int(web3.eth.get_transaction_count(web3.to_checksum_address(people.address("operator"))))


@pytest.mark.parametrize(
    ("change", "moment", "kills"),
    [
        (1, "after", 4),  # each contract signed and not sent, then settled and its outbox cleared
        (2, "before", 3),  # each mined and still in the outbox; between them cleared, the next not yet signed
        (2, "after", 2),  # each mined and cleared
    ],
)
def test_a_publication_that_is_killed_around_every_change(
    people: People, other: Path, context: ForkServerContext, change: int, moment: str, kills: int
) -> None:
    planned = people.run(*PUBLISH, str(other), as_="operator").document
    first, live, died = sent(people), people.live, 0
    key, state = people.folder / "operator.json", people.folder / "state"
    account = Account(live.vault.address, live.node.rpc_url, key, None, True, MAX_FEE, TIP, WAIT)
    settings = {"PROVAULT_PASSPHRASE": PASSPHRASE, "XDG_STATE_HOME": str(state)}
    arguments = (account, str(other), settings, change, moment)
    for _ in range(MOST_PROCESSES):
        process = context.Process(target=publish_and_die, args=arguments)
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        died += 1
    assert died == kills

    found = people.run(*PUBLISH, str(other), as_="operator", live=True).document
    assert found["complete"] is True
    assert found["sent"] == []
    foretold = [piece["address"] for piece in planned["contracts"]]
    assert [piece["address"] for piece in found["contracts"]] == foretold
    assert sent(people) == first + 2, "each contract once, and nothing else"
    assert not list((state / "provault" / "vault").glob("*.json"))


def test_what_another_command_left_is_settled_and_said(people: People, other: Path) -> None:
    """And the other way round: a creation that was left open is settled by the next command, and named."""
    first = sent(people)
    broadcast = Chain.broadcast

    def die(self: Chain, raw: bytes) -> None:
        raise KeyboardInterrupt

    def left_open(*words: str) -> None:
        Chain.broadcast = die  # type: ignore[method-assign]
        try:
            assert people.run(*words, as_="operator", live=True).code == 130
        finally:
            Chain.broadcast = broadcast  # type: ignore[method-assign]

    left_open("fee", "VAULT", "0.0000005")
    done = people.run(*PUBLISH, str(other), as_="operator", live=True)
    assert (done.code, done.document["error"]["name"], sent(people)) == (1, "EarlierError", first + 1)
    left_open(*PUBLISH, str(other))
    done = people.run("fee", "VAULT", "0.0000004", as_="operator", live=True)
    assert (done.code, done.document["error"]["name"], sent(people)) == (1, "EarlierError", first + 2)
    assert "deploy the strategy's commitment" in done.document["error"]["message"]
    done = people.run(*PUBLISH, str(other), as_="operator", live=True)
    assert [piece["state"] for piece in done.document["contracts"]] == ["on chain", "sent"]
    assert sent(people) == first + 3


def test_what_was_left_is_said_before_the_strategy_is_refused_for_it(people: People, other: Path) -> None:
    first = sent(people)
    broadcast = Chain.broadcast

    def die(self: Chain, raw: bytes) -> None:
        raise KeyboardInterrupt

    Chain.broadcast = die  # type: ignore[method-assign]
    try:
        assert people.run("strategy", "freeze", "VAULT", as_="operator", live=True).code == 130
    finally:
        Chain.broadcast = broadcast  # type: ignore[method-assign]
    (box,) = (people.folder / "state" / "provault" / "vault").glob("*.json")
    raw = json.loads(box.read_text())["step"]["attempts"][0]["raw"]
    web3 = people.live.node.web3
    web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(bytes.fromhex(raw[2:])))
    done = people.run(*PUBLISH, str(other), as_="operator", live=True)
    assert (done.code, done.document["error"]["name"], sent(people)) == (1, "EarlierError", first + 1)
    assert "is frozen for ever" in people.refused(*PUBLISH, str(other), as_="operator", live=True)
