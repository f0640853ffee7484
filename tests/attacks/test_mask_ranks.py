"""The masks of a proof cover everything it shows: ranks, computed for each shipped layout (specification 13).

Given tau, a proof shows evaluations of columns and values of commitments at tau. Each table writes those as
linear functionals of the masks; full row rank means that uniform masks make the shown values uniform.
"""

from __future__ import annotations

import secrets

import pytest

from prover.compile.parameters import LayoutParameters
from prover.field import SCALAR_MODULUS as R
from prover.field import root_of_unity
from tests.attacks.linear_algebra import rank
from tests.attacks.shipped_layouts import shipped_layouts

LAYOUTS = {name: shipped.parameters for name, shipped in shipped_layouts().items()}


def draw() -> int:
    return secrets.randbelow(R - 2) + 2


def vanishing(x: int, rows: int) -> int:
    return (pow(x, rows, R) - 1) % R


def test_each_way_to_choose_a_layout_is_covered() -> None:
    """Both kinds of bus sums, and a shipped model in what `strategy compile` picks without options."""
    assert {layout.bus_sums for layout in LAYOUTS.values()} == {1, 2}
    assert {"r1", "r2", "r1-two-sums", "eth_mlp-balanced", "eth_mlp-gas", "eth_mlp-time"} <= set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_masks_of_each_witness_pack(name: str) -> None:
    """c columns with Z_H (r + r' X): c evaluations at y, and the pack at tau; the last pack may be short."""
    layout = LAYOUTS[name]
    total, width = layout.lanes + 2, layout.pack_columns
    for columns in {min(width, total - start) for start in range(0, total, width)}:
        masks_of_a_pack_have_full_rank(layout, columns)


def masks_of_a_pack_have_full_rank(layout: LayoutParameters, columns: int) -> None:
    y, tau = draw(), draw()
    inner = pow(tau, layout.pack_columns, R)
    rows = []
    for column in range(columns):
        row = [0] * (2 * columns)
        row[2 * column], row[2 * column + 1] = vanishing(y, layout.rows), vanishing(y, layout.rows) * y % R
        rows.append(row)
    weights = [pow(tau, column, R) * vanishing(inner, layout.rows) % R for column in range(columns)]
    rows.append([value for weight in weights for value in (weight, weight * inner % R)])
    assert rank(rows) == columns + 1


@pytest.mark.parametrize("name", LAYOUTS)
def test_masks_of_the_weights(name: str) -> None:
    """wa evaluations u'_i(y) and P(tau), against p_i and p'_i."""
    layout = LAYOUTS[name]
    lanes = layout.weight_lanes
    y, tau = draw(), draw()
    inner = pow(tau, layout.pack_columns, R)
    rows = []
    for lane in range(lanes):
        row = [0] * (2 * lanes)
        row[2 * lane], row[2 * lane + 1] = vanishing(y, layout.rows), vanishing(y, layout.rows) * y % R
        rows.append(row)
    rows.append(
        [value for lane in range(lanes) for value in (pow(tau, lane, R), pow(tau, lane, R) * inner % R)]
    )
    assert rank(rows) == lanes + 1


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("terms", [4, 2], ids=["cubic", "too-few"])
def test_masks_of_the_sums(name: str, terms: int) -> None:
    """The columns of F at y and omega y, F(tau) and T(tau): 6 against 2 cubics, or 8 against 3.

    T(tau) shows (phi(omega tau) - phi(tau) - g(tau)) K_0 + g(tau) K_6, with K_0 and K_6 of c0 and c6.
    """
    layout = LAYOUTS[name]
    columns = 1 + layout.bus_sums  # phi, e and, with two bus sums, g
    y, tau = draw(), draw()
    omega = root_of_unity(layout.rows)
    inner = pow(tau, layout.pack_columns, R)

    def masked(x: int) -> list[int]:
        return [vanishing(x, layout.rows) * pow(x, term, R) % R for term in range(terms)]

    rows = []
    for column in range(columns):
        for point in (y, omega * y % R):
            row = [0] * (terms * columns)
            row[terms * column : terms * (column + 1)] = masked(point)
            rows.append(row)
    rows.append([pow(tau, column, R) * value % R for column in range(columns) for value in masked(inner)])
    step = [(a - b) % R for a, b in zip(masked(omega * tau % R), masked(tau), strict=True)]
    k_0, k_6 = draw(), draw()
    shown = [k_0 * value % R for value in step] + [0] * terms
    if layout.bus_sums == 2:
        shown += [(k_6 - k_0) * value % R for value in masked(tau)]
    rows.append(shown)
    expected = 2 * columns + 2
    assert (rank(rows) == expected) == (terms == 4)
    assert terms == 4 or rank(rows) <= terms * columns < expected


@pytest.mark.parametrize("chunks", [2, 3, 5])
def test_masks_of_the_quotient_chunks(chunks: int) -> None:
    """c chunk values at tau against c - 1 carries; the one combination left, T(tau), is masked by phi."""
    tau = draw()
    top = pow(tau, 4095, R)
    rows = []
    for index in range(chunks):
        row = [0] * (chunks - 1)
        if index < chunks - 1:
            row[index] = top
        if index > 0:
            row[index - 1] = R - 1
        rows.append(row)
    assert rank(rows) == chunks - 1
    combination = [sum(pow(top, i, R) * rows[i][j] for i in range(chunks)) % R for j in range(chunks - 1)]
    assert combination == [0] * (chunks - 1)
