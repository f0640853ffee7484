"""The masks that the prover really draws, against everything that its proofs really show.

The prover's own rounds run with the labels of its masks counted and moved one by one, challenges frozen; how
the shown values move gives the rank. It would see two columns under one label, or a mask that is never added.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from prover.compile.demo_weights import random_weights
from prover.compile.layout import LayoutParameters
from prover.field import SCALAR_MODULUS as R
from prover.protocol.constraints import FirstChallenges
from prover.protocol.masking import rerandomiser_polynomial
from prover.protocol.prove import round_1, round_2
from prover.protocol.quotient import chunk_quotient, quotient_coefficients
from prover.protocol.randomness import MaskSource
from prover.protocol.rounds import Session
from prover.protocol.statement import Statement
from tests.attacks.circuits import CONTEXT, Circuit, commit, small_architecture
from tests.attacks.known_tau import known_circuits
from tests.attacks.linear_algebra import rank
from tests.attacks.shipped_layouts import shipped_layouts


@dataclass(frozen=True)
class MovedMasks(MaskSource):
    """Masks that are written down, so that one of them can be moved."""

    values: dict[str, int] = field(default_factory=dict)

    def scalar(self, label: str) -> int:
        return self.values.setdefault(label, secrets.randbelow(R))


@dataclass(frozen=True)
class View:
    """What a proof shows, given tau: evaluations at y (and omega y), commitments at tau, by round."""

    columns: tuple[int, ...]  # x_j(y), o(y), m(y), then A_i(tau)
    weights: tuple[int, ...]  # u'_i(y), then P(tau)
    sums: tuple[int, ...]  # the columns of F at y and omega y, F(tau), then T_i(tau)


@dataclass(frozen=True)
class Experiment:
    """A circuit, one witness, frozen challenges and a tau."""

    circuit: Circuit
    inputs: tuple[int, ...]
    first: FirstChallenges
    chi: int
    y: int
    tau: int

    @classmethod
    def on(cls, circuit: Circuit, inputs: tuple[int, ...]) -> Experiment:
        a, b, c, d, e, f = (secrets.randbelow(R - 1) + 1 for _ in range(6))
        return cls(circuit, inputs, FirstChallenges(a, b, c), d, e, f)

    def view(self, masks: dict[str, int]) -> View:
        """Run the prover's rounds with these masks and evaluate what is shown."""
        prover = self.circuit.prover
        proving_key = prover.proving_key
        kernel, shape, omega = proving_key.kernel, proving_key.key.shape, proving_key.key.omega
        outputs = self.circuit.outputs(self.inputs)
        statement = Statement.build(proving_key.key, prover.commitment, CONTEXT, self.inputs, outputs)
        source = MovedMasks(b"", masks)
        witness = self.circuit.witness(self.inputs)
        session = Session(proving_key, prover.weight_columns, statement, witness, source)
        _, after_1 = round_1(session)
        _, after_2 = round_2(session, after_1, self.first)
        quotient = quotient_coefficients(session, after_1, after_2, self.first, self.chi)
        chunks = chunk_quotient(session, kernel.segment(quotient, 0, shape.quotient_degree_bound + 1))
        inner, width = pow(self.tau, shape.pack_columns, R), shape.pack_columns

        def packed(columns: Sequence[object]) -> int:
            return sum(pow(self.tau, i, R) * kernel.evaluate(c, inner) for i, c in enumerate(columns)) % R

        columns, second = after_1.columns, after_2.pack
        mask = rerandomiser_polynomial(proving_key, after_1.rerandomisers)
        following = omega * self.y % R
        return View(
            (
                *(kernel.evaluate(column, self.y) for column in columns),
                *(packed(columns[start : start + width]) for start in range(0, len(columns), width)),
            ),
            (*(kernel.evaluate(u, self.y) for u in after_2.weights), kernel.evaluate(mask, self.tau)),
            (
                *(kernel.evaluate(column, x) for column in second for x in (self.y, following)),
                packed(second),
                *(kernel.evaluate(chunk, self.tau) for chunk in chunks),
            ),
        )


def moves(
    experiment: Experiment,
    masks: dict[str, int],
    labels: Sequence[str],
    part: Callable[[View], Sequence[int]],
) -> list[list[int]]:
    """Return how the shown values move with each mask, one row a mask; they move in a straight line."""
    base = part(experiment.view(masks))

    def moved(label: str, step: int) -> list[int]:
        there = part(experiment.view({**masks, label: masks[label] + step}))
        return [(a - b) % R for a, b in zip(there, base, strict=True)]

    rows = [moved(label, 1) for label in labels]
    assert moved(labels[-1], 5) == [5 * value % R for value in rows[-1]]
    return rows


