"""Gaussian elimination modulo r, for attacks that solve for secrets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prover.field import SCALAR_MODULUS as R


def eliminate(rows: Sequence[Sequence[int]], width: int) -> tuple[np.ndarray, list[int]]:
    """Bring rows into echelon form by their first `width` columns; returns (matrix, pivot columns).

    Pivot i stands in row i and is 1; rows beyond the last pivot are 0 in the first `width` columns.
    """
    matrix = np.array([[value % R for value in row] for row in rows], dtype=object)
    pivots: list[int] = []
    for column in range(width):
        top = len(pivots)
        found = next((row for row in range(top, len(matrix)) if matrix[row, column]), None)
        if found is None:
            continue
        matrix[[top, found]] = matrix[[found, top]]
        matrix[top, column:] = matrix[top, column:] * pow(matrix[top, column], -1, R) % R
        below = matrix[top + 1 :, column:]
        factors = below[:, :1].copy()
        below[:] = (below - factors * matrix[top, column:]) % R
        pivots.append(column)
    return matrix, pivots


def rank(rows: Sequence[Sequence[int]]) -> int:
    """Return the rank modulo r."""
    return len(eliminate(rows, len(rows[0]))[1])


def solve_each(
    rows: Sequence[Sequence[int]], values: Sequence[Sequence[int]]
) -> tuple[int, list[list[int] | None]]:
    """Solve one overdetermined system for several right sides; returns (rank, solutions).

    A solution is None when the system has none; the system must have full column rank.
    """
    width = len(rows[0])
    sides = zip(*values, strict=True)
    joined = [[*row, *side] for row, side in zip(rows, sides, strict=True)]
    matrix, pivots = eliminate(joined, width)
    assert pivots == list(range(width)), "the system does not have full column rank"
    solutions: list[list[int] | None] = []
    for side in range(width, width + len(values)):
        if any(matrix[width:, side]):
            solutions.append(None)
            continue
        found = [0] * width
        for row in reversed(range(width)):
            known = sum(int(matrix[row, column]) * found[column] for column in range(row + 1, width))
            found[row] = (int(matrix[row, side]) - known) % R
        solutions.append(found)
    return len(pivots), solutions


def solve(rows: Sequence[Sequence[int]], values: Sequence[int]) -> list[int] | None:
    """Return the one solution of an overdetermined system of full column rank, or None when it has none."""
    return solve_each(rows, [values])[1][0]
