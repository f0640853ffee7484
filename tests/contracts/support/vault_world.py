"""A vault on the real Uniswap v3 pool, in an in-process EVM, with a stub in the verifier's place."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import boa
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from contracts.tick_math import sqrt_ratio_at_tick
from contracts.toolchain import read_artifact
from contracts.vault_parameters import VaultDeployment, VaultParameters, VaultRules
from tests.contracts.support.evm import Deployed, deploy, deploy_code

CORE = "@uniswap/v3-core/artifacts/contracts"
CHAIN_ID = 1
INTERVAL = 3_600
START_SECS = 1_700_000_000
FEE = 500
SPACING = 10
CARDINALITY = 60
MAX_STEP = 2_000
WINDOW = 5
PRICE = 2_000  # whole base per whole risky at the beginning
DEPTH = 100_000_000  # whole base that the pool virtually holds
SEED = 1_000
MAX_UINT = 2**256 - 1
DEAD = "0x000000000000000000000000000000000000dEaD"
ZERO = "0x" + "00" * 20


def account(role: str) -> str:
    """Return the address of an actor."""
    return to_checksum_address(keccak(text=role)[:20])


OPERATOR, GUARDIAN, HOLDER, OTHER, STRANGER = map(
    account, ("operator", "guardian", "holder", "other holder", "stranger")
)
ACTORS = (OPERATOR, GUARDIAN, HOLDER, OTHER, STRANGER)


def data_contract(content: bytes) -> tuple[str, bytes]:
    """Deploy a contract whose code is 0x00 and the content; return its address and code hash."""
    code = b"\x00" + content
    creation = bytes.fromhex(f"61{len(code):04x}80600a3d393df3") + code
    address, _ = boa.env.deploy_code(bytecode=creation)
    return str(address), keccak(code)


@dataclass(frozen=True)
class Market:
    """Which tokens, in which order, with how many decimals."""

    base_decimals: int = 6
    risky_decimals: int = 18
    risky_is_token0: bool = False
    base_token: str = "testing/Token"
    risky_token: str = "testing/Token"

    def __str__(self) -> str:
        order = "risky first" if self.risky_is_token0 else "base first"
        return f"{self.base_decimals}/{self.risky_decimals} {order}"

    @property
    def start_tick(self) -> int:
        """Oriented: base per risky in raw units."""
        return round(math.log(PRICE * 10.0 ** (self.base_decimals - self.risky_decimals), 1.0001))

    @property
    def liquidity(self) -> int:
        """Full-range liquidity that virtually holds DEPTH base."""
        return round(DEPTH * 10**self.base_decimals / math.sqrt(1.0001**self.start_tick))


@dataclass
class World:
    """All contracts of one vault and what a test does with them."""

    market: Market
    rules: VaultRules
    parameters: VaultParameters
    base: Deployed
    risky: Deployed
    factory: Deployed
    pool: Deployed
    mover: Deployed
    price_log: Deployed
    verifier: Deployed
    vault: Deployed

    # -- time and market

    @property
    def now(self) -> int:
        return int(boa.env.timestamp)

    @property
    def epoch(self) -> int:
        return self.now // self.interval

    @property
    def interval(self) -> int:
        return self.rules.interval_secs

    def wait(self, secs: int) -> None:
        boa.env.time_travel(seconds=secs)

    def wait_until(self, time: int) -> None:
        assert time >= self.now
        self.wait(time - self.now)

    def next_epoch(self, offset: int = 12) -> int:
        """Go to `offset` seconds after the next epoch begins, and return it."""
        self.wait_until((self.epoch + 1) * self.interval + offset)
        return self.epoch

    def oriented(self, tick: int) -> int:
        return tick if self.market.risky_is_token0 else -tick

    def move(self, tick: int) -> None:
        """Swap the pool's price to an oriented tick."""
        raw = self.oriented(tick)
        self.mover.move(self.pool.address, sqrt_ratio_at_tick(raw) + 1)

    def spot(self) -> int:
        """Return the oriented tick of the pool now."""
        return self.oriented(self.pool.slot0()[1])

    # -- decisions

    def push(self, epoch: int | None = None) -> None:
        target = self.epoch if epoch is None else epoch
        while self.price_log.push(target) < target:
            continue

    def inputs(self, epoch: int) -> list[int]:
        """Return what the strategy is asked in an epoch, from the price log, leaving no trace."""
        with boa.env.anchor():
            self.push(epoch)
            ticks = self.price_log.window(epoch, self.rules.window)
        sign = 1 if self.market.risky_is_token0 else -1
        found = [sign * (after - before) for before, after in pairwise(ticks)]
        return [*found, self.vault.target()] if self.rules.previous_target else found

    def context(self, epoch: int, *, chain_id: int = CHAIN_ID, vault: str | None = None) -> bytes:
        return keccak(
            encode(
                ["uint256", "address", "uint256", "address"],
                [chain_id, vault or self.vault.address, epoch, self.verifier.address],
            )
        )

    def proof(self, epoch: int, target: int, **other: Any) -> bytes:
        """Return what the stub accepts for this statement; `other` changes one part of it."""
        strategy = other.pop("strategy", None) or self.vault.strategy_of(epoch)[0]
        inputs = other.pop("inputs", None) or self.inputs(epoch)
        context = self.context(epoch, **other)
        return keccak(encode(["address", "bytes32", "int256[]"], [strategy, context, [*inputs, target]]))

    def decide(self, target: int, *, and_trade: bool = False, sender: str = STRANGER) -> int:
        """Decide the epoch that runs now, and return it."""
        epoch = self.epoch
        self.vault.decide(epoch, target, self.proof(epoch, target), and_trade, sender=sender)
        return epoch

    def decide_next(self, target: int, *, and_trade: bool = False) -> int:
        """Go to the next epoch and decide it."""
        self.next_epoch()
        return self.decide(target, and_trade=and_trade)

    # -- shares

    def whole_base(self, amount: float) -> int:
        return round(amount * 10**self.market.base_decimals)

    def mint(self, shares: int, sender: str = HOLDER) -> tuple[int, int]:
        taken: tuple[int, int] = self.vault.mint(shares, sender, MAX_UINT, MAX_UINT, sender=sender)
        return taken

    def redeem(self, shares: int, sender: str = HOLDER) -> tuple[int, int]:
        paid: tuple[int, int] = self.vault.redeem(shares, sender, sender, False, False, sender=sender)
        return paid

    def open(self) -> None:
        """Let the operator found the vault, and a holder come in with a thousand seeds."""
        self.vault.open(self.rules.seed_min, 40 * self.rules.cut, sender=OPERATOR)
        self.mint(SEED * self.vault.totalSupply())

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """Undo everything that the block does."""
        with boa.env.anchor():
            yield


