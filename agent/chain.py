"""Reach a node: blocks, balances, nonces, fees, receipts and raw calls, with every failure by its name.

A failure to reach the node is UnreachableError, an answer that is an error RpcError, a contract's revert
CallRefusedError. Nothing here retries: what to do about a failure is the caller's decision.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from requests.exceptions import RequestException
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BadResponseFormat,
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
)
from web3.types import FilterParams, RPCEndpoint, TxParams

from agent.batch_call import Ask, BatchAnswer, batch_code, read_answers
from agent.errors import CallRefusedError, ChainIdError, MissingPrecompileError, RpcError, UnreachableError
from contracts.refusal import reason_in

BATCH_GAS = 20_000_000
ANSWER_GAS = 5_000_000
#: G1MSM of EIP-2537, asked for 1 * G: the generator of G1 comes back. Source: EIP-2537, curve parameters.
MSM_PRECOMPILE = "0x000000000000000000000000000000000000000C"
GENERATOR = bytes.fromhex(
    "00000000000000000000000000000000"
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "00000000000000000000000000000000"
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
REVERTED = "execution reverted"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Block:
    """The head of the chain."""

    number: int
    hash: bytes
    time_secs: int
    base_fee_wei: int


@dataclass(frozen=True)
class Log:
    """One event as the chain keeps it."""

    address: ChecksumAddress
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    tx_hash: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a mined transaction."""

    tx_hash: bytes
    ok: bool
    block: int
    gas_used: int
    gas_price_wei: int
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class Call:
    """A call of one contract, ready to simulate or to sign."""

    name: str
    to: ChecksumAddress
    data: bytes
    gas_limit: int


@dataclass(frozen=True)
class Simulated:
    """What one call of a simulated sequence returned, or what it reverted with."""

    ok: bool
    data: bytes

    @property
    def reason(self) -> str:
        """Return the contract's word, empty when it gave none."""
        return "" if self.ok else reason_in(self.data)


