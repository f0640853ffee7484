"""Ask several contracts in one eth_call, one after the other in one state.

The call creates no contract: its creation code makes the calls and returns their answers instead of code.
A call may change state that a later one reads (a push, then the window it completes); nothing is kept.

    answer = timestamp || number || per call: success || length || bytes     (words of 32 bytes)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WORD = 32
_ANSWERS_AT = 0x4000  # memory below it holds the arguments of one call
_MAX_ARGUMENTS = _ANSWERS_AT


@dataclass(frozen=True)
class Ask:
    """One call: address (20 bytes), arguments (ABI encoded, selector first), the most gas it may burn."""

    address: bytes
    arguments: bytes
    gas: int | None = None  # None leaves it all that there is


@dataclass(frozen=True)
class Answer:
    """What one call returned, or what it reverted with."""

    ok: bool
    data: bytes


@dataclass(frozen=True)
class BatchAnswer:
    """The answers, and the block time and number under which they were given."""

    time_secs: int
    number: int
    answers: tuple[Answer, ...]


def batch_code(asks: Sequence[Ask]) -> bytes:
    """Return creation code that makes the calls and returns their answers.

    Raises: ValueError for an address that is not 20 bytes or arguments beyond 16,384 bytes.
    """
    for ask in asks:
        if len(ask.address) != 20 or len(ask.arguments) > _MAX_ARGUMENTS:
            raise ValueError("an ask has a 20 byte address and at most 16384 bytes of arguments")
    length = len(_program(asks, 0))
    return _program(asks, length) + b"".join(ask.arguments for ask in asks)


def read_answers(data: bytes, count: int) -> BatchAnswer:
    """Split what the creation code returned.

    Raises: ValueError when it is not `count` whole answers.
    """
    at = 2 * WORD
    if len(data) < at:
        raise ValueError(f"{len(data)} bytes are no batch answer")
    answers = []
    for _ in range(count):
        if len(data) < at + 2 * WORD:
            raise ValueError("the batch answer is cut short")
        ok, size = _word(data, at), _word(data, at + WORD)
        at += 2 * WORD
        if len(data) < at + size:
            raise ValueError("the batch answer is cut short")
        answers.append(Answer(ok == 1, data[at : at + size]))
        at += size
    if at != len(data):
        raise ValueError("the batch answer has bytes after its end")
    return BatchAnswer(_word(data, 0), _word(data, WORD), tuple(answers))


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big")


def _push(value: int, size: int) -> bytes:
    return bytes([0x5F + size]) + value.to_bytes(size, "big")


def _program(asks: Sequence[Ask], data_at: int) -> bytes:
    """Assemble the calls; the stack holds `end`, where the next answer goes."""
    start = _push(_ANSWERS_AT, 2)
    code = bytes.fromhex("42") + start + bytes.fromhex("52")  # TIMESTAMP -> [start]
    code += bytes.fromhex("43") + _push(_ANSWERS_AT + WORD, 2) + bytes.fromhex("52")  # NUMBER
    code += _push(_ANSWERS_AT + 2 * WORD, 2)
    for ask in asks:
        size = _push(len(ask.arguments), 2)
        code += size + _push(data_at, 3) + bytes.fromhex("5f39")  # CODECOPY(0, data, size)
        code += bytes.fromhex("5f5f") + size + bytes.fromhex("5f5f") + bytes.fromhex("73") + ask.address
        code += bytes.fromhex("5a") if ask.gas is None else _push(ask.gas, 4)
        code += bytes.fromhex("f1")  # CALL(gas, address, 0, 0, size, 0, 0)
        code += bytes.fromhex("8152")  # success -> [end]
        code += bytes.fromhex("3d8160200152")  # RETURNDATASIZE -> [end + 32]
        code += bytes.fromhex("3d5f826040013e")  # RETURNDATACOPY(end + 64, 0, size)
        code += bytes.fromhex("6040013d01")  # end += 64 + size
        data_at += len(ask.arguments)
    # RETURN(start, end - start)
    return code + start + bytes.fromhex("90") + start + bytes.fromhex("900390f3")
