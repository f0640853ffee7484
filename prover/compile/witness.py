"""Fill the secret columns of one proof with integers (docs/protocol.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prover.compile.architecture import Activation
from prover.compile.integer_model import IntegerWeights, check_inputs, requantise
from prover.compile.layout import Layout

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Witness:
    """Column values before masking; all of it but `public` is secret."""

    lanes: Integers  # [L, n] x_0 .. x_{L-1}
    o: Integers  # [n] the value a row provides
    m: Integers  # [n] how often it is fetched
    weights: Integers  # [wa, K, n] s_{i,k}
    public: tuple[int, ...]  # [|pub|] inputs, zeros, outputs, zeros
    accumulators: Integers  # v of every requantisation row, in row order

    def __repr__(self) -> str:
        """Show shapes, never values."""
        return f"Witness(lanes={self.lanes.shape}, public={len(self.public)})"


def weight_columns(layout: Layout, weights: IntegerWeights) -> Integers:
    """Lay weights and biases out: s_{i,k} = w[bK + k][g wa + i] on dot row g of block b, s_{0,0} = bias.

    Returns: int64 [wa, K, n], 0 wherever no weight stands.
    Raises: WitnessError when the weights do not meet the architecture.
    """
    weights.check(layout.architecture)
    wa, packs = layout.parameters.weight_lanes, layout.parameters.weight_packs
    columns = np.zeros((wa, packs, layout.parameters.rows), dtype=np.int64)
    for rows, (matrix, biases) in zip(layout.gather_plan.layers, weights.layers, strict=True):
        blocks, groups = rows.dot_rows.shape
        padded = np.zeros((blocks * packs, groups * wa), dtype=np.int64)
        padded[: matrix.shape[0], : matrix.shape[1]] = matrix
        columns[:, :, rows.dot_rows] = padded.reshape(blocks, packs, groups, wa).transpose(3, 1, 0, 2)
        columns[0, 0, rows.close_rows] = biases
    return columns


def fill_witness(
    layout: Layout, weights: IntegerWeights, inputs: Sequence[int], *, columns: Integers | None = None
) -> Witness:
    """Evaluate the network and write every column.

    Parameters: inputs, n_in integers; columns, the result of `weight_columns` for them, when at hand.
    Raises: WitnessError `count` or `input` before a weight is touched; then as `IntegerWeights.check`.
    """
    check_inputs(layout.architecture, inputs)
    weights.check(layout.architecture)
    architecture, plan = layout.architecture, layout.gather_plan
    cells = np.zeros(plan.address_count, dtype=np.int64)
    lanes = np.zeros((layout.parameters.lanes, layout.parameters.rows), dtype=np.int64)
    o = layout.tab.copy()
    values = np.array([int(value) for value in inputs], dtype=np.int64)
    cells[1 : 1 + len(values)] = values
    o[plan.input_rows] = values
    accumulators = []
    layers = zip(architecture.layers, weights.layers, plan.layers, layout.vector_start[1:], strict=True)
    for layer, (matrix, biases), rows, start in layers:
        # Rule R4 keeps |v| below M^4/2 <= 2^47, so no sum overflows.
        v = matrix @ values + biases
        values = requantise(v, layer.activation, architecture.shift_bits)
        limbs = split_limbs(v, layer.activation, architecture.shift_bits)
        lanes[: len(limbs), rows.close_rows] = limbs
        cells[start : start + len(values)] = values
        o[rows.close_rows] = values
        accumulators.append(v)
    lanes[:, plan.fetch_rows] = cells[plan.fetch_addresses]
    m = plan.cell_fetches.copy()
    m[plan.table_rows] = np.bincount(lanes[:, plan.check_rows].reshape(-1), minlength=len(plan.table_rows))
    return Witness(
        lanes=lanes,
        o=o,
        m=m,
        weights=weight_columns(layout, weights) if columns is None else columns,
        public=tuple(cells[1 : 1 + layout.public_count].tolist()),
        accumulators=np.concatenate(accumulators),
    )


def split_limbs(accumulators: Integers, activation: Activation, shift_bits: int) -> Integers:
    """Return the honest lanes of requantisation rows.

    relu:    a = v + M/2, b = [a >= 0], q = |a|, x_0 = q mod M, lo = (q div M) mod M^2, h = q div M^3,
             d = [h > 0], x_3 = h - d; lanes x_0, lo mod M, lo div M, x_3, b, d
    signed:  q = v + M/2 + M^4/2; lanes are its four limbs

    Returns: int64 [6, rows] for relu, [4, rows] for signed.
    """
    mask = (1 << shift_bits) - 1
    shifted = accumulators + (1 << shift_bits >> 1)
    if activation == "signed":
        q = shifted + (1 << 4 * shift_bits >> 1)
        return np.stack([(q >> index * shift_bits) & mask for index in range(4)])
    q = np.abs(shifted)
    high = q >> 3 * shift_bits
    overflow = (high > 0).astype(np.int64)
    limbs = [(q >> index * shift_bits) & mask for index in range(3)]
    return np.stack([*limbs, high - overflow, (shifted >= 0).astype(np.int64), overflow])