class Chain:
    """One node, named by its URL.

    `one_chain` asks for the chain's id once only: for commands that are over before a node could change it.
    """

    def __init__(self, rpc_url: str, *, timeout_secs: float = 20.0, one_chain: bool = False) -> None:
        self.rpc_url = rpc_url
        provider = HTTPProvider(
            rpc_url,
            request_kwargs={"timeout": timeout_secs},
            exception_retry_configuration=None,
            cache_allowed_requests=one_chain,
            cacheable_requests={RPCEndpoint("eth_chainId")},
        )
        self.web3 = Web3(provider)
        self._provider = provider

    def close(self) -> None:
        """Close the connections to the node."""
        for _, session in self._provider._request_session_manager.session_cache.items():
            session.close()

    # -- reading

    def chain_id(self) -> int:
        """Return the chain's id."""
        return self._ask("eth_chainId", lambda: int(self.web3.eth.chain_id))

    def latest(self) -> Block:
        """Return the latest block."""
        found = self._ask("eth_getBlockByNumber", lambda: self.web3.eth.get_block("latest"))
        return Block(
            int(found["number"]),
            bytes(found["hash"]),
            int(found["timestamp"]),
            int(found.get("baseFeePerGas", 0)),
        )

    def code(self, address: str) -> bytes:
        """Return the code at an address."""
        to = to_checksum_address(address)
        return self._ask("eth_getCode", lambda: bytes(self.web3.eth.get_code(to)))

    def balance_wei(self, address: str) -> int:
        """Return an account's balance."""
        to = to_checksum_address(address)
        return self._ask("eth_getBalance", lambda: int(self.web3.eth.get_balance(to)))

    def mined_nonce(self, address: str) -> int:
        """Return the nonce after the account's last mined transaction."""
        account = to_checksum_address(address)
        return self._ask(
            "eth_getTransactionCount", lambda: int(self.web3.eth.get_transaction_count(account, "latest"))
        )

    def knows(self, tx_hash: bytes) -> bool:
        """Tell whether the node has a transaction, mined or waiting."""
        with suppress(TransactionNotFound):
            self._ask("eth_getTransactionByHash", lambda: self.web3.eth.get_transaction(HexBytes(tx_hash)))
            return True
        return False

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return the receipt of a mined transaction, None while there is none."""
        try:
            found = self._ask(
                "eth_getTransactionReceipt",
                lambda: self.web3.eth.get_transaction_receipt(HexBytes(tx_hash)),
            )
        except TransactionNotFound:
            return None
        return Receipt(
            tx_hash,
            int(found["status"]) == 1,
            int(found["blockNumber"]),
            int(found["gasUsed"]),
            int(found["effectiveGasPrice"]),
            tuple(_log(cast(dict[str, Any], entry)) for entry in found["logs"]),
        )

    def sender_of(self, tx_hash: bytes) -> ChecksumAddress | None:
        """Return who sent a transaction, None when the node does not have it."""
        with suppress(TransactionNotFound):
            found = self._ask(
                "eth_getTransactionByHash", lambda: self.web3.eth.get_transaction(HexBytes(tx_hash))
            )
            return to_checksum_address(found["from"])
        return None

    def logs(self, address: str | None, topics: list[bytes], first_block: int) -> list[Log]:
        """Return the events of a contract, or of all of them, from a block on, by topics from the first."""
        wanted: dict[str, Any] = {
            "topics": [HexStr("0x" + topic.hex()) for topic in topics],
            "fromBlock": max(first_block, 0),
            "toBlock": "latest",
        }
        if address is not None:
            wanted["address"] = to_checksum_address(address)
        found = self._ask("eth_getLogs", lambda: self.web3.eth.get_logs(cast(FilterParams, wanted)))
        return [_log(cast(dict[str, Any], entry)) for entry in found]

    # -- calling

    def read_together(self, asks: list[Ask], *, block: int | None = None) -> BatchAnswer:
        """Make several calls in one state, which none of them changes for good.

        Raises: RpcError when the node does not answer such a call as it must.
        """
        transaction: TxParams = {"data": HexBytes(batch_code(asks)), "gas": BATCH_GAS}
        name = "eth_call"
        at: Any = "latest" if block is None else block
        answer = self._ask(name, lambda: bytes(self.web3.eth.call(transaction, at)))
        try:
            return read_answers(answer, len(asks))
        except ValueError as error:
            raise RpcError(name, str(error)) from error

    def answer(self, address: str, data: bytes, gas: int = ANSWER_GAS) -> bytes | None:
        """Return what a call returns at the latest block, None when it is refused.

        Raises: UnreachableError.
        """
        return self._answer(address, data, "latest", gas)

    def answer_at(self, address: str, data: bytes, block: int, gas: int = ANSWER_GAS) -> bytes | None:
        """Return what a call returns at a block, None when it is refused.

        Raises: UnreachableError.
        """
        return self._answer(address, data, block, gas)

    def _answer(self, address: str, data: bytes, block: Any, gas: int) -> bytes | None:  # noqa: ANN401
        transaction: TxParams = {"to": to_checksum_address(address), "data": HexBytes(data), "gas": gas}
        try:
            return self._ask("eth_call", lambda: bytes(self.web3.eth.call(transaction, block)))
        except (CallRefusedError, RpcError):
            return None

    def try_call(self, name: str, to: str | None, data: bytes, gas: int, sender: str) -> bytes:
        """Make a call, or a creation when `to` is None, at the latest block, and return what it returns.

        Raises: CallRefusedError with the contract's word.
        """
        transaction: TxParams = {"from": to_checksum_address(sender), "data": HexBytes(data), "gas": gas}
        if to is not None:
            transaction["to"] = to_checksum_address(to)
        return self._ask(name, lambda: bytes(self.web3.eth.call(transaction, "latest")))

    def simulate_together(self, calls: list[Call], sender: str) -> list[Simulated] | None:
        """Make several calls of one account, each after the ones before it; None when the node cannot.

        Source: eth_simulateV1 of the execution API.
        """
        plain = [
            {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(call.gas_limit)}
            for call in calls
        ]
        request = {"blockStateCalls": [{"calls": plain}], "validation": False}

        def ask() -> dict[str, Any]:
            method = RPCEndpoint("eth_simulateV1")
            return dict(self.web3.provider.make_request(method, [request, "latest"]))

        answer = self._ask("eth_simulateV1", ask)
        try:
            found = answer["result"][0]["calls"]
            return [
                Simulated(int(one["status"], 16) == 1, bytes(HexBytes(one["returnData"]))) for one in found
            ]
        except (KeyError, IndexError, TypeError, ValueError):
            return None

    def simulate(self, call: Call, sender: str) -> None:
        """Make a call at the latest block without sending it.

        Raises: CallRefusedError with the contract's word.
        """
        transaction = self._transaction(call, sender)
        self._ask(call.name, lambda: self.web3.eth.call(transaction, "latest"))

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node.

        Raises: UnreachableError, after which the transaction may or may not have arrived; RpcError when the
        node refuses it.
        """
        self._ask("eth_sendRawTransaction", lambda: self.web3.eth.send_raw_transaction(HexBytes(raw)))

    def refusal_of(self, call: Call, sender: str, block: int) -> str:
        """Return the word with which a call reverts at the end of a block, empty when it does not."""
        try:
            transaction = self._transaction(call, sender)
            self._ask(call.name, lambda: self.web3.eth.call(transaction, block))
        except CallRefusedError as refusal:
            return refusal.reason
        return ""

    # -- probes

    def check_id(self, expected: int) -> None:
        """Refuse another chain than the one expected.

        Raises: ChainIdError.
        """
        found = self.chain_id()
        if found != expected:
            raise ChainIdError(found, expected)

    def check_precompiles(self) -> None:
        """Refuse a chain without the BLS12-381 precompiles: a multi-scalar product of known result tells.

        Raises: MissingPrecompileError.
        """
        transaction: TxParams = {
            "to": to_checksum_address(MSM_PRECOMPILE),
            "data": HexBytes(GENERATOR + (1).to_bytes(32, "big")),
            "gas": 100_000,
        }
        try:
            answer = self._ask("eth_call", lambda: bytes(self.web3.eth.call(transaction, "latest")))
        except (RpcError, CallRefusedError) as error:
            raise MissingPrecompileError(MSM_PRECOMPILE) from error
        if answer != GENERATOR:
            raise MissingPrecompileError(MSM_PRECOMPILE)

    # -- the wire

    def _transaction(self, call: Call, sender: str) -> TxParams:
        return {
            "from": to_checksum_address(sender),
            "to": call.to,
            "data": HexBytes(call.data),
            "gas": call.gas_limit,
        }

    def _ask(self, name: str, request: Callable[[], Result]) -> Result:
        """Make a request and give its failure the right name."""
        try:
            return request()
        except TransactionNotFound:
            raise
        except ContractLogicError as error:
            raise CallRefusedError(name, _reason(error)) from error
        except BlockNotFound as error:
            raise RpcError(name, "it does not know that block") from error
        except (RequestException, BadResponseFormat, OSError, TimeoutError) as error:
            raise UnreachableError(without_secrets(self.rpc_url), type(error).__name__) from error
        except Web3Exception as error:
            detail = _rpc_detail(error)
            if REVERTED in detail.lower():
                raise CallRefusedError(name, "") from error
            raise RpcError(name, detail) from error


def _reason(error: ContractLogicError) -> str:
    data = error.data
    if isinstance(data, str) and data.startswith("0x"):
        with suppress(ValueError, DecodingError):
            word = reason_in(bytes(HexBytes(data)))
            if word:
                return word
    text = str(error.message or "")
    return text.removeprefix(REVERTED).removeprefix(":").strip()


def _rpc_detail(error: Web3Exception) -> str:
    response = getattr(error, "rpc_response", None)
    if isinstance(response, dict) and isinstance(response.get("error"), dict):
        return str(response["error"].get("message", "no message")).rstrip(".")
    return (str(error) or type(error).__name__).rstrip(".")


def without_secrets(url: str) -> str:
    """Return scheme, host and port of a URL: keys of node providers stand in user, path or query."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    return f"{scheme}://{host}" if host else url


def _log(entry: dict[str, Any]) -> Log:
    return Log(
        to_checksum_address(entry["address"]),
        tuple(bytes(topic) for topic in entry["topics"]),
        bytes(entry["data"]),
        int(entry["blockNumber"]),
        bytes(entry["transactionHash"]),
    )