def rules_for(market: Market, **changes: Any) -> VaultRules:
    """Return test rules: short windows, and amounts in the base token's own units."""
    unit = 10**market.base_decimals
    rules: dict[str, Any] = {
        "window": WINDOW,
        "liquidity": market.liquidity // 2,
        "cut": 100 * unit,
        "bounty": 5 * unit,
        "seed_min": 1_000 * unit,
        "max_shares": 10**9 * 10**18,
        "base_decimals": market.base_decimals,
        "interval_secs": INTERVAL,
    }
    return VaultRules(**{**rules, **changes})


_built = 0


def build(market: Market | None = None, *, sequencer: str = ZERO, **changes: Any) -> World:
    """Deploy everything and let the log fill one window; the vault is not opened."""
    global _built
    _built += 1
    market = market or Market()
    rules = rules_for(market, **changes)
    interval = rules.interval_secs
    boa.env.timestamp = START_SECS
    lower, upper = (f"0x{side:02x}{_built:038x}" for side in (0x10, 0x20))
    risky_at, base_at = (lower, upper) if market.risky_is_token0 else (upper, lower)
    base = _token(market.base_token, market.base_decimals, base_at)
    risky = _token(market.risky_token, market.risky_decimals, risky_at)

    artifact = read_artifact(f"{CORE}/UniswapV3Factory.sol/UniswapV3Factory.json")
    factory = deploy_code(bytes(HexBytes(artifact["bytecode"])), artifact["abi"])
    factory.createPool(base.address, risky.address, FEE)
    pool_abi = read_artifact(f"{CORE}/UniswapV3Pool.sol/UniswapV3Pool.json")["abi"]
    pool = Deployed(factory.getPool(base.address, risky.address, FEE), pool_abi)
    start = market.start_tick if market.risky_is_token0 else -market.start_tick
    pool.initialize(sqrt_ratio_at_tick(start) + 1)
    pool.increaseObservationCardinalityNext(CARDINALITY)
    mover = deploy("testing/Mover")
    mover.add(pool.address, -887_270, 887_270, market.liquidity)

    boa.env.time_travel(seconds=60)
    mover.move(pool.address, sqrt_ratio_at_tick(start + 3))
    first = boa.env.timestamp // interval + 1
    boa.env.timestamp = first * interval + 30
    price_log = deploy("PriceLog", pool.address, interval, MAX_STEP, first, CARDINALITY)
    verifier = deploy("testing/StubVerifier")
    strategy, strategy_hash = data_contract(b"first strategy")
    parameters = VaultParameters(
        name="Proven ETH",
        symbol="pvETH",
        deployment=VaultDeployment(
            base=base.address,
            risky=risky.address,
            factory=factory.address,
            pool=pool.address,
            price_log=price_log.address,
            verifier=verifier.address,
            strategy=strategy,
            strategy_hash=strategy_hash,
            operator=OPERATOR,
            guardian=GUARDIAN,
            sequencer=sequencer,
        ),
        rules=rules,
    )
    vault = deploy("Vault", *parameters.constructor_arguments())
    for token in (base, risky):
        for actor in ACTORS:
            token.mint(actor, 10**15 * 10 ** token.decimals())
            token.approve(vault.address, MAX_UINT, sender=actor)
    world = World(market, rules, parameters, base, risky, factory, pool, mover, price_log, verifier, vault)
    for step in range(WINDOW + 1):
        world.next_epoch(600)
        world.move(market.start_tick + (7 * step) % 11)
    return world


def _token(contract: str, decimals: int, at: str) -> Deployed:
    if contract == "testing/Token":
        return deploy(contract, "Test", "TEST", decimals, at=at)
    return deploy(contract, decimals, at=at)


@contextlib.contextmanager
def unopened(market: Market | None = None, **changes: Any) -> Iterator[World]:
    """Build a world for one block and undo it afterwards."""
    with boa.env.anchor():
        yield build(market, **changes)


@contextlib.contextmanager
def opened(market: Market | None = None, **changes: Any) -> Iterator[World]:
    """Build a world with an opened vault for one block and undo it afterwards."""
    with unopened(market, **changes) as world:
        world.open()
        yield world
