# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Vault that trades one pair, and only on a proven decision
@notice Holders enter and leave pro rata in both tokens, at once. Every epoch a decision is due, proven to come
        from the pinned strategy and from ticks that the price log recorded. The contract derives side, size
        and limit price of the trade. The operator's bond pays for a decision that was left out.
@custom:shares No price enters a share computation: a wrong price can move no value between holders. Prices size
        and bound the swap and nothing else.
@custom:market A market condition never makes a decision revert; it makes a trade smaller or empty.
@custom:units base and risky in raw token units; shares with 18 decimals; fractions with 1e18 = 1; target in
        basis points of net asset value held in risky; ticks log base 1.0001. An oriented tick is base per
        risky: the pool's tick if risky is token0, else its negative.
@custom:assumes factory, pool, price log and verifier are the genuine ones (an auditor compares bytecode); tokens
        neither rebase nor take fees, which every inbound transfer checks; INTERVAL divides time from 1970.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from .interfaces import IPriceLog
from .interfaces import IUniswapV3Factory
from .interfaces import IUniswapV3Pool
from .modules import erc20
from .modules import full_math
from .modules import refusal
from .modules import roles
from .modules import strategy_pin
from .modules import tick_math


interface Verifier:
    def verify(strategy: address, context: bytes32, pub: DynArray[int256, 192], proof: Bytes[4096]): nonpayable

interface UptimeFeed:
    def latestRoundData() -> (uint80, int256, uint256, uint256, uint80): view


initializes: erc20
initializes: roles
initializes: strategy_pin[roles := roles]

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.nonces,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
    erc20.permit,
    erc20.DOMAIN_SEPARATOR,
    roles.operator,
    roles.guardian,
    roles.offer_role,
    roles.take_role,
    strategy_pin.propose,
    strategy_pin.revoke,
    strategy_pin.freeze,
    strategy_pin.strategy_of,
)


struct Deployment:
    base: address
    risky: address
    factory: address
    pool: address
    price_log: address
    verifier: address
    sequencer: address  # uptime feed of the chain, empty where it has none
    strategy: address  # data contract
    strategy_hash: bytes32  # its code hash
    operator: address
    guardian: address


struct Rules:
    window: uint256  # ticks of an input window
    previous_target: bool  # the strategy reads the previous target too
    decide_secs: uint256
    recent_secs: uint256
    tolerance_ticks: int256
    deviation_ticks: int256
    band_bps: uint256
    budget: uint256  # fraction of net asset value per period
    period_secs: uint256
    liquidity: uint256  # least harmonic mean liquidity of a pool worth trading in
    cut: uint256  # base units, from the bond to the holders at each miss
    bounty: uint256  # base units, from the bond to whoever claims the miss
    drip_secs: uint256
    unbond_secs: uint256
    timelock_secs: uint256
    fee: uint256  # fraction of the supply minted per decision, at first
    seed_min: uint256  # base units
    max_shares: uint256


struct Pinned:  # the decision in force
    target: uint256  # basis points of net asset value in risky
    epoch: uint256
    tick: int256  # oriented, of the last interval
    side: uint256  # of its swaps so far


struct Status:
    live: bool
    paused: bool
    ended: bool
    epoch: uint256
    next_epoch: uint256  # the first that can still be decided
    decided: bool  # bits of `epoch`
    missed: bool
    bond: uint256
    budget_left: uint256
    strategy: address
    pending: address  # empty unless a proposal waits for its epoch
    pending_from: uint256


struct Powers:
    operator: address
    guardian: address
    offered_operator: address
    offered_guardian: address
    frozen: bool
    fee: uint256
    end_at: uint256
    paused_until: uint256
    pause_from: uint256  # the guardian may pause again from then on


event Opened:
    bond: uint256

event BondChanged:
    bond: uint256

event Minted:
    receiver: indexed(address)
    shares: uint256
    base: uint256
    risky: uint256

event Redeemed:
    owner: indexed(address)
    receiver: indexed(address)
    shares: uint256
    base: uint256
    risky: uint256

event Decision:
    epoch: indexed(uint256)
    strategy: indexed(address)
    target: uint256
    previous: uint256
    tick: int256
    inputs_hash: bytes32
    proof_hash: bytes32
    fee_shares: uint256
    base: uint256
    risky: uint256
    supply: uint256

event Proven:
    epoch: indexed(uint256)
    proof: Bytes[4096]

event Traded:
    epoch: indexed(uint256)
    buy: bool
    paid: uint256
    got: uint256
    wanted: uint256
    tick_recent: int256
    limit_tick: int256
    spent: uint256

