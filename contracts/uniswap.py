"""A market on a local chain: the real Uniswap v3 factory and pool, with test tokens and a market maker.

The exchange is the published bytecode; tokens and market maker (`contracts/testing`) are test doubles.
Every method that changes the chain sends exactly one transaction, so that a caller who sets the time of the
next block knows which one gets it; `create` and `grow_cardinality` say how many they send.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Self

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from rlp import encode as encode_rlp
from web3 import Web3
from web3.contract import Contract
from web3.types import TxReceipt

from contracts.compile import compile_contract, deploy, deploy_code
from contracts.errors import MarketError
from contracts.tick_math import sqrt_ratio_at_tick, sqrt_ratio_of_amounts
from contracts.toolchain import read_artifact

CORE = "@uniswap/v3-core/artifacts/contracts"
TICK_SPACING = {500: 10, 3000: 60, 10_000: 200}
GAS_LIMIT = 8_000_000
SLOTS_A_CALL = 300
MAX_CARDINALITY = 65_535
FULL_RANGE_TICK = 887_200


class Slot0(NamedTuple):
    """The state of a pool, as its `slot0` gives it."""

    sqrt_price_x96: int
    tick: int
    observation_index: int
    observation_cardinality: int
    observation_cardinality_next: int
    fee_protocol: int
    unlocked: bool


@dataclass(frozen=True)
class Market:
    """A pool of a base and a risky token, and the account that moves it."""

    web3: Web3
    sender: ChecksumAddress
    factory: Contract
    pool: Contract
    base: Contract
    risky: Contract
    mover: Contract
    fee: int  # millionths of the amount paid
    base_decimals: int
    risky_decimals: int
    base_is_token0: bool

    @classmethod
    def create(
        cls,
        web3: Web3,
        *,
        sender: str | None = None,
        base_decimals: int = 6,
        risky_decimals: int = 18,
        base_is_token0: bool = True,
        fee: int = 500,
        tick: int = 0,
        sqrt_price_x96: int | None = None,
    ) -> Self:
        """Deploy factory, tokens, market maker and pool, and open the pool at a price (6 transactions).

        Parameters
        ----------
        sender
            An account whose key the node holds; `None` takes its first.
        fee
            500, 3000 or 10000 millionths.
        tick, sqrt_price_x96
            Opening price: the middle of a raw tick, or an exact square-root price, which wins.

        Raises
        ------
        MarketError
            When the fee is not one that the factory knows.
        ToolchainError
            When the exchange artefacts are not installed.
        """
        if fee not in TICK_SPACING:
            raise MarketError(f"the factory knows the fees {sorted(TICK_SPACING)}, not {fee}")
        account = to_checksum_address(sender or web3.eth.accounts[0])
        base_first = _next_address(web3, account, 0) < _next_address(web3, account, 1)
        order = (True, False) if base_first == base_is_token0 else (False, True)
        tokens = {}
        for is_base in order:
            label, decimals = ("Base", base_decimals) if is_base else ("Risky", risky_decimals)
            token = compile_contract("testing/Token")
            tokens[is_base] = deploy(web3, token, f"Test {label}", label.upper(), decimals, sender=account)
        base, risky = tokens[True], tokens[False]
        factory = deploy_factory(web3, account)
        mover = deploy(web3, compile_contract("testing/Mover"), sender=account)
        _send(factory.functions.createPool(base.address, risky.address, fee), account)
        address = factory.functions.getPool(base.address, risky.address, fee).call()
        pool = web3.eth.contract(address=address, abi=_pool_artifact()["abi"])
        _send(pool.functions.initialize(sqrt_price_x96 or middle_of_tick(tick)), account)
        market = cls(
            web3=web3,
            sender=account,
            factory=factory,
            pool=pool,
            base=base,
            risky=risky,
            mover=mover,
            fee=fee,
            base_decimals=base_decimals,
            risky_decimals=risky_decimals,
            base_is_token0=base_is_token0,
        )
        if (pool.functions.token0().call() == base.address) != base_is_token0:
            raise MarketError(f"the tokens came out in the wrong order: {account} also sends elsewhere")
        return market

    @property
    def tick_spacing(self) -> int:
        """Return the distance of usable ticks."""
        return TICK_SPACING[self.fee]

    def slot0(self) -> Slot0:
        """Read price, tick and the state of the observations."""
        return Slot0(*self.pool.functions.slot0().call())

    def liquidity(self) -> int:
        """Read the liquidity in range."""
        return int(self.pool.functions.liquidity().call())

    def observe(self, seconds_agos: list[int]) -> tuple[list[int], list[int]]:
        """Read tick and seconds-per-liquidity cumulatives, at times before the latest block."""
        ticks, seconds = self.pool.functions.observe(seconds_agos).call(block_identifier="latest")
        return list(ticks), list(seconds)

    def oriented(self, tick: int) -> int:
        """Turn a raw tick into base per risky, or back."""
        return -tick if self.base_is_token0 else tick

    def sqrt_price_of(self, price: Fraction) -> int:
        """Return the square-root price times 2^96 at `price`, in whole base tokens per whole risky token."""
        raw = price * Fraction(10**self.base_decimals, 10**self.risky_decimals)
        if self.base_is_token0:
            raw = 1 / raw
        return sqrt_ratio_of_amounts(raw.numerator, raw.denominator)

    def usable_tick(self, tick: int) -> int:
        """Round a tick down to the spacing."""
        return tick - tick % self.tick_spacing

    def add_liquidity(self, lower: int, upper: int, liquidity: int) -> TxReceipt:
        """Provide `liquidity` between two usable ticks, as a position of the market maker."""
        return self._mover("add", lower, upper, liquidity)

    def add_full_range(self, liquidity: int) -> TxReceipt:
        """Provide `liquidity` at every price."""
        edge = self.usable_tick(FULL_RANGE_TICK)
        return self._mover("add", -edge, edge, liquidity)

    def remove_liquidity(self, lower: int, upper: int, liquidity: int, to: str | None = None) -> TxReceipt:
        """Withdraw liquidity of the market maker, and what the position is owed, to an account."""
        return self._mover("remove", lower, upper, liquidity, to or self.sender)

    def move_to_tick(self, tick: int) -> TxReceipt:
        """Swap until the price stands in the middle of a raw tick."""
        return self.move_to_price(middle_of_tick(tick))

    def move_to_price(self, sqrt_price_x96: int) -> TxReceipt:
        """Swap until the square-root price is exactly the one given."""
        return self._mover("move", sqrt_price_x96)

    def swap(
        self, zero_for_one: bool, amount: int, limit_tick: int | None = None, to: str | None = None
    ) -> TxReceipt:
        """Swap an exact amount in (negative: out), up to a limit; what is received goes to an account."""
        edge = -FULL_RANGE_TICK if zero_for_one else FULL_RANGE_TICK
        limit = sqrt_ratio_at_tick(edge if limit_tick is None else limit_tick)
        return self._mover("swap", to or self.sender, zero_for_one, amount, limit)

    def mint_tokens(self, token: Contract, to: str, amount: int) -> TxReceipt:
        """Create test tokens."""
        return _send(token.functions.mint(to, amount), self.sender)

    def grow_cardinality(self, cardinality: int) -> int:
        """Pay for observation slots, 300 a transaction; return how many transactions that took.

        The pool starts to use them at the first write after its index has reached the last old slot: in a
        fresh pool, the next swap or mint in range in a block later than the opening.
        """
        if not 1 <= cardinality <= MAX_CARDINALITY:
            raise MarketError(f"a pool keeps 1..{MAX_CARDINALITY} observations, not {cardinality}")
        sent = 0
        paid = self.slot0().observation_cardinality_next
        while paid < cardinality:
            paid = min(paid + SLOTS_A_CALL, cardinality)
            _send(self.pool.functions.increaseObservationCardinalityNext(paid), self.sender)
            sent += 1
        return sent

    def _mover(self, name: str, *args: object) -> TxReceipt:
        return _send(self.mover.functions[name](self.pool.address, *args), self.sender)


def deploy_factory(web3: Web3, sender: str) -> Contract:
    """Deploy the published Uniswap v3 factory."""
    artifact = read_artifact(f"{CORE}/UniswapV3Factory.sol/UniswapV3Factory.json")
    code = bytes(HexBytes(artifact["bytecode"]))
    return deploy_code(web3, "UniswapV3Factory", artifact["abi"], code, (), sender)


def middle_of_tick(tick: int) -> int:
    """Return a square-root price inside a tick, away from both edges."""
    return (sqrt_ratio_at_tick(tick) + sqrt_ratio_at_tick(tick + 1)) // 2


def _pool_artifact() -> dict[str, Any]:
    return read_artifact(f"{CORE}/UniswapV3Pool.sol/UniswapV3Pool.json")


def _next_address(web3: Web3, account: ChecksumAddress, ahead: int) -> bytes:
    """Return the address of the contract that the account creates `ahead` transactions from now."""
    nonce = web3.eth.get_transaction_count(account) + ahead
    encoded = encode_rlp([bytes(HexBytes(account)), nonce])
    return bytes(Web3.keccak(encoded))[12:]


def _send(call: Any, sender: ChecksumAddress) -> TxReceipt:  # noqa: ANN401
    web3: Web3 = call.w3
    receipt = web3.eth.wait_for_transaction_receipt(call.transact({"from": sender, "gas": GAS_LIMIT}))
    if receipt["status"] != 1:
        raise MarketError(f"the exchange refuses {call.fn_name}{tuple(call.args)}")
    return receipt
