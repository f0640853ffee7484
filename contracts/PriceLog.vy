# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title PriceLog
@license Apache-2.0
@notice Mean log-ticks of one Uniswap v3 pool on a fixed grid, in a ring of 256 intervals.

        Grid point k is unix time t_k = k * INTERVAL; interval k is (t_(k-1), t_k]. Tick k is

            clamp(floor((cum(t_k) - cum(t_(k-1))) / INTERVAL), tick_(k-1) - MAX_STEP, tick_(k-1) + MAX_STEP)

        where cum(t) is the pool's tick cumulative at time t. It is the same whoever pushes and whenever, as long
        as the pool still remembers t_k. Ticks are the pool's own (token1 per token0), never flipped.

        Assumptions: the pool is a genuine Uniswap v3 pool (the reader compares factory and code), and somebody
        pushes before the pool forgets a grid point. If nobody does, the log restarts at the first grid point
        that the pool still knows, and no window reaches across. Whether the pool knows a time is read from its
        oldest observation, never from a failed call, which a caller could cause by supplying little gas.

        No roles, no owner, no value held.
"""

from .interfaces import IPriceLog
from .interfaces import IUniswapV3Pool

implements: IPriceLog

event Pushed:
    k: indexed(uint256)
    tick: int256
    raw: int256
    cumulative: int256

event Restarted:
    k: indexed(uint256)
    cumulative: int256

struct State:
    head: uint256  # the last logged interval
    solid_from: uint256  # the grid point where the present history began; its first tick is one later
    cumulative: int256  # the pool's tick cumulative at t_head

MAX_STEPS: constant(uint256) = 16  # intervals logged in one call
MAX_WINDOW: constant(uint256) = 128
RING: constant(uint256) = 256  # intervals kept: 32 words of 8
LANE_BITS: constant(uint256) = 32
LANE_MASK: constant(uint256) = 2**32 - 1
TICK_OFFSET: constant(int256) = 2**31
GRID_BITS: constant(uint256) = 64
GRID_MASK: constant(uint256) = 2**64 - 1
CUMULATIVE_OFFSET: constant(int256) = 2**63
CLOCK: constant(uint256) = 2**32  # the pool keeps time modulo this
SECONDS_MODULUS: constant(uint256) = 2**160  # and seconds per liquidity modulo this

POOL: public(immutable(address))
INTERVAL: public(immutable(uint256))  # seconds
MAX_STEP: public(immutable(uint256))  # ticks

# The latest loss of history: the last head of what was lost, which only readers use, and its beginning.
lost_head: public(uint256)
lost_from: public(uint256)

_state: uint256  # head | solid_from << 64 | (cumulative + 2^63) << 128
_ring: uint256[32]  # interval k: lane k % 8 of word k // 8 % 32, as tick + 2^31


@deploy
def __init__(pool: address, interval: uint256, max_step: uint256, first: uint256, min_cardinality: uint256):
    """
    @param interval Seconds of an interval.
    @param max_step Largest difference of two neighbouring ticks.
    @param first The grid point where the log begins: past, and still known to the pool.
    @param min_cardinality Observations that the pool must keep now; at least 2 * interval / block time.
    """
    assert interval > 0 and interval < CLOCK, "interval"
    assert max_step > 0 and max_step < CLOCK, "step"
    POOL = pool
    INTERVAL = interval
    MAX_STEP = max_step
    cardinality: uint256 = convert((staticcall IUniswapV3Pool(pool).slot0())[3], uint256)
    assert cardinality > 0 and cardinality >= min_cardinality, "cardinality"
    assert first <= block.timestamp // interval, "early"
    assert first * interval >= self._oldest(pool), "window"
    self._write(State(head=first, solid_from=first, cumulative=self._cumulative_at(pool, first * interval)))
    self.lost_head = first
    self.lost_from = first


@external
def push(k: uint256) -> uint256:
    """
    @notice Log every interval up to k, at most 16 in one call. Anybody may.
    @return The last logged interval: k or later, or short of k when 16 were not enough.
    """
    assert k <= block.timestamp // INTERVAL, "early"
    state: State = self._read()
    if k <= state.head:
        return state.head
    steps: uint256 = MAX_STEPS
    oldest: uint256 = self._oldest(POOL)
    if (state.head + 1) * INTERVAL < oldest:
        state = self._restart(state, oldest)
        steps -= 1
    last: int256 = self._tick(state.head)  # of no meaning, and not used, while head == solid_from
    for _: uint256 in range(steps, bound=MAX_STEPS):
        if state.head >= k:
            break
        reached: int256 = self._cumulative_at(POOL, (state.head + 1) * INTERVAL)
        raw: int256 = self._floor_div(reached - state.cumulative, convert(INTERVAL, int256))
        tick: int256 = raw
        if state.head != state.solid_from:
            step: int256 = convert(MAX_STEP, int256)
            tick = min(max(raw, last - step), last + step)
        state.head += 1
        state.cumulative = reached
        last = tick
        self._store(state.head, tick)
        log Pushed(k=state.head, tick=tick, raw=raw, cumulative=reached)
    self._write(state)
    return state.head


@view
@external
def head() -> uint256:
    """@notice The last logged interval."""
    return self._read().head


@view
@external
def solid_from() -> uint256:
    """@notice The grid point where the present history began; the first tick is that of the next interval."""
    return self._read().solid_from


@view
@external
def cumulative() -> int256:
    """@notice The pool's tick cumulative at the end of the last logged interval."""
    return self._read().cumulative