event Idle:
    epoch: indexed(uint256)
    reason: uint256

event Missed:
    epoch: indexed(uint256)
    cut: uint256
    bounty: uint256
    bond: uint256

event Ending:
    at: uint256
    cause: uint256

event FeeLowered:
    rate: uint256

event Paused:
    until: uint256


ONE: constant(uint256) = 10**18
BPS: constant(uint256) = 10_000
Q128: constant(uint256) = 1 << 128
NEVER: constant(uint256) = max_value(uint256)
DEAD: constant(address) = 0x000000000000000000000000000000000000dEaD
PAUSE_SECS: constant(uint256) = 3 * 86400
PAUSE_AGAIN_SECS: constant(uint256) = 30 * 86400
YEAR_SECS: constant(uint256) = 365 * 86400
TICK_OFFSET: constant(int256) = 2**31
TARGET_MASK: constant(uint256) = 2**16 - 1
EPOCH_MASK: constant(uint256) = 2**64 - 1
TICK_MASK: constant(uint256) = 2**32 - 1
SPENT_MASK: constant(uint256) = 2**128 - 1
RING: constant(uint256) = 256  # intervals that the price log keeps
MAX_LIMIT_TICK: constant(int256) = 887271  # the pool wants a limit strictly inside its range

# reasons of Idle
IN_BAND: constant(uint256) = 0
THIN: constant(uint256) = 1
NO_ROOM: constant(uint256) = 2
OTHER_SIDE: constant(uint256) = 3

# sides of a decision's swaps
UNSET: constant(uint256) = 0
BUY: constant(uint256) = 1
SELL: constant(uint256) = 2

# causes of Ending
RETIRED: constant(uint256) = 1
BOND_GONE: constant(uint256) = 2
SHUT: constant(uint256) = 3

R: immutable(Rules)
BASE: public(immutable(address))
RISKY: public(immutable(address))
POOL: public(immutable(address))
PRICE_LOG: public(immutable(address))
VERIFIER: public(immutable(address))
SEQUENCER: public(immutable(address))
INTERVAL: public(immutable(uint256))
RISKY_IS_TOKEN0: immutable(bool)
SHARES_PER_BASE: immutable(uint256)  # 10^(18 - decimals of base)
WORST_COST: immutable(uint256)  # most that a unit traded can cost, 1e18 = all of it

# assets, counted here and never read from balanceOf
base: public(uint256)
risky: public(uint256)
owed: public(HashMap[address, HashMap[address, uint256]])  # account, token
drip_left: public(uint256)
drip_last: public(uint256)
drip_end: public(uint256)
bond: public(uint256)

# decisions
pinned: uint256  # target | epoch << 16 | (tick + 2^31) << 80 | side << 112
decided: HashMap[uint256, uint256]  # 256 epochs a word
missed: HashMap[uint256, uint256]
first_epoch: public(uint256)
spending: uint256  # spent | spent_at << 128: of the budget, as of then
paying: transient(uint256)

# powers
fee: public(uint256)
end_at: public(uint256)
paused_at: uint256


