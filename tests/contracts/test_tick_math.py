"""Square-root prices against the real pool's own bytecode."""

import random
from collections.abc import Iterator

import boa
import pytest
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from contracts.toolchain import read_artifact
from tests.contracts.support.evm import Deployed, deploy, deploy_code, refused

CORE = "@uniswap/v3-core/artifacts/contracts"
TICKS = sorted(
    {MIN_TICK + 1, MIN_TICK + 2, -1, 0, 1, MAX_TICK - 1}
    | {sign * 2**bit + shift for bit in range(20) for sign in (-1, 1) for shift in (-1, 0, 1)}
    & set(range(MIN_TICK + 1, MAX_TICK))
    | set(random.Random(7).sample(range(MIN_TICK + 1, MAX_TICK), 60))
)


@pytest.fixture(scope="module")
def probe() -> Deployed:
    return deploy("testing/ArithmeticProbe")


@pytest.fixture(scope="module")
def pool() -> Iterator[Deployed]:
    """A pool nobody has opened: `initialize` tells the tick of any square-root price."""
    artifact = read_artifact(f"{CORE}/UniswapV3Factory.sol/UniswapV3Factory.json")
    factory = deploy_code(bytes(HexBytes(artifact["bytecode"])), artifact["abi"])
    factory.createPool("0x" + "01" * 20, "0x" + "02" * 20, 500)
    address = factory.getPool("0x" + "01" * 20, "0x" + "02" * 20, 500)
    yield Deployed(address, read_artifact(f"{CORE}/UniswapV3Pool.sol/UniswapV3Pool.json")["abi"])


def tick_of(pool: Deployed, sqrt_ratio: int) -> int:
    with boa.env.anchor():
        pool.initialize(sqrt_ratio)
        return int(pool.slot0()[1])


@pytest.mark.parametrize("part", range(4))
def test_the_ratio_is_the_least_that_the_pool_gives_that_tick(
    probe: Deployed, pool: Deployed, part: int
) -> None:
    for tick in TICKS[part::4]:
        ratio = probe.sqrt_ratio_at_tick(tick)
        assert tick_of(pool, ratio) == tick
        assert tick_of(pool, ratio - 1) == tick - 1


def test_the_extremes_are_the_pools_own(probe: Deployed, pool: Deployed) -> None:
    lowest, highest = (probe.sqrt_ratio_at_tick(tick) for tick in (MIN_TICK, MAX_TICK))
    assert (lowest, highest) == (4295128739, 1461446703485210103287273052203988822378723970342)
    assert tick_of(pool, lowest) == MIN_TICK
    with refused("R"):
        pool.initialize(lowest - 1)
    assert tick_of(pool, highest - 1) == MAX_TICK - 1
    with refused("R"):
        pool.initialize(highest)


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1, 2**255 - 1, -(2**255)])
def test_a_tick_outside_the_range_is_refused(probe: Deployed, tick: int) -> None:
    # the least int256 has no absolute value; it never gets that far
    for name in ("sqrt_ratio_at_tick", "q_ratio_at_tick"):
        with refused("tick"):
            getattr(probe, name)(tick)


@settings(max_examples=200)
@given(st.integers(MIN_TICK, MAX_TICK))
def test_prices_equal_the_python_twin(probe: Deployed, tick: int) -> None:
    root = sqrt_ratio_at_tick(tick)
    assert probe.sqrt_ratio_at_tick(tick) == root
    assert probe.q_ratio_at_tick(tick) == root * root >> 64
