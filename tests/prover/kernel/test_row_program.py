"""Programs over rows: what a tape notes, and both kernels against the same formula on integers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.errors import KernelInputError
from prover.field import SCALAR_MODULUS as R
from prover.kernel import Kernel
from prover.kernel.fast import FastKernel
from prover.kernel.plain import PlainKernel
from prover.kernel.row_loops import BLOCK
from prover.kernel.row_program import Expression, Parameter, RowProgram, Step, Tape

V = TypeVar("V", int, Expression)


def every_step(columns: Sequence[V], parameters: Sequence[V]) -> list[V]:
    """Each operation with each kind of operand on each side that takes it."""
    a, b, c = columns
    p, q = parameters
    return [
        a + b,
        a - b,
        b - a,
        a * b,
        a * a,
        a + p,
        p + a,
        a * q,
        q * a,
        a + 5,
        5 + a,
        a - 7,
        7 - a,
        p - a,
        a * 3,
        -2 * a,
        a + 0,
        a * 1,
        (a + b) * (b - c) * (p + c) * q - (3 - a) * c,
        c,
    ]


def recorded(formula: Callable[[Sequence[Expression], Sequence[Expression]], list[Expression]]) -> RowProgram:
    tape = Tape(3, 2)
    return tape.program(formula(tape.columns, tape.parameters))


def run(
    kernel: Kernel, program: RowProgram, columns: list[list[int]], parameters: list[int]
) -> list[list[int]]:
    return [kernel.ints(f) for f in kernel.run(program, [kernel.vector(f) for f in columns], parameters)]


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5, 4096])
def test_a_program_computes_its_formula_on_every_row(field: Kernel, rows: int) -> None:
    """Rows that end within a block, and as many as are shared out between threads."""
    columns = [[secrets.randbelow(R) for _ in range(rows)] for _ in range(3)]
    parameters = [secrets.randbelow(R), R - 1]
    found = run(field, recorded(every_step), columns, parameters)
    expected = [every_step(row, parameters) for row in zip(*columns, strict=True)]
    assert found == [[value % R for value in column] for column in zip(*expected, strict=True)]


STEPS = st.tuples(st.sampled_from(list(Step)), st.integers(0, 99), st.integers(0, 99))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=30), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_any_program_is_what_its_steps_say(steps: list[tuple[Step, int, int]], chosen: list[int]) -> None:
    """Whatever is left out, shared or put in a slot used before, results are those of the steps alone."""

    def formula(columns: Sequence[V], parameters: Sequence[V]) -> list[V]:
        values = list(columns)
        for step, left, right in steps:
            a, b = values[left % len(values)], values[right % len(values)]
            constant: V | int = parameters[right % 2] if right % 3 else right
            if step == Step.ADD:
                values.append(a + b)
            elif step == Step.SUBTRACT:
                values.append(a - b)
            elif step == Step.MULTIPLY:
                values.append(a * b)
            elif step == Step.ADD_CONSTANT:
                values.append(a + constant)
            elif step == Step.SUBTRACT_FROM:
                values.append(right - a)
            else:
                values.append(a * constant)
        return [values[index % len(values)] for index in chosen]

    columns = [[1, 0, R - 1], [2, R - 3, 5], [secrets.randbelow(R) for _ in range(3)]]
    parameters = [secrets.randbelow(R), 2]
    program = recorded(formula)
    expected = [[value % R for value in formula(row, parameters)] for row in zip(*columns, strict=True)]
    for kernel in (FastKernel(), PlainKernel()):
        assert run(kernel, program, columns, parameters) == [list(f) for f in zip(*expected, strict=True)]


def test_what_is_known_is_not_computed_again_and_what_is_not_needed_is_left_out() -> None:
    tape = Tape(2)
    a, b = tape.columns
    _unneeded = a * a * a
    program = tape.program([(a + b) * (b + a), (a + b) - 1])
    assert program.instructions[:, 0].tolist() == [Step.ADD, Step.MULTIPLY, Step.ADD_CONSTANT]


def test_slots_are_used_again() -> None:
    tape = Tape(1)
    value = tape.columns[0]
    for _ in range(50):
        value = value * value + 1
    assert tape.program([value]).slot_count <= 2


def test_parameters_are_not_computed_with_alone() -> None:
    """A parameter is added to columns, scales them or has them taken from it; nothing else has a step."""
    tape = Tape(1, 2)
    (column,), (p, q) = tape.columns, tape.parameters
    assert isinstance(p, Parameter)
    for formula in (
        lambda: p + q,
        lambda: p * q,
        lambda: p - q,
        lambda: p + 1,
        lambda: 2 * p,
        lambda: 1 - p,
        lambda: column - p,
    ):
        with pytest.raises(TypeError):
            formula()


@pytest.mark.parametrize(
    ("lengths", "parameters"),
    [([4, 4], 2), ([4, 4, 4, 4], 2), ([4, 4, 3], 2), ([4, 4, 4], 1), ([4, 4, 4], 3), ([0, 0, 0], 2)],
)
def test_operands_that_do_not_fit_a_program(field: Kernel, lengths: list[int], parameters: int) -> None:
    with pytest.raises(KernelInputError, match="for a program of"):
        field.run(recorded(every_step), [field.zeros(n) for n in lengths], [1] * parameters)
