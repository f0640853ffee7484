"""The demo keeps its promises: what it prints, what it trades, and what it leaves."""

from __future__ import annotations

import json
import re
from statistics import median

import pytest

from agent.demo.frauds import FRAUDS, innermost_refusal
from agent.demo.period import EPOCHS, FIRST_EPOCH
from agent.demo.prices import DATA_FILE
from agent.demo.transaction_trace import gas_of_call
from contracts.refusal import refusal_of
from strategies.artefacts import read_strategy
from strategies.pool import PoolState, swap_exact_input
from strategies.tick_math import Q128, q_ratio_at_tick, sqrt_ratio_at_tick, value_in_base
from tests.e2e.support.live_demo import LiveDemo

pytestmark = pytest.mark.timeout(3_600)  # the first test of a process waits for a whole demo

KEYS = {
    "epochs", "executed", "held", "frauds", "prove_seconds_median", "verify_gas_median", "decide_gas_median",
    "trade_gas_median", "vault_value_start", "vault_value_end", "hold_value_end", "base_decimals",
    "data_source", "rpc_url", "vault", "report_path",
}  # fmt: skip


def frauds(demo: LiveDemo) -> list[bytes]:
    """Every transaction of the chain that was refused, in order."""
    return [
        bytes(tx_hash)
        for number in range(demo.web3.eth.block_number + 1)
        for tx_hash in demo.web3.eth.get_block(number)["transactions"]
        if demo.web3.eth.get_transaction_receipt(tx_hash)["status"] == 0
    ]


def test_json_holds_exactly_the_promised_keys(demo: LiveDemo) -> None:
    assert set(demo.document) == KEYS
    assert demo.document["data_source"] == DATA_FILE
    assert demo.document["base_decimals"] == 6
    for name in KEYS - {"frauds", "prove_seconds_median", "data_source", "rpc_url", "vault", "report_path"}:
        assert type(demo.document[name]) is int, name
    assert 0 < demo.document["prove_seconds_median"] < 30


def test_every_epoch_is_decided_once_and_the_counts_are_those_of_the_chain(demo: LiveDemo) -> None:
    epochs = [event.args["epoch"] for event in demo.history.named("Decision")]
    assert epochs == list(range(FIRST_EPOCH, FIRST_EPOCH + EPOCHS + 1))
    traded = {event.args["epoch"] for event in demo.history.named("Traded")}
    document = demo.document
    assert document["epochs"] == len(epochs) >= 24
    assert document["executed"] == len(traded)
    assert document["held"] == len(epochs) - len(traded)


def test_the_default_period_buys_sells_and_holds(demo: LiveDemo) -> None:
    traded = demo.history.named("Traded")
    buys = {event.args["epoch"] for event in traded if event.args["buy"]}
    sells = {event.args["epoch"] for event in traded if not event.args["buy"]}
    idle = demo.history.named("Idle")
    assert len(buys) >= 3
    assert len(sells) >= 3
    assert not buys & sells
    assert [event.args["reason"] for event in idle] == [0] * demo.document["held"]
    assert idle


def test_each_fraud_is_mined_and_refused_by_the_verifier_before_the_honest_decision(demo: LiveDemo) -> None:
    assert demo.document["frauds"] == dict.fromkeys(FRAUDS, "opening")
    honest = demo.history.named("Decision")[-1]
    refused = frauds(demo)
    assert len(refused) == len(FRAUDS)
    for tx_hash in refused:
        transaction = demo.web3.eth.get_transaction(tx_hash)
        assert honest.block > transaction["blockNumber"] > demo.history.named("Decision")[-2].block
        function, arguments = demo.vault.decode_function_input(transaction["input"])
        assert transaction["to"] == demo.vault.address
        assert (function.fn_name, arguments["epoch"]) == ("decide", honest.args["epoch"])
        assert refusal_of(demo.web3, tx_hash) == "opening"
        assert innermost_refusal(demo.web3, tx_hash) == (demo.verifier.address, "opening")


def test_each_fraud_differs_from_the_honest_call_in_one_thing(demo: LiveDemo) -> None:
    honest = demo.history.named("Decision")[-1]
    calls = [demo.web3.eth.get_transaction(tx_hash)["input"] for tx_hash in frauds(demo)]
    arguments = [demo.vault.decode_function_input(call)[1] for call in calls]
    before, proof = (event.args["proof"] for event in demo.history.named("Proven")[-2:])
    target = honest.args["target"]
    changed, replayed, epoch, vault, weights, flipped = arguments
    assert abs(changed["target"] - target) == 1
    assert changed["proof"] == proof
    assert replayed["target"] == demo.history.named("Decision")[-2].args["target"]
    assert replayed["proof"] == before
    assert [one["target"] for one in (epoch, vault, flipped)] == [target] * 3
    assert len({proof, epoch["proof"], vault["proof"], weights["proof"]}) == 4
    different = [a ^ b for a, b in zip(flipped["proof"], proof, strict=True) if a != b]
    assert [bits.bit_count() for bits in different] == [1]


def test_values_are_those_of_the_chain_at_the_last_tick(demo: LiveDemo) -> None:
    first, last = demo.history.named("Decision")[0].args, demo.history.named("Decision")[-1].args
    final = q_ratio_at_tick(last["tick"])
    base, risky = demo.vault.functions.base().call(), demo.vault.functions.risky().call()
    assert demo.document["vault_value_start"] == first["base"] + value_in_base(first["risky"], final)
    assert demo.document["vault_value_end"] == base + value_in_base(risky, final)
    bought = first["base"] * Q128 // q_ratio_at_tick(first["tick"])
    assert demo.document["hold_value_end"] == value_in_base(bought, final)
    assert demo.document["vault_value_end"] == demo.vault.functions.nav().call()


