"""Gaussian elimination modulo r, for attacks that solve for secrets."""

from __future__ import annotations

from collections.abc import Sequence

from prover.field import SCALAR_MODULUS as R


def reduce_rows(rows: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[int]]:
    """Return the reduced row echelon form and the pivot column of each of its non-zero rows."""
    matrix = [[value % R for value in row] for row in rows]
    pivots: list[int] = []
    width = len(matrix[0])
    for column in range(width):
        top = len(pivots)
        found = next((row for row in range(top, len(matrix)) if matrix[row][column]), None)
        if found is None:
            continue
        matrix[top], matrix[found] = matrix[found], matrix[top]
        inverse = pow(matrix[top][column], -1, R)
        pivot = [value * inverse % R for value in matrix[top]]
        matrix[top] = pivot
        for row, values in enumerate(matrix):
            factor = values[column]
            if row != top and factor:
                matrix[row] = [
                    (value - factor * other) % R for value, other in zip(values, pivot, strict=True)
                ]
        pivots.append(column)
    return matrix[: len(pivots)], pivots


def rank(rows: Sequence[Sequence[int]]) -> int:
    """Return the rank modulo r."""
    return len(reduce_rows(rows)[1])


def solve(rows: Sequence[Sequence[int]], values: Sequence[int]) -> list[int] | None:
    """Return the one solution of an overdetermined system of full column rank, or None when it has none."""
    width = len(rows[0])
    reduced, pivots = reduce_rows([[*row, value] for row, value in zip(rows, values, strict=True)])
    if width in pivots:
        return None
    assert pivots == list(range(width)), "the system does not have full column rank"
    return [row[-1] for row in reduced]
