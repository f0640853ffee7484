"""A vault on a real node with real proofs, for the audit to look at, and the means to let it do wrong."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from eth_utils.address import to_checksum_address
from vyper.compiler import CompilerData
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings
from web3.contract import Contract
from web3.types import TxReceipt

from contracts.compile import compile_contract, source_folder
from contracts.deploy import (
    MarketAddresses,
    PriceLogPlan,
    StrategyFiles,
    VaultStack,
    deploy_price_log,
    deploy_stack,
    open_vault,
    push_prices,
    send,
)
from contracts.node import Anvil
from contracts.registration import proof_context
from contracts.tick_math import sqrt_ratio_at_tick
from contracts.uniswap import Market
from contracts.vault_parameters import VaultRules
from prover.artefacts import create_strategy, load_prover
from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights
from prover.compile.parameters import LayoutParameters
from prover.protocol.prove import Prover
from tests.audit.support.cases import architecture_json, dense, layout_json

INTERVAL = 3_600
WINDOW = 5
START = 480_000
GENESIS = (START - 1) * INTERVAL
CENTRE = 200_000
DOLLAR = 10**6
SEED, BOND = 100_000 * DOLLAR, 4_000 * DOLLAR
CARDINALITY = 300
ARCHITECTURE = architecture_json(
    [(WINDOW - 1, -2000, 2000)],
    [dense(WINDOW - 1, 2, "relu", 127, 1 << 20), dense(2, 1, "relu", 127, 1 << 20)],
    7,
    {"previous_target": False, "window_ticks": WINDOW},
)
LAYOUT = layout_json(256, 9, 6, 4, 2, 7)


def contrarian_weights() -> IntegerWeights:
    """Return a network whose target is about 5000 bps plus what the last interval fell in ticks."""
    hidden, out = np.zeros((2, WINDOW - 1), dtype=np.int64), np.zeros((1, 2), dtype=np.int64)
    hidden[0, WINDOW - 2] = -127
    out[0, 0] = 127
    biases = (np.zeros(2, dtype=np.int64), np.full(1, 5_000 << 7, dtype=np.int64))
    return IntegerWeights(((hidden, biases[0]), (out, biases[1])))


@dataclass
class AuditedVault:
    """One vault, its market and its prover."""

    node: Anvil
    market: Market
    stack: VaultStack
    prover: Prover

    @property
    def vault(self) -> Contract:
        return self.stack.vault

    @property
    def address(self) -> bytes:
        return bytes.fromhex(self.vault.address[2:])

    def open(self) -> None:
        """Found the vault with the operator's seed and bond."""
        operator = self.node.accounts[0]
        self.market.mint_tokens(self.market.base, operator, SEED + BOND)
        open_vault(self.vault, self.market.base, seed=SEED, bond=BOND, operator=operator)

    def next_epoch(self, drift: int) -> int:
        """Move the price in the middle of the running interval and go to the next epoch."""
        epoch = self.node.now_secs // INTERVAL
        self.node.set_next_timestamp(epoch * INTERVAL + INTERVAL // 2)
        self.market.move_to_tick(self.market.slot0().tick + drift)
        self.node.mine((epoch + 1) * INTERVAL + 24)
        return epoch + 1

    def decide(
        self, epoch: int, *, and_trade: bool = True, off_by: int = 0, flip: int | None = None
    ) -> TxReceipt:
        """Decide an epoch honestly, or with another target or a flipped byte of the proof."""
        inputs = self.inputs(epoch)
        context = proof_context(31337, self.vault.address, epoch, self.stack.verifier.address)
        outputs, proof = self.prover.prove(context, inputs)
        if flip is not None:
            proof = proof[:flip] + bytes([proof[flip] ^ 1]) + proof[flip + 1 :]
        call = self.vault.functions.decide(epoch, outputs[0] + off_by, proof, and_trade)
        return send(call, self.node.accounts[2], gas=6_000_000)

    def inputs(self, epoch: int) -> tuple[int, ...]:
        push_prices(self.stack.price_log, epoch, sender=self.node.accounts[2])
        ticks = self.stack.price_log.functions.window(epoch, WINDOW).call()
        sign = 1 if not self.market.base_is_token0 else -1
        return tuple(sign * (ticks[i] - ticks[i - 1]) for i in range(1, WINDOW))

    def trade(self) -> TxReceipt:
        return send(self.vault.functions.trade(), self.node.accounts[2])

    def enter(self, shares: int, account: str) -> TxReceipt:
        """Mint shares to an account that is given what they cost."""
        for token in (self.market.base, self.market.risky):
            self.market.mint_tokens(token, account, 10**24)
            send(token.functions.approve(self.vault.address, 10**24), to_checksum_address(account))
        call = self.vault.functions.mint(shares, account, 10**24, 10**24)
        return send(call, to_checksum_address(account))

    def leave(self, shares: int, account: str) -> TxReceipt:
        call = self.vault.functions.redeem(shares, account, account, False, False)
        return send(call, to_checksum_address(account))

    def swap_code(self, runtime: bytes) -> bytes:
        """Give the vault other code with its own immutables; return the code that it had."""
        honest = compile_contract("Vault").runtime_bytecode
        code = bytes(self.node.web3.eth.get_code(self.vault.address))
        self.node.set_code(self.vault.address, runtime + code[len(honest) :])
        return code


def build_audited_vault(node: Anvil, folder: Path) -> AuditedVault:
    """Deploy everything, walk a window of prices, and open the vault."""
    built = build_unopened_vault(node, folder)
    built.open()
    return built


def build_unopened_vault(node: Anvil, folder: Path) -> AuditedVault:
    """Deploy everything and walk a window of prices."""
    create_strategy(
        folder,
        Architecture.from_bytes(ARCHITECTURE),
        LayoutParameters.from_bytes(LAYOUT),
        contrarian_weights(),
    )
    prover = load_prover(folder)
    node.request("anvil_setBlockTimestampInterval", 12)
    admin = node.accounts[0]
    market = Market.create(node.web3, sender=admin, tick=CENTRE)
    market.grow_cardinality(CARDINALITY)
    liquidity = SEED * 2 * sqrt_ratio_at_tick(CENTRE) * 10_000 // (30 << 96)
    market.add_full_range(liquidity)
    node.mine(START * INTERVAL)
    for step in range(WINDOW + 1):
        node.set_next_timestamp((START + step) * INTERVAL + 1_200)
        market.move_to_tick(CENTRE + 60 * (step * 7 % 5) - 11 * step)
    opened_in = START + WINDOW + 1
    node.mine(opened_in * INTERVAL + 12)
    plan = PriceLogPlan(first=START, min_cardinality=CARDINALITY)
    price_log = deploy_price_log(node.web3, market.pool.address, plan, sender=admin)
    push_prices(price_log, opened_in, sender=admin)
    public = folder / "public"
    addresses = (market.factory.address, market.pool.address, market.base.address, market.risky.address)
    stack = deploy_stack(
        node.web3,
        market=MarketAddresses(*addresses),
        strategy=StrategyFiles((public / "key.bin").read_bytes(), prover.commitment, ARCHITECTURE, LAYOUT),
        rules=VaultRules(
            window=WINDOW,
            liquidity=liquidity // 2,
            cut=BOND // 40,
            bounty=DOLLAR,
            seed_min=1_000 * DOLLAR,
            max_shares=10**24,
            base_decimals=6,
        ),
        operator=admin,
        guardian=node.accounts[1],
        name="Audited vault",
        symbol="AV",
        price_log=price_log,
    )
    return AuditedVault(node, market, stack, prover)


def compile_altered(folder: Path, *changes: tuple[str, str]) -> bytes:
    """Compile Vault.vy with passages of its source replaced; each must stand there once.

    Raises: ValueError for a passage that is not there.
    """
    target = folder / "contracts"
    shutil.copytree(source_folder(), target, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.json"))
    path = target / "Vault.vy"
    source = path.read_text(encoding="utf-8")
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in Vault.vy")
        source = source.replace(old, new)
    path.write_text(source, encoding="utf-8")
    bundle = FilesystemInputBundle([target])
    settings = Settings(evm_version="prague", experimental_codegen=False)
    data = CompilerData(bundle.load_file(Path("Vault.vy")), input_bundle=bundle, settings=settings)
    return bytes(data.bytecode_runtime)
