"""What the protocol makes every prover compute, counted from a layout's shape and measured on this machine.

The counts are those of docs/protocol.md section 9 and of no implementation: a product for each point of the
proof, with as many terms as the polynomial has coefficients or the masks have values; a transform for each
column to coefficients and to the coset, one back.
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from prover.compile.witness import Witness
    from prover.protocol.prove import Prover
    from prover.protocol.shape import Shape

_RUNS: Final = 5
_COSET_SHIFT: Final = 7

Kind = Literal["small cells", "full cells", "masks", "coefficients"]


@dataclass(frozen=True)
class Product:
    """A multi-scalar product: the round that it belongs to, what its scalars are, and how many."""

    round: int
    kind: Kind
    terms: int


@dataclass(frozen=True)
class Transform:
    """A transform by the kernel's name of it; `length` is that of its longer side."""

    name: Literal["intt", "coset_ntt", "coset_intt"]
    length: int


def prescribed_products(shape: Shape) -> list[Product]:
    """List the products of one proof.

    A_i: m n small cells and 2 m masks for its m columns; P: 2 wa masks; F: n full cells and 4 masks a column;
    T: D + 1 coefficients in chunks of N - 1, each but the last with a carry above; with v coefficients of V,

        W: max(t (n + 1) + s, v - 1), W': max(t (n + 3) + s, v) - 1, s the columns of F.
    """
    rows, width, sums = shape.rows, shape.pack_columns, shape.sum_columns
    total, powers, count = shape.quotient_degree_bound + 1, shape.powers, shape.quotient_chunks
    found = []
    for start in range(0, shape.lanes + 2, width):
        columns = min(width, shape.lanes + 2 - start)
        found += [Product(1, "small cells", columns * rows), Product(1, "masks", 2 * columns)]
    found.append(Product(1, "masks", 2 * shape.weight_lanes))
    found += [Product(2, "full cells", sums * rows), Product(2, "masks", 4 * sums)]
    found += [Product(3, "coefficients", powers)] * (count - 1)
    found.append(Product(3, "coefficients", total - (count - 1) * (powers - 1)))
    combined = total if count == 1 else powers
    found.append(Product(5, "coefficients", max(width * (rows + 1) + sums, combined - 1)))
    found.append(Product(6, "coefficients", max(width * (rows + 3) + sums, combined) - 1))
    return found


def prescribed_transforms(shape: Shape) -> list[Transform]:
    """List the transforms of one proof.

    L + 2 + s columns to coefficients, those and wa weight columns to the coset, T back; s the columns of F.
    """
    coset = 1 << shape.quotient_degree_bound.bit_length()
    masked = shape.lanes + 2 + shape.sum_columns
    return [
        *[Transform("intt", shape.rows)] * masked,
        *[Transform("coset_ntt", coset)] * (masked + shape.weight_lanes),
        Transform("coset_intt", coset),
    ]


def floor(prover: Prover, witness: Witness) -> list[dict[str, Any]]:
    """Measure what a proof in this layout consists of at least; return one row for each kind of work.

    Small cells are the witness's own, all other scalars are drawn. Every product may use both processors.
    """
    import numpy as np

    from prover.field import SCALAR_MODULUS

    key = prover.proving_key
    kernel, shape = key.kernel, key.key.shape
    products, transforms = prescribed_products(shape), prescribed_transforms(shape)
    columns = np.vstack([witness.lanes, witness.o, witness.m])
    width = shape.pack_columns
    packs = iter([columns[start : start + width] for start in range(0, len(columns), width)])
    longest = max(product.terms for product in products)
    full = kernel.vector([secrets.randbelow(SCALAR_MODULUS) for _ in range(longest)])
    column = kernel.segment(full, 0, shape.rows)
    on_coset = key.on_coset(column)

    def action_of(product: Product) -> Callable[[], object]:
        if product.kind == "small cells":
            pack = next(packs)
            return lambda: key.commit_columns(pack)
        scalars = kernel.segment(full, 0, product.terms)
        if product.kind == "full cells":
            cells = kernel.slice_points(key.basis.cells, 0, product.terms)
            return lambda: kernel.msm(cells, scalars)
        return lambda: kernel.msm(key.powers, scalars)

    transform_actions: dict[str, Callable[[], object]] = {
        "intt": lambda: kernel.intt(column),
        "coset_ntt": lambda: key.on_coset(column),
        "coset_intt": lambda: kernel.coset_intt(on_coset, _COSET_SHIFT),
    }
    parts: list[tuple[str, list[Callable[[], object]]]] = []
    ordered = sorted(products, key=lambda product: (product.round, product.kind == "masks"))
    for (number, kind), group in groupby(ordered, key=lambda product: (product.round, product.kind)):
        same = list(group)
        terms = " + ".join(str(product.terms) for product in same)
        parts.append((f"round {number}: products of {terms} {kind}", [action_of(each) for each in same]))
    for name, transforms_alike in groupby(transforms, key=lambda transform: transform.name):
        alike = list(transforms_alike)
        label = f"{len(alike)} x {name} of {alike[0].length}"
        parts.append((label, [transform_actions[name]] * len(alike)))
    return [{"part": label, "seconds": round(_median(actions), 5)} for label, actions in parts]


def _median(actions: Sequence[Callable[[], object]]) -> float:
    times = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        for action in actions:
            action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
