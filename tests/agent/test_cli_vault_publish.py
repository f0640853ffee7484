"""`provault vault strategy publish`: another strategy put on chain, proposed, and deciding at its epoch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.chain import Chain
from agent.errors import RpcError
from agent.journal import Journal
from agent.own_creations import AT_ONCE, find_creations
from agent.strategy_prover import StrategyProver
from contracts.deploy import push_prices
from contracts.deployment_plan import creation_address
from contracts.publication import Publication, find_publication, publish_circuit
from contracts.registration import parse_data_contract
from prover.compile.parameters import LayoutParameters
from tests.agent.support.live_vault import INTERVAL, LiveVault, agent_for
from tests.agent.support.other_strategies import write_strategy
from tests.agent.support.vault_people import People, people_of

PUSH_STEPS = 16
PUBLISH = ("strategy", "publish", "VAULT")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a strategy that fits the vault and shares nothing with the one in force."""
    return write_strategy(tmp_path_factory.mktemp("other") / "strategy")


@pytest.fixture
def people(
    live: LiveVault, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Give everybody around the vault."""
    yield people_of(live, tmp_path, capsys, monkeypatch)


def dry(people: People, folder: Path, *, as_: str) -> dict[str, Any]:
    """Run the command dry, and see that nothing at all happened."""
    before = people.state()
    done = people.run(*PUBLISH, str(folder), as_=as_)
    assert done.code == 0, done.out + done.err
    assert people.state() == before
    assert done.document["live"] is False
    assert done.document["sent"] == []
    return done.document


def done_live(people: People, folder: Path, *, as_: str) -> dict[str, Any]:
    """Run the command live, whether it has something to send or not."""
    done = people.run(*PUBLISH, str(folder), as_=as_, live=True)
    assert done.code == 0, done.out + done.err
    assert done.document["complete"] is True
    return done.document


def code_at(people: People, address: str) -> bytes:
    web3 = people.live.node.web3
    return bytes(web3.eth.get_code(web3.to_checksum_address(address)))


def states(document: dict[str, Any]) -> dict[str, str]:
    return {piece["kind"]: piece["state"] for piece in document["contracts"]}


def test_a_strategy_is_published_proposed_and_decides(people: People, other: Path, journal: Journal) -> None:
    live = people.live
    planned = dry(people, other, as_="operator")
    assert states(planned) == {"strategy": "planned", "circuit": "planned"}
    found = done_live(people, other, as_="operator")
    assert states(found) == {"strategy": "sent", "circuit": "sent"}
    for before, after in zip(planned["contracts"], found["contracts"], strict=True):
        assert after["address"] == before["address"], "as foretold"
        assert len(code_at(people, after["address"])) == before["code_bytes"]
        assert after["gas_used"] <= before["gas_limit"]
    prover = StrategyProver.load(other)
    assert code_at(people, found["strategy"]) == prover.data_code
    published = find_publication(live.node.web3, bytes.fromhex(found["circuit_digest"][2:]))
    assert published is not None
    assert published.layout == (other / "public" / "layout.json").read_bytes()

    words = found["next"].split()
    assert words[:4] == ["provault", "vault", "strategy", "propose"]
    assert words[4:] == [live.vault.address, found["strategy"]]
    proposed = people.does("strategy", "propose", "VAULT", found["strategy"], as_="operator")
    assert not any("circuit" in note for note in proposed["notes"]), "whoever looks for the circuit finds it"
    again = done_live(people, other, as_="operator")
    assert (again["sent"], again["strategy"]) == ([], found["strategy"])
    assert any("waits for its epoch already" in note for note in again["notes"])

    begins = proposed["from_epoch"]
    walk_to(live, begins)
    assert live.vault.functions.strategy_of(begins).call()[0] == found["strategy"]
    assert live.vault.functions.strategy_of(begins - 1).call()[0] == live.stack.strategy
    agent = agent_for(replace(live, prover=prover), journal)
    agent.reconcile()
    agent.step()
    (decision,) = live.vault.events.Decision().get_logs(from_block=0)
    assert (decision["args"]["epoch"], decision["args"]["strategy"]) == (begins, found["strategy"])
    assert any("is in force already" in note for note in dry(people, other, as_="stranger")["notes"])


def walk_to(live: LiveVault, epoch: int) -> None:
    """Go to an epoch far ahead, with the log kept up on the way."""
    while live.epoch < epoch:
        live.node.mine(min(live.epoch + PUSH_STEPS, epoch) * INTERVAL + 24)
        push_prices(live.stack.price_log, live.epoch, sender=live.stranger)


def test_what_is_on_chain_is_not_sent_again(people: People, other: Path) -> None:
    """Even by a machine that has no file of the first run; another account has a data contract of its own."""
    found = done_live(people, other, as_="operator")
    shutil.rmtree(people.folder / "state")
    people.does("fee", "VAULT", "0.0000005", as_="operator")  # the account has gone on meanwhile
    again = done_live(people, other / "public", as_="operator")
    assert (again["sent"], again["strategy"]) == ([], found["strategy"])
    assert states(again) == {"strategy": "on chain", "circuit": "on chain"}
    theirs = done_live(people, other, as_="stranger")
    assert states(theirs) == {"strategy": "sent", "circuit": "on chain"}
    assert theirs["contracts"][1]["address"] == found["contracts"][1]["address"]
    assert theirs["strategy"] != found["strategy"]
    operator = people.address("operator")
    assert any(f"the operator ({operator}) may propose it" in note for note in theirs["notes"])


def test_the_strategy_in_force_is_there_already(people: People) -> None:
    found = dry(people, people.live.strategy_folder, as_="stranger")
    assert states(found) == {"strategy": "on chain", "circuit": "on chain"}
    assert found["strategy"] == people.live.stack.strategy
    assert any("is in force already" in note for note in found["notes"])


def test_files_under_a_foreign_digest_are_not_taken_for_the_circuit(people: People, other: Path) -> None:
    web3, public = people.live.node.web3, other / "public"
    genuine = Publication((public / "architecture.json").read_bytes(), (public / "layout.json").read_bytes())

    class Claimed(Publication):
        @property
        def circuit_digest(self) -> bytes:
            return genuine.circuit_digest

    publish_circuit(web3, Claimed(genuine.architecture, b"{}"), sender=people.live.node.accounts[7])
    assert states(dry(people, other, as_="operator"))["circuit"] == "planned"
    address = publish_circuit(web3, genuine, sender=people.live.node.accounts[7])
    found = dry(people, other, as_="operator")
    assert states(found)["circuit"] == "on chain"
    assert found["contracts"][1]["address"] == address


def test_a_node_that_does_not_search_its_logs(
    people: People, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that refuses the whole chain's logs: what the account has created itself is found all the same."""

    def refuse(self: Chain, address: str | None, topics: list[bytes], first_block: int) -> list[Any]:
        raise RpcError("eth_getLogs", "query exceeds max block range")

    monkeypatch.setattr(Chain, "logs", refuse)
    planned = dry(people, other, as_="operator")
    assert any("does not search the logs of the whole chain" in note for note in planned["notes"])
    found = done_live(people, other, as_="operator")
    again = done_live(people, other, as_="operator")
    assert (again["sent"], again["strategy"], again["notes"]) == ([], found["strategy"], [])
    proposed = people.tries("strategy", "propose", "VAULT", found["strategy"], as_="operator")
    assert any("this node does not search its logs" in note for note in proposed["notes"])


def test_a_proposal_without_its_circuit_is_said(people: People, other: Path) -> None:
    live = people.live
    data = StrategyProver.load(other).data_code
    planned = dry(people, other, as_="operator")
    live.node.set_code(planned["strategy"], data)
    live.node.mine()
    tried = people.tries("strategy", "propose", "VAULT", planned["strategy"], as_="operator")
    assert any("its circuit is not published" in note for note in tried["notes"])


def test_a_creation_far_back_is_found(people: People) -> None:
    """Among more nonces than one call reads, the newest of two at first."""
    live = people.live
    chain, account = Chain(live.node.rpc_url), live.node.web3.to_checksum_address("0x" + "ab" * 20)
    chain_nonce = 2 * AT_ONCE + 3  # of the next transaction
    live.node.request("anvil_setNonce", account, hex(chain_nonce))
    code = b"\x00\x01 any"
    code_hash = bytes(live.node.web3.keccak(code))
    assert find_creations(chain, account, [code_hash]) == {}
    for nonce in (0, AT_ONCE, chain_nonce):
        live.node.set_code(creation_address(account, nonce), code)
        live.node.mine()
        expected = {code_hash: creation_address(account, min(nonce, AT_ONCE))}
        assert find_creations(chain, account, [code_hash]) == expected, "what is not created yet is not there"
    chain.close()


def test_a_text_result_names_what_comes_next(people: People, other: Path) -> None:
    done = people.run(*PUBLISH, str(other), as_="operator", json=False)
    assert done.code == 0
    assert "dry run" in done.out
    assert "will stand at" in done.out
    done = people.run(*PUBLISH, str(other), as_="operator", live=True, json=False)
    assert "  sent     deploy the strategy's commitment at 0x" in done.out
    address = done.out.splitlines()[-1].split()[-1]
    assert done.out.splitlines()[-1].split()[:-2] == ["provault", "vault", "strategy", "propose"]
    assert parse_data_contract(code_at(people, address)).input_count == 32


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"window": 5}, "StrategyMisfitError", "reads a window of 5 ticks, and "),
        ({"previous_target": True}, "StrategyMisfitError", "reads the previous target, and "),
        ({"market": False}, "DeploymentError", "does not say how its inputs come from prices"),
        ({"outputs": 2}, "DeploymentError", "has 2 outputs, and a vault reads one"),
        ({"lanes": 17}, "DeploymentError", "more lanes than the verifier contract has room for"),
    ],
)
def test_a_strategy_that_could_never_decide_is_refused(
    people: People, tmp_path: Path, changes: dict[str, Any], name: str, said: str
) -> None:
    folder = write_strategy(tmp_path / "strategy", **changes)
    line = people.refused(*PUBLISH, str(folder), as_="operator", live=True)
    assert line.startswith(f"{name}: ")
    assert said in line