@deploy
def __init__(name_: String[64], symbol_: String[32], d: Deployment, r: Rules):
    """
    @notice Fix the market, the first strategy, the roles and every number for good.
    """
    pool: IUniswapV3Pool = IUniswapV3Pool(d.pool)
    token0: address = staticcall pool.token0()
    token1: address = staticcall pool.token1()
    pool_fee: uint24 = staticcall pool.fee()
    assert staticcall IUniswapV3Factory(d.factory).getPool(token0, token1, pool_fee) == d.pool, "parameters"
    risky_is_token0: bool = d.risky == token0
    if risky_is_token0:
        assert d.base == token1, "parameters"
    else:
        assert d.base == token0 and d.risky == token1, "parameters"
    assert staticcall IPriceLog(d.price_log).POOL() == d.pool, "parameters"
    assert d.verifier.is_contract, "parameters"

    base_decimals: uint256 = convert(staticcall IERC20Detailed(d.base).decimals(), uint256)
    assert base_decimals <= 18, "parameters"
    shares_per_base: uint256 = 10 ** (18 - base_decimals)
    interval: uint256 = staticcall IPriceLog(d.price_log).INTERVAL()
    assert r.window >= 2 and r.window <= 128, "parameters"
    assert r.decide_secs > 0 and r.decide_secs < interval, "parameters"
    assert r.recent_secs > 0 and r.recent_secs <= interval, "parameters"
    assert r.tolerance_ticks > 0 and r.tolerance_ticks <= 300, "parameters"
    assert r.deviation_ticks >= 0 and r.deviation_ticks <= tick_math.MAX_TICK, "parameters"
    assert r.band_bps < BPS, "parameters"
    assert r.budget > 0 and r.budget <= ONE and r.period_secs > 0, "parameters"
    assert r.liquidity > 0, "parameters"
    assert r.cut > r.bounty and r.cut < Q128, "parameters"
    # a cut that never arrives, or a sum of times that overflows, would leave omission without a price
    assert r.drip_secs > 0 and r.drip_secs <= r.unbond_secs, "parameters"
    assert r.unbond_secs > (RING - r.window) * interval and r.unbond_secs < Q128, "parameters"
    # two percent a year over all epochs
    assert r.fee <= ONE and r.fee * YEAR_SECS <= interval * (ONE // 50), "parameters"
    assert r.max_shares < Q128 and r.seed_min > 0, "parameters"
    assert r.seed_min <= r.max_shares // shares_per_base, "parameters"

    erc20.__init__(name_, symbol_)
    roles.__init__(d.operator, d.guardian)
    strategy_pin.__init__(d.strategy, d.strategy_hash, interval, r.timelock_secs)
    R = r
    BASE = d.base
    RISKY = d.risky
    POOL = d.pool
    PRICE_LOG = d.price_log
    VERIFIER = d.verifier
    SEQUENCER = d.sequencer
    INTERVAL = interval
    RISKY_IS_TOKEN0 = risky_is_token0
    SHARES_PER_BASE = shares_per_base
    # TOLERANCE * 1.02e14 + pool fee (millionths) * 1e12 + 1e12
    WORST_COST = convert(r.tolerance_ticks, uint256) * 102 * 10**12 + (convert(pool_fee, uint256) + 1) * 10**12
    self.fee = r.fee
    self.end_at = NEVER
    self.first_epoch = NEVER


# ---------------------------------------------------------------- arithmetic


@internal
@view
def _oriented(tick: int256) -> int256:
    # negation is its own inverse: also from oriented to the pool's sign
    return tick if RISKY_IS_TOKEN0 else -tick


@internal
@view
def _value(amount: uint256, price: uint256) -> uint256:
    return full_math.mul_div_down(amount, price, Q128)


@internal
@view
def _epoch() -> uint256:
    return block.timestamp // INTERVAL


@internal
@view
def _bit(bits: uint256, epoch: uint256) -> bool:
    return (bits >> (epoch % 256)) & 1 != 0


@internal
@view
def _paused() -> bool:
    return block.timestamp < self.paused_at + PAUSE_SECS


@internal
@view
def _read_pinned() -> Pinned:
    packed: uint256 = self.pinned
    return Pinned(
        target=packed & TARGET_MASK,
        epoch=(packed >> 16) & EPOCH_MASK,
        tick=convert((packed >> 80) & TICK_MASK, int256) - TICK_OFFSET,
        side=packed >> 112,
    )


@internal
def _write_pinned(p: Pinned):
    self.pinned = p.target | (p.epoch << 16) | (convert(p.tick + TICK_OFFSET, uint256) << 80) | (p.side << 112)


@internal
@view
def _spent() -> uint256:
    return self.spending & SPENT_MASK


@internal
@view
def _spent_at() -> uint256:
    return self.spending >> 128


@internal
@view
def _spent_now() -> uint256:
    # what is left of the spent budget after the refill since spent_at
    spent: uint256 = self._spent()
    refill: uint256 = R.budget * (block.timestamp - self._spent_at()) // R.period_secs
    return spent - refill if spent > refill else 0


@internal
@view
def _due() -> uint256:
    left: uint256 = self.drip_left
    end: uint256 = self.drip_end
    if block.timestamp >= end:
        return left
    last: uint256 = self.drip_last
    return left * (block.timestamp - last) // (end - last)


@internal
def _drip():
    due: uint256 = self._due()
    if due != 0:
        self.drip_left -= due
        self.drip_last = block.timestamp
        self.base += due


# ----------------------------------------------------------------- refusals


@internal
@view
def _live():
    refusal.check(block.timestamp < self.end_at, "ended")


@internal
@view
def _check_receiver(to: address):
    refusal.check(to not in [empty(address), self], "receiver")


# ------------------------------------------------------------------- tokens


@internal
def _pull(token: address, amount: uint256):
    # a token that takes a fee on the way is refused here
    if amount != 0:
        held: uint256 = staticcall IERC20(token).balanceOf(self)
        refusal.check(extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True), "token")
        refusal.check(staticcall IERC20(token).balanceOf(self) == held + amount, "token")


