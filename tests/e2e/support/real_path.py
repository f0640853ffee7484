"""A vault with its Zap on a real node: real pool, verifier and proofs, and strategies that prices steer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD
from web3.types import TxReceipt

from contracts.compile import compile_contract, deploy
from contracts.deploy import (
    MarketAddresses,
    PriceLogPlan,
    StrategyFiles,
    VaultStack,
    deploy_price_log,
    deploy_stack,
    deploy_zap,
    open_vault,
)
from contracts.node import Anvil
from contracts.refusal import refusal_of
from contracts.registration import deploy_data_contract, proof_context
from contracts.tick_math import sqrt_ratio_at_tick
from contracts.uniswap import Market
from contracts.vault_parameters import VaultRules
from prover.artefacts import create_strategy, load_prover
from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.architecture import Market as PricesOfModel
from prover.compile.cost_model import choose_parameters
from prover.compile.integer_model import IntegerWeights
from prover.protocol.prove import Prover

INTERVAL = 3_600
WINDOW = 5
START = 480_000  # first interval of the log
GENESIS = (START - 1) * INTERVAL
CENTRE = -200_311  # raw tick: 2,000 whole base per whole risky, risky being token0
CARDINALITY = 60
DOLLAR = 10**6
DEPTH = 100_000_000 * DOLLAR  # raw base that the pool virtually holds
SEED = 100_000 * DOLLAR
CUT, BOUNTY = 100 * DOLLAR, DOLLAR
BOND = 3 * (CUT + BOUNTY) - 1  # the second miss leaves too little for a third
EDGE = 887_200
FOR_EVER = 2**63
CHAIN_ID = 31_337
MAX_UINT = 2**256 - 1
SHIFT_BITS = 7
ARCHITECTURE = Architecture(
    inputs=(InputRun(WINDOW - 1, -2_000, 2_000), InputRun(1, 0, 10_000)),
    layers=(Layer(WINDOW, 1, "relu", 2_000, 1 << 20),),
    market=PricesOfModel(WINDOW, previous_target=True),
    shift_bits=SHIFT_BITS,
)


def steered_weights(gain: int) -> IntegerWeights:
    """Return a network whose target is 5000 bps plus `gain` times the last difference in ticks."""
    weights = np.zeros((1, WINDOW), dtype=np.int64)
    weights[0, WINDOW - 2] = gain << SHIFT_BITS
    return IntegerWeights(((weights, np.full(1, 5_000 << SHIFT_BITS, dtype=np.int64)),))


@dataclass
class RealPath:
    """One vault, its market, its Zap, and two strategies: one follows the price, one opposes it."""

    node: Anvil
    market: Market
    stack: VaultStack
    zap: Contract
    relay: Contract
    follower: Prover
    opposer: Prover
    opposer_address: str

    # -- who and when

    @property
    def vault(self) -> Contract:
        return self.stack.vault

    @property
    def log(self) -> Contract:
        return self.stack.price_log

    @property
    def operator(self) -> str:
        return self.node.accounts[0]

    @property
    def guardian(self) -> str:
        return self.node.accounts[1]

    @property
    def stranger(self) -> str:
        return self.node.accounts[2]

    @property
    def holder(self) -> str:
        return self.node.accounts[3]

    @property
    def epoch(self) -> int:
        return self.node.now_secs // INTERVAL

    def read(self, name: str, *arguments: Any) -> Any:
        """Read from the vault."""
        return self.vault.functions[name](*arguments).call()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo what the block does to the chain."""
        before = self.node.snapshot()
        yield
        self.node.revert(before)

    # -- calls

    def mined(self, call: ContractFunction, sender: str) -> tuple[TxReceipt, bytes]:
        """Send a call and return its receipt and hash, whether it was refused or not."""
        hash_ = call.transact({"from": self.node.web3.to_checksum_address(sender), "gas": 8_000_000})
        return self.node.web3.eth.wait_for_transaction_receipt(hash_, poll_latency=0.01), hash_

    def send(self, call: ContractFunction, sender: str | None = None) -> TxReceipt:
        """Send a call that must be taken."""
        receipt, hash_ = self.mined(call, sender or self.stranger)
        assert receipt["status"] == 1, f"{call.fn_name}: {refusal_of(self.node.web3, hash_)}"
        return receipt

    def word(self, call: ContractFunction, sender: str | None = None) -> str:
        """Send a call that must be refused, and return the word."""
        receipt, hash_ = self.mined(call, sender or self.stranger)
        assert receipt["status"] == 0, f"{call.fn_name} is not refused"
        return refusal_of(self.node.web3, hash_)

    def act(self, name: str, *arguments: Any, sender: str | None = None) -> TxReceipt:
        """Call the vault."""
        return self.send(self.vault.functions[name](*arguments), sender)

    def refusal(self, name: str, *arguments: Any, sender: str | None = None) -> str:
        """Call the vault, be refused, and return the word."""
        return self.word(self.vault.functions[name](*arguments), sender)

    def events(self, receipt: TxReceipt, name: str) -> list[dict[str, Any]]:
        """Return the vault's events of a name in a receipt."""
        found = self.vault.events[name]().process_receipt(receipt, errors=DISCARD)
        return [dict(event["args"]) for event in found if event["address"] == self.vault.address]

    # -- market and time

    def move(self, drift: int) -> None:
        """Move the pool's price by ticks, upward when risky gets dearer."""
        self.market.move_to_tick(self.market.slot0().tick + drift)

    def next_epoch(self, drift: int = 0, *, offset: int = 24) -> int:
        """Move the price at once and go into the next epoch."""
        if drift:
            self.move(drift)
        epoch = self.epoch + 1
        self.node.mine(epoch * INTERVAL + offset)
        return epoch

    def sleep_until(self, epoch: int, *, offset: int = 24) -> None:
        """Go to an epoch far ahead, with the log kept up on the way."""
        while self.epoch < epoch:
            self.node.mine(min(self.epoch + 16, epoch) * INTERVAL + offset)
            self.push()

    def push(self) -> None:
        self.send(self.log.functions.push(self.epoch))

    # -- decisions

    def statement(self, epoch: int) -> tuple[bytes, tuple[int, ...]]:
        """Return context and inputs of an epoch, the log pushed."""
        self.push()
        ticks = self.log.functions.window(epoch, WINDOW).call()
        differences = tuple(after - before for before, after in pairwise(ticks))  # risky is token0
        context = proof_context(CHAIN_ID, self.vault.address, epoch, self.stack.verifier.address)
        return context, (*differences, self.read("target"))

    def decision(self, prover: Prover | None = None, *, and_trade: bool = False) -> ContractFunction:
        """Return the proven decision of the epoch that runs now, as a call to send."""
        epoch = self.epoch
        context, inputs = self.statement(epoch)
        (target,), proof = (prover or self.follower).prove(context, inputs)
        return self.vault.functions.decide(epoch, target, proof, and_trade)

    def decide(self, prover: Prover | None = None, *, and_trade: bool = False) -> TxReceipt:
        """Decide the epoch that runs now."""
        return self.send(self.decision(prover, and_trade=and_trade))

    # -- exits

    def check_exits(self, *, zap_word: str | None = None) -> None:
        """Let the holder leave in kind and through the Zap, every unit accounted for, and undo it.

        zap_word: with which the Zap refuses, where it must.
        """
        with self.undone():
            before = self._held()
            shares = before["shares"] // 2
            supply, risky = self.read("totalSupply"), self.read("risky")
            receipt = self.act("redeem", shares, self.holder, self.holder, False, False, sender=self.holder)
            (paid,) = self.events(receipt, "Redeemed")
            after = self._held()
            assert after["base"] - before["base"] == paid["base"]
            assert after["risky"] - before["risky"] == paid["risky"] == shares * risky // supply
            assert paid["base"] + paid["risky"] > 0
            rest = after["shares"]
            call = self.zap.functions.leave(rest, 1, self.holder, FOR_EVER)
            if zap_word is not None:
                assert self.word(call, self.holder) == zap_word
                return
            receipt = self.send(call, self.holder)
            (paid,) = self.events(receipt, "Redeemed")
            end = self._held()
            assert end["base"] - after["base"] >= max(1, paid["base"])
            assert (end["risky"], end["shares"]) == (after["risky"], 0)
            self.check_zap_is_empty()

    def check_zap_is_empty(self) -> None:
        """The Zap holds no token and allows nothing."""
        for token in (self.market.base, self.market.risky, self.vault):
            assert token.functions.balanceOf(self.zap.address).call() == 0
            assert token.functions.allowance(self.zap.address, self.vault.address).call() == 0

    def _held(self) -> dict[str, int]:
        tokens = {"base": self.market.base, "risky": self.market.risky, "shares": self.vault}
        return {name: token.functions.balanceOf(self.holder).call() for name, token in tokens.items()}