def test_decide_gas_is_that_of_the_receipts(demo: LiveDemo) -> None:
    used = [
        demo.web3.eth.get_transaction_receipt(event.tx_hash)["gasUsed"]
        for event in demo.history.named("Decision")
    ]
    assert demo.document["decide_gas_median"] == int(median(used))
    assert 0 < demo.document["verify_gas_median"] < demo.document["decide_gas_median"]
    assert 0 < demo.document["trade_gas_median"] < demo.document["decide_gas_median"]


def test_a_replayed_decision_takes_the_gas_that_it_took_when_mined(demo: LiveDemo) -> None:
    for event in demo.history.named("Decision")[::6]:
        mined = demo.web3.eth.get_transaction(event.tx_hash)
        replayed = gas_of_call(
            demo.web3,
            sender=mined["from"],
            to=demo.vault.address,
            data=bytes(mined["input"]),
            gas=mined["gas"],
            block=mined["blockNumber"],
        )
        assert replayed == demo.web3.eth.get_transaction_receipt(event.tx_hash)["gasUsed"]


def test_a_full_rebalance_moves_the_price_5_to_50_bps(demo: LiveDemo) -> None:
    first = demo.history.named("Decision")[0]
    pool_abi = [
        {"name": "slot0", "type": "function", "stateMutability": "view", "inputs": [], "outputs": [
            {"name": "", "type": "uint160"}, {"name": "", "type": "int24"}]},
        {"name": "liquidity", "type": "function", "stateMutability": "view", "inputs": [], "outputs": [
            {"name": "", "type": "uint128"}]},
    ]  # fmt: skip
    pool = demo.web3.eth.contract(address=demo.vault.functions.POOL().call(), abi=pool_abi)
    root, tick = pool.functions.slot0().call(block_identifier=first.block - 1)
    liquidity = pool.functions.liquidity().call(block_identifier=first.block - 1)
    state = PoolState(root, tick, liquidity, 500, 10)
    whole = first.args["base"]
    paid, _, after = swap_exact_input(
        state, zero_for_one=True, amount=whole, limit_x96=sqrt_ratio_at_tick(tick - 1000)
    )
    moved_bps = 1e4 * abs(1 - (after.sqrt_ratio_x96 / root) ** 2)
    assert paid == whole
    assert 5 <= moved_bps <= 50


def test_stdout_is_one_document_and_progress_is_on_stderr(demo: LiveDemo) -> None:
    json.loads(demo.done.stdout)
    assert f"{EPOCHS + 1 + len(FRAUDS)}/{EPOCHS + 1 + len(FRAUDS)} epoch" in demo.done.stderr
    assert "Traceback" not in demo.done.stderr


def test_the_page_stands_by_itself_and_shows_every_epoch(demo: LiveDemo) -> None:
    page = (demo.commands.folder / "report.html").read_text("utf-8")
    assert demo.document["report_path"] == str(demo.commands.folder / "report.html")
    for event in demo.history.named("Decision"):
        assert f'<td class="word">{event.args["epoch"]}</td>' in page
    for fraud in FRAUDS:
        assert f"<code>{fraud}</code>" in page
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert "<script" in markup
    assert not re.findall(r"\b(?:src|href)\s*=|@import|url\(", markup)


def test_secrets_are_private_and_the_rest_is_readable(demo: LiveDemo) -> None:
    folder = demo.commands.folder
    modes = {
        name: (folder / name).stat().st_mode & 0o777
        for name in ("strategy/secret", "strategy/secret/weights.bin", "strategy/secret/blinding.bin",
                     "journal.sqlite", "recording.json", "report.html")
    }  # fmt: skip
    assert modes == {
        "strategy/secret": 0o700,
        "strategy/secret/weights.bin": 0o600,
        "strategy/secret/blinding.bin": 0o600,
        "journal.sqlite": 0o600,
        "recording.json": 0o644,
        "report.html": 0o644,
    }


def test_what_is_left_shows_no_blinding_and_no_row_of_weights(demo: LiveDemo) -> None:
    folder = demo.commands.folder
    strategy = read_strategy(folder / "strategy")
    blinding = (folder / "strategy" / "secret" / "blinding.bin").read_bytes()
    blocks = [blinding[at : at + 32] for at in range(0, len(blinding), 32)]
    scalars = [block for block in blocks if len(set(block)) > 16]  # not the header
    weights = (folder / "strategy" / "secret" / "weights.bin").read_bytes()
    row = [int(weight) for weight in strategy.weights.layers[0][0][0][:12]]
    parts = [weights[at : at + 256] for at in range(0, len(weights), 256)]
    needles = [part for part in parts if len(set(part)) > 16]  # not what is zero, or repeats
    needles += [str(row)[1:-1].encode(), ",".join(map(str, row)).encode()]
    for scalar in scalars:
        values = (int.from_bytes(scalar, "big"), int.from_bytes(scalar, "little"))
        needles += [scalar, scalar.hex().encode(), *(str(value).encode() for value in values)]
    files = [folder / name for name in ("recording.json", "report.html", "journal.sqlite")]
    files += [path for path in (folder / "strategy" / "public").iterdir() if path.name != "card.md"]
    contents = {path.name: path.read_bytes() for path in files}
    contents |= {"stdout": demo.done.stdout.encode(), "stderr": demo.done.stderr.encode()}
    assert len(scalars) > 2
    assert len(needles) > 10
    assert {name for name, content in contents.items() for needle in needles if needle in content} == set()