def assert_masks_cover_the_view(experiment: Experiment) -> None:
    """Full rank, round by round; a later round's masks do not reach what an earlier one shows."""
    shape = experiment.circuit.setup.key.shape
    masks: dict[str, int] = {}
    base = experiment.view(masks)
    groups = {
        "columns": [name for name in masks if name.startswith("1/") and not name.startswith("1/P")],
        "weights": [name for name in masks if name.startswith("1/P")],
        "sums": [name for name in masks if name[0] in "23"],
    }
    assert {name: len(labels) for name, labels in groups.items()} == {
        "columns": 2 * (shape.lanes + 2),
        "weights": 2 * shape.weight_lanes,
        "sums": 4 * shape.sum_columns + shape.quotient_chunks - 1,
    }
    assert sum(map(len, groups.values())) == len(masks)
    seen = {
        "columns": shape.lanes + 2 + shape.witness_packs,
        "weights": shape.weight_lanes + 1,
        "sums": 2 * shape.sum_columns + 1 + shape.quotient_chunks,
    }
    for name, labels in groups.items():
        values: Sequence[int] = getattr(base, name)
        assert len(values) == seen[name]
        found = moves(experiment, masks, labels, lambda view, name=name: getattr(view, name))  # type: ignore[misc]
        assert rank(found) == seen[name], name
    moved = {name: masks[name] + 1 for name in (*groups["weights"], *groups["sums"])}
    assert experiment.view({**masks, **moved}).columns == base.columns


SMALL = {
    "one-chunk": LayoutParameters(32, 9, 6, 2, 2, 3),
    "one-lane": LayoutParameters(64, 2, 6, 1, 1, 3),
    "two-sums": LayoutParameters(32, 4, 6, 2, 2, 3, bus_sums=2),
}


def small(name: str) -> Experiment:
    architecture = small_architecture("relu")
    return Experiment.on(commit(architecture, SMALL[name], random_weights(architecture, 3)), (3, -2, 1))


@pytest.mark.parametrize("name", SMALL)
def test_the_masks_that_are_drawn_cover_what_is_shown(name: str) -> None:
    assert_masks_cover_the_view(small(name))


def test_the_masks_cover_two_chunks_of_the_quotient_too(tmp_path: Path) -> None:
    with known_circuits(tmp_path, "relu") as circuits:
        assert circuits["chunks"].setup.key.shape.quotient_chunks == 2
        assert_masks_cover_the_view(Experiment.on(circuits["chunks"], (3, -2, 1)))


def test_the_shown_values_do_not_determine_the_witness() -> None:
    """Masks move them alike for every input: whatever is shown, each input has masks that show it."""
    experiment = small("one-chunk")
    masks: dict[str, int] = {}
    experiment.view(masks)
    columns = [name for name in masks if name.startswith("1/") and not name.startswith("1/P")]
    first = moves(experiment, masks, columns, lambda view: view.columns)
    other = Experiment(
        experiment.circuit, (-4, 4, 0), experiment.first, experiment.chi, experiment.y, experiment.tau
    )
    second = moves(other, masks, columns, lambda view: view.columns)
    assert first == second


@pytest.mark.parametrize(
    ("twin", "original"),
    [("2/e/{}", "2/phi/{}"), ("2/g/{}", "2/e/{}"), ("1/x1/{}", "1/x0/{}"), ("1/P1/{}", "1/P0/{}")],
)
def test_two_columns_under_one_mask_are_seen(
    twin: str, original: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mistake that labels are there to prevent."""
    honest = MovedMasks.scalar

    def shared(self: MovedMasks, label: str) -> int:
        for term in range(4):
            if label == twin.format(term):
                return honest(self, original.format(term))
        return honest(self, label)

    monkeypatch.setattr(MovedMasks, "scalar", shared)
    with pytest.raises(AssertionError):
        assert_masks_cover_the_view(small("two-sums" if twin.startswith("2/g") else "one-chunk"))


@pytest.mark.parametrize("label", ["1/m/0", "1/P0/0", "2/phi/3"])
def test_a_mask_that_is_drawn_and_not_added_is_seen(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two masks a column are needed where a pack has one column only, three of four in F."""
    honest = MovedMasks.scalar

    def dropped(self: MovedMasks, wanted: str) -> int:
        value = honest(self, wanted)
        prefix = label.rsplit("/", 1)[0]
        return 0 if wanted.startswith(prefix) else value

    monkeypatch.setattr(MovedMasks, "scalar", dropped)
    with pytest.raises(AssertionError):
        assert_masks_cover_the_view(small("one-chunk"))


#: The layout that a shipped model gets without options is in every run, the others are in the long one.
EVERY_RUN = ("eth_mlp-balanced",)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in EVERY_RUN else pytest.mark.long) for name in shipped_layouts()],
)
def test_the_masks_of_each_shipped_layout_cover_what_is_shown(name: str) -> None:
    shipped = shipped_layouts()[name]
    circuit = commit(shipped.architecture, shipped.parameters, shipped.weights)
    inputs = tuple(range(shipped.architecture.input_count))
    assert_masks_cover_the_view(Experiment.on(circuit, inputs))
