"""The columns of round 2: bus sum phi, helper g, accumulator e (docs/protocol.md sections 5 and 6)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from prover.errors import RestartError
from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse
from prover.kernel.interface import Vector
from prover.protocol.constraints import FirstChallenges, bus_denominators
from prover.protocol.opening import evaluate_plain
from prover.protocol.rounds import Session


def bus_sum(session: Session, challenges: FirstChallenges) -> tuple[Vector, Vector | None]:
    """Return phi on H: phi_0 = 0, phi' - phi = sum_j 1/d_j - m/d_p; and g = sum_{j < h} 1/d_j, or None.

    Raises: RestartError when a denominator is 0.
    """
    proving_key, witness = session.proving_key, session.witness
    kernel, shape = proving_key.kernel, proving_key.key.shape
    lanes = [kernel.from_int64(lane) for lane in witness.lanes]
    fetched, provided = bus_denominators(
        kernel, challenges, lanes, kernel.from_int64(witness.o), proving_key.fixed_values
    )
    try:
        inverses = kernel.inverse(kernel.concat([*fetched, provided]))
    except ZeroDivisionError as error:
        raise RestartError("a denominator of the bus vanishes") from error
    rows = shape.rows
    parts = [kernel.segment(inverses, index * rows, (index + 1) * rows) for index in range(shape.lanes + 1)]
    helper, total = None, parts[0]
    for index, part in enumerate(parts[1:-1], start=1):
        helper = total if index == shape.helper_lanes else helper
        total = kernel.add(total, part)
    step = kernel.sub(total, kernel.mul(kernel.from_int64(witness.m), parts[-1]))
    return kernel.prefix_sum(step), helper


def accumulate(session: Session, theta: int) -> Vector:
    """Return e on H, row by row: e_0 = Pi(theta), then the accumulator rule of each row kind."""
    proving_key, witness = session.proving_key, session.witness
    kernel, shape, layout = proving_key.kernel, proving_key.key.shape, proving_key.layout
    weights = kernel.zeros(shape.rows)
    first = kernel.zeros(shape.rows)
    for lane in range(shape.weight_lanes):
        column = kernel.zeros(shape.rows)
        for pack in range(shape.weight_packs):
            column = kernel.axpy(column, pow(theta, pack, R), kernel.from_int64(witness.weights[lane, pack]))
        first = column if lane == 0 else first
        weights = kernel.add(weights, kernel.mul(column, kernel.from_int64(witness.lanes[lane])))
    public = kernel.zeros(shape.rows)
    for lane in range(shape.lanes):
        public = kernel.axpy(public, -pow(theta, lane, R), kernel.from_int64(witness.lanes[lane]))
    totals = np.zeros(shape.rows, dtype=np.int64)
    totals[(layout.q_rel + layout.q_sgn) == 1] = witness.accumulators
    closing = kernel.sub(first, kernel.from_int64(totals))
    added = [kernel.ints(vector) for vector in (weights, public, closing)]
    scales = (1, field_inverse(pow(theta, shape.lanes, R)), field_inverse(theta))
    kinds = accumulator_kinds(layout.q_dot, layout.q_pub, layout.q_rel + layout.q_sgn)
    value = evaluate_plain(session.statement.public, theta)
    column_values = []
    for row, kind in enumerate(kinds):
        column_values.append(value)
        value = 0 if kind < 0 else (value + added[kind][row]) * scales[kind] % R
    return kernel.vector(column_values)


def accumulator_kinds(
    dot: npt.NDArray[np.int64], public: npt.NDArray[np.int64], closing: npt.NDArray[np.int64]
) -> list[int]:
    """Return 0 on dot rows, 1 on public rows, 2 on requantisation rows and -1 on idle ones."""
    kinds: list[int] = np.where(dot == 1, 0, np.where(public == 1, 1, np.where(closing == 1, 2, -1))).tolist()
    return kinds
