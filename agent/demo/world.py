"""Start a chain of our own and put everything on it that a vault needs, up to its first epoch.

    t_first - 1800 s   the exchange, its tokens and pool, liquidity, 600 observation slots
    t_first .. t_open  W intervals of prices, walked by the market maker
    t_open             price log, verifier, strategy, vault; the operator opens it, a depositor enters

Blocks are 12 s apart however long they take, so a run is the same on any machine but for its keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3.middleware import SignAndSendRawMiddlewareBuilder

from agent.demo.market_maker import MarketMaker
from agent.demo.prices import INTERVAL_SECS, DemoPrices
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
from contracts.tick_math import sqrt_ratio_at_tick
from contracts.uniswap import Market
from contracts.vault_parameters import VaultRules

WINDOW_TICKS = 33
BLOCK_SECS = 12
SET_UP_SECS = 1_800
CARDINALITY = 600  # 2 * interval / block time
BASE_DECIMALS, RISKY_DECIMALS = 6, 18
DOLLAR = 10**BASE_DECIMALS
SHARE = 10**18
SEED, DEPOSIT, BOND = 100_000 * DOLLAR, 900_000 * DOLLAR, 40_000 * DOLLAR
CUT, BOUNTY = BOND // 40, 10 * DOLLAR
SEED_MIN = 1_000 * DOLLAR
MAX_SHARES = 2_000_000 * SHARE
FULL_REBALANCE_BPS = 30  # how far a trade of the whole vault moves the price
OPERATOR_ETHER_WEI = 100 * 10**18
RAW_TICK_OFFSET = 276_324  # (18 - 6) * ln 10 / ln 1.0001: the pool counts raw units

Progress = Callable[[str], None]


@dataclass(frozen=True)
class World:
    """A chain with an open vault, at the interval before its first epoch."""

    chain: Anvil
    market: Market
    maker: MarketMaker
    stack: VaultStack
    operator: LocalAccount
    depositor: ChecksumAddress
    stranger: ChecksumAddress
    prices: DemoPrices
    first_epoch: int

    def tick_of(self, interval: int) -> int:
        """Return the raw tick that the data has for an interval."""
        return raw_tick(self.prices.ticks[interval - self.prices.first_interval])


def raw_tick(oriented: int) -> int:
    """Turn a tick of whole base per whole risky into the pool's raw risky per raw base."""
    return RAW_TICK_OFFSET - oriented


def tick_count(epochs: int) -> int:
    """Return how many intervals of prices a run of this many epochs needs."""
    return WINDOW_TICKS + epochs


def build_world(chain: Anvil, prices: DemoPrices, strategy: StrategyFiles, seed: int, say: Progress) -> World:
    """Build market, history and vault on a chain whose genesis is `genesis_secs(prices)`.

    Raises: contracts.errors.ContractsError by name.
    """
    web3 = chain.web3
    chain.request("anvil_setBlockTimestampInterval", BLOCK_SECS)
    say("exchange")
    first = raw_tick(prices.ticks[0])
    maker_account, depositor, guardian, stranger = chain.accounts[:4]
    market = Market.create(
        web3,
        sender=maker_account,
        base_decimals=BASE_DECIMALS,
        risky_decimals=RISKY_DECIMALS,
        base_is_token0=True,
        tick=first,
    )
    market.grow_cardinality(CARDINALITY)
    liquidity = pool_liquidity(SEED + DEPOSIT, first)
    market.add_full_range(liquidity)
    begin = (prices.first_interval - 1) * INTERVAL_SECS
    chain.mine(begin)

    say("price history")
    maker = MarketMaker.begin(chain, market, interval_secs=INTERVAL_SECS, seed=seed, started_at=begin)
    history = prices.ticks[:WINDOW_TICKS]
    for tick in history:
        maker.walk(raw_tick(tick))
    opened_in = prices.first_interval + len(history) - 1
    chain.mine(opened_in * INTERVAL_SECS)

    operator: LocalAccount = Account.create()
    chain.set_balance(operator.address, OPERATOR_ETHER_WEI)
    web3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(operator), layer=0)
    say("price log")
    plan = PriceLogPlan(first=prices.first_interval - 1, min_cardinality=CARDINALITY)
    price_log = deploy_price_log(web3, market.pool.address, plan, sender=operator.address)
    push_prices(price_log, opened_in, sender=operator.address)
    addresses = MarketAddresses(
        market.factory.address, market.pool.address, market.base.address, market.risky.address
    )
    stack = deploy_stack(
        web3,
        market=addresses,
        strategy=strategy,
        rules=vault_rules(liquidity),
        operator=operator.address,
        guardian=guardian,
        name="provault demo",
        symbol="pvDEMO",
        price_log=price_log,
        progress=say,
    )
    say("deposits")
    market.mint_tokens(market.base, operator.address, SEED + BOND)
    open_vault(stack.vault, market.base, seed=SEED, bond=BOND, operator=operator.address)
    shares = DEPOSIT * stack.parameters.rules.shares_per_base
    market.mint_tokens(market.base, depositor, DEPOSIT)
    send(market.base.functions.approve(stack.vault.address, DEPOSIT), depositor)
    send(stack.vault.functions.mint(shares, depositor, DEPOSIT, 0), depositor)
    first_epoch = int(stack.vault.functions.first_epoch().call())
    return World(chain, market, maker, stack, operator, depositor, stranger, prices, first_epoch)


def genesis_secs(prices: DemoPrices) -> int:
    """Return the unix time of block 0, which leaves room to build the market."""
    return (prices.first_interval - 1) * INTERVAL_SECS - SET_UP_SECS


def pool_liquidity(assets: int, tick: int) -> int:
    """Return the liquidity in which a purchase with all assets moves the price by FULL_REBALANCE_BPS.

    d(price) / price = 2 * assets * sqrt(price) / L, price in raw risky per raw base
    """
    return 2 * assets * sqrt_ratio_at_tick(tick) * 10_000 // (FULL_REBALANCE_BPS << 96)


def vault_rules(liquidity: int) -> VaultRules:
    """Return the rules of the demo's vault: the defaults of the specification, sized to its deposits."""
    return VaultRules(
        window=WINDOW_TICKS,
        liquidity=liquidity // 2,
        cut=CUT,
        bounty=BOUNTY,
        seed_min=SEED_MIN,
        max_shares=MAX_SHARES,
        base_decimals=BASE_DECIMALS,
    )
