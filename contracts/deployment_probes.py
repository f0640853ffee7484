"""Look at a chain, and at what already stands on it, before anything is sent there.

Each probe refuses with one sentence that says what is wrong and what to do. Nothing here changes the chain.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.compile import CompiledContract, compile_contract
from contracts.errors import ProbeError

#: H of the creation code of UniswapV3Pool as published; a pool's address commits to it (EIP-1014).
POOL_CREATION_HASH = bytes.fromhex("e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54")
MOST_DECIMALS = 18
PRECOMPILE_GAS = 200_000
CALL_GAS = 5_000_000
ZERO = "0x" + "00" * 20

# EIP-2537: a coordinate is 64 bytes, sixteen zeros first. The generators of G1 and G2, the field's modulus.
_PAD = bytes(16)
_MODULUS = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
_X = bytes.fromhex(
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
)
_Y = bytes.fromhex(
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
G1 = _PAD + _X + _PAD + _Y
MINUS_G1 = _PAD + _X + _PAD + (_MODULUS - int.from_bytes(_Y, "big")).to_bytes(48, "big")
G2 = b"".join(
    _PAD + bytes.fromhex(coordinate)
    for coordinate in (
        "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
        "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
        "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801",
        "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be",
    )
)
G1MSM = "0x" + "00" * 19 + "0c"
PAIRING = "0x" + "00" * 19 + "0f"


class ChainReader(Protocol):
    """What a probe needs of a node."""

    def code(self, address: str) -> bytes:
        """Return the code at an address."""
        ...

    def answer(self, address: str, data: bytes, gas: int = CALL_GAS) -> bytes | None:
        """Return what a call returns, None when it is refused."""
        ...


@dataclass(frozen=True)
class MarketFacts:
    """What was read of a pool and its two tokens."""

    factory: str
    pool: str
    base: str
    risky: str
    base_decimals: int
    risky_decimals: int
    fee_pips: int
    liquidity: int  # in range now
    cardinality: int  # observations that the pool keeps now
    cardinality_next: int  # and will keep once its index has come round
    observation_index: int
    oldest_secs: int  # time of the oldest observation


def probe_precompiles(chain: ChainReader) -> None:
    """Refuse a chain whose BLS12-381 precompiles do not do what a proof check needs.

    Asked for: 1 * G, 2 * G - G, e(G, H) e(-G, H) = 1, e(G, H) != 1, and the refusal of a point off the curve.

    Raises
    ------
    ProbeError
        Naming the precompile.
    """
    one, two = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
    off_curve = G1[:-1] + bytes([G1[-1] ^ 1])
    expected = (
        (G1MSM, G1 + one, G1, "1 * G"),
        (G1MSM, G1 + two + MINUS_G1 + one, G1, "2 * G - G"),
        (G1MSM, off_curve + one, None, "a point off the curve"),
        (PAIRING, G1 + G2 + MINUS_G1 + G2, one, "e(G, H) e(-G, H)"),
        (PAIRING, G1 + G2, bytes(32), "e(G, H)"),
    )
    for address, data, wanted, what in expected:
        if chain.answer(address, data, PRECOMPILE_GAS) != wanted:
            raise ProbeError(
                f"the precompile at {to_checksum_address(address)} gives a wrong answer for {what}, so no"
                " proof can be checked on this chain (EIP-2537); use a chain at Prague or later."
            )


def probe_market(chain: ChainReader, *, factory: str, pool: str, base: str, risky: str) -> MarketFacts:
    """Read the market, and refuse a pool that is not the factory's own, or tokens that a vault cannot hold.

    Raises
    ------
    ProbeError
        Naming what does not fit.
    """
    for role, address in (("factory", factory), ("pool", pool), ("base token", base), ("risky token", risky)):
        if not chain.code(address):
            raise ProbeError(f"there is no {role} at {address} on this chain; correct market in the file.")
    token0 = _address(chain, pool, "token0()", "pool")
    token1 = _address(chain, pool, "token1()", "pool")
    if {token0, token1} != {to_checksum_address(base), to_checksum_address(risky)}:
        raise ProbeError(
            f"the pool {pool} trades {token0} and {token1}, not the base and risky token of the file."
        )
    fee = word(chain, pool, "fee()", "pool")
    known = _address(
        chain, factory, "getPool(address,address,uint24)", "factory", encode_call((token0, token1, fee))
    )
    if known != to_checksum_address(pool):
        raise ProbeError(f"the factory knows {known} as the pool of these tokens and fee, not {pool}.")
    if pool_address(factory, token0, token1, fee) != to_checksum_address(pool):
        raise ProbeError(
            f"the pool {pool} was not made from the published code of Uniswap v3, so its prices prove"
            " nothing; take a pool of the genuine factory."
        )
    slot0 = decoded(
        chain, pool, "slot0()", ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"], "pool"
    )
    if slot0[0] == 0:
        raise ProbeError(f"the pool {pool} has no price yet; initialise it and give it liquidity first.")
    decimals = {}
    for role, token in (("base", base), ("risky", risky)):
        decimals[role] = word(chain, token, "decimals()", f"{role} token")
        if decimals[role] > MOST_DECIMALS:
            raise ProbeError(
                f"the {role} token {token} has {decimals[role]} decimals; a vault holds tokens with at"
                " most 18."
            )
    return MarketFacts(
        factory=to_checksum_address(factory),
        pool=to_checksum_address(pool),
        base=to_checksum_address(base),
        risky=to_checksum_address(risky),
        base_decimals=decimals["base"],
        risky_decimals=decimals["risky"],
        fee_pips=fee,
        liquidity=word(chain, pool, "liquidity()", "pool"),
        cardinality=slot0[3],
        cardinality_next=slot0[4],
        observation_index=slot0[2],
        oldest_secs=oldest_observation(chain, pool, slot0[2], slot0[3]),
    )


def probe_sequencer(chain: ChainReader, feed: str) -> None:
    """Refuse an uptime feed that does not answer as one.

    Raises
    ------
    ProbeError
        Naming what is wrong with it.
    """
    if not chain.code(feed):
        raise ProbeError(f"there is no sequencer feed at {feed} on this chain; correct chain.sequencer_feed.")
    kinds = ["uint80", "int256", "uint256", "uint256", "uint80"]
    _, answer, started, _, _ = decoded(chain, feed, "latestRoundData()", kinds, "sequencer feed")
    if answer not in (0, 1) or started == 0:
        raise ProbeError(
            f"the sequencer feed at {feed} says {answer} since {started}, which no uptime feed says (0 is up,"
            " 1 is down); correct chain.sequencer_feed."
        )


def probe_price_log(
    chain: ChainReader, address: str, *, pool: str, interval_secs: int, max_step_ticks: int
) -> None:
    """Refuse a price log that is not what the source compiles to, or that logs another market.

    Raises
    ------
    ProbeError
        Naming what differs.
    """
    probe_code(chain, "price log", address, compile_contract("PriceLog"))
    found_pool = _address(chain, address, "POOL()", "price log")
    if found_pool != to_checksum_address(pool):
        raise ProbeError(f"the price log at {address} logs the pool {found_pool}, not {pool}.")
    for name, wanted, key in (
        ("INTERVAL()", interval_secs, "interval_secs"),
        ("MAX_STEP()", max_step_ticks, "max_step_ticks"),
    ):
        found = word(chain, address, name, "price log")
        if found != wanted:
            raise ProbeError(f"the price log at {address} has {key} {found}, the file says {wanted}.")


def probe_verifier(chain: ChainReader, address: str) -> None:
    """Refuse a verifier that is not what the source compiles to.

    Raises
    ------
    ProbeError
        When other code stands there.
    """
    probe_code(chain, "verifier", address, compile_contract("Verifier"))


def probe_code(chain: ChainReader, role: str, address: str, compiled: CompiledContract) -> bytes:
    """Compare deployed code with a compiled contract, whatever its immutables; return the code.

    Raises
    ------
    ProbeError
        When nothing, or other code, stands there.
    """
    code = chain.code(address)
    if not code:
        raise ProbeError(f"there is no {role} at {address} on this chain; correct the address.")
    if len(code) != compiled.runtime_size or not code.startswith(compiled.runtime_bytecode):
        raise ProbeError(
            f"the code at {address} is not the {role} that this version of provault compiles to; take another"
            " address, or leave it out to have one deployed."
        )
    return code


def pool_address(factory: str, token0: str, token1: str, fee_pips: int) -> str:
    """Return where the published factory code puts a pool.

    pool = H(0xff || factory || H(token0 || token1 || fee) || H(creation code)), last 20 bytes
    """
    salt = keccak(encode(["address", "address", "uint24"], [token0, token1, fee_pips]))
    preimage = b"\xff" + bytes.fromhex(factory[2:]) + salt + POOL_CREATION_HASH
    return str(to_checksum_address(keccak(preimage)[12:]))


def encode_call(values: tuple[object, ...]) -> bytes:
    """Return the arguments of `getPool`."""
    return encode(["address", "address", "uint24"], values)


def oldest_observation(chain: ChainReader, pool: str, index: int, cardinality: int) -> int:
    """Return the time of a pool's oldest observation, as the price log reads it."""
    kinds = ["uint32", "int56", "uint160", "bool"]
    for slot in ((index + 1) % max(cardinality, 1), 0):
        data = encode(["uint256"], [slot])
        time, _, _, initialised = decoded(chain, pool, "observations(uint256)", kinds, "pool", data)
        if initialised:
            return int(time)
    raise ProbeError(f"the pool {pool} has no observation yet; initialise it first.")


def decoded(
    chain: ChainReader, to: str, signature: str, kinds: list[str], role: str, arguments: bytes = b""
) -> tuple[Any, ...]:
    """Return what a call gives, decoded.

    Raises
    ------
    ProbeError
        When it is refused, or the answer has another form.
    """
    answer = chain.answer(to, keccak(text=signature)[:4] + arguments)
    try:
        return tuple(decode(kinds, answer or b""))
    except DecodingError:
        raise ProbeError(f"the {role} at {to} does not answer {signature}; correct the address.") from None


def word(chain: ChainReader, to: str, signature: str, role: str) -> int:
    """Return the number that a call gives."""
    return int(decoded(chain, to, signature, ["uint256"], role)[0])


def _address(chain: ChainReader, to: str, signature: str, role: str, arguments: bytes = b"") -> str:
    found = decoded(chain, to, signature, ["uint160"], role, arguments)[0]
    return str(to_checksum_address(found.to_bytes(20, "big")))
