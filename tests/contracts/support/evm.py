"""Contracts in an in-process EVM: the deployed bytecode called through its ABI, refusals by their word."""

import contextlib
from collections.abc import Iterator
from typing import Any

import boa
from eth_abi.abi import decode, encode
from eth_utils.abi import abi_to_signature, collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.compile import compile_contract
from contracts.refusal import reason_in

GAS = 30_000_000


class Refused(Exception):  # noqa: N818
    """A call reverted; the only argument is the contract's word, empty when it gave none."""


class Event(tuple[str, dict[str, Any]]):
    """An event's name and arguments."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return self[0]

    def __getattr__(self, field: str) -> Any:
        try:
            return self[1][field]
        except KeyError:
            raise AttributeError(field) from None


class Deployed:
    """A contract at an address: `contract.method(*args, sender=account)`."""

    def __init__(self, address: str, abi: list[dict[str, Any]]) -> None:
        self.address = to_checksum_address(str(address))
        self.abi = abi
        self.functions = {item["name"]: item for item in abi if item["type"] == "function"}
        self.events = {keccak(text=abi_to_signature(item)): item for item in abi if item["type"] == "event"}
        self.gas_used = 0
        self.logs: list[Event] = []  # of the last call that could change something, this contract's own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.functions:
            raise AttributeError(name)

        def call(*args: Any, sender: str | None = None, gas: int = GAS) -> Any:
            return self.call(name, args, sender, gas)

        return call

    def encode(self, name: str, args: tuple[Any, ...]) -> bytes:
        item = self.functions[name]
        types = [collapse_if_tuple(part) for part in item["inputs"]]
        return keccak(text=abi_to_signature(item))[:4] + encode(types, args)

    def call(self, name: str, args: tuple[Any, ...], sender: str | None, gas: int = GAS) -> Any:
        data = self.encode(name, args)
        item = self.functions[name]
        reading = item["stateMutability"] in ("view", "pure")
        computation = boa.env.execute_code(
            to_address=self.address,
            sender=sender,
            data=data,
            gas=gas,
            is_modifying=not reading,
        )
        if computation.is_error:
            raise Refused(word_of(computation.error))
        self.gas_used = computation.get_gas_used()
        if not reading:
            self.logs = [
                event
                for _, address, topics, body in sorted(computation.get_raw_log_entries())
                if to_checksum_address(address) == self.address
                for event in self._decode(topics, body)
            ]
        values = decode([collapse_if_tuple(part) for part in item["outputs"]], bytes(computation.output))
        named = [_named(part, value) for part, value in zip(item["outputs"], values, strict=True)]
        if not named:
            return None
        return named[0] if len(named) == 1 else tuple(named)

    def _decode(self, topics: tuple[int, ...], body: bytes) -> list[Event]:
        item = self.events.get(topics[0].to_bytes(32, "big"))
        if item is None:
            return []
        indexed = [part for part in item["inputs"] if part["indexed"]]
        plain = [part for part in item["inputs"] if not part["indexed"]]
        found = {
            part["name"]: _named(part, decode([part["type"]], topic.to_bytes(32, "big"))[0])
            for part, topic in zip(indexed, topics[1:], strict=True)
        }
        found.update(
            zip((part["name"] for part in plain), decode([part["type"] for part in plain], body), strict=True)
        )
        return [Event((item["name"], found))]

    def event(self, name: str) -> Event:
        """Return the only event of this name that the last call emitted."""
        (found,) = self.events_named(name)
        return found

    def events_named(self, name: str) -> list[Event]:
        return [event for event in self.logs if event.name == name]


def _named(part: dict[str, Any], value: Any) -> Any:
    if part["type"] == "tuple":
        return {
            item["name"]: _named(item, inner) for item, inner in zip(part["components"], value, strict=True)
        }
    return to_checksum_address(value) if part["type"] == "address" else value


def word_of(error: Exception) -> str:
    """Return the reason in a virtual machine's error."""
    returned = error.args[0] if error.args else b""
    return reason_in(returned) if isinstance(returned, bytes) else ""


def deploy(name: str, *args: Any, at: str | None = None, sender: str | None = None) -> Deployed:
    """Deploy a contract of ours, at an address if one is given."""
    compiled = compile_contract(name)
    inputs = next((item["inputs"] for item in compiled.abi if item["type"] == "constructor"), [])
    tail = encode([collapse_if_tuple(part) for part in inputs], args)
    return deploy_code(compiled.bytecode + tail, compiled.abi, at, sender)


def deploy_code(
    code: bytes, abi: list[dict[str, Any]], at: str | None = None, sender: str | None = None
) -> Deployed:
    address, computation = boa.env.deploy(bytecode=code, override_address=at, sender=sender, gas=GAS)
    if computation.is_error:
        raise Refused(word_of(computation.error))
    return Deployed(str(address), abi)


@contextlib.contextmanager
def refused(word: str) -> Iterator[None]:
    """Expect the block to be refused with exactly this word."""
    try:
        yield
    except Refused as refusal:
        assert refusal.args == (word,), f"refused with {refusal.args[0]!r}, expected {word!r}"
    else:
        raise AssertionError(f"nothing was refused, expected {word!r}")
