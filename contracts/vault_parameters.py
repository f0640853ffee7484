"""Everything a vault is constructed with, checked by the same inequalities as its constructor.

Amounts are integers in raw base units, fractions have 1e18 = 1, ticks are log base 1.0001.
"""

from dataclasses import dataclass, fields

from eth_abi.abi import encode
from eth_utils.address import is_address

from contracts.errors import ParametersError

ZERO_ADDRESS = "0x" + "00" * 20
ONE = 10**18
DAY_SECS = 86_400
YEAR_SECS = 365 * DAY_SECS
RING_INTERVALS = 256
BOUND = 1 << 128

DEPLOYMENT_TYPE = "(address,address,address,address,address,address,address,address,bytes32,address,address)"
RULES_TYPE = (
    "(uint256,bool,uint256,uint256,int256,int256,uint256,uint256,uint256,uint256,"
    "uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"
)
CONSTRUCTOR_TYPES = ("string", "string", DEPLOYMENT_TYPE, RULES_TYPE)


@dataclass(frozen=True)
class VaultDeployment:
    """The addresses of a vault, in the order of the constructor's `Deployment`."""

    base: str
    risky: str
    factory: str  # Uniswap v3 factory; must know `pool`
    pool: str
    price_log: str  # of the same pool
    verifier: str
    strategy: str  # data contract of the first strategy
    strategy_hash: bytes  # its code hash, 32 bytes
    operator: str
    guardian: str
    sequencer: str = ZERO_ADDRESS  # uptime feed of the chain; the zero address where it has none

    def __post_init__(self) -> None:
        """Refuse what is no address, an empty one where it counts, and a hash that is not 32 bytes."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "strategy_hash":
                _refuse_unless(len(self.strategy_hash) == 32, "strategy_hash is 32 bytes")
                continue
            _refuse_unless(is_address(value), f"{field.name} is an address")
            if field.name != "sequencer":
                _refuse_unless(int(value, 16) != 0, f"{field.name} is not the zero address")
        _refuse_unless(self.base.lower() != self.risky.lower(), "base and risky are two tokens")

    def as_tuple(self) -> tuple[str | bytes, ...]:
        """Return the fields in the constructor's order."""
        return (
            self.base,
            self.risky,
            self.factory,
            self.pool,
            self.price_log,
            self.verifier,
            self.sequencer,
            self.strategy,
            self.strategy_hash,
            self.operator,
            self.guardian,
        )