def bend_powers(public: Path) -> None:
    layout = LayoutParameters.from_bytes((public / "layout.json").read_bytes())
    (public / "layout.json").write_bytes(replace(layout, powers=8192).to_bytes())


def bend_key(public: Path) -> None:
    key = bytearray((public / "key.bin").read_bytes())
    key[-1] ^= 1
    (public / "key.bin").write_bytes(bytes(key))


def bend_commitment(public: Path) -> None:
    document = json.loads((public / "commitment.json").read_text())
    document["points"].reverse()
    document["points"][0] = document["points"][0][:-1] + "0"
    (public / "commitment.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("bend", "name", "said"),
    [
        (bend_powers, "OffChainStrategyError", "8192 powers of the ceremony"),
        (bend_key, "VerificationError", "key"),
        (bend_commitment, "FileFormatError", "strategy_commitment is not the digest"),
        (shutil.rmtree, "MissingFileError", "does not exist"),
    ],
)
def test_a_folder_that_is_not_sound_is_refused(
    people: People, other: Path, tmp_path: Path, bend: Any, name: str, said: str
) -> None:
    folder = tmp_path / "strategy" / "public"
    shutil.copytree(other / "public", folder)
    bend(folder)
    before = people.state()
    done = people.run(*PUBLISH, str(folder), as_="operator", live=True)
    assert (done.code, people.state()) == (1, before)
    error = done.document["error"]
    assert error["name"] == name
    assert said in error["message"]


