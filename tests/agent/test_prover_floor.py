"""The floor lists what a proof really computes: the prover's own calls are counted beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest

from agent.prover_floor import floor, prescribed_products, prescribed_transforms
from prover.compile.demo_weights import random_weights
from prover.compile.parameters import LayoutParameters
from prover.compile.reference import dense_architecture
from prover.protocol import prove as prove_module
from prover.protocol.prove import Prover
from tests.attacks.circuits import CONTEXT, Circuit, commit

INPUTS = tuple(range(-4, 4))
#: One chunk of T with the packs longer and with T longer, two bus sums, several packs, two and three chunks.
LAYOUTS = {
    "packs-longer": LayoutParameters(64, 9, 6, 4, 2, 5),
    "quotient-longer": LayoutParameters(64, 3, 8, 2, 2, 5),
    "two-sums": LayoutParameters(64, 4, 6, 4, 2, 5, bus_sums=2),
    "wide": LayoutParameters(128, 15, 11, 6, 1, 5, bus_sums=2),
    "two-chunks": LayoutParameters(1024, 3, 6, 3, 2, 5),
    "two-chunks-two-sums": LayoutParameters(1024, 3, 6, 1, 3, 5, bus_sums=2),
    "three-chunks": LayoutParameters(1024, 2, 7, 2, 3, 5),
}


class CountingKernel:
    """A kernel that notes its products and transforms, under the round that asks for them."""

    def __init__(self, kernel: Any, basis: Any) -> None:
        self._kernel, self._cells, self._masks = kernel, len(basis.cells), basis.masks
        self.round = 0
        self.products: Counter[tuple[int, str, int]] = Counter()
        self.transforms: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def msm_small(self, points: Any, scalars: Any) -> bytes:
        with self._lock:
            self.products[self.round, "small", len(scalars)] += 1
        found: bytes = self._kernel.msm_small(points, scalars)
        return found

    def msm(self, points: Any, scalars: Any) -> bytes:
        """Count cells as they are, else what is left without the zeros of masks or above a degree."""
        values = self._kernel.ints(scalars)
        if points is self._masks or self.round == 1:
            terms = sum(value != 0 for value in values)
        elif self.round == 2:
            terms = len(values)
        else:
            terms = max(index for index, value in enumerate(values) if value) + 1
        with self._lock:
            self.products[self.round, "full", terms] += 1
        found: bytes = self._kernel.msm(points, scalars)
        return found

    def _transformed(self, name: str, length: int) -> None:
        with self._lock:
            self.transforms[name, length] += 1

    def ntt(self, values: Any) -> Any:
        self._transformed("ntt", len(values))
        return self._kernel.ntt(values)

    def intt(self, values: Any) -> Any:
        self._transformed("intt", len(values))
        return self._kernel.intt(values)

    def intts(self, columns: Any) -> Any:
        for column in columns:
            self._transformed("intt", len(column))
        return self._kernel.intts(columns)

    def coset_ntts(self, columns: Any, size: int, shift: int) -> Any:
        for _ in columns:
            self._transformed("coset_ntt", size)
        return self._kernel.coset_ntts(columns, size, shift)

    def coset_ntt(self, coefficients: Any, size: int, shift: int) -> Any:
        self._transformed("coset_ntt", size)
        return self._kernel.coset_ntt(coefficients, size, shift)

    def coset_intt(self, values: Any, shift: int) -> Any:
        self._transformed("coset_intt", len(values))
        return self._kernel.coset_intt(values, shift)


def circuit_in(name: str) -> Circuit:
    architecture = dense_architecture((8, 4, 1), 5)
    return commit(architecture, LAYOUTS[name], random_weights(architecture, 1))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_floor_is_what_a_proof_computes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every product by round and number of terms, every transform by its length: no more and no fewer."""
    circuit = circuit_in(name)
    key = circuit.prover.proving_key
    shape = key.key.shape
    counting = CountingKernel(key.kernel, key.basis)
    watched = Prover.of(replace(key, kernel=counting), circuit.prover.strategy)
    for number in range(1, 7):
        honest = getattr(prove_module, f"round_{number}")

        def numbered(*words: Any, number: int = number, honest: Any = honest) -> Any:
            counting.round = number
            return honest(*words)

        monkeypatch.setattr(prove_module, f"round_{number}", numbered)
    counting.products.clear()
    counting.transforms.clear()
    outputs, proof = watched.prove(CONTEXT, INPUTS)
    circuit.setup.verify(CONTEXT, INPUTS, outputs, proof)
    assert counting.products == Counter(
        (product.round, "small" if product.kind == "small cells" else "full", product.terms)
        for product in prescribed_products(shape)
    )
    assert counting.transforms == Counter(
        (transform.name, transform.length) for transform in prescribed_transforms(shape)
    )


def test_the_layouts_reach_every_case() -> None:
    shapes = {name: circuit_in(name).setup.key.shape for name in LAYOUTS}
    assert {shape.quotient_chunks for shape in shapes.values()} == {1, 2, 3}
    assert {shape.sum_columns for shape in shapes.values()} == {2, 3}
    longer = {
        name: shape.quotient_degree_bound > shape.pack_columns * (shape.rows + 4)
        for name, shape in shapes.items()
    }
    assert (longer["packs-longer"], longer["quotient-longer"]) == (False, True)


def test_every_product_and_transform_is_measured() -> None:
    circuit = circuit_in("two-sums")
    rows = floor(circuit.prover, circuit.witness(INPUTS))
    assert [row["part"] for row in rows] == [
        "round 1: products of 256 + 256 small cells",
        "round 1: products of 8 + 8 + 8 masks",
        "round 2: products of 192 full cells",
        "round 2: products of 12 masks",
        "round 3: products of 264 coefficients",
        "round 5: products of 263 coefficients",
        "round 6: products of 270 coefficients",
        "11 x intt of 64",
        "15 x coset_ntt of 512",
        "1 x coset_intt of 512",
    ]
    assert all(row["seconds"] > 0 for row in rows)
