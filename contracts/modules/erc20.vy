# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Share token: ERC-20 with metadata and EIP-2612 permit
@notice 18 decimals. An allowance of 2^256 - 1 is never decreased. Nothing here is upgradeable or owned; the
        contract that uses the module mints and burns.
@custom:assumes the using contract is the only minter; shares are refused by the zero address and by the
        contract itself, where nobody could redeem them.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from . import refusal

implements: IERC20
implements: IERC20Detailed


decimals: public(constant(uint8)) = 18

PERMIT_TYPEHASH: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
DOMAIN_TYPEHASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
VERSION_HASH: constant(bytes32) = keccak256("1")
# half the order of secp256k1: of the two signatures (r, s) and (r, order - s) one is refused
MAX_S: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

NAME_HASH: immutable(bytes32)
DEPLOYED_CHAIN: immutable(uint256)
DEPLOYED_DOMAIN: immutable(bytes32)

name: public(String[64])
symbol: public(String[32])
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])


@deploy
def __init__(name_: String[64], symbol_: String[32]):
    self.name = name_
    self.symbol = symbol_
    NAME_HASH = keccak256(name_)
    DEPLOYED_CHAIN = chain.id
    DEPLOYED_DOMAIN = keccak256(
        abi_encode(DOMAIN_TYPEHASH, keccak256(name_), VERSION_HASH, chain.id, self)
    )


@internal
@view
def _domain_separator() -> bytes32:
    if chain.id == DEPLOYED_CHAIN:
        return DEPLOYED_DOMAIN
    return keccak256(abi_encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain.id, self))


@internal
def _transfer(owner: address, to: address, amount: uint256):
    refusal.check(to not in [empty(address), self], "receiver")
    held: uint256 = self.balanceOf[owner]
    refusal.check(held >= amount, "balance")
    self.balanceOf[owner] = unsafe_sub(held, amount)
    # cannot overflow: the balances sum to totalSupply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend_allowance(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][spender]
    if allowed != max_value(uint256):
        refusal.check(allowed >= amount, "allowance")
        self.allowance[owner][spender] = unsafe_sub(allowed, amount)


@internal
def _mint(to: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@internal
def _burn(owner: address, amount: uint256):
    held: uint256 = self.balanceOf[owner]
    refusal.check(held >= amount, "balance")
    self.balanceOf[owner] = unsafe_sub(held, amount)
    self.totalSupply = unsafe_sub(self.totalSupply, amount)
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move shares of the caller.
    """
    self._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move shares of an owner who allowed the caller to.
    """
    self._spend_allowance(owner, msg.sender, amount)
    self._transfer(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Set how many of the caller's shares the spender may move or redeem.
    """
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    """
    @notice Set an allowance with the owner's EIP-712 signature (EIP-2612).
    @param deadline unix time up to which the signature counts.
    """
    refusal.check(block.timestamp <= deadline, "expired")
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = unsafe_add(nonce, 1)
    digest: bytes32 = keccak256(
        concat(
            b"\x19\x01",
            self._domain_separator(),
            keccak256(abi_encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline)),
        )
    )
    refusal.check(convert(s, uint256) <= MAX_S, "signature")
    signer: address = ecrecover(digest, v, r, s)
    refusal.check(signer != empty(address) and signer == owner, "signature")
    self._approve(owner, spender, amount)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice Return the EIP-712 domain of this contract on the chain it runs on now.
    """
    return self._domain_separator()
