"""Each probe refuses exactly what it looks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from agent.chain import Chain
from contracts.compile import compile_contract, deploy
from contracts.deployment_probes import (
    G1,
    G1MSM,
    G2,
    MINUS_G1,
    PAIRING,
    pool_address,
    probe_market,
    probe_precompiles,
    probe_sequencer,
    probe_verifier,
)
from contracts.errors import ProbeError
from contracts.node import Anvil
from contracts.uniswap import Market

ONE, TWO = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
OFF_CURVE = G1[:-1] + bytes([G1[-1] ^ 1])
QUESTIONS = {
    "1 * G": (G1MSM, G1 + ONE),
    "2 * G - G": (G1MSM, G1 + TWO + MINUS_G1 + ONE),
    "a point off the curve": (G1MSM, OFF_CURVE + ONE),
    "e(G, H) e(-G, H)": (PAIRING, G1 + G2 + MINUS_G1 + G2),
    "e(G, H)": (PAIRING, G1 + G2),
}


@dataclass
class Lying:
    """A real chain that answers one question otherwise."""

    chain: Chain
    lies: dict[tuple[str, bytes], bytes | None] = field(default_factory=dict)

    def code(self, address: str) -> bytes:
        return self.chain.code(address)

    def answer(self, address: str, data: bytes, gas: int = 5_000_000) -> bytes | None:
        if (address, data) in self.lies:
            return self.lies[address, data]
        return self.chain.answer(address, data, gas)


@pytest.fixture
def lying(chain: Anvil) -> Iterator[Lying]:
    """Give the node, so far without a lie."""
    access = Chain(chain.rpc_url)
    yield Lying(access)
    access.close()


@pytest.fixture
def market(chain: Anvil) -> Market:
    """Give a real pool."""
    return Market.create(chain.web3, sender=chain.accounts[0], tick=200_000)


def names(market: Market) -> dict[str, str]:
    """Return the arguments of a probe of the market."""
    return {
        "factory": market.factory.address,
        "pool": market.pool.address,
        "base": market.base.address,
        "risky": market.risky.address,
    }


def test_a_chain_at_prague_passes(lying: Lying) -> None:
    probe_precompiles(lying)


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_one_wrong_answer_of_a_precompile_is_found(lying: Lying, question: str) -> None:
    right = lying.answer(*QUESTIONS[question], 200_000)
    wrong = [answer for answer in (None, b"", ONE, bytes(32), G1) if answer != right]
    assert len(wrong) == 4
    for answer in wrong:
        lying.lies = {QUESTIONS[question]: answer}
        with pytest.raises(ProbeError, match="gives a wrong answer for ") as refusal:
            probe_precompiles(lying)
        assert f"for {question}, so no" in str(refusal.value)


def test_a_market_is_read(lying: Lying, market: Market) -> None:
    found = probe_market(lying, **names(market))
    assert (found.base_decimals, found.risky_decimals, found.fee_pips) == (6, 18, 500)
    assert (found.cardinality, found.cardinality_next, found.observation_index) == (1, 1, 0)
    assert found.oldest_secs == market.pool.functions.observations(0).call()[0]
    token0, token1 = market.pool.functions.token0().call(), market.pool.functions.token1().call()
    assert pool_address(market.factory.address, token0, token1, 500) == market.pool.address


def test_a_token_of_too_many_decimals_is_refused(chain: Anvil, lying: Lying) -> None:
    market = Market.create(chain.web3, sender=chain.accounts[0], risky_decimals=19)
    with pytest.raises(ProbeError, match="has 19 decimals"):
        probe_market(lying, **names(market))


def test_a_pool_without_a_price_is_refused(chain: Anvil, lying: Lying, market: Market) -> None:
    created = market.factory.functions.createPool(market.base.address, market.risky.address, 3_000)
    chain.web3.eth.wait_for_transaction_receipt(created.transact({"from": chain.accounts[0]}))
    pool = market.factory.functions.getPool(market.base.address, market.risky.address, 3_000).call()
    with pytest.raises(ProbeError, match="has no price yet"):
        probe_market(lying, **{**names(market), "pool": pool})


def test_a_pool_of_other_code_is_refused(chain: Anvil, lying: Lying, market: Market) -> None:
    """A factory that names any pool it likes passes its own test, and not that of the published code."""
    pool = chain.accounts[9]
    chain.set_code(pool, bytes(chain.web3.eth.get_code(market.pool.address)))
    factory = bytes.fromhex("73" + pool[2:] + "5f5260205ff3")  # answers its pool, whatever it is asked
    chain.set_code(market.factory.address, factory)
    with pytest.raises(ProbeError, match="was not made from the published code of Uniswap v3"):
        probe_market(lying, **{**names(market), "pool": pool})


def test_a_token_in_place_of_a_pool_is_refused(lying: Lying, market: Market) -> None:
    with pytest.raises(ProbeError, match=r"does not answer token0\(\)"):
        probe_market(lying, **{**names(market), "pool": market.base.address})


def test_a_sequencer_feed_answers_as_one(chain: Anvil, lying: Lying, market: Market) -> None:
    sender = chain.accounts[0]
    feed = deploy(chain.web3, compile_contract("testing/UptimeFeed"), sender=sender)

    def report(answer: int, started: int) -> None:
        hash_ = feed.functions.report(answer, started).transact({"from": sender})
        chain.web3.eth.wait_for_transaction_receipt(hash_)

    with pytest.raises(ProbeError, match="says 0 since 0"):
        probe_sequencer(lying, feed.address)
    report(0, 1_000)
    probe_sequencer(lying, feed.address)
    report(1, 1_000)
    probe_sequencer(lying, feed.address)  # down now; it may come up
    report(2, 1_000)
    with pytest.raises(ProbeError, match="says 2 since 1000"):
        probe_sequencer(lying, feed.address)
    with pytest.raises(ProbeError, match=r"does not answer latestRoundData\(\)"):
        probe_sequencer(lying, market.base.address)
    with pytest.raises(ProbeError, match="there is no sequencer feed"):
        probe_sequencer(lying, chain.accounts[4])


def test_a_verifier_with_one_other_byte_is_refused(chain: Anvil, lying: Lying) -> None:
    verifier = deploy(chain.web3, compile_contract("Verifier"), sender=chain.accounts[0])
    probe_verifier(lying, verifier.address)
    code = bytes(chain.web3.eth.get_code(verifier.address))
    for changed in (code[:100] + bytes([code[100] ^ 1]) + code[101:], code + b"\x00", code[:-1]):
        chain.set_code(verifier.address, changed)
        with pytest.raises(ProbeError, match="is not the verifier that this version of provault compiles to"):
            probe_verifier(lying, verifier.address)
