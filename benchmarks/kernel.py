"""Measure the kernel: one Montgomery product, one transform, multi-scalar products of 4096 points.

Run `python benchmarks/kernel.py`; it prints one JSON document. Each figure is the best of several
runs on warm code, on one machine's processors as named.
"""

import json
import platform
import secrets
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from prover.ceremony import load_ceremony
from prover.field import SCALAR_MODULUS
from prover.kernel import default_kernel
from prover.kernel.threads import worker_count

SIZE = 4096
REPEATS = 15


def best_seconds(call: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Return the shortest time of several calls, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def measure() -> dict[str, float | int | str]:
    """Return the figures, the unit at the end of each name."""
    kernel = default_kernel()
    points = kernel.points(load_ceremony().powers_g1)
    values = kernel.vector([secrets.randbelow(SCALAR_MODULUS) for _ in range(SIZE)])
    small = np.array(
        [secrets.randbits(16) * (-1) ** secrets.randbits(1) for _ in range(SIZE)], dtype=np.int64
    )
    return {
        "kernel": type(kernel).__name__,
        "machine": platform.machine(),
        "processors": worker_count(),
        "montgomery_product_ns": round(best_seconds(lambda: kernel.mul(values, values)) / SIZE * 1e9, 1),
        "ntt_4096_ms": round(best_seconds(lambda: kernel.ntt(values)) * 1e3, 3),
        "msm_4096_255_bits_ms": round(best_seconds(lambda: kernel.msm(points, values)) * 1e3, 2),
        "msm_4096_16_bits_ms": round(best_seconds(lambda: kernel.msm_small(points, small)) * 1e3, 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