def test_a_vault_that_takes_no_other_strategy(people: People, other: Path) -> None:
    people.does("strategy", "freeze", "VAULT", as_="operator")
    line = people.refused(*PUBLISH, str(other), as_="operator", live=True)
    assert line.startswith("StrategyMisfitError: ") and "is frozen for ever" in line
    people.does("shut", "VAULT", as_="guardian")
    line = people.refused(*PUBLISH, str(other), as_="operator", live=True)
    assert line.startswith("StrategyMisfitError: ") and "has ended" in line


def test_a_strategy_for_other_inputs_is_not_proposed(people: People, tmp_path: Path) -> None:
    """A data contract that somebody else put there; its every proof would be of another statement."""
    live = people.live
    data = StrategyProver.load(write_strategy(tmp_path / "strategy", window=5)).data_code
    address = "0x" + "cd" * 20
    live.node.set_code(address, data)
    live.node.mine()
    line = people.refused("strategy", "propose", "VAULT", address, as_="operator", live=True)
    assert line.startswith("ProposalError: ")
    assert "takes 4 inputs and gives 1 outputs" in line


def test_an_account_without_ether_is_told_before(people: People, other: Path) -> None:
    people.live.node.set_balance(people.address("stranger"), 0)
    people.live.node.mine()  # for what a block commits to
    assert any("fund it" in note for note in dry(people, other, as_="stranger")["notes"])
    line = people.refused(*PUBLISH, str(other), as_="stranger", live=True)
    assert line.startswith("FundsError: ")
