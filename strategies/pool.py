"""Swap inside given liquidity, step by step as the pool does, to the integer.

A step goes to the next initialised tick or to the end of a word of 256 tick spacings, whichever comes first:
the pool rounds at each of them, so the word ends matter even where no tick is initialised.

Source: Uniswap v3 core, UniswapV3Pool.swap, SwapMath, SqrtPriceMath, TickBitmap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

from strategies.errors import VaultRefusal
from strategies.tick_math import MAX_TICK, Q96, sqrt_ratio_at_tick, tick_at_sqrt_ratio

_MILLION = 1_000_000
_UINT256_MAX = (1 << 256) - 1
_WORD = 256


@dataclass(frozen=True)
class PoolState:
    """Hold what a swap reads: `ticks` are (tick, net liquidity) of the initialised ticks, ascending.

    `tick` is the pool's own, which after a crossing downward stands one below the price's.
    """

    sqrt_ratio_x96: int
    tick: int
    liquidity: int
    fee_pips: int  # millionths
    tick_spacing: int
    ticks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class SwapStep:
    """Hold one step of a swap: the price after it, and its amounts."""

    sqrt_ratio_x96: int
    amount_in: int
    amount_out: int
    fee_amount: int


def amount0_delta_up(low_x96: int, high_x96: int, liquidity: int) -> int:
    """Return ceil(ceil(L * 2^96 * (high - low) / high) / low)."""
    inner = -(-(liquidity << 96) * (high_x96 - low_x96) // high_x96)
    return -(-inner // low_x96)


def amount0_delta_down(low_x96: int, high_x96: int, liquidity: int) -> int:
    """Return floor(floor(L * 2^96 * (high - low) / high) / low)."""
    return (liquidity << 96) * (high_x96 - low_x96) // high_x96 // low_x96


def amount1_delta_up(low_x96: int, high_x96: int, liquidity: int) -> int:
    """Return ceil(L * (high - low) / 2^96)."""
    return -(-liquidity * (high_x96 - low_x96) // Q96)


def amount1_delta_down(low_x96: int, high_x96: int, liquidity: int) -> int:
    """Return floor(L * (high - low) / 2^96)."""
    return liquidity * (high_x96 - low_x96) >> 96


def sqrt_ratio_after_token0(sqrt_ratio_x96: int, liquidity: int, amount_in: int) -> int:
    """Return the price after `amount_in` of token0 came in: ceil(L s / (L + amount s)), s the root price.

    Where amount * s or the denominator leaves 256 bits: ceil(L 2^96 / (floor(L 2^96 / s) + amount)).
    """
    if amount_in == 0:
        return sqrt_ratio_x96
    scaled = liquidity << 96
    product = amount_in * sqrt_ratio_x96
    if product <= _UINT256_MAX and scaled + product <= _UINT256_MAX:
        return -(-scaled * sqrt_ratio_x96 // (scaled + product))
    return -(-scaled // (scaled // sqrt_ratio_x96 + amount_in))


def sqrt_ratio_after_token1(sqrt_ratio_x96: int, liquidity: int, amount_in: int) -> int:
    """Return the price after `amount_in` of token1 came in: s + floor(amount * 2^96 / L)."""
    return sqrt_ratio_x96 + (amount_in << 96) // liquidity


def swap_step(current_x96: int, target_x96: int, liquidity: int, remaining: int, fee_pips: int) -> SwapStep:
    """Return one step of an exact-input swap toward `target_x96`, at most `remaining` of the input token."""
    zero_for_one = current_x96 >= target_x96
    available = remaining * (_MILLION - fee_pips) // _MILLION
    if zero_for_one:
        amount_in = amount0_delta_up(target_x96, current_x96, liquidity)
    else:
        amount_in = amount1_delta_up(current_x96, target_x96, liquidity)
    if available >= amount_in:
        after = target_x96
    elif zero_for_one:
        after = sqrt_ratio_after_token0(current_x96, liquidity, available)
    else:
        after = sqrt_ratio_after_token1(current_x96, liquidity, available)
    if zero_for_one:
        if after != target_x96:
            amount_in = amount0_delta_up(after, current_x96, liquidity)
        amount_out = amount1_delta_down(after, current_x96, liquidity)
    else:
        if after != target_x96:
            amount_in = amount1_delta_up(current_x96, after, liquidity)
        amount_out = amount0_delta_down(current_x96, after, liquidity)
    if after != target_x96:
        fee_amount = remaining - amount_in
    else:
        fee_amount = -(-amount_in * fee_pips // (_MILLION - fee_pips))
    return SwapStep(after, amount_in, amount_out, fee_amount)


def next_tick(state: PoolState, tick: int, *, downward: bool) -> tuple[int, int | None]:
    """Return the tick where the next step ends, and its net liquidity, or None if it is only a word's end."""
    spacing = state.tick_spacing
    compressed = tick // spacing
    positions = [entry[0] for entry in state.ticks]
    if downward:
        word_end = (compressed // _WORD) * _WORD * spacing
        at = bisect_right(positions, compressed * spacing) - 1
        found = at >= 0 and positions[at] >= word_end
    else:
        word_end = (((compressed + 1) // _WORD) * _WORD + _WORD - 1) * spacing
        at = bisect_left(positions, (compressed + 1) * spacing)
        found = at < len(positions) and positions[at] <= word_end
    reached, net = state.ticks[at] if found else (word_end, None)
    return max(-MAX_TICK, min(MAX_TICK, reached)), net


def swap_exact_input(
    state: PoolState, *, zero_for_one: bool, amount: int, limit_x96: int
) -> tuple[int, int, PoolState]:
    """Swap at most `amount` of the input token until the price meets the limit.

    Returns: (paid, got, the pool after it); paid includes the pool's fee.
    Raises: VaultRefusal("price") when the price is at the limit or beyond it already, as the pool does.
    """
    beyond = state.sqrt_ratio_x96 <= limit_x96 if zero_for_one else state.sqrt_ratio_x96 >= limit_x96
    if beyond or amount <= 0:
        raise VaultRefusal("price", "the spot price is beyond the limit, or there is nothing to swap")
    root, tick, liquidity = state.sqrt_ratio_x96, state.tick, state.liquidity
    remaining, got = amount, 0
    while remaining != 0 and root != limit_x96:
        start = root
        reached, net = next_tick(state, tick, downward=zero_for_one)
        reached_x96 = sqrt_ratio_at_tick(reached)
        target = max(reached_x96, limit_x96) if zero_for_one else min(reached_x96, limit_x96)
        step = swap_step(root, target, liquidity, remaining, state.fee_pips)
        root = step.sqrt_ratio_x96
        remaining -= step.amount_in + step.fee_amount
        got += step.amount_out
        if root == reached_x96:
            if net is not None:
                liquidity += -net if zero_for_one else net
            tick = reached - 1 if zero_for_one else reached
        elif root != start:
            tick = tick_at_sqrt_ratio(root)
    return amount - remaining, got, replace(state, sqrt_ratio_x96=root, tick=tick, liquidity=liquidity)
