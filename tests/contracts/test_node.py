"""The local node starts, obeys, and never outlives its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from web3 import Web3

from contracts.errors import AnvilError
from contracts.kept_node import end_kept
from contracts.node import Anvil

STRANGER = Web3.to_checksum_address("0x" + "5a" * 20)
# Runtime code of n zero bytes: PUSH3 n, PUSH0, RETURN.
RETURN_BYTES = "62{:06x}5ff3"


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for_end(process_id: int) -> bool:
    until = time.monotonic() + 300
    while is_running(process_id) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_running(process_id)


def test_two_nodes_live_side_by_side_on_loopback(anvil: Anvil) -> None:
    with Anvil(chain_id=77, accounts=3) as other:
        assert other.rpc_url != anvil.rpc_url
        assert other.rpc_url.startswith("http://127.0.0.1:")
        assert other.web3.eth.chain_id == 77 and len(other.accounts) == 3
        assert anvil.web3.eth.chain_id == 31337
        ended = other.process_id
    assert wait_for_end(ended) and is_running(anvil.process_id)


def test_the_proof_precompiles_are_there_and_an_older_fork_lacks_them(anvil: Anvil) -> None:
    addition = {"to": "0x" + "0b".zfill(40), "data": "0x" + "00" * 256}  # G1ADD of infinity twice
    assert bytes(anvil.web3.eth.call(addition)) == bytes(128)
    with Anvil(hardfork="cancun") as older:
        assert bytes(older.web3.eth.call(addition)) == b""


@pytest.mark.parametrize(("size", "status"), [(24_576, 1), (24_577, 0)])
def test_the_code_size_limit_is_in_force(chain: Anvil, size: int, status: int) -> None:
    hash_ = chain.web3.eth.send_transaction(
        {"from": chain.accounts[0], "data": "0x" + RETURN_BYTES.format(size), "gas": 9_000_000}
    )
    assert chain.web3.eth.wait_for_transaction_receipt(hash_)["status"] == status


def test_block_gas_limit_and_genesis_time_are_as_asked() -> None:
    with Anvil(block_gas_limit=12_345_678, genesis_secs=1_500_000_000, base_fee_wei=7) as node:
        block = node.web3.eth.get_block(0)
        assert (block["gasLimit"], block["timestamp"]) == (12_345_678, 1_500_000_000)
        assert block["baseFeePerGas"] == 7


def test_time_goes_where_it_is_told(chain: Anvil) -> None:
    start = chain.now_secs
    assert chain.mine(start + 100) == start + 100
    chain.set_next_timestamp(start + 5_000)
    assert chain.mine() == start + 5_000
    with pytest.raises(AnvilError, match="anvil refuses evm_"):
        chain.mine(start)


def test_a_snapshot_brings_back_time_and_state_once(anvil: Anvil) -> None:
    start = anvil.now_secs
    kept = anvil.snapshot()
    anvil.mine(start + 1_000)
    anvil.set_balance(STRANGER, 5)
    anvil.revert(kept)
    assert anvil.now_secs == start and anvil.web3.eth.get_balance(STRANGER) == 0
    with pytest.raises(AnvilError, match=f"keeps no state {kept}"):
        anvil.revert(kept)


def test_code_and_sender_can_be_replaced(chain: Anvil) -> None:
    chain.set_code(STRANGER, bytes.fromhex("60075f5260205ff3"))  # returns 7
    assert int.from_bytes(chain.web3.eth.call({"to": STRANGER}), "big") == 7
    chain.set_balance(STRANGER, 10**18)
    with chain.impersonate(STRANGER.lower()) as sender:
        hash_ = chain.web3.eth.send_transaction({"from": sender, "to": chain.accounts[1], "value": 1})
        assert chain.web3.eth.wait_for_transaction_receipt(hash_)["from"] == sender


def test_held_transactions_share_a_block(chain: Anvil) -> None:
    eth = chain.web3.eth
    sender, other = chain.accounts[:2]
    with chain.held_mining():
        hashes = [eth.send_transaction({"from": sender, "to": other, "value": 1}) for _ in range(3)]
    blocks = {eth.wait_for_transaction_receipt(hash_)["blockNumber"] for hash_ in hashes}
    assert len(blocks) == 1


def test_a_dead_node_is_named_with_its_last_line() -> None:
    with Anvil() as node:
        os.kill(node.process_id, signal.SIGKILL)
        assert wait_for_end(node.process_id)
        with pytest.raises(AnvilError, match=r"ended with status -9; its last line: \S+"):
            node.mine()


def test_a_port_in_use_is_refused(anvil: Anvil) -> None:
    port = int(anvil.rpc_url.rsplit(":", 1)[1])
    with pytest.raises(AnvilError, match="Address already in use"), Anvil(port=port):
        pass


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 0", r"ended with status 0; its last line: \(it printed nothing\)"),
        ("echo unhappy; exit 4", "ended with status 4; its last line: unhappy"),
    ],
)
def test_a_program_that_is_no_node_is_refused(tmp_path: Path, script: str, message: str) -> None:
    program = tmp_path / "anvil"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(AnvilError, match=message), Anvil(binary=program):
        pass


def test_a_file_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnvilError, match="anvil does not start"), Anvil(binary=tmp_path / "absent"):
        pass


def test_unknown_requests_and_a_closed_node_are_refused() -> None:
    node = Anvil()
    with node:
        with pytest.raises(AnvilError, match="anvil refuses evm_nonsense"):
            node.request("evm_nonsense")
        with pytest.raises(AnvilError, match="already running"):
            node.start()
    with pytest.raises(AnvilError, match="not running"):
        node.mine()
    node.close()


@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "raise ValueError('x')"])
def test_the_node_ends_with_the_interpreter(ending: str) -> None:
    script = f"""
from contracts.node import Anvil
node = Anvil()
node.start()
print(node.process_id, flush=True)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert wait_for_end(int(done.stdout))


def test_a_kept_node_stays_until_it_is_ended() -> None:
    script = """
from contracts.node import Anvil
with Anvil(keep=True) as node:
    print(node.process_id, flush=True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    process_id = int(done.stdout)
    try:
        assert is_running(process_id)
    finally:
        ended = end_kept(process_id)
    assert ended and wait_for_end(process_id)
    assert not end_kept(process_id)


def test_a_process_that_is_no_anvil_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        assert not end_kept(sleeper.pid)
        assert sleeper.poll() is None
        sleeper.kill()
