"""The market is the real exchange, and moves where it is told."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hexbytes import HexBytes
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from contracts import tick_math
from contracts.errors import MarketError
from contracts.node import Anvil
from contracts.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick, tick_at_sqrt_ratio
from contracts.toolchain import read_artifact
from contracts.uniswap import CORE, Market, middle_of_tick

# Keccak-256 of the creation code of the pools on Ethereum mainnet (v3-periphery, PoolAddress.sol).
POOL_INIT_CODE_HASH = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
LIQUIDITY = 10**18
NO_ONE = "0x" + "00" * 19 + "01"


def fresh(chain: Anvil, **options: object) -> Market:
    """Open a market whose first observation lies in the past, with liquidity at every price."""
    market = Market.create(chain.web3, **options)  # type: ignore[arg-type]
    chain.set_next_timestamp(chain.now_secs + 1)
    market.add_full_range(LIQUIDITY)
    return market


def send(chain: Anvil, call: ContractFunction, sender: str) -> None:
    receipt = chain.web3.eth.wait_for_transaction_receipt(call.transact({"from": sender, "gas": 8_000_000}))
    assert receipt["status"] == 1


def test_the_pool_is_the_published_one(chain: Anvil) -> None:
    published = read_artifact(f"{CORE}/UniswapV3Pool.sol/UniswapV3Pool.json")["bytecode"]
    assert Web3.keccak(HexBytes(published)).to_0x_hex() == POOL_INIT_CODE_HASH
    market = Market.create(chain.web3)
    tokens = sorted((market.base.address, market.risky.address), key=str.lower)
    salt = Web3.keccak(b"".join(bytes(12) + HexBytes(token) for token in tokens) + (500).to_bytes(32, "big"))
    origin = b"\xff" + HexBytes(market.factory.address) + salt + HexBytes(POOL_INIT_CODE_HASH)
    assert HexBytes(market.pool.address) == Web3.keccak(origin)[12:]


@pytest.mark.parametrize("base_is_token0", [True, False])
@pytest.mark.parametrize(("base_decimals", "risky_decimals"), [(6, 18), (18, 8), (8, 6)])
def test_tokens_come_in_either_order_with_any_decimals(
    chain: Anvil, base_is_token0: bool, base_decimals: int, risky_decimals: int
) -> None:
    for _ in range(2):  # whatever the account's next addresses are
        market = Market.create(
            chain.web3,
            base_decimals=base_decimals,
            risky_decimals=risky_decimals,
            base_is_token0=base_is_token0,
            fee=3000,
            tick=1234,
        )
        first, second = (market.base, market.risky) if base_is_token0 else (market.risky, market.base)
        assert market.pool.functions.token0().call() == first.address
        assert market.pool.functions.token1().call() == second.address
        assert market.base.functions.decimals().call() == base_decimals
        assert market.risky.functions.decimals().call() == risky_decimals
        assert market.slot0().tick == 1234 and market.pool.functions.fee().call() == 3000
        assert market.pool.functions.tickSpacing().call() == market.tick_spacing
        assert market.oriented(5) == (-5 if base_is_token0 else 5)


def test_price_factors_are_the_exact_roots_rounded() -> None:
    with localcontext() as context:
        context.prec = 120
        for bit, factor in enumerate(tick_math._FACTORS_X128):
            exact = Decimal(2) ** 128 / (Decimal("1.0001") ** (2**bit)).sqrt()
            assert factor == int(exact.to_integral_value()), bit


def test_ticks_are_the_pools_own(chain: Anvil) -> None:
    market = Market.create(chain.web3)
    factory, sender = market.factory, market.sender
    bare = chain.web3.eth.contract(abi=market.pool.abi)
    address = factory.functions.createPool(market.base.address, market.risky.address, 3000).call()
    send(chain, factory.functions.createPool(market.base.address, market.risky.address, 3000), sender)
    pool = bare(address)

    def tick_of(sqrt_price_x96: int) -> int:
        before = chain.snapshot()
        send(chain, pool.functions.initialize(sqrt_price_x96), sender)
        tick = pool.functions.slot0().call()[1]
        chain.revert(before)
        return int(tick)

    ticks = [MIN_TICK, MIN_TICK + 1, -200_003, -1, 0, 1, 77_777, MAX_TICK - 1]
    ticks += [sign * 2**bit for bit in range(1, 20) for sign in (-1, 1)]
    for tick in ticks:
        ratio = sqrt_ratio_at_tick(tick)
        assert tick_of(ratio) == tick == tick_at_sqrt_ratio(ratio)
        if tick > MIN_TICK:
            assert tick_of(ratio - 1) == tick - 1 == tick_at_sqrt_ratio(ratio - 1)
    assert sqrt_ratio_at_tick(MIN_TICK) == tick_math.MIN_SQRT_RATIO_X96
    assert sqrt_ratio_at_tick(MAX_TICK) == tick_math.MAX_SQRT_RATIO_X96


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_ticks_out_of_range_are_refused(tick: int) -> None:
    with pytest.raises(MarketError, match=f"tick {tick} lies outside"):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize(
    "ratio", [0, tick_math.MIN_SQRT_RATIO_X96 - 1, tick_math.MAX_SQRT_RATIO_X96, 1 << 170]
)
def test_prices_out_of_range_are_refused(ratio: int) -> None:
    with pytest.raises(MarketError, match="outside the range of a pool"):
        tick_at_sqrt_ratio(ratio)


@pytest.mark.parametrize("base_is_token0", [True, False])
def test_a_price_in_whole_tokens_becomes_the_pools_price(chain: Anvil, base_is_token0: bool) -> None:
    market = fresh(chain, base_is_token0=base_is_token0, tick=0)
    price = Fraction(1_850_25, 100)  # base per risky
    market.move_to_price(market.sqrt_price_of(price))
    spot = Fraction(market.slot0().sqrt_price_x96, 2**96) ** 2  # raw token1 per raw token0
    raw = 1 / spot if base_is_token0 else spot
    assert abs(raw * 10**18 / 10**6 / price - 1) < Fraction(1, 10**9)


def test_the_price_moves_to_the_tick_asked_for_from_either_side(chain: Anvil) -> None:
    market = fresh(chain, tick=-200_000)
    market.add_liquidity(-200_040, -199_900, LIQUIDITY)  # initialised ticks on the way
    for tick in (-200_041, -200_040, -199_900, -199_901, -200_000, -200_000, 3, -887_000, 887_000):
        market.move_to_tick(tick)
        assert market.slot0().tick == tick and market.slot0().sqrt_price_x96 == middle_of_tick(tick)


def test_liquidity_comes_and_goes(chain: Anvil) -> None:
    market = fresh(chain, tick=0)
    market.add_liquidity(-10, 10, 5 * LIQUIDITY)
    assert market.liquidity() == 6 * LIQUIDITY
    market.move_to_tick(10)
    assert market.liquidity() == LIQUIDITY
    market.move_to_tick(0)
    market.remove_liquidity(-10, 10, 5 * LIQUIDITY, to=NO_ONE)
    assert market.liquidity() == LIQUIDITY
    assert market.base.functions.balanceOf(NO_ONE).call() > 0
    assert market.risky.functions.balanceOf(NO_ONE).call() > 0


def test_a_swap_is_exact_and_stops_at_its_limit(chain: Anvil) -> None:
    market = fresh(chain, tick=0)
    token0, token1 = market.base, market.risky
    assert market.base_is_token0
    before = token0.functions.balanceOf(market.pool.address).call()
    market.swap(True, 10**12, to=NO_ONE)
    assert token0.functions.balanceOf(market.pool.address).call() == before + 10**12
    assert 0 < token1.functions.balanceOf(NO_ONE).call() < 10**12
    market.swap(False, -(10**11), to=NO_ONE)
    assert token0.functions.balanceOf(NO_ONE).call() == 10**11
    market.swap(True, 10**24, limit_tick=-50)
    assert market.slot0().sqrt_price_x96 == sqrt_ratio_at_tick(-50)
    assert token0.functions.balanceOf(market.pool.address).call() < 10**20
    with pytest.raises(MarketError, match="the exchange refuses swap"):
        market.swap(True, 10**12, limit_tick=50)  # a limit on the wrong side


def test_observation_slots_grow_in_slices_and_serve_after_the_first_write(chain: Anvil) -> None:
    market = Market.create(chain.web3)
    assert market.grow_cardinality(700) == 3
    assert market.grow_cardinality(700) == 0
    slot0 = market.slot0()
    assert (slot0.observation_cardinality, slot0.observation_cardinality_next) == (1, 700)
    chain.set_next_timestamp(chain.now_secs + 1)
    market.add_full_range(LIQUIDITY)
    assert market.slot0().observation_cardinality == 700
    for wrong in (0, 65_536):
        with pytest.raises(MarketError, match=f"observations, not {wrong}"):
            market.grow_cardinality(wrong)


def test_cumulatives_are_tick_times_seconds(chain: Anvil) -> None:
    market = fresh(chain, tick=-7)
    start = chain.now_secs
    chain.set_next_timestamp(start + 30)
    market.grow_cardinality(10)
    chain.set_next_timestamp(start + 100)
    market.move_to_tick(40)
    chain.mine(start + 150)
    ticks, seconds = market.observe([150, 50, 0])
    assert ticks[1] - ticks[0] == -7 * 100 and ticks[2] - ticks[1] == 40 * 50
    assert seconds[2] - seconds[1] == (50 << 128) // LIQUIDITY


def test_the_market_maker_pays_nobody_but_the_pool_it_serves(chain: Anvil) -> None:
    market = fresh(chain)
    for call in (
        market.mover.functions.uniswapV3SwapCallback(1, 1, b""),
        market.mover.functions.uniswapV3MintCallback(1, 1, b""),
    ):
        with pytest.raises(ContractLogicError, match="auth"):
            call.call({"from": market.sender})


def test_a_fee_the_factory_does_not_know_is_refused(chain: Anvil) -> None:
    with pytest.raises(MarketError, match="not 123"):
        Market.create(chain.web3, fee=123)


def test_test_tokens_move_like_tokens(chain: Anvil) -> None:
    market = Market.create(chain.web3)
    token, (owner, spender) = market.base, chain.accounts[:2]
    market.mint_tokens(token, owner, 100)
    send(chain, token.functions.approve(spender, 60), owner)
    send(chain, token.functions.transferFrom(owner, NO_ONE, 40), spender)
    assert token.functions.balanceOf(NO_ONE).call() == 40
    assert token.functions.allowance(owner, spender).call() == 20
    with pytest.raises(ContractLogicError, match="allowance"):
        token.functions.transferFrom(owner, NO_ONE, 21).call({"from": spender})
    with pytest.raises(ContractLogicError, match="balance"):
        token.functions.transfer(NO_ONE, 61).call({"from": owner})
