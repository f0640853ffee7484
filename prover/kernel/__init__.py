"""Field vectors, transforms, multi-scalar products and pairings behind one interface."""

from functools import lru_cache

from prover.kernel.interface import (
    GENERATOR_G1,
    GENERATOR_G2,
    INFINITY_G1,
    INFINITY_G2,
    Kernel,
    Points,
    Vector,
)

__all__ = [
    "GENERATOR_G1",
    "GENERATOR_G2",
    "INFINITY_G1",
    "INFINITY_G2",
    "Kernel",
    "Points",
    "Vector",
    "default_kernel",
    "plain_kernel",
]


@lru_cache(maxsize=1)
def default_kernel() -> Kernel:
    """Return the fast kernel, one per process."""
    from prover.kernel.fast import load_fast_kernel

    return load_fast_kernel()


@lru_cache(maxsize=1)
def plain_kernel() -> Kernel:
    """Return the plain kernel, one per process."""
    from prover.kernel.plain import PlainKernel

    return PlainKernel()