@view
@external
def ready(k: uint256, w: uint256) -> bool:
    """@notice Whether the ticks of the w intervals that end with k are in the ring."""
    return self._ready(self._read(), k, w)


@view
@external
def lost(k: uint256, w: uint256) -> bool:
    """
    @notice Whether the window of k began in the history before the present one, completed by then or not: somebody
            could have pushed it in time. Of what a history before that one held, nothing is known.
    """
    return k <= self._read().solid_from and k >= self.lost_from + w


@view
@external
def window(k: uint256, w: uint256) -> DynArray[int256, 128]:
    """@notice The ticks of intervals k - w + 1 .. k, oldest first."""
    assert self._ready(self._read(), k, w), "window"
    ticks: DynArray[int256, 128] = []
    word: uint256 = 0
    for i: uint256 in range(w, bound=128):
        at: uint256 = k + 1 + i - w
        if i == 0 or at % 8 == 0:
            word = self._ring[at // 8 % 32]
        ticks.append(convert(word >> (at % 8 * LANE_BITS) & LANE_MASK, int256) - TICK_OFFSET)
    return ticks


@view
@external
def recent(secs: uint256) -> (bool, int256, uint256):
    """
    @notice The mean raw tick of [now - secs, now], floored, and the harmonic mean liquidity of the same span.
    @return Whether the pool remembers the whole span; the tick; the liquidity. All zero when it does not.
    """
    if secs == 0 or secs > block.timestamp - self._oldest(POOL):  # which is less than 2^32
        return False, 0, 0
    ticks: DynArray[int56, 2] = []
    seconds: DynArray[uint160, 2] = []
    ticks, seconds = staticcall IUniswapV3Pool(POOL).observe([convert(secs, uint32), 0])
    mean: int256 = self._floor_div(
        convert(ticks[1], int256) - convert(ticks[0], int256), convert(secs, int256)
    )
    # The pool adds at least 1 per second (liquidity < 2^128) and less than 2^160 in 2^32 seconds, so spread > 0.
    spread: uint256 = (
        convert(seconds[1], uint256) + SECONDS_MODULUS - convert(seconds[0], uint256)
    ) % SECONDS_MODULUS
    return True, mean, (secs << 128) // spread


def _restart(state: State, oldest: uint256) -> State:
    """Begin a new history at the first grid point that the pool still knows."""
    first: uint256 = (oldest + INTERVAL - 1) // INTERVAL
    assert first <= block.timestamp // INTERVAL, "early"
    self.lost_head = state.head
    self.lost_from = state.solid_from
    reached: int256 = self._cumulative_at(POOL, first * INTERVAL)
    log Restarted(k=first, cumulative=reached)
    return State(head=first, solid_from=first, cumulative=reached)


@view
def _oldest(pool: address) -> uint256:
    """The unix time of the pool's oldest observation."""
    index: uint16 = 0
    cardinality: uint16 = 0
    price: uint160 = 0
    tick: int24 = 0
    grown: uint16 = 0
    protocol: uint8 = 0
    unlocked: bool = False
    price, tick, index, cardinality, grown, protocol, unlocked = staticcall IUniswapV3Pool(pool).slot0()
    slot: uint256 = (convert(index, uint256) + 1) % convert(cardinality, uint256)
    stamp: uint32 = 0
    ticks: int56 = 0
    seconds: uint160 = 0
    initialized: bool = False
    stamp, ticks, seconds, initialized = staticcall IUniswapV3Pool(pool).observations(slot)
    if not initialized:
        stamp, ticks, seconds, initialized = staticcall IUniswapV3Pool(pool).observations(0)
    return block.timestamp - (block.timestamp + CLOCK - convert(stamp, uint256)) % CLOCK


@view
def _cumulative_at(pool: address, secs: uint256) -> int256:
    """The pool's tick cumulative at a unix time that is past and that the pool knows."""
    ticks: DynArray[int56, 2] = []
    seconds: DynArray[uint160, 2] = []
    ticks, seconds = staticcall IUniswapV3Pool(pool).observe([convert(block.timestamp - secs, uint32)])
    return convert(ticks[0], int256)


@pure
def _floor_div(a: int256, n: int256) -> int256:
    """floor(a / n) for n > 0; the language's own division truncates toward zero."""
    quotient: int256 = a // n
    if a < 0 and quotient * n != a:
        quotient -= 1
    return quotient


@view
def _ready(state: State, k: uint256, w: uint256) -> bool:
    return w <= MAX_WINDOW and k <= state.head and k + RING >= state.head + w and k >= state.solid_from + w


@view
def _tick(k: uint256) -> int256:
    return convert(self._ring[k // 8 % 32] >> (k % 8 * LANE_BITS) & LANE_MASK, int256) - TICK_OFFSET


def _store(k: uint256, tick: int256):
    slot: uint256 = k // 8 % 32
    lane_shift: uint256 = k % 8 * LANE_BITS
    lane: uint256 = convert(tick + TICK_OFFSET, uint256) << lane_shift
    self._ring[slot] = self._ring[slot] & ~(LANE_MASK << lane_shift) | lane


@view
def _read() -> State:
    packed: uint256 = self._state
    return State(
        head=packed & GRID_MASK,
        solid_from=packed >> GRID_BITS & GRID_MASK,
        cumulative=convert(packed >> (2 * GRID_BITS), int256) - CUMULATIVE_OFFSET,
    )


def _write(state: State):
    self._state = (
        state.head
        | state.solid_from << GRID_BITS
        | convert(state.cumulative + CUMULATIVE_OFFSET, uint256) << (2 * GRID_BITS)
    )
