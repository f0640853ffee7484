"""Measure what every operation costs as a whole transaction (`provault bench gas`).

A local chain with the real Uniswap v3 factory and pool, a window of 33 ticks and proofs of R1. Accounts,
addresses, prices and block times are the same in every run; only blinding is random, so the few operations
whose data it touches differ by the zero bytes in it, 12 gas each.

R1 is committed with an output layer that always says TARGET_BPS: what a network decides costs no gas, and a
trade is wanted whenever the market has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from agent.errors import BenchmarkError

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import TxReceipt

    from contracts.deploy import StrategyFiles, VaultStack
    from contracts.node import Anvil
    from contracts.uniswap import Market
    from prover.protocol.prove import Prover

INTERVAL_SECS: Final = 3_600
WINDOW_TICKS: Final = 33
#: The last interval before the opening; the third epoch after it begins a word of the price log's ring.
OPENED_IN: Final = 472_220
GENESIS_SECS: Final = (OPENED_IN - WINDOW_TICKS - 1) * INTERVAL_SECS
BLOCK_SECS: Final = 12
CARDINALITY: Final = 600
START_TICK: Final = 200_311  # raw risky per raw base: 2,000 dollars an ether, in round numbers
STEP_TICKS: Final = 400  # between the levels that the market moves to and fro
DOLLAR: Final = 10**6
SHARE: Final = 10**18
SEED, DEPOSIT, BOND = 100_000 * DOLLAR, 900_000 * DOLLAR, 40_000 * DOLLAR
FULL_REBALANCE_BPS: Final = 30  # how far a purchase with all assets moves the price
TARGET_BPS: Final = 4_000
GAS_LIMIT: Final = 5_000_000
MAX_UINT: Final = 2**256 - 1
TOLERANCE_GAS: Final = 400  # 33 zero bytes: blinded data of 1,376 bytes has 5 on average, and rarely 15
BLINDED: Final = frozenset(("deploy strategy commitment", "deploy vault", "decide", "decide, push and trade"))

Progress = Callable[[str], None]
Row = dict[str, Any]


def measure_gas(progress: Progress) -> list[Row]:
    """Measure every operation once, in a state that a vault in use is in, and return a row for each.

    Raises: BenchmarkError when an operation does something else; contracts and prover errors by name.
    """
    from contracts.node import Anvil

    progress("prover: R1")
    prover = _prover()
    with Anvil(genesis_secs=GENESIS_SECS) as node:
        bench = _Bench(node, prover, progress)
        bench.build()
        bench.warm_up()
        bench.measure()
        return bench.rows


def tolerance_of(operation: str) -> int:
    """Return how much the gas of an operation may differ between two runs."""
    return TOLERANCE_GAS if operation in BLINDED else 0


def _prover() -> Prover:
    import numpy as np

    from prover.compile.demo_weights import random_weights
    from prover.compile.integer_model import IntegerWeights
    from prover.compile.layout import build_layout
    from prover.compile.reference import LAYOUTS, SHIFT_BITS, reference_architecture
    from prover.protocol.prove import Prover
    from prover.protocol.proving_key import build_proving_key
    from prover.protocol.registration import register

    architecture = reference_architecture("r1")
    hidden = random_weights(architecture, 1).layers[:-1]
    last = architecture.layers[-1]
    level = np.full(last.outputs, TARGET_BPS << SHIFT_BITS["r1"], dtype=np.int64)
    output = (np.zeros((last.outputs, last.inputs), dtype=np.int64), level)
    proving_key = build_proving_key(build_layout(architecture, LAYOUTS["r1"]))
    strategy, _ = register(proving_key, IntegerWeights((*hidden, output)))
    return Prover.of(proving_key, strategy)


@dataclass
class _Bench:
    node: Anvil
    prover: Prover
    progress: Progress
    rows: list[Row] = field(default_factory=list)

    # ---- the world

    def build(self) -> None:
        """Build market, history, price log, vault and Zap; the creations are measured."""
        from contracts.deploy import PriceLogPlan, deploy_price_log, deploy_zap, push_prices
        from contracts.uniswap import Market

        node, web3 = self.node, self.node.web3
        node.request("anvil_setBlockTimestampInterval", BLOCK_SECS)
        maker, self.operator, self.guardian, self.holder, self.stranger = node.accounts[:5]
        self.progress("market, and its history")
        self.market: Market = Market.create(web3, sender=maker, base_is_token0=True, tick=START_TICK)
        self.market.grow_cardinality(CARDINALITY)
        self.market.add_full_range(self._liquidity())
        for interval in range(OPENED_IN - WINDOW_TICKS + 1, OPENED_IN + 1):
            self._move(interval, (5 * interval) % 13)
        self._wait(OPENED_IN * INTERVAL_SECS)
        self.progress("deployments")
        plan = PriceLogPlan(first=OPENED_IN - WINDOW_TICKS, min_cardinality=CARDINALITY)
        self.log: Contract = deploy_price_log(web3, self.market.pool.address, plan, sender=self.operator)
        self._keep_last("deploy price log")
        push_prices(self.log, OPENED_IN, sender=self.operator)
        self.stack = self._deploy_stack()
        names = ("verifier", "strategy commitment", "circuit publication", "vault")
        for number, name in enumerate(names, start=self.stack.from_block + 1):
            self._keep(f"deploy {name}", self._gas_of_block(number))
        self.vault: Contract = self.stack.vault
        self.zap: Contract = deploy_zap(web3, self.vault.address, sender=self.stranger)
        self._keep_last("deploy zap")

    def _deploy_stack(self) -> VaultStack:
        from contracts.deploy import MarketAddresses, deploy_stack
        from contracts.vault_parameters import VaultRules

        market = self.market
        tokens = (market.base.address, market.risky.address)
        rules = VaultRules(
            window=WINDOW_TICKS,
            liquidity=market.liquidity() // 2,
            cut=BOND // 40,
            bounty=10 * DOLLAR,
            seed_min=1_000 * DOLLAR,
            max_shares=2_000_000 * SHARE,
            base_decimals=6,
        )
        return deploy_stack(
            self.node.web3,
            market=MarketAddresses(market.factory.address, market.pool.address, *tokens),
            strategy=self._files(),
            rules=rules,
            operator=self.operator,
            guardian=self.guardian,
            name="provault benchmark",
            symbol="pvBENCH",
            price_log=self.log,
        )

    def _files(self) -> StrategyFiles:
        from contracts.deploy import StrategyFiles
        from prover.compile.reference import LAYOUTS

        key = self.prover.proving_key
        return StrategyFiles(
            key.key.to_bytes(),
            self.prover.commitment,
            key.layout.architecture.to_bytes(),
            LAYOUTS["r1"].to_bytes(),
        )

    def _liquidity(self) -> int:
        """d(price) / price = 2 * assets * sqrt(price) / L, price in raw risky per raw base."""
        from contracts.tick_math import sqrt_ratio_at_tick

        root = sqrt_ratio_at_tick(START_TICK)
        return 2 * (SEED + DEPOSIT) * root * 10_000 // (FULL_REBALANCE_BPS << 96)

    def warm_up(self) -> None:
        """Open, enter, and decide and trade once, so that what is written once is written."""
        self.progress("opening, first decision and trade")
        vault, market = self.vault, self.market
        for account in (self.operator, self.holder):
            for token in (market.base, market.risky):
                market.mint_tokens(token, account, 10**30)
                self._send(token.functions.approve(vault.address, MAX_UINT), account)
        self._keep("open", self._send(vault.functions.open(SEED, BOND), self.operator)["gasUsed"])
        shares = DEPOSIT * self.stack.parameters.rules.shares_per_base
        self._send(vault.functions.mint(shares, self.holder, MAX_UINT, MAX_UINT), self.holder)
        self._send(market.base.functions.approve(self.zap.address, MAX_UINT), self.holder)
        self._send(vault.functions.approve(self.zap.address, MAX_UINT), self.holder)
        epoch = int(vault.functions.first_epoch().call())
        self._move(epoch, 0)
        self._wait(epoch * INTERVAL_SECS)
        receipt = self._send(self._decision(epoch, and_trade=True), self.operator)
        self._expect(receipt, "Traded")

    # ---- the measurements

    def measure(self) -> None:
        """Measure calls epoch by epoch; what only serves a measurement is undone."""
        first = int(self.vault.functions.first_epoch().call())
        self._decide_apart(first + 1)
        self._decide_at_once(first + 2)
        self._fresh_slot(first + 3)

    def _decide_apart(self, epoch: int) -> None:
        self.progress("push, decide, trade, entry and exit")
        self._move(epoch, -STEP_TICKS)
        self._wait(epoch * INTERVAL_SECS)
        before = self.node.snapshot()
        self._trial("push, no swap since", self.log.functions.push(epoch))
        self.node.revert(before)
        self._swap_to(-STEP_TICKS)
        push = self.log.functions.push(epoch)
        self._keep("push, swaps since", self._send(push, self.stranger)["gasUsed"])
        self._decide("decide", self._decision(epoch, and_trade=False))
        self._trade("trade", "Traded")
        self._trade("trade, idle", "Idle")
        holder, vault, zap = self.holder, self.vault, self.zap
        shares, deadline = 1_000 * SHARE, MAX_UINT
        self._trial("mint", vault.functions.mint(shares, holder, MAX_UINT, MAX_UINT), holder)
        self._trial("redeem", vault.functions.redeem(shares, holder, holder, False, False), holder)
        entry = zap.functions.enter(shares, 2_000 * DOLLAR, holder, deadline)
        self._trial("zap enter", entry, holder)
        self._trial("zap leave", zap.functions.leave(shares, 1, holder, deadline), holder)

    def _decide_at_once(self, epoch: int) -> None:
        self.progress("decide, push and trade at once")
        self._move(epoch, 0)
        self._wait(epoch * INTERVAL_SECS)
        self._swap_to(0)
        receipt = self._decide("decide, push and trade", self._decision(epoch, and_trade=True))
        self._expect(receipt, "Traded")
        self._expect(receipt, "Pushed", self.log)

    def _fresh_slot(self, epoch: int) -> None:
        self.progress("push into a fresh slot, miss")
        self._move(epoch, 5)
        self._wait(epoch * INTERVAL_SECS)
        self._swap_to(5)
        push = self.log.functions.push(epoch)
        self._keep("push, swaps since, fresh slot", self._send(push, self.stranger)["gasUsed"])
        self._wait((epoch + 1) * INTERVAL_SECS)
        receipt = self._trial("miss", self.vault.functions.miss(epoch), self.stranger)
        self._expect(receipt, "Missed")

    def _decide(self, name: str, call: ContractFunction) -> TxReceipt:
        receipt = self._trial(name, call, self.operator)
        self._expect(receipt, "Proven")
        return receipt

    def _trade(self, name: str, event: str) -> None:
        self._expect(self._trial(name, self.vault.functions.trade()), event)

    def _decision(self, epoch: int, *, and_trade: bool) -> ContractFunction:
        """Prove the decision of an epoch from what the log will give, and return the call."""
        from contracts.registration import proof_context

        before = self.node.snapshot()
        self._send(self.log.functions.push(epoch), self.stranger)
        ticks = self.log.functions.window(epoch, WINDOW_TICKS).call()
        self.node.revert(before)
        chain_id = self.node.web3.eth.chain_id
        context = proof_context(chain_id, self.vault.address, epoch, self.stack.verifier.address)
        inputs = [earlier - later for earlier, later in pairwise(ticks)]  # base is token0: up is dearer
        outputs, proof = self.prover.prove(context, inputs)
        if list(outputs) != [TARGET_BPS]:
            raise BenchmarkError(f"the network says {outputs} where {TARGET_BPS} was built in")
        return self.vault.functions.decide(epoch, TARGET_BPS, proof, and_trade)

    # ---- time, transactions, rows

    def _move(self, interval: int, ticks: int) -> None:
        """Move the market ten minutes into an interval, and by one more tick at half past."""
        begin = (interval - 1) * INTERVAL_SECS
        for after_secs, extra in ((600, 0), (1_800, 1)):
            self.node.set_next_timestamp(begin + after_secs)
            self.market.move_to_tick(START_TICK + ticks + extra)

    def _swap_to(self, ticks: int) -> None:
        """Swap once more after the grid point, so that the pool has to search for it."""
        before = self.market.slot0().observation_index
        self.market.move_to_tick(START_TICK + ticks)
        if self.market.slot0().observation_index == before:
            raise BenchmarkError("the swap after the grid point left no observation")

    def _wait(self, secs: int) -> None:
        self.node.mine(secs)

    def _send(self, call: ContractFunction, sender: str) -> TxReceipt:
        from contracts.deploy import send

        return send(call, self.node.web3.to_checksum_address(sender), gas=GAS_LIMIT)

    def _trial(self, name: str, call: ContractFunction, sender: str | None = None) -> TxReceipt:
        receipt = self._send(call, sender or self.stranger)
        self._keep(name, receipt["gasUsed"])
        return receipt

    def _expect(self, receipt: TxReceipt, event: str, contract: Contract | None = None) -> None:
        from web3.logs import DISCARD

        emitter = contract or self.vault
        if not emitter.events[event]().process_receipt(receipt, errors=DISCARD):
            raise BenchmarkError(f"a measured transaction emitted no {event}")

    def _gas_of_block(self, number: int) -> int:
        """Return what the only transaction of a block cost."""
        eth = self.node.web3.eth
        return int(eth.get_transaction_receipt(eth.get_transaction_by_block(number, 0)["hash"])["gasUsed"])

    def _keep_last(self, name: str) -> None:
        self._keep(name, self._gas_of_block(self.node.web3.eth.block_number))

    def _keep(self, name: str, gas: int) -> None:
        self.rows.append({"operation": name, "gas": gas, "tolerance": tolerance_of(name)})


def differences(found: Sequence[Row], kept: Sequence[Row]) -> list[str]:
    """Say in one line each where measured figures and a snapshot disagree beyond the tolerance."""
    known = {row["operation"]: int(row["gas"]) for row in kept}
    lines = []
    for row in found:
        name, gas = row["operation"], int(row["gas"])
        if name not in known:
            lines.append(f"{name}: {gas} gas, not in the snapshot")
        elif abs(gas - known[name]) > tolerance_of(name):
            lines.append(f"{name}: {gas} gas, the snapshot says {known[name]} +- {tolerance_of(name)}")
    measured = {row["operation"] for row in found}
    return lines + [f"{name}: in the snapshot, not measured" for name in known if name not in measured]
