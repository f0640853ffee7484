# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Zap: into and out of one vault with its base token alone
@license Apache-2.0
@notice The vault takes and pays both tokens pro rata. `enter` buys the risky part in the vault's own pool and mints;
        `leave` redeems, sells the risky part there, and forwards base. The caller's limit bounds the caller's
        swap; other holders see an entry or an exit like any other.
@custom:holds Nothing between two calls, and no allowance: what is moved is counted to the unit, and what somebody sent
        here by mistake goes to the next caller. No role and no privilege; it can be replaced by another.
@custom:allowances Callers allow this contract base (enter) or shares (leave). It spends an allowance of nobody
        but the caller, and pays nobody but vault and pool, which are fixed.
@custom:refusals One word each: expired, receiver, price, token, auth, parameters; those of vault, pool and tokens
        pass through unchanged.
@custom:assumes the vault is the genuine one (an auditor compares bytecode), and with it pool and tokens.
"""

from ethereum.ercs import IERC20

from .interfaces import IUniswapV3Pool
from .modules import refusal


interface Vault:
    def BASE() -> address: view
    def RISKY() -> address: view
    def POOL() -> address: view
    def preview(shares: uint256) -> (uint256, uint256): view
    def mint(
        shares: uint256, receiver: address, max_base: uint256, max_risky: uint256
    ) -> (uint256, uint256): nonpayable
    def redeem(
        shares: uint256, receiver: address, owner: address, hold_base: bool, hold_risky: bool
    ) -> (uint256, uint256): nonpayable


# the pool wants a limit strictly inside its range: here the caller's amount is the limit
LOWEST_ROOT: constant(uint160) = 4295128740
HIGHEST_ROOT: constant(uint160) = 1461446703485210103287273052203988822378723970341

VAULT: public(immutable(address))
POOL: public(immutable(address))
BASE: public(immutable(address))
RISKY: public(immutable(address))
RISKY_IS_TOKEN0: immutable(bool)

# of the swap that runs now
paying: transient(uint256)  # the most that the pool may ask for
payer: transient(address)  # who pays for a purchase; empty in a sale


@deploy
def __init__(vault: address):
    """
    @notice Serve one vault, in that vault's pool.
    """
    refusal.check(vault.is_contract, "parameters")
    VAULT = vault
    POOL = staticcall Vault(vault).POOL()
    BASE = staticcall Vault(vault).BASE()
    RISKY = staticcall Vault(vault).RISKY()
    RISKY_IS_TOKEN0 = staticcall IUniswapV3Pool(POOL).token0() == RISKY


@internal
@view
def _check_call(receiver: address, deadline: uint256):
    refusal.check(block.timestamp <= deadline, "expired")
    refusal.check(receiver not in [empty(address), self, VAULT], "receiver")


@internal
@view
def _balances() -> (uint256, uint256):
    return staticcall IERC20(BASE).balanceOf(self), staticcall IERC20(RISKY).balanceOf(self)


@internal
@view
def _check_balances(base: uint256, risky: uint256):
    # a token that takes a fee on the way is refused here, and one that lets the vault change in between
    base_now: uint256 = 0
    risky_now: uint256 = 0
    base_now, risky_now = self._balances()
    refusal.check(base_now == base and risky_now == risky, "token")


@internal
def _allow(token: address, amount: uint256):
    # the vault takes all of it in the same call, and is refused by the token when this failed
    if amount != 0:
        extcall IERC20(token).approve(VAULT, amount, default_return_value=True)


@internal
def _take(token: address, owner: address, to: address, amount: uint256):
    refusal.check(extcall IERC20(token).transferFrom(owner, to, amount, default_return_value=True), "token")


@internal
def _pay(token: address, to: address, amount: uint256):
    refusal.check(extcall IERC20(token).transfer(to, amount, default_return_value=True), "token")


@internal
def _sweep(token: address, to: address, amount: uint256):
    # what lay here before the call; a transfer that is refused leaves it for the next caller
    if amount != 0:
        ok: bool = raw_call(
            token,
            abi_encode(to, amount, method_id=method_id("transfer(address,uint256)")),
            revert_on_failure=False,
        )


@internal
def _swap(pays_token0: bool, amount: int256) -> (uint256, uint256):
    # amount: positive is paid exactly, negative is received exactly. Returns what was paid and got.
    amount0: int256 = 0
    amount1: int256 = 0
    amount0, amount1 = extcall IUniswapV3Pool(POOL).swap(
        self, pays_token0, amount, LOWEST_ROOT if pays_token0 else HIGHEST_ROOT, b""
    )
    self.paying = 0
    self.payer = empty(address)
    if pays_token0:
        return convert(amount0, uint256), convert(-amount1, uint256)
    return convert(amount1, uint256), convert(-amount0, uint256)


@external
def enter(shares: uint256, max_base: uint256, receiver: address, deadline: uint256) -> uint256:
    """
    @notice Buy exactly the risky part of these shares and mint them; the caller pays in base.
    @param max_base the most base that part and purchase may take together.
    @param deadline unix time after which the call is refused.
    @return base taken from the caller.
    """
    self._check_call(receiver, deadline)
    held_base: uint256 = 0
    held_risky: uint256 = 0
    held_base, held_risky = self._balances()
    base_in: uint256 = 0
    risky_in: uint256 = 0
    base_in, risky_in = staticcall Vault(VAULT).preview(shares)
    refusal.check(base_in <= max_base, "price")

    cost: uint256 = 0
    if risky_in != 0:
        refusal.check(base_in < max_base, "price")
        self.paying = max_base - base_in
        self.payer = msg.sender
        got: uint256 = 0
        cost, got = self._swap(not RISKY_IS_TOKEN0, -convert(risky_in, int256))
        # a pool that runs out of liquidity gives less
        refusal.check(got == risky_in, "price")
    if base_in != 0:
        self._take(BASE, msg.sender, self, base_in)
    self._allow(BASE, base_in)
    self._allow(RISKY, risky_in)
    extcall Vault(VAULT).mint(shares, receiver, base_in, risky_in)

    # all of it was taken, so that nothing stays here, nor allowed
    self._check_balances(held_base, held_risky)
    self._sweep(BASE, msg.sender, held_base)
    self._sweep(RISKY, msg.sender, held_risky)
    return base_in + cost


@internal
def _leave(shares: uint256, min_base: uint256, receiver: address, deadline: uint256) -> uint256:
    self._check_call(receiver, deadline)
    held_base: uint256 = 0
    held_risky: uint256 = 0
    held_base, held_risky = self._balances()
    base_out: uint256 = 0
    risky_out: uint256 = 0
    base_out, risky_out = extcall Vault(VAULT).redeem(shares, self, msg.sender, False, False)

    if risky_out != 0:
        self.paying = risky_out
        paid: uint256 = 0
        got: uint256 = 0
        paid, got = self._swap(RISKY_IS_TOKEN0, convert(risky_out, int256))
        # a pool that runs out of liquidity takes less
        refusal.check(paid == risky_out, "price")
        base_out += got
    refusal.check(base_out >= min_base, "price")
    self._check_balances(held_base + base_out, held_risky)

    if base_out != 0:
        self._pay(BASE, receiver, base_out)
    self._sweep(BASE, receiver, held_base)
    self._sweep(RISKY, receiver, held_risky)
    return base_out


@external
def leave(shares: uint256, min_base: uint256, receiver: address, deadline: uint256) -> uint256:
    """
    @notice Redeem the caller's shares, which must be allowed to this contract, and sell the risky part.
    @param min_base the least base that the receiver gets for them.
    @param deadline unix time after which the call is refused.
    @return base paid to the receiver.
    """
    return self._leave(shares, min_base, receiver, deadline)


@external
def leave_with_permit(
    shares: uint256, min_base: uint256, receiver: address, deadline: uint256, v: uint8, r: bytes32, s: bytes32
) -> uint256:
    """
    @notice Leave without an earlier transaction: the signature (EIP-2612, these shares, this contract, the same
            deadline) allows the shares. One that somebody else has sent already has allowed them just the same.
    @return base paid to the receiver.
    """
    ok: bool = raw_call(
        VAULT,
        abi_encode(
            msg.sender, self, shares, deadline, v, r, s,
            method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"),
        ),
        revert_on_failure=False,
    )
    return self._leave(shares, min_base, receiver, deadline)


@external
@reentrant
def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]):
    """
    @notice Pay the pool for the swap that runs now, no more than the caller allows, once.
    """
    paying: uint256 = self.paying
    refusal.check(msg.sender == POOL and paying != 0, "auth")
    self.paying = 0
    payer: address = self.payer
    buying: bool = payer != empty(address)
    owing: int256 = amount0 if buying != RISKY_IS_TOKEN0 else amount1
    refusal.check(owing >= 0 and convert(owing, uint256) <= paying, "price")
    if buying:
        self._take(BASE, payer, POOL, convert(owing, uint256))
    else:
        self._pay(RISKY, POOL, convert(owing, uint256))