@dataclass(frozen=True)
class VaultRules:
    """The numbers of a vault; `as_tuple` gives them in the order of the constructor's `Rules`."""

    window: int  # W: ticks of an input window, 2..128; W - 1 differences
    liquidity: int  # least harmonic mean liquidity of the pool; about half of what is usual
    cut: int  # raw base, from the bond to the holders at each miss; bond / 40
    bounty: int  # raw base, from the bond to whoever claims the miss; about 3 times its gas
    seed_min: int  # raw base, locked for ever at `open`
    max_shares: int  # 18 decimals; a full rebalance should fit a few fills of TOLERANCE
    base_decimals: int  # the token's; for the checks, not an argument of the constructor
    previous_target: bool = False  # the strategy reads the previous target too
    decide_secs: int = 1_200  # after the epoch begins
    recent_secs: int = 600  # the recent price is the mean of this span
    tolerance_ticks: int = 40  # 1..300
    deviation_ticks: int = 250
    band_bps: int = 50
    budget: int = 5 * 10**15  # fraction of NAV that trading may cost per period
    period_secs: int = DAY_SECS
    drip_secs: int = 7 * DAY_SECS
    unbond_secs: int = 14 * DAY_SECS
    timelock_secs: int = 7 * DAY_SECS
    fee: int = 10**12  # fraction of supply minted per decision; 0.88 % a year of hourly ones
    interval_secs: int = 3_600  # the price log's; for the checks, not an argument of the constructor

    def __post_init__(self) -> None:
        """Refuse what the constructor refuses.

        Raises
        ------
        ParametersError
            Naming the rule that is broken.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = bool if field.name == "previous_target" else int
            _refuse_unless(type(value) is wanted, f"{field.name} is of type {wanted.__name__}")
            _refuse_unless(value >= 0, f"{field.name} is not negative")
        interval = self.interval_secs
        _refuse_unless(interval > 0, "interval_secs > 0")
        _refuse_unless(self.base_decimals <= 18, "base has at most 18 decimals")
        _refuse_unless(2 <= self.window <= 128, "2 <= window <= 128")
        _refuse_unless(0 < self.decide_secs < interval, "0 < decide_secs < interval_secs")
        _refuse_unless(0 < self.recent_secs <= interval, "0 < recent_secs <= interval_secs")
        _refuse_unless(0 < self.tolerance_ticks <= 300, "0 < tolerance_ticks <= 300")
        _refuse_unless(self.deviation_ticks <= 887_272, "deviation_ticks <= 887272")
        _refuse_unless(self.band_bps < 10_000, "band_bps < 10000")
        _refuse_unless(0 < self.budget <= ONE, "0 < budget <= 1e18")
        _refuse_unless(self.period_secs > 0, "period_secs > 0")
        _refuse_unless(self.liquidity > 0, "liquidity > 0")
        _refuse_unless(self.bounty < self.cut < BOUND, "bounty < cut < 2^128")
        _refuse_unless(0 < self.drip_secs <= self.unbond_secs, "0 < drip_secs <= unbond_secs")
        least = (RING_INTERVALS - self.window) * interval
        _refuse_unless(
            least < self.unbond_secs < BOUND, "(256 - window) * interval_secs < unbond_secs < 2^128"
        )
        _refuse_unless(7 * DAY_SECS <= self.timelock_secs < BOUND, "7 days <= timelock_secs < 2^128")
        _refuse_unless(
            self.fee <= ONE and self.fee * YEAR_SECS <= interval * (ONE // 50),
            "fee is at most 2 % a year over all epochs",
        )
        _refuse_unless(self.max_shares < BOUND, "max_shares < 2^128")
        _refuse_unless(self.seed_min > 0, "seed_min > 0")
        _refuse_unless(
            self.seed_min <= self.max_shares // self.shares_per_base, "seed_min fits into max_shares"
        )

    @property
    def shares_per_base(self) -> int:
        """Return shares minted for a raw base unit of seed, 10^(18 - base decimals)."""
        return int(10 ** (18 - self.base_decimals))

    def as_tuple(self) -> tuple[int | bool, ...]:
        """Return the fields in the constructor's order."""
        return (
            self.window,
            self.previous_target,
            self.decide_secs,
            self.recent_secs,
            self.tolerance_ticks,
            self.deviation_ticks,
            self.band_bps,
            self.budget,
            self.period_secs,
            self.liquidity,
            self.cut,
            self.bounty,
            self.drip_secs,
            self.unbond_secs,
            self.timelock_secs,
            self.fee,
            self.seed_min,
            self.max_shares,
        )


@dataclass(frozen=True)
class VaultParameters:
    """All that a vault is constructed with."""

    name: str  # of the share token, at most 64 bytes
    symbol: str  # at most 32 bytes
    deployment: VaultDeployment
    rules: VaultRules

    def __post_init__(self) -> None:
        """Refuse names that the contract cannot hold."""
        _refuse_unless(0 < len(self.name.encode()) <= 64, "name has 1 to 64 bytes")
        _refuse_unless(0 < len(self.symbol.encode()) <= 32, "symbol has 1 to 32 bytes")

    def constructor_arguments(self) -> tuple[object, ...]:
        """Return the four arguments of the constructor, in order."""
        return self.name, self.symbol, self.deployment.as_tuple(), self.rules.as_tuple()

    def encode_constructor(self) -> bytes:
        """Return the ABI encoding that follows the creation code."""
        return encode(CONSTRUCTOR_TYPES, self.constructor_arguments())


def _refuse_unless(ok: bool, rule: str) -> None:
    if not ok:
        raise ParametersError(f"vault parameters break the rule: {rule}")
