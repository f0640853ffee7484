"""What machine code is handed is checked first; what it is made of is checked when it is made."""

from typing import Any

import numpy as np
import pytest

from prover.errors import KernelInputError
from prover.kernel import bucket_loops, transform, vector_loops
from prover.kernel.compiled import INTEGERS, CompiledFunction
from prover.kernel.interface import Untyped
from prover.kernel.jit import object_code

TABLE = np.zeros((6, 4), dtype=np.uint64)


def read_only() -> Untyped:
    array = TABLE.copy()
    array.flags.writeable = False
    return array


def unaligned() -> Untyped:
    return np.frombuffer(bytearray(4 * 32 + 1), dtype=np.uint64, offset=1, count=16).reshape(4, 4)


REFUSED: dict[str, tuple[Untyped, str]] = {
    "signed": (TABLE.astype(np.int64), "int64"),
    "narrow": (TABLE.astype(np.uint32), "uint32"),
    "float": (TABLE.astype(np.float64), "float64"),
    "big endian": (TABLE.astype(">u8"), ">u8"),
    "one dimension": (TABLE.reshape(-1), "shape .24,."),
    "three dimensions": (TABLE.reshape(3, 2, 4), "shape .3, 2, 4."),
    "three columns": (np.zeros((6, 3), dtype=np.uint64), "shape .6, 3."),
    "every other row": (TABLE[::2], "strided"),
    "backwards": (TABLE[::-1], "strided"),
    "some columns": (np.zeros((6, 8), dtype=np.uint64)[:, :4], "strided"),
    "by columns": (np.asfortranarray(TABLE), "strided"),
    "read-only": (read_only(), "read-only"),
    "unaligned": (unaligned(), "unaligned"),
    "a list": ([[1, 2, 3, 4]], "a list for an array"),
    "nothing": (None, "a NoneType for an array"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_array_of_another_kind_is_refused(name: str, place: int) -> None:
    argument, words = REFUSED[name]
    arguments: list[Any] = [TABLE.copy(), TABLE.copy(), TABLE.copy()]
    arguments[place] = argument
    with pytest.raises(KernelInputError, match=f"vector_loops.add cannot take.*{words}"):
        vector_loops.add(*arguments)


def test_a_scalar_of_other_than_four_limbs_is_refused() -> None:
    with pytest.raises(KernelInputError, match=r"vector_loops\.fill cannot take"):
        vector_loops.fill(np.zeros(3, dtype=np.uint64), TABLE.copy())


@pytest.mark.parametrize("wrong", [TABLE, 1.0, np.float64(1), None, "1", 1 << 63, -(1 << 63) - 1])
def test_what_is_no_integer_of_64_bits_is_refused(wrong: Any) -> None:
    room, places = np.zeros((2, 18), dtype=np.uint64), np.zeros(6, dtype=np.int64)
    with pytest.raises(KernelInputError, match=r"bucket_loops\.double_rows: "):
        bucket_loops.double_rows(room, 1, 0, 1, wrong, 1, places)


@pytest.mark.parametrize("count", [2, 4])
def test_too_few_or_too_many_arguments_are_refused(count: int) -> None:
    arguments: list[Any] = [TABLE.copy()] * count
    with pytest.raises(ValueError, match="zip"):
        vector_loops.add(*arguments)


def test_an_error_in_the_machine_code_is_raised_here() -> None:
    none = np.zeros(0, dtype=np.int64)
    with pytest.raises(KernelInputError, match=r"transform\._transform_columns failed"):
        transform._transform_columns(TABLE, 0, TABLE, none, TABLE, TABLE, TABLE.copy())


def test_empty_arrays_are_taken() -> None:
    none = np.zeros((0, 4), dtype=np.uint64)
    assert vector_loops.inverse(none, none.copy())
    assert vector_loops.add(none, none.copy(), none.copy()) is None  # type: ignore[func-returns-value]


def test_code_that_makes_an_array_is_not_kept() -> None:
    def reverse(values: Untyped) -> None:
        copy = values.copy()
        for i in range(values.shape[0]):
            values[i] = copy[values.shape[0] - 1 - i]

    with pytest.raises(RuntimeError, match=r"compiled code needs .*NRT_MemInfo"):
        object_code([CompiledFunction(reverse, (INTEGERS,))])
