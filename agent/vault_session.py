"""Do what a person asked of a vault: try it, show what it moves, and send it when it is to be sent.

Everything is tried at the latest block first, call after call as they will be sent, and a refusal names the
contract's word and what it means. Sending is guarded by the account's outbox, so that a command which was
killed is settled before the next one does anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from agent.chain import Call, Chain
from agent.clock import SystemClock
from agent.errors import InvalidOptionError
from agent.keystore import Signer, keystore_address, open_keystore, read_passphrase
from agent.vault_amounts import format_amount, parse_amount
from agent.vault_errors import FundsError, RefusedError, VaultCommandError
from agent.vault_events import read_events
from agent.vault_outbox import Outbox
from agent.vault_payment import Payment, check_payment
from agent.vault_reading import VaultReading, arguments_of, checked_address, read_vault
from agent.vault_sender import AccountSender, OfferSettings, function_name, simulate
from agent.vault_sending import Sending
from agent.vault_words import meaning_of
from contracts.compile import compile_contract
from contracts.deployment_probes import probe_code
from contracts.deployment_record import Step
from contracts.zap_code import zap_runtime

GWEI_DECIMALS = 9
UNTRIED = "this node does not simulate several calls in a row, so only the first was tried"
Say = Callable[[str], None]
Result = TypeVar("Result")


class ZapError(VaultCommandError):
    """Name a Zap that cannot be used here, and why."""


@dataclass(frozen=True)
class AccountOptions:
    """How a command names its account, and what it may pay for gas."""

    rpc_url: str
    keystore: Path | None
    sender: str | None
    live: bool
    max_fee_gwei: str
    priority_fee_gwei: str
    wait_secs: float
    environment: Mapping[str, str]


@dataclass(frozen=True)
class VaultCall:
    """One transaction of a command."""

    signature: str
    to: str
    arguments: tuple[Any, ...]
    gas_limit: int

    @property
    def name(self) -> str:
        """Return the function."""
        return function_name(self.signature)

    def as_call(self) -> Call:
        """Return it ready to simulate."""
        return Call(self.name, self.to, arguments_of(self.signature, self.arguments), self.gas_limit)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Move:
    """An amount that goes from somebody to somebody."""

    what: str
    raw: int
    decimals: int | None  # None: unknown
    symbol: str
    giver: str
    taker: str

    def document(self) -> dict[str, Any]:
        """Return it exactly and as people read it."""
        return {
            "what": self.what,
            "amount": format_amount(self.raw, self.decimals),
            "symbol": self.symbol,
            "raw": self.raw,
            "from": self.giver,
            "to": self.taker,
        }


@dataclass(frozen=True)
class Action:
    """What a command will do."""

    command: str
    calls: tuple[VaultCall, ...]
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    payment: Payment | None = None  # what the last call has to bring


class VaultSession:
    """One account at one vault.

    Raises: InvalidOptionError without an account, KeystoreError, ProbeError when the address holds another
    contract than the vault that this version compiles to.
    """

    def __init__(self, vault: str, options: AccountOptions, say: Say) -> None:
        self._options = options
        self._say = say
        self._signer = self._open_signer(options) if options.live else None
        self.account = self._signer.address if self._signer is not None else _account(options)
        self._offer = OfferSettings(
            parse_amount(options.max_fee_gwei, GWEI_DECIMALS, "--max-fee-gwei"),
            parse_amount(options.priority_fee_gwei, GWEI_DECIMALS, "--priority-fee-gwei"),
            options.wait_secs,
        )
        self.chain = Chain(options.rpc_url, one_chain=True)
        try:
            self.chain_id = self.chain.chain_id()
            self.vault: VaultReading = read_vault(self.chain, vault)
            probe_code(self.chain, "vault", self.vault.address, compile_contract("Vault"))
        except BaseException:
            self.chain.close()
            raise

    def close(self) -> None:
        """Close the connections to the node."""
        self.chain.close()

    def read(self, address: str, signature: str, *arguments: object) -> int:
        """Return the word that a view returns.

        Raises: RefusedError with the contract's word.
        """
        (word,) = self.read_words(address, signature, *arguments)
        return word

    def read_words(self, address: str, signature: str, *arguments: object) -> tuple[int, ...]:
        """Return the words that a view returns.

        Raises: RefusedError with the contract's word.
        """
        step = _step(VaultCall(signature, address, arguments, 5_000_000))
        answer = simulate(self.chain, step, self.account)
        return tuple(int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32))

    def check_funds(self, token: str, symbol: str, decimals: int | None, needed: int) -> None:
        """Refuse when the account holds less of a token than is needed.

        Raises: FundsError.
        """
        held = self.read(token, "balanceOf(address)", self.account)
        if held < needed:
            raise FundsError(
                f"{self.account} holds {format_amount(held, decimals)} {symbol} and"
                f" {format_amount(needed, decimals)} are needed."
            )

    def approvals(self, token: str, spender: str, amount: int) -> list[VaultCall]:
        """Return the calls that let a contract take this much; some tokens want an old allowance cleared."""
        allowed = self.read(token, "allowance(address,address)", self.account, spender)
        if allowed >= amount:
            return []
        amounts = [0, amount] if allowed else [amount]
        return [VaultCall("approve(address,uint256)", token, (spender, one), 120_000) for one in amounts]

    def chain_time(self) -> int:
        """Return the time of the latest block."""
        return self.chain.latest().time_secs

    def check_zap(self, address: str) -> str:
        """Return a Zap's address, refused when its code, immutables included, is not this vault's Zap.

        Raises: InvalidOptionError, ProbeError, ZapError.
        """
        zap, vault = checked_address(address, "--zap"), self.vault
        code = probe_code(self.chain, "Zap", zap, compile_contract("Zap"))
        token0 = f"0x{self.read(vault.pool, 'token0()'):040x}"
        market = {"pool": vault.pool, "base": vault.base.address, "risky": vault.risky.address}
        if code != zap_runtime(vault=vault.address, **market, token0=token0):
            raise ZapError(
                f"the Zap at {zap} does not serve {vault.address} in that vault's own pool and tokens; use"
                " none that others made by hand, since it can keep what passes through it."
            )
        return zap

    def try_calls(self, calls: list[VaultCall]) -> bytes | None:
        """Try calls one after the other; return what the last one returns, None when it could not be tried.

        Raises: RefusedError with the word of the first that is refused.
        """
        if len(calls) > 1:
            found = self.chain.simulate_together([call.as_call() for call in calls], self.account)
            if found is None:
                self._refusable(lambda: simulate(self.chain, _step(calls[0]), self.account))
                return None
            for call, one in zip(calls, found, strict=True):
                if not one.ok:
                    self._refuse(RefusedError(call.name, one.reason, meaning_of(call.name, one.reason)))
            return found[-1].data
        return self._refusable(lambda: simulate(self.chain, _step(calls[0]), self.account))

    def perform(self, action: Action, *, tried: bool) -> dict[str, Any]:
        """Send an action when the command is live; return what it moves and what was sent.

        Raises: VaultCommandError by name.
        """
        sent: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        notes = list(action.notes) + ([] if tried else [UNTRIED])
        if self.live:
            with self.sending() as sending:
                sending.settle()
                for call in action.calls:
                    step = _step(call)
                    receipt = self._refusable(partial(sending.send, step))
                    sent.append(sent_document(step))
                    events += read_events(receipt, self.vault.address)
                if action.payment is not None:
                    notes += check_payment(self.chain, receipt, action.payment)
        return {
            "command": action.command,
            "live": self.live,
            "chain_id": self.chain_id,
            "vault": self.vault.address,
            "account": self.account,
            **action.facts,
            "moves": [move.document() for move in action.moves],
            "calls": [_call_document(call) for call in action.calls],
            "sent": sent,
            "events": events,
            "notes": notes,
        }

    @property
    def live(self) -> bool:
        """Tell whether the command signs and sends."""
        return self._signer is not None

    @property
    def max_fee_wei(self) -> int:
        """Return the most that the account pays per gas."""
        return self._offer.max_fee_wei

    def settle(self) -> None:
        """Settle what an earlier command left, before anything is planned: a plan may be refused for it.

        Raises: EarlierError, RevertedError, NonceTakenError, UnresolvedError.
        """
        if self.live:
            with self.sending() as sending:
                sending.settle()

    @contextmanager
    def sending(self) -> Iterator[Sending]:
        """Hold the account's outbox.

        Raises: OutboxError when another command holds it; InvalidOptionError in a dry run.
        """
        if self._signer is None:
            raise InvalidOptionError("--live", None, "to be given, because without it nothing is signed")
        outbox = Outbox.of(self.chain_id, self.account)
        try:
            signer, offer = self._signer, self._offer
            yield Sending(
                outbox, AccountSender(self.chain, self.chain_id, signer, offer, SystemClock(), self._say)
            )
        finally:
            outbox.close()

    def _refusable(self, attempt: Callable[[], Result]) -> Result:
        try:
            return attempt()
        except RefusedError as error:
            self._refuse(error)

    def _refuse(self, error: RefusedError) -> NoReturn:
        if error.word == "auth":
            roles = f" (operator {self.vault.operator}, guardian {self.vault.guardian})"
            raise RefusedError(error.call, error.word, error.meaning + roles) from error
        raise error

    def _open_signer(self, options: AccountOptions) -> Signer:
        if options.keystore is None:
            raise InvalidOptionError("--keystore", None, "a keystore file, because --live signs with it")
        return open_keystore(options.keystore, read_passphrase(options.environment))


def _account(options: AccountOptions) -> str:
    """Return the account that a dry run tries with."""
    if options.sender is not None:
        return checked_address(options.sender, "--from")
    if options.keystore is not None:
        address = keystore_address(options.keystore)
        if address is not None:
            return address
    raise InvalidOptionError("--from", None, "an address, or --keystore, to know who does it")


def _step(call: VaultCall) -> Step:
    data = "0x" + arguments_of(call.signature, call.arguments).hex()
    return Step(
        name=call.name,
        kind="call",
        nonce=0,
        to=call.to,
        function=call.signature,
        arguments=list(call.arguments),
        gas_limit=call.gas_limit,
        data=data,
    )


def _call_document(call: VaultCall) -> dict[str, Any]:
    return {
        "function": call.signature,
        "to": call.to,
        "arguments": list(call.arguments),
        "gas_limit": call.gas_limit,
    }


def sent_document(step: Step) -> dict[str, Any]:
    """Return what was sent, as a result names it."""
    mined = step.transaction
    return {
        "function": step.function,
        "nonce": step.nonce,
        "tx_hash": None if mined is None else mined.tx_hash,
        "block": None if mined is None else mined.block,
        "gas_used": None if mined is None else mined.gas_used,
    }


def decoded(data: bytes | None, kinds: list[str]) -> tuple[Any, ...] | None:
    """Decode what a tried call returned; None when it was not tried or returned something else."""
    if data is None:
        return None
    try:
        return tuple(decode(kinds, data))
    except DecodingError:
        return None