def build_real_path(node: Anvil, folder: Path) -> RealPath:
    """Commit two strategies, deploy everything, open the vault, and let a holder enter through the Zap."""
    provers, files = [], []
    for name, gain in (("follower", 10), ("opposer", -10)):
        parameters = choose_parameters(ARCHITECTURE)
        create_strategy(folder / name, ARCHITECTURE, parameters, steered_weights(gain))
        provers.append(load_prover(folder / name))
        public = folder / name / "public"
        files.append(
            StrategyFiles(
                (public / "key.bin").read_bytes(),
                provers[-1].commitment,
                (public / "architecture.json").read_bytes(),
                (public / "layout.json").read_bytes(),
            )
        )
    node.request("anvil_setBlockTimestampInterval", 12)
    admin, guardian = node.accounts[:2]
    market = Market.create(node.web3, sender=admin, tick=CENTRE, base_is_token0=False)
    market.grow_cardinality(CARDINALITY)
    market.add_full_range(DEPTH * 2**96 // sqrt_ratio_at_tick(CENTRE))
    node.mine(START * INTERVAL)
    for step in range(WINDOW + 1):
        node.set_next_timestamp((START + step) * INTERVAL + 1_200)
        market.move_to_tick(CENTRE + (7 * step) % 11 + 1)
    opened_in = START + WINDOW + 1
    node.mine(opened_in * INTERVAL + 12)
    plan = PriceLogPlan(first=START, min_cardinality=CARDINALITY)
    stack = deploy_stack(
        node.web3,
        market=MarketAddresses(
            market.factory.address, market.pool.address, market.base.address, market.risky.address
        ),
        strategy=files[0],
        rules=VaultRules(
            window=WINDOW,
            liquidity=market.liquidity() // 40,
            cut=CUT,
            bounty=BOUNTY,
            seed_min=1_000 * DOLLAR,
            max_shares=10**24,
            base_decimals=6,
            previous_target=True,
        ),
        operator=admin,
        guardian=guardian,
        name="Real path",
        symbol="RP",
        price_log=deploy_price_log(node.web3, market.pool.address, plan, sender=admin),
    )
    opposer_address = deploy_data_contract(node.web3, files[1].key, files[1].commitment, sender=admin)
    market.mint_tokens(market.base, admin, SEED + BOND)
    open_vault(stack.vault, market.base, seed=SEED, bond=BOND, operator=admin)
    zap = deploy_zap(node.web3, stack.vault.address, sender=admin)
    relay = deploy(node.web3, compile_contract("testing/Relay"), sender=admin)
    path = RealPath(node, market, stack, zap, relay, *provers, opposer_address)
    for token in (market.base, market.risky):
        market.mint_tokens(token, path.holder, 10**30)
        path.send(token.functions.approve(stack.vault.address, MAX_UINT), path.holder)
    for token in (market.base, stack.vault):
        path.send(token.functions.approve(zap.address, MAX_UINT), path.holder)
    path.send(zap.functions.enter(10**22, 10_001 * DOLLAR, path.holder, FOR_EVER), path.holder)
    return path
