"""Arithmetic on the entries of columns, recorded once and run over all rows.

A formula written with +, - and * on `Expression`s is noted step by step on a `Tape`; the kernel then computes
every row of the result at once, where vector by vector each step would walk through memory. What was computed
once is not computed again, what no result needs is left out, and a slot is used again after its last use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Step(IntEnum):
    """What one instruction does with the slots `left` and `right`, or with constant number `right`."""

    ADD = 0  # left + right
    SUBTRACT = 1  # left - right
    MULTIPLY = 2  # left right
    ADD_CONSTANT = 3  # left + constant
    SUBTRACT_FROM = 4  # constant - left
    SCALE = 5  # left constant


TAKES_CONSTANT = frozenset({Step.ADD_CONSTANT, Step.SUBTRACT_FROM, Step.SCALE})


@dataclass(frozen=True)
class RowProgram:
    """Instructions on slots, of which columns take the first; constants come after the parameters."""

    column_count: int
    parameter_count: int
    slot_count: int
    instructions: npt.NDArray[np.int64]  # [k, 4]: step, target slot, left slot, right slot or constant
    constants: tuple[int, ...]
    results: tuple[int, ...]  # slots


class Expression:
    """A column or what was computed from columns; takes +, - and * with others and with integers."""

    __slots__ = ("index", "tape")

    def __init__(self, tape: Tape, index: int) -> None:
        self.tape = tape
        self.index = index

    def __add__(self, other: Expression | int) -> Expression:
        if isinstance(other, Expression) and not isinstance(other, Parameter):
            return self.tape.note(Step.ADD, *sorted((self.index, other.index)))
        if isinstance(other, int) and other == 0:
            return self
        return self.tape.note(Step.ADD_CONSTANT, self.index, self.tape.constant(other))

    def __radd__(self, other: int) -> Expression:
        return self + other

    def __sub__(self, other: Expression | int) -> Expression:
        if isinstance(other, Parameter):
            return NotImplemented
        if isinstance(other, Expression):
            return self.tape.note(Step.SUBTRACT, self.index, other.index)
        return self + -other

    def __rsub__(self, other: int) -> Expression:
        return self.tape.note(Step.SUBTRACT_FROM, self.index, self.tape.constant(other))

    def __mul__(self, other: Expression | int) -> Expression:
        if isinstance(other, Expression) and not isinstance(other, Parameter):
            return self.tape.note(Step.MULTIPLY, *sorted((self.index, other.index)))
        if isinstance(other, int) and other == 1:
            return self
        return self.tape.note(Step.SCALE, self.index, self.tape.constant(other))

    def __rmul__(self, other: int) -> Expression:
        return self * other


class Parameter(Expression):
    """A number that is the same in every row and known only when the program runs; `index` is its own.

    It may be added to columns, multiply them or have them taken from it; nothing else is noted for it.
    """

    __slots__ = ()

    def __add__(self, other: Expression | int) -> Expression:
        return NotImplemented if isinstance(other, Parameter | int) else other + self

    def __sub__(self, other: Expression | int) -> Expression:
        return NotImplemented

    def __rsub__(self, other: int) -> Expression:
        return NotImplemented

    def __mul__(self, other: Expression | int) -> Expression:
        return NotImplemented if isinstance(other, Parameter | int) else other * self


class Tape:
    """Notes what is done to `column_count` columns with `parameter_count` numbers that come later."""

    def __init__(self, column_count: int, parameter_count: int = 0) -> None:
        self.columns = [Expression(self, index) for index in range(column_count)]
        self.parameters: list[Expression] = [Parameter(self, index) for index in range(parameter_count)]
        self._steps: list[tuple[Step, int, int]] = []
        self._known: dict[tuple[Step, int, int], Expression] = {}
        self._constants: dict[int, int] = {}

    def constant(self, value: Expression | int) -> int:
        """Return the number of a constant, which for a parameter is its own."""
        if isinstance(value, Expression):
            return value.index
        return self._constants.setdefault(value, len(self.parameters) + len(self._constants))

    def note(self, step: Step, left: int, right: int) -> Expression:
        """Return the value of a step, noted at its first use."""
        known = self._known.get((step, left, right))
        if known is None:
            known = Expression(self, len(self.columns) + len(self._steps))
            self._steps.append((step, left, right))
            self._known[step, left, right] = known
        return known

    def program(self, results: Sequence[Expression]) -> RowProgram:
        """Return the instructions that compute the results, each in a slot of its own at the end."""
        count = len(self.columns)
        wanted = [result.index for result in results]
        last_use = self._last_uses(wanted)
        slots = {index: index for index in range(count)}
        free = [index for index in range(count) if index not in last_use]
        used = count
        instructions = []
        for number, (step, left, right) in enumerate(self._steps):
            value = count + number
            if value not in last_use:
                continue
            operands = [left] if step in TAKES_CONSTANT else [left, right]
            read = [slots[operand] for operand in operands]
            free += [slots[operand] for operand in {*operands} if last_use[operand] == number]
            if not free:
                free.append(used)
                used += 1
            slots[value] = free.pop()
            instructions.append((step, slots[value], read[0], right if len(read) == 1 else read[1]))
        code = np.array(instructions, dtype=np.int64).reshape(-1, 4)
        results_at = tuple(slots[index] for index in wanted)
        return RowProgram(count, len(self.parameters), used, code, tuple(self._constants), results_at)

    def _last_uses(self, wanted: Sequence[int]) -> dict[int, int]:
        """Return the last step that reads each value that is needed; results are read after all steps."""
        last_use = dict.fromkeys(wanted, len(self._steps))
        for number in range(len(self._steps) - 1, -1, -1):
            step, left, right = self._steps[number]
            if len(self.columns) + number in last_use:
                for operand in (left,) if step in TAKES_CONSTANT else (left, right):
                    last_use.setdefault(operand, number)
        return last_use
