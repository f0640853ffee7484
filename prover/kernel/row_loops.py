"""The compiled loop that runs a row program, some rows at a time so that all slots stay in the cache."""

from typing import Final

import numpy as np
import numpy.typing as npt

from prover.kernel.compiled import ELEMENTS, INTEGER, INTEGERS, compiled
from prover.kernel.montgomery import Limbs, difference, load, product, store, total
from prover.kernel.row_program import Step

BLOCK: Final = 32
"""Rows at a time: a slot then takes 1 kB."""

_ADD: Final = int(Step.ADD)
_SUBTRACT: Final = int(Step.SUBTRACT)
_MULTIPLY: Final = int(Step.MULTIPLY)
_ADD_CONSTANT: Final = int(Step.ADD_CONSTANT)
_SUBTRACT_FROM: Final = int(Step.SUBTRACT_FROM)


@compiled(INTEGERS, INTEGERS, ELEMENTS, ELEMENTS, INTEGER, INTEGER, INTEGER, ELEMENTS, ELEMENTS)
def run_rows(
    code: npt.NDArray[np.int64],
    results: npt.NDArray[np.int64],
    constants: Limbs,
    columns: Limbs,
    rows: int,
    first: int,
    last: int,
    slots: Limbs,
    out: Limbs,
) -> None:
    """Run a program over rows first .. last - 1 of columns that stand one after another, `rows` long each.

    `code` has four words an instruction, `slots` BLOCK rows a slot; results stand in `out` as the columns do.
    """
    for begin in range(first, last, BLOCK):
        count = min(BLOCK, last - begin)
        for column in range(columns.shape[0] // rows):
            for i in range(count):
                store(slots, column * BLOCK + i, load(columns, column * rows + begin + i))
        for word in range(0, code.shape[0], 4):
            step = code[word]
            target = code[word + 1] * BLOCK
            left = code[word + 2] * BLOCK
            right = code[word + 3] * BLOCK
            if step == _ADD:
                for i in range(count):
                    store(slots, target + i, total(load(slots, left + i), load(slots, right + i)))
            elif step == _SUBTRACT:
                for i in range(count):
                    store(slots, target + i, difference(load(slots, left + i), load(slots, right + i)))
            elif step == _MULTIPLY:
                for i in range(count):
                    store(slots, target + i, product(load(slots, left + i), load(slots, right + i)))
            else:
                constant = load(constants, code[word + 3])
                if step == _ADD_CONSTANT:
                    for i in range(count):
                        store(slots, target + i, total(load(slots, left + i), constant))
                elif step == _SUBTRACT_FROM:
                    for i in range(count):
                        store(slots, target + i, difference(constant, load(slots, left + i)))
                else:
                    for i in range(count):
                        store(slots, target + i, product(load(slots, left + i), constant))
        for number in range(results.shape[0]):
            for i in range(count):
                store(out, number * rows + begin + i, load(slots, results[number] * BLOCK + i))