@internal
def _pay(token: address, to: address, amount: uint256):
    if amount != 0:
        refusal.check(extcall IERC20(token).transfer(to, amount, default_return_value=True), "token")


@internal
def _pay_or_hold(token: address, to: address, amount: uint256, hold: bool):
    if hold:
        self.owed[to][token] += amount
    else:
        self._pay(token, to, amount)


# ------------------------------------------------------------------- shares


@external
def open(seed: uint256, bond: uint256):
    """
    @notice Found the vault with the operator's seed and bond; the next epoch is the first to be decided.
    @param seed base units; the least seed's shares are locked for ever, so the supply never returns to 0.
    @param bond base units, at least one cut and one bounty.
    """
    roles._only_operator()
    refusal.check(self.first_epoch == NEVER, "opened")
    self._live()
    refusal.check(seed >= R.seed_min and bond >= R.cut + R.bounty, "cap")
    refusal.check(seed <= R.max_shares // SHARES_PER_BASE, "cap")
    epoch: uint256 = self._epoch()
    extcall IPriceLog(PRICE_LOG).push(epoch)
    refusal.check(staticcall IPriceLog(PRICE_LOG).ready(epoch, R.window), "window")

    self.first_epoch = epoch + 1
    self.base = seed
    self.bond = bond
    locked: uint256 = R.seed_min * SHARES_PER_BASE
    shares: uint256 = seed * SHARES_PER_BASE - locked
    erc20._mint(DEAD, locked)
    if shares != 0:
        erc20._mint(msg.sender, shares)
    log Opened(bond=bond)
    log Minted(receiver=msg.sender, shares=shares + locked, base=seed, risky=0)
    self._pull(BASE, seed + bond)


@internal
@view
def _cost(shares: uint256, base: uint256) -> (uint256, uint256):
    supply: uint256 = erc20.totalSupply
    refusal.check(supply != 0, "opened")
    return (
        full_math.mul_div_up(shares, base, supply),
        full_math.mul_div_up(shares, self.risky, supply),
    )


@external
def mint(shares: uint256, receiver: address, max_base: uint256, max_risky: uint256) -> (uint256, uint256):
    """
    @notice Take both tokens in the vault's own proportion and give shares.
            base_in = ceil(shares * base / supply), risky_in = ceil(shares * risky / supply)
    @return base and risky taken from the caller.
    """
    refusal.check(not self._paused() and self.end_at == NEVER, "closed")
    self._check_receiver(receiver)
    self._drip()
    base_in: uint256 = 0
    risky_in: uint256 = 0
    base_in, risky_in = self._cost(shares, self.base)
    refusal.check(base_in <= max_base and risky_in <= max_risky, "price")
    refusal.check(base_in != 0 or risky_in != 0, "amount")
    refusal.check(erc20.totalSupply + shares <= R.max_shares, "cap")

    self.base += base_in
    self.risky += risky_in
    erc20._mint(receiver, shares)
    log Minted(receiver=receiver, shares=shares, base=base_in, risky=risky_in)
    self._pull(BASE, base_in)
    self._pull(RISKY, risky_in)
    return base_in, risky_in


@external
def redeem(
    shares: uint256, receiver: address, owner: address, hold_base: bool, hold_risky: bool
) -> (uint256, uint256):
    """
    @notice Burn shares for both tokens, at once and in every state of the vault.
            base_out = floor(shares * base / supply), risky_out = floor(shares * risky / supply)
    @param hold_base keep the base part here for `collect`, when its issuer refuses the transfer.
    @param hold_risky the same for the risky part.
    @return base and risky paid or held for the receiver.
    """
    refusal.check(shares != 0, "amount")
    self._check_receiver(receiver)
    if msg.sender != owner:
        erc20._spend_allowance(owner, msg.sender, shares)
    self._drip()
    supply: uint256 = erc20.totalSupply
    base_out: uint256 = full_math.mul_div_down(shares, self.base, supply)
    risky_out: uint256 = full_math.mul_div_down(shares, self.risky, supply)

    erc20._burn(owner, shares)
    self.base -= base_out
    self.risky -= risky_out
    log Redeemed(owner=owner, receiver=receiver, shares=shares, base=base_out, risky=risky_out)
    self._pay_or_hold(BASE, receiver, base_out, hold_base)
    self._pay_or_hold(RISKY, receiver, risky_out, hold_risky)
    return base_out, risky_out


@external
def collect(token: address, to: address) -> uint256:
    """
    @notice Pay out what the vault holds for the caller in one token.
    """
    amount: uint256 = self.owed[msg.sender][token]
    refusal.check(amount != 0, "amount")
    self._check_receiver(to)
    self.owed[msg.sender][token] = 0
    self._pay(token, to, amount)
    return amount


@external
@view
def preview(shares: uint256) -> (uint256, uint256):
    """
    @notice Return what mint would take for these shares now.
    """
    return self._cost(shares, self.base + self._due())


# ---------------------------------------------------------------- decisions


@internal
@view
def _inputs(epoch: uint256, previous: uint256) -> (DynArray[int256, 192], int256):
    # input i = orientation * (tick_{i+1} - tick_i), oldest first; then the previous target if it is read.
    # Also the oriented tick of the last interval.
    ticks: DynArray[int256, 128] = staticcall IPriceLog(PRICE_LOG).window(epoch, R.window)
    inputs: DynArray[int256, 192] = []
    sign: int256 = self._oriented(1)
    last: int256 = ticks[0]
    for i: uint256 in range(1, R.window, bound=127):
        tick: int256 = ticks[i]
        # cannot overflow: ticks are below 2^31
        inputs.append(unsafe_mul(sign, unsafe_sub(tick, last)))
        last = tick
    if R.previous_target:
        inputs.append(convert(previous, int256))
    return inputs, self._oriented(last)


@external
def decide(epoch: uint256, target: uint256, proof: Bytes[4096], and_trade: bool):
    """
    @notice Take the proven decision of the epoch that runs now; anyone may send it.
    @param epoch now // INTERVAL, within DECIDE seconds of its beginning.
    @param target basis points of net asset value in risky, the strategy's output.
    @param proof shows that the pinned strategy maps this epoch's inputs to the target.
    @param and_trade trade at once; a failure there undoes the decision too.
    """
    now_epoch: uint256 = self._epoch()
    refusal.check(epoch <= now_epoch and epoch >= self.first_epoch, "early")
    refusal.check(epoch == now_epoch and block.timestamp <= epoch * INTERVAL + R.decide_secs, "closed")
    self._live()
    word: uint256 = self.decided[epoch // 256]
    refusal.check(not self._bit(word, epoch), "decided")
    self.decided[epoch // 256] = word | (1 << (epoch % 256))
    refusal.check(target <= BPS, "target")

    extcall IPriceLog(PRICE_LOG).push(epoch)
    previous: uint256 = self._read_pinned().target
    pub: DynArray[int256, 192] = []
    tick: int256 = 0
    pub, tick = self._inputs(epoch, previous)
    inputs_hash: bytes32 = keccak256(abi_encode(pub))
    pub.append(convert(target, int256))

    strategy: address = strategy_pin._genuine(epoch)
    context: bytes32 = keccak256(abi_encode(chain.id, self, epoch, VERIFIER))
    extcall Verifier(VERIFIER).verify(strategy, context, pub, proof)

    self._write_pinned(Pinned(target=target, epoch=epoch, tick=tick, side=UNSET))
    fee_shares: uint256 = erc20.totalSupply * self.fee // ONE
    if fee_shares != 0:
        erc20._mint(roles.operator, fee_shares)
    log Decision(
        epoch=epoch,
        strategy=strategy,
        target=target,
        previous=previous,
        tick=tick,
        inputs_hash=inputs_hash,
        proof_hash=keccak256(proof),
        fee_shares=fee_shares,
        base=self.base,
        risky=self.risky,
        supply=erc20.totalSupply,
    )
    log Proven(epoch=epoch, proof=proof)
    if and_trade and not self._paused():
        self._trade(epoch)


# ------------------------------------------------------------------- trades


@external
def trade():
    """
    @notice Move the holdings toward this epoch's target, as far as limit price and budget allow.
            Anyone may call, repeatedly; a market that does not allow it gives Idle, never a revert.
    """
    epoch: uint256 = self._epoch()
    refusal.check(not self._paused(), "closed")
    self._live()
    # never before the opening: the epoch of a decision is never 0
    refusal.check(epoch == self._read_pinned().epoch, "early")
    self._trade(epoch)


@internal
def _trade(epoch: uint256):
    base: uint256 = self.base
    risky: uint256 = self.risky
    p: Pinned = self._read_pinned()
    pinned: uint256 = tick_math.q_ratio_at_tick(p.tick)

    # sized at the pinned tick: one side per epoch
    have: uint256 = self._value(risky, pinned)
    nav: uint256 = base + have
    want: uint256 = full_math.mul_div_down(nav, p.target, BPS)
    buy: bool = want > have
    delta: uint256 = want - have if buy else have - want
    # delta * 10000 <= BAND * nav
    if delta <= full_math.mul_div_down(nav, R.band_bps, BPS):
        log Idle(epoch=epoch, reason=IN_BAND)
        return

    known: bool = False
    recent_tick: int256 = 0
    liquidity: uint256 = 0
    known, recent_tick, liquidity = staticcall IPriceLog(PRICE_LOG).recent(R.recent_secs)
    if not known or liquidity < R.liquidity:
        log Idle(epoch=epoch, reason=THIN)
        return
    recent_tick = self._oriented(recent_tick)

    # one-sided: the pinned tick may only make the limit stricter
    ref_tick: int256 = 0
    limit_tick: int256 = 0
    if buy:
        ref_tick = min(recent_tick, p.tick + R.deviation_ticks)
        limit_tick = min(ref_tick + R.tolerance_ticks, MAX_LIMIT_TICK)
    else:
        ref_tick = max(recent_tick, p.tick - R.deviation_ticks)
        limit_tick = max(ref_tick - R.tolerance_ticks, -MAX_LIMIT_TICK)
    ref: uint256 = tick_math.q_ratio_at_tick(ref_tick)

    low: uint256 = base + self._value(risky, min(pinned, ref))
    spent: uint256 = self._spent_now()
    room: uint256 = full_math.mul_div_down(low, R.budget - min(spent, R.budget), WORST_COST)
    wanted: uint256 = 0
    if buy:
        wanted = min(min(delta, room), base)
    else:
        wanted = min(
            min(full_math.mul_div_down(delta, Q128, pinned), full_math.mul_div_down(room, Q128, ref)), risky
        )
    limit_root: uint256 = tick_math.sqrt_ratio_at_tick(self._oriented(limit_tick))
    zero_for_one: bool = buy != RISKY_IS_TOKEN0
    spot_root: uint256 = convert((staticcall IUniswapV3Pool(POOL).slot0())[0], uint256)
    beyond: bool = spot_root <= limit_root if zero_for_one else spot_root >= limit_root
    if wanted == 0 or beyond:
        log Idle(epoch=epoch, reason=NO_ROOM)
        return

    side: uint256 = BUY if buy else SELL
    if p.side == UNSET:
        p.side = side
        self._write_pinned(p)
    elif p.side != side:
        log Idle(epoch=epoch, reason=OTHER_SIDE)
        return

    paid: uint256 = 0
    got: uint256 = 0
    paid, got = self._swap(zero_for_one, wanted, limit_root, RISKY if buy else BASE)

    # the cost against ref, rounded up
    cost: uint256 = 0
    worth: uint256 = 0
    if buy:
        self.base = base - paid
        self.risky = risky + got
        cost = paid
        worth = self._value(got, ref)
    else:
        self.base = base + got
        self.risky = risky - paid
        cost = full_math.mul_div_up(paid, ref, Q128)
        worth = got
    if cost > worth:
        spent += full_math.mul_div_up(ONE, cost - worth, low)
    # spent < 2^128: cost <= room + 1 <= low * BUDGET / WORST_COST + 1
    self.spending = spent | (block.timestamp << 128)
    log Traded(
        epoch=epoch,
        buy=buy,
        paid=paid,
        got=got,
        wanted=wanted,
        tick_recent=recent_tick,
        limit_tick=limit_tick,
        spent=spent,
    )


@internal
def _swap(zero_for_one: bool, wanted: uint256, limit_root: uint256, token_out: address) -> (uint256, uint256):
    held: uint256 = staticcall IERC20(token_out).balanceOf(self)
    self.paying = wanted
    amount0: int256 = 0
    amount1: int256 = 0
    amount0, amount1 = extcall IUniswapV3Pool(POOL).swap(
        self, zero_for_one, convert(wanted, int256), convert(limit_root, uint160), b""
    )
    self.paying = 0
    paid: uint256 = 0
    got: uint256 = 0
    if zero_for_one:
        paid = convert(amount0, uint256)
        got = convert(-amount1, uint256)
    else:
        paid = convert(amount1, uint256)
        got = convert(-amount0, uint256)
    refusal.check(paid <= wanted, "price")
    refusal.check(staticcall IERC20(token_out).balanceOf(self) == held + got, "token")
    return paid, got


@external
@reentrant
def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]):
    """
    @notice Pay the pool for the swap that runs now, no more than was offered, once.
    """
    paying: uint256 = self.paying
    refusal.check(msg.sender == POOL and paying > 0, "auth")
    self.paying = 0
    base_is_input: bool = self._read_pinned().side == BUY
    owing: int256 = amount0 if base_is_input != RISKY_IS_TOKEN0 else amount1
    refusal.check(owing >= 0 and convert(owing, uint256) <= paying, "price")
    self._pay(BASE if base_is_input else RISKY, POOL, convert(owing, uint256))


# ------------------------------------------------------------ bond and ending


@external
def miss(epoch: uint256):
    """
    @notice Claim that a decision was due and is missing: the bond pays the holders by the second, and the caller.
    """
    refusal.check(epoch >= self.first_epoch, "early")
    closes: uint256 = epoch * INTERVAL + R.decide_secs
    refusal.check(closes < block.timestamp, "early")
    end_at: uint256 = self.end_at
    refusal.check(closes < end_at, "ended")
    refusal.check(not self._bit(self.decided[epoch // 256], epoch), "decided")
    word: uint256 = self.missed[epoch // 256]
    refusal.check(not self._bit(word, epoch), "missed")
    bond: uint256 = self.bond
    refusal.check(bond != 0, "ended")
    self.missed[epoch // 256] = word | (1 << (epoch % 256))

    extcall IPriceLog(PRICE_LOG).push(epoch)
    ready: bool = staticcall IPriceLog(PRICE_LOG).ready(epoch, R.window)
    refusal.check(ready or staticcall IPriceLog(PRICE_LOG).lost(epoch, R.window), "window")
    if SEQUENCER != empty(address):
        round: uint80 = 0
        answer: int256 = 0
        started_at: uint256 = 0
        updated_at: uint256 = 0
        answered_in: uint80 = 0
        round, answer, started_at, updated_at, answered_in = staticcall UptimeFeed(SEQUENCER).latestRoundData()
        refusal.check(answer == 0 and started_at > 0 and started_at <= epoch * INTERVAL, "sequencer")

    bounty: uint256 = min(R.bounty, bond)
    cut: uint256 = min(R.cut, bond - bounty)
    bond -= bounty + cut
    self.bond = bond
    self.owed[msg.sender][BASE] += bounty
    self._drip()
    self.drip_left += cut
    self.drip_last = block.timestamp
    self.drip_end = block.timestamp + R.drip_secs
    log Missed(epoch=epoch, cut=cut, bounty=bounty, bond=bond)
    log BondChanged(bond=bond)
    if bond < R.cut + R.bounty and block.timestamp < end_at:
        self._end(block.timestamp, BOND_GONE)


@internal
def _end(at: uint256, cause: uint256):
    self.end_at = at
    log Ending(at=at, cause=cause)


@external
def add_bond(amount: uint256):
    """
    @notice Add base units to the bond; anyone may, and only take_bond gets them back.
    """
    refusal.check(self.first_epoch != NEVER, "opened")
    self._live()
    refusal.check(amount != 0, "amount")
    bond: uint256 = self.bond + amount
    self.bond = bond
    log BondChanged(bond=bond)
    self._pull(BASE, amount)


@external
def retire():
    """
    @notice Announce the end: no more entry from now on, decisions stay due for the unbonding time.
    """
    roles._only_operator()
    refusal.check(self.end_at == NEVER, "ended")
    self._end(block.timestamp + R.unbond_secs, RETIRED)


@external
def take_bond(to: address):
    """
    @notice Pay the bond out, one unbonding time after the end.
    """
    roles._only_operator()
    end_at: uint256 = self.end_at
    refusal.check(end_at != NEVER and block.timestamp >= end_at + R.unbond_secs, "early")
    self._check_receiver(to)
    amount: uint256 = self.bond
    self.bond = 0
    log BondChanged(bond=0)
    self._pay(BASE, to, amount)


# ------------------------------------------------------------------- powers


@external
def lower_fee(rate: uint256):
    """
    @notice Lower the fraction of supply minted per decision; it never rises.
    """
    roles._only_operator()
    refusal.check(rate < self.fee, "cap")
    self.fee = rate
    log FeeLowered(rate=rate)


@external
def pause():
    """
    @notice Stop trade and mint for three days, no more often than every thirty.
    """
    roles._only_guardian()
    refusal.check(block.timestamp >= self.paused_at + PAUSE_AGAIN_SECS, "early")
    self.paused_at = block.timestamp
    log Paused(until=block.timestamp + PAUSE_SECS)


@external
def shut():
    """
    @notice End the vault now and for good; holders redeem.
    """
    roles._only_guardian()
    self._live()
    self._end(block.timestamp, SHUT)


# -------------------------------------------------------------------- views


@external
@view
def rules() -> Rules:
    """
    @notice Return every number fixed at construction.
    """
    return R


@external
@view
def target() -> uint256:
    """
    @notice Return the last proven target in basis points.
    """
    return self._read_pinned().target


@external
@view
def target_epoch() -> uint256:
    """
    @notice Return the epoch of the last decision, 0 before the first.
    """
    return self._read_pinned().epoch


@external
@view
def target_tick() -> int256:
    """
    @notice Return the oriented tick that the last decision's trades are sized at.
    """
    return self._read_pinned().tick


@external
@view
def side() -> uint256:
    """
    @notice Return which way the last decision's swaps went: 0 none yet, 1 bought, 2 sold.
    """
    return self._read_pinned().side


@external
@view
def spent() -> uint256:
    """
    @notice Return what was spent of the budget, as of `spent_at`; `status` shows what is left now.
    """
    return self._spent()


@external
@view
def spent_at() -> uint256:
    return self._spent_at()


@external
@view
def is_decided(epoch: uint256) -> bool:
    return self._bit(self.decided[epoch // 256], epoch)


@external
@view
def is_missed(epoch: uint256) -> bool:
    return self._bit(self.missed[epoch // 256], epoch)


@internal
@view
def _nav() -> uint256:
    head: uint256 = staticcall IPriceLog(PRICE_LOG).head()
    tick: int256 = self._oriented((staticcall IPriceLog(PRICE_LOG).window(head, 1))[0])
    return self.base + self._due() + self._value(self.risky, tick_math.q_ratio_at_tick(tick))


@external
@view
def nav() -> uint256:
    """
    @notice Return the net asset value in base units at the last interval's tick.
    """
    return self._nav()


@external
@view
def nav_per_share() -> uint256:
    """
    @notice Return the net asset value of one whole share (1e18) in base units.
    """
    refusal.check(erc20.totalSupply != 0, "opened")
    return full_math.mul_div_down(self._nav(), ONE, erc20.totalSupply)


@external
@view
def assets_per_share() -> (uint256, uint256):
    """
    @notice Return base and risky units behind one whole share (1e18), rounded down.
    """
    supply: uint256 = erc20.totalSupply
    refusal.check(supply != 0, "opened")
    return (
        full_math.mul_div_down(ONE, self.base + self._due(), supply),
        full_math.mul_div_down(ONE, self.risky, supply),
    )


@external
@view
def status() -> Status:
    """
    @notice Return what a dashboard shows: state, epochs, bond, budget and the strategies by epoch.
    """
    epoch: uint256 = self._epoch()
    decided: bool = self._bit(self.decided[epoch // 256], epoch)
    next_epoch: uint256 = epoch
    if decided or block.timestamp > epoch * INTERVAL + R.decide_secs:
        next_epoch += 1
    if self.first_epoch != NEVER:
        next_epoch = max(next_epoch, self.first_epoch)
    result: Status = Status(
        live=self.first_epoch != NEVER and block.timestamp < self.end_at,
        paused=self._paused(),
        ended=block.timestamp >= self.end_at,
        epoch=epoch,
        next_epoch=next_epoch,
        decided=decided,
        missed=self._bit(self.missed[epoch // 256], epoch),
        bond=self.bond,
        budget_left=R.budget - min(self._spent_now(), R.budget),
        strategy=strategy_pin.strategy,
        pending=strategy_pin.next_strategy,
        pending_from=strategy_pin.next_from,
    )
    if strategy_pin._is_due(epoch):
        result.strategy = result.pending
        result.pending = empty(address)
        result.pending_from = 0
    return result


@external
@view
def powers() -> Powers:
    """
    @notice Return who may do what, and until when it cannot be done again.
    """
    return Powers(
        operator=roles.operator,
        guardian=roles.guardian,
        offered_operator=roles.offered_operator,
        offered_guardian=roles.offered_guardian,
        frozen=strategy_pin.frozen,
        fee=self.fee,
        end_at=self.end_at,
        paused_until=self.paused_at + PAUSE_SECS,
        pause_from=self.paused_at + PAUSE_AGAIN_SECS,
    )
