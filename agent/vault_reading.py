"""Read everything about a vault that a person wants to see, in two calls, each under one block.

The vault alone has to answer. What its tokens and its price log say is for show: they get a limit of gas, and
what they do not say is unknown, so that no contract around a vault keeps anybody from an exit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from agent.batch_call import Answer, Ask
from agent.chain import Chain
from agent.errors import CallRefusedError, InvalidOptionError, MissingCodeError, RpcError
from agent.vault_access import RULES, STATUS

POWERS = "(address,address,address,address,bool,uint256,uint256,uint256,uint256)"
WINDOW, PREVIOUS = 0, 1  # places in the vault's rules
NEVER = (1 << 256) - 1
ONE_SHARE = 10**18
PLAIN = ("base", "risky", "totalSupply", "bond", "drip_left", "drip_end", "first_epoch", "end_at")
MORE = ("fee", "target", "target_epoch", "INTERVAL")
SHOWN_GAS = 1_000_000  # for one answer of a token or the price log
MOST_DECIMALS = 255  # decimals are a uint8 (EIP-20)
UNSAID = Answer(False, b"")


@dataclass(frozen=True)
class Token:
    """A token as people name it."""

    address: str
    symbol: str  # its address when it gives none
    decimals: int | None  # None when it does not answer


@dataclass(frozen=True)
class VaultReading:
    """A vault at one block; amounts in raw units, as the contract has them."""

    address: str
    block: int
    time_secs: int
    name: str
    symbol: str
    base: Token
    risky: Token
    pool: str
    price_log: str
    verifier: str
    sequencer: str
    rules: tuple[Any, ...]
    numbers: dict[str, int]  # PLAIN and MORE
    status: tuple[Any, ...]
    powers: tuple[Any, ...]
    nav: int | None  # None while the price log gives no tick
    nav_per_share: int | None
    assets_per_share: tuple[int, int] | None  # None before the opening

    @property
    def supply(self) -> int:
        """Return the number of shares, raw."""
        return self.numbers["totalSupply"]

    @property
    def interval_secs(self) -> int:
        """Return the length of an epoch."""
        return self.numbers["INTERVAL"]

    @property
    def operator(self) -> str:
        """Return who owes the decisions."""
        return str(to_checksum_address(self.powers[0]))

    @property
    def guardian(self) -> str:
        """Return who may pause and shut."""
        return str(to_checksum_address(self.powers[1]))


def read_vault(chain: Chain, address: str) -> VaultReading:
    """Read a vault.

    Raises: InvalidOptionError for what is no address, MissingCodeError, RpcError for another contract.
    """
    vault = checked_address(address, "VAULT")
    if not chain.code(vault):
        raise MissingCodeError("vault", vault)
    names = ("BASE", "RISKY", "POOL", "PRICE_LOG", "VERIFIER", "SEQUENCER")
    first = chain.read_together([ask(vault, f"{name}()") for name in names]).answers
    base, risky, pool, price_log, verifier, sequencer = (
        str(to_checksum_address(values(one, ["address"], "vault")[0])) for one in first
    )
    asks = [ask(vault, f"{name}()") for name in (*PLAIN, *MORE)]
    asks += [ask(vault, f"{name}()") for name in ("rules", "status", "powers", "name", "symbol")]
    asks.append(ask(vault, "assets_per_share()"))
    shown = [ask(vault, f"{name}()", gas=SHOWN_GAS) for name in ("nav", "nav_per_share")]
    for token in (base, risky):
        shown += [ask(token, f"{name}()", gas=SHOWN_GAS) for name in ("symbol", "decimals")]
    try:
        answer = chain.read_together(asks + shown)
        found = list(answer.answers)
    except (CallRefusedError, RpcError):  # an answer too long to carry
        answer = chain.read_together(asks)
        found = [*answer.answers, *[UNSAID] * len(shown)]
    count = len(PLAIN) + len(MORE)
    rules, status, powers, name, symbol, assets, nav, per_share, *tokens = found[count:]
    return VaultReading(
        address=vault,
        block=answer.number,
        time_secs=answer.time_secs,
        name=values(name, ["string"], "vault")[0],
        symbol=values(symbol, ["string"], "vault")[0],
        base=_token(base, tokens[0], tokens[1]),
        risky=_token(risky, tokens[2], tokens[3]),
        pool=pool,
        price_log=price_log,
        verifier=verifier,
        sequencer=sequencer,
        rules=values(rules, [RULES], "vault")[0],
        numbers={
            key: values(one, ["uint256"], "vault")[0]
            for key, one in zip((*PLAIN, *MORE), found[:count], strict=True)
        },
        status=values(status, [STATUS], "vault")[0],
        powers=values(powers, [POWERS], "vault")[0],
        nav=_shown(nav),
        nav_per_share=_shown(per_share),
        assets_per_share=_pair(assets) if assets.ok else None,
    )


def checked_address(text: str, option: str) -> str:
    """Return an address with its checksum.

    Raises: InvalidOptionError.
    """
    if not is_address(text) or int(text, 16) == 0:
        raise InvalidOptionError(option, text, "an address, 0x and 40 hexadecimal digits, not zero")
    return str(to_checksum_address(text))


def arguments_of(signature: str, arguments: Sequence[object]) -> bytes:
    """Return a call's bytes: selector, then the arguments ABI encoded."""
    kinds = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return keccak(text=signature)[:4] + encode(kinds, arguments)


def ask(address: str, signature: str, *arguments: object, gas: int | None = None) -> Ask:
    """Return one call of a batch."""
    return Ask(bytes.fromhex(address[2:]), arguments_of(signature, arguments), gas)


def values(answer: Answer, kinds: list[str], role: str) -> tuple[Any, ...]:
    """Decode an answer.

    Raises: RpcError when the contract is not what its role says.
    """
    try:
        if answer.ok:
            return tuple(decode(kinds, answer.data))
    except DecodingError:
        pass
    raise RpcError("eth_call", f"the {role} does not answer as a {role} of provault does")


def _pair(answer: Answer) -> tuple[int, int]:
    first, second = values(answer, ["uint256", "uint256"], "vault")
    return first, second


def _shown(answer: Answer) -> int | None:
    """Return a number that is for show, None when it is not given."""
    return int.from_bytes(answer.data, "big") if answer.ok and len(answer.data) == 32 else None


def _token(address: str, symbol: Answer, decimals: Answer) -> Token:
    """Read a token; some give their symbol in 32 bytes, and one that gives none is named by its address."""
    shown = address
    try:
        if symbol.ok and len(symbol.data) == 32:
            shown = symbol.data.rstrip(b"\0").decode("ascii")
        elif symbol.ok:
            shown = decode(["string"], symbol.data)[0]
    except (DecodingError, UnicodeDecodeError):
        shown = address
    plain = "".join(one for one in shown if one.isprintable())[:32]
    places = _shown(decimals)
    return Token(address, plain or address, None if places is None or places > MOST_DECIMALS else places)
