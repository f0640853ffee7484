"""Where the time of a proof goes: each round, and every call of the kernel within it."""

from __future__ import annotations

import dataclasses
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prover.protocol.prove import Prover

PRODUCTS: Final = frozenset({"msm", "msm_small"})
TRANSFORMS: Final = frozenset({"ntt", "intt", "intts", "coset_ntt", "coset_ntts", "coset_intt"})
_STEPS: Final = re.compile(r"fill_witness|evaluate|witness_hash|round_\d+")


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
