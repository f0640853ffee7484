"""Reading a chain: batches, the vault's view, and names that match the compiled contracts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.crypto import keccak

import agent.vault_access
from agent.batch_call import Ask, batch_code, read_answers
from agent.chain import Chain
from agent.errors import CallRefusedError, InvalidOptionError, RpcError, UnreachableError
from agent.exchange import MedianPrice, open_venues
from agent.vault_access import DECISION_TOPIC, IDLE_TOPIC, TRADED_TOPIC, VaultAccess
from contracts.compile import compile_contract
from tests.agent.support.live_vault import GAS, WINDOW, LiveVault

DECIMALS, DEADBEEF = bytes.fromhex("313ce567"), bytes.fromhex("deadbeef")


def test_calls_are_answered_in_order_with_their_failures(live: LiveVault) -> None:
    token = bytes.fromhex(live.market.base.address[2:])
    asks = [Ask(token, DECIMALS), Ask(token, DEADBEEF), Ask(token, DECIMALS)]
    answer = Chain(live.node.rpc_url).read_together(asks)
    assert [one.ok for one in answer.answers] == [True, False, True]
    assert int.from_bytes(answer.answers[2].data, "big") == 6
    assert answer.time_secs == live.now
    assert answer.number == live.node.web3.eth.block_number


def test_an_earlier_call_changes_what_a_later_one_reads_and_nothing_else(live: LiveVault) -> None:
    epoch = live.next_epoch()
    head = live.stack.price_log.functions.head().call()
    view = VaultAccess(Chain(live.node.rpc_url), live.vault.address, GAS).view(epoch)
    assert (view.head, view.head_after_push) == (head, epoch)
    assert live.stack.price_log.functions.head().call() == head
    live.send_as_stranger(live.stack.price_log.functions.push(epoch))
    assert view.window == tuple(live.stack.price_log.functions.window(epoch, WINDOW).call())


def test_the_view_is_what_the_contracts_say(live: LiveVault) -> None:
    live.next_epoch()
    access = VaultAccess(Chain(live.node.rpc_url), live.vault.address, GAS)
    view = access.view(live.epoch)
    functions = live.vault.functions
    assert view.state.base == functions.base().call()
    assert view.state.supply == functions.totalSupply().call()
    assert view.state.first_epoch == functions.first_epoch().call()
    assert view.state.bond == functions.bond().call()
    assert (view.live, view.paused, view.decided, view.opened) == (True, False, False, True)
    assert view.strategy == live.stack.strategy
    known, tick, _ = live.stack.price_log.functions.recent(600).call()
    assert (view.market.recent_known, view.market.recent_tick) == (known, tick)
    assert view.market.pool.sqrt_ratio_x96 == live.market.slot0().sqrt_price_x96
    assert view.market.pool.liquidity == live.market.liquidity()
    rules = functions.rules().call()
    facts = access.facts
    read = facts.rules
    assert (read.window_ticks, read.budget_e18, read.max_shares) == (rules[0], rules[7], rules[17])
    assert (read.seed_min_base, facts.risky_decimals, read.pool_fee_pips) == (rules[16], 18, 500)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no batch answer"),
        (bytes(64 + 31), "cut short"),
        (bytes(64 + 32) + (5).to_bytes(32, "big") + bytes(4), "cut short"),
        (bytes(64 + 64 + 1), "bytes after its end"),
    ],
)
def test_a_bent_batch_answer_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_answers(data, 1)


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="20 byte address"):
        batch_code([Ask(bytes(19), b"")])
    with pytest.raises(ValueError, match="at most 16384"):
        batch_code([Ask(bytes(20), bytes(16_385))])


def test_every_name_is_in_the_compiled_contracts() -> None:
    source = Path(agent.vault_access.__file__).read_text("utf-8")
    selectors: set[bytes] = set()
    topics: set[bytes] = set()
    for name in ("Vault", "PriceLog", "testing/Token"):
        for item in compile_contract(name).abi:
            entry: Any = item
            if item["type"] == "function":
                selectors.add(function_abi_to_4byte_selector(entry))
            elif item["type"] == "event":
                topics.add(event_abi_to_log_topic(entry))
    pool = {"slot0()", "liquidity()", "tickSpacing()", "token0()", "fee()"}
    written = set(re.findall(r'"([a-z_0-9A-Z]+\([a-z0-9,]*\))"', source)) - pool
    functions = {one for one in written if not one[0].isupper()}
    assert len(functions) >= 8
    assert [one for one in functions if keccak(text=one)[:4] not in selectors] == []
    assert {DECISION_TOPIC, TRADED_TOPIC, IDLE_TOPIC} <= topics


def test_failures_have_their_names(live: LiveVault) -> None:
    chain = Chain(live.node.rpc_url)
    access = VaultAccess(chain, live.vault.address, GAS)
    with pytest.raises(CallRefusedError, match="trade is refused: early"):
        chain.simulate(access.trade_call(), live.stranger)
    with pytest.raises(CallRefusedError, match="decide is refused: early"):
        chain.simulate(access.decide_call(live.epoch, 1, b"", and_trade=False), live.stranger)
    with pytest.raises(RpcError, match="eth_sendRawTransaction"):
        chain.broadcast(b"\x02\x01")
    assert chain.receipt(bytes(32)) is None
    assert chain.sender_of(bytes(32)) is None
    assert not chain.knows(bytes(32))
    with pytest.raises(UnreachableError, match="does not answer"):
        Chain("http://127.0.0.1:9").latest()


class FakeVenue:
    """An exchange that answers as told."""

    def __init__(self, answer: object) -> None:
        self.id = "fake"
        self._answer = answer

    def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        assert symbol == "ETH/USDT"
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"last": self._answer}


@pytest.mark.parametrize(
    ("answers", "tick"),
    [
        ([2000.0], -200_312),
        ([2000.0, 1.0, 10_000_000.0], -200_312),
        ([OSError("away"), 2000.0, None, float("nan"), -1.0], -200_312),
        ([OSError("away"), None], None),
    ],
)
def test_the_median_of_the_venues_that_answer(answers: list[object], tick: int | None) -> None:
    venues = [FakeVenue(answer) for answer in answers]
    assert MedianPrice(venues, "ETH/USDT", decimals_apart=6 - 18).tick() == tick


def test_an_exchange_that_nobody_knows_is_named() -> None:
    with pytest.raises(InvalidOptionError, match=r"exchange\.venues is 'nowhere'"):
        open_venues(["nowhere"], 1.0)
    assert [venue.id for venue in open_venues(["kraken"], 1.0)] == ["kraken"]
