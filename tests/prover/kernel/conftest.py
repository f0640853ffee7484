"""Every kernel in turn, and points outside the subgroup."""

from collections.abc import Callable

import pytest

from prover.field import BASE_MODULUS
from prover.kernel import Kernel
from prover.kernel.fast import ArkworksKernel, FastKernel
from prover.kernel.plain import PlainKernel

KERNELS: dict[str, Callable[[], Kernel]] = {
    "fast": FastKernel,
    "arkworks": ArkworksKernel,
    "plain": PlainKernel,
}


@pytest.fixture(scope="session", params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return KERNELS[request.param]()


@pytest.fixture(scope="session", params=["fast", "plain"])
def field(request: pytest.FixtureRequest) -> Kernel:
    """The two implementations of field vectors (the arkworks kernel shares the fast one)."""
    return KERNELS[request.param]()


@pytest.fixture(scope="session")
def fast() -> FastKernel:
    return FastKernel()


@pytest.fixture(scope="session")
def outside_g1() -> list[bytes]:
    """G1 points on the curve, not in the subgroup: one of order 3, and two of large order."""
    found = [(0, 2)]
    x = 1
    while len(found) < 3:
        y = pow(x**3 + 4, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
        if (y * y - x**3 - 4) % BASE_MODULUS == 0:
            found.append((x, y))
        x += 1
    return [x.to_bytes(48, "big") + y.to_bytes(48, "big") for x, y in found]
