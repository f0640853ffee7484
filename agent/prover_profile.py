"""Where the time of a proof goes, and how far it is from what the protocol cannot avoid.

The profile times each round and every call of the kernel within it. The floor adds up the multi-scalar
products and transforms that the protocol prescribes for this layout, measured here with the same kernel.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prover.compile.witness import Witness
    from prover.protocol.prove import Prover

PRODUCTS: Final = frozenset({"msm", "msm_small"})
TRANSFORMS: Final = frozenset({"ntt", "intt", "coset_ntt", "coset_intt"})
_STEPS: Final = re.compile(r"fill_witness|evaluate|witness_hash|round_\d+")
_FLOOR_RUNS: Final = 5


class WatchedKernel:
    """A kernel that notes how long each call takes, under the step that made it."""

    def __init__(self, kernel: Any) -> None:  # noqa: ANN401
        self._kernel = kernel
        self.step = "rest"
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        method = getattr(self._kernel, name)

        def timed(*args: Any, **named: Any) -> Any:  # noqa: ANN401
            step, started = self.step, time.perf_counter()
            try:
                return method(*args, **named)
            finally:
                self.seconds[step, name] += time.perf_counter() - started

        return timed


def profile(prover: Prover, context: bytes, inputs: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Prove each of `inputs` with a watched kernel; return the median seconds of every step.

    Calls that run beside each other in two threads add up to more than the step they are part of.
    """
    from prover.protocol import prove

    watch = WatchedKernel(prover.proving_key.kernel)
    key = dataclasses.replace(prover.proving_key, kernel=watch)
    watched = type(prover).of(key, prover.strategy)
    names = [name for name in vars(prove) if _STEPS.fullmatch(name)]
    kept = {name: getattr(prove, name) for name in names}
    runs: list[dict[str, dict[str, float]]] = []
    try:
        for values in inputs:
            spent: dict[str, float] = defaultdict(float)
            watch.seconds.clear()
            for name, function in kept.items():
                setattr(prove, name, _timed(watch, name, function, spent))
            started = time.perf_counter()
            watched.prove(context, values)
            spent["rest"] = time.perf_counter() - started - sum(spent.values())
            runs.append({name: _shares(watch, name, spent[name]) for name in [*names, "rest"]})
    finally:
        for name, function in kept.items():
            setattr(prove, name, function)
    return [
        {"step": name}
        | {part: round(statistics.median(run[name][part] for run in runs), 5) for part in runs[0][name]}
        for name in runs[0]
    ]


def _timed(
    watch: WatchedKernel, name: str, function: Callable[..., Any], spent: dict[str, float]
) -> Callable[..., Any]:
    def step(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        watch.step, started = name, time.perf_counter()
        try:
            return function(*args, **named)
        finally:
            spent[name] += time.perf_counter() - started
            watch.step = "rest"

    return step


def _shares(watch: WatchedKernel, step: str, seconds: float) -> dict[str, float]:
    def of(names: Callable[[str], bool]) -> float:
        return sum(spent for (at, name), spent in watch.seconds.items() if at == step and names(name))

    products, transforms = of(PRODUCTS.__contains__), of(TRANSFORMS.__contains__)
    return {
        "seconds": seconds,
        "products": products,
        "transforms": transforms,
        "other_kernel": of(lambda name: name not in PRODUCTS | TRANSFORMS),
    }


def floor(prover: Prover, witness: Witness) -> list[dict[str, Any]]:
    """Measure what this layout's proof consists of at least; return one row for each part.

    a products over the cells of round 1, and one over all masks; 2 n full terms for phi and e; deg T + 1 for
    T; as many as W and W' have; n-point transforms of L + 4 columns, coset transforms of those and of wa
    weight columns, one back. Every product may use both processors.
    """
    import numpy as np

    from prover.field import SCALAR_MODULUS

    key = prover.proving_key
    kernel, shape = key.kernel, key.key.shape
    rows, width = shape.rows, shape.pack_columns
    columns = np.vstack([witness.lanes, witness.o, witness.m])
    packs = [columns[start : start + width] for start in range(0, len(columns), width)]

    def commit_cells() -> None:
        for pack in packs:
            key.commit_columns(pack)

    quotient = shape.quotient_degree_bound + 1
    opening = min(
        max(width * (rows + 2), quotient if shape.quotient_chunks == 1 else shape.powers), shape.powers
    )
    mask_terms = 2 * len(columns) + 2 * shape.weight_lanes + 8
    longest = max(2 * rows, opening, min(quotient, shape.powers))
    full = kernel.vector([secrets.randbelow(SCALAR_MODULUS) for _ in range(longest)])
    lengths = [min(shape.powers, quotient - start) for start in range(0, quotient, shape.powers)]
    column = kernel.segment(full, 0, rows)
    long = key.on_coset(column)

    def product(length: int) -> Callable[[], object]:
        scalars = kernel.segment(full, 0, length)
        return lambda: kernel.msm(key.powers, scalars)

    masked = shape.lanes + 4
    parts: list[tuple[str, list[Callable[[], object]]]] = [
        (f"round 1: {len(packs)} products of cells", [commit_cells]),
        (f"masks: {mask_terms} full terms", [product(mask_terms)]),
        (f"round 2: {2 * rows} full terms", [product(2 * rows)]),
        (f"round 3: {quotient} full terms", [product(length) for length in lengths]),
        (f"round 5: {opening} full terms", [product(opening)]),
        (f"round 6: {opening} full terms", [product(opening)]),
        (f"{masked} transforms of {rows}", [lambda: kernel.intt(column)] * masked),
        (
            f"{masked + shape.weight_lanes} transforms to {key.coset_size}",
            [lambda: key.on_coset(column)] * (masked + shape.weight_lanes),
        ),
        (f"1 transform of {key.coset_size}", [lambda: kernel.coset_intt(long, 7)]),
    ]
    return [{"part": name, "seconds": round(_median(actions), 5)} for name, actions in parts]


def _median(actions: Sequence[Callable[[], object]]) -> float:
    times = []
    for _ in range(_FLOOR_RUNS):
        started = time.perf_counter()
        for action in actions:
            action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
