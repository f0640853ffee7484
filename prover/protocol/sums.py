"""The columns of round 2: bus sum phi, helper g, accumulator e (docs/protocol.md sections 5 and 6)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from prover.errors import RestartError
from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse
from prover.kernel.interface import Kernel, Vector
from prover.kernel.row_program import RowProgram, Tape
from prover.protocol.constraints import KEPT_PROGRAMS, FirstChallenges, bus_program
from prover.protocol.opening import evaluate_plain
from prover.protocol.rounds import Session
from prover.protocol.shape import Shape


def bus_sum(session: Session, challenges: FirstChallenges) -> tuple[Vector, Vector | None]:
    """Return phi on H: phi_0 = 0, phi' - phi = sum_j 1/d_j - m/d_p; and g = sum_{j < h} 1/d_j, or None.

    Raises: RestartError when a denominator is 0.
    """
    proving_key, witness = session.proving_key, session.witness
    kernel, shape = proving_key.kernel, proving_key.key.shape
    *cells, fetches = _columns(kernel, np.vstack([witness.lanes, witness.o, witness.m]))
    denominators = kernel.run(
        bus_program(shape), [*cells, *proving_key.fixed_values], [challenges.alpha, challenges.beta]
    )
    try:
        inverses = kernel.inverse(kernel.concat(denominators))
    except ZeroDivisionError as error:
        raise RestartError("a denominator of the bus vanishes") from error
    step, *helper = kernel.run(_fractions_program(shape), [*_cut(kernel, inverses, shape.rows), fetches])
    return kernel.prefix_sum(step), helper[0] if helper else None


@lru_cache(maxsize=KEPT_PROGRAMS)
def _fractions_program(shape: Shape) -> RowProgram:
    """Return the program that computes sum_j 1/d_j - m/d_p and g from 1/d_0 .., 1/d_p, m."""
    tape = Tape(shape.lanes + 2)
    *fetched, provided, fetches = tape.columns
    total, helper = fetched[0], []
    for index, part in enumerate(fetched[1:], start=1):
        helper += [total] if index == shape.helper_lanes else []
        total = total + part
    return tape.program([total - fetches * provided, *helper])


def accumulate(session: Session, theta: int) -> Vector:
    """Return e on H, row by row: e_0 = Pi(theta), then the accumulator rule of each row kind."""
    proving_key, witness = session.proving_key, session.witness
    kernel, shape, layout = proving_key.kernel, proving_key.key.shape, proving_key.layout
    totals = np.zeros(shape.rows, dtype=np.int64)
    totals[(layout.q_rel + layout.q_sgn) == 1] = witness.accumulators
    packs = witness.weights.reshape(-1, shape.rows)
    columns = _columns(kernel, np.vstack([witness.lanes, packs, totals]))
    parameters = [pow(theta, power, R) for power in range(1, max(shape.lanes, shape.weight_packs))]
    results = kernel.run(_accumulator_program(shape), columns, parameters)
    added = [kernel.ints(vector) for vector in results]
    scales = (1, field_inverse(pow(theta, shape.lanes, R)), field_inverse(theta))
    kinds = accumulator_kinds(layout.q_dot, layout.q_pub, layout.q_rel + layout.q_sgn)
    value = evaluate_plain(session.statement.public, theta)
    column_values = []
    for row, kind in enumerate(kinds):
        column_values.append(value)
        value = 0 if kind < 0 else (value + added[kind][row]) * scales[kind] % R
    return kernel.vector(column_values)


@lru_cache(maxsize=KEPT_PROGRAMS)
def _accumulator_program(shape: Shape) -> RowProgram:
    """Return the program for what each row kind adds, from x_0 .., s_{0,0}, s_{0,1} .., totals.

    The parameters are theta, theta^2 .. Dot rows: sum_i x_i u_i with u_i = sum_k theta^k s_{i,k};
    public rows: -sum_j theta^j x_j; others: u_0 - total.
    """
    packs = shape.weight_packs
    tape = Tape(shape.lanes + shape.weight_lanes * packs + 1, max(shape.lanes, packs) - 1)
    theta = tape.parameters
    *columns, totals = tape.columns
    lanes, pieces = columns[: shape.lanes], columns[shape.lanes :]
    weights = []
    for start in range(0, len(pieces), packs):
        weight = pieces[start]
        for power, piece in zip(theta, pieces[start + 1 : start + packs], strict=False):
            weight = weight + piece * power
        weights.append(weight)
    products = weights[0] * lanes[0]
    for lane, weight in zip(lanes[1:], weights[1:], strict=False):
        products = products + weight * lane
    public = 0 - lanes[0]
    for power, lane in zip(theta, lanes[1:], strict=False):
        public = public - lane * power
    return tape.program([products, public, weights[0] - totals])


def _columns(kernel: Kernel, table: npt.NDArray[np.int64]) -> list[Vector]:
    return _cut(kernel, kernel.from_int64(table.reshape(-1)), table.shape[1])


def _cut(kernel: Kernel, values: Vector, rows: int) -> list[Vector]:
    return [kernel.segment(values, start, start + rows) for start in range(0, len(values), rows)]


def accumulator_kinds(
    dot: npt.NDArray[np.int64], public: npt.NDArray[np.int64], closing: npt.NDArray[np.int64]
) -> list[int]:
    """Return 0 on dot rows, 1 on public rows, 2 on requantisation rows and -1 on idle ones."""
    kinds: list[int] = np.where(dot == 1, 0, np.where(public == 1, 1, np.where(closing == 1, 2, -1))).tolist()
    return kinds
