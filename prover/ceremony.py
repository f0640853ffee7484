"""The trusted setup: powers of a secret tau that nobody knows, read, pinned and checked.

The shipped file is the output of Ethereum's KZG ceremony as its clients carry it. A file is two
decimal counts, then one hexadecimal compressed point a line: G1 Lagrange basis, G2 powers, G1 powers.
"""

import hashlib
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from eth_hash.auto import keccak

from prover.errors import CeremonyError, PointError
from prover.field import is_power_of_two
from prover.kernel import default_kernel
from prover.kernel.cache import cache_folder, write_atomic
from prover.kernel.compressed import decompress_g1, decompress_g2
from prover.kernel.interface import (
    G1_BYTES,
    G2_BYTES,
    GENERATOR_G1,
    GENERATOR_G2,
    Kernel,
)
from prover.preparation import announce

RANDOM_BITS: Final = 128
"""Size of the coefficients of a random combination; a false claim survives with probability 2^-128."""


@dataclass(frozen=True)
class Pin:
    """What is known of a ceremony file beforehand."""

    g1_count: int
    g2_count: int
    expanded_sha256: str
    """Hash of the uncompressed points: Lagrange, G1 powers, G2 powers."""


SHIPPED: Final = "ethereum-kzg-4096.txt"
SHIPPED_SHA256: Final = "d39b9f2d047cc9dca2de58f264b6a09448ccd34db967881a6713eacacf0f26b7"
SHIPPED_EXPANDED_SHA256: Final = "d35dff7899a40ec223fe43224ce9c4105a5bd367fa417898e58bd57f3a35a5ab"
PINS: Final = {SHIPPED_SHA256: Pin(4096, 65, SHIPPED_EXPANDED_SHA256)}
"""SHA-256 of each file that may be used."""


@dataclass(frozen=True)
class Ceremony:
    """Powers of tau, uncompressed (G1 96 bytes a point, G2 192)."""

    powers_g1: bytes
    """[tau^i]_1, i < N."""
    powers_g2: bytes
    """[tau^i]_2."""
    lagrange_g1: bytes
    """[l_i(tau)]_1, l_i the polynomial of degree below N that is 1 at omega^i and 0 at the other omega^j;
    empty for a file that does not have them."""
    digest: bytes = field(init=False)
    """Keccak-256 of powers_g1 and tau_g2."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", keccak(self.powers_g1 + self.tau_g2))

    @property
    def power_count(self) -> int:
        """N, the number of G1 powers."""
        return len(self.powers_g1) // G1_BYTES

    @property
    def tau_g2(self) -> bytes:
        """[tau]_2."""
        return self.powers_g2[G2_BYTES : 2 * G2_BYTES]


def load_ceremony(path: Path | None = None, *, kernel: Kernel | None = None) -> Ceremony:
    """Return a pinned ceremony file, the shipped one by default.

    The first load on a machine uncompresses the points, runs `check_powers` and keeps the points in
    the cache folder. Later loads use them only if they hash to the pinned value.

    Raises CeremonyError "missing" or "hash", and what `check_powers` raises.
    """
    source = resources.files("prover") / "data" / SHIPPED if path is None else path
    try:
        data = source.read_bytes()
    except OSError as error:
        raise CeremonyError("missing", f"{source}: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    pin = PINS.get(digest)
    if pin is None:
        raise CeremonyError("hash", f"{source} has SHA-256 {digest}, which is no known ceremony")
    cached = cache_folder() / f"ceremony-1-{digest[:16]}.bin"
    ceremony = _read_cached(cached, pin)
    if ceremony is None:
        announce("checking the ceremony's powers, once for this machine")
        ceremony = parse_ceremony(data, pin.g1_count, pin.g2_count)
        expanded = _expanded(ceremony)
        if hashlib.sha256(expanded).hexdigest() != pin.expanded_sha256:
            raise CeremonyError("hash", "the uncompressed points differ from the pinned ones")
        check_powers(ceremony, kernel or default_kernel())
        write_atomic(cached, expanded)
    return ceremony


def _expanded(ceremony: Ceremony) -> bytes:
    return ceremony.lagrange_g1 + ceremony.powers_g1 + ceremony.powers_g2


def _read_cached(path: Path, pin: Pin) -> Ceremony | None:
    """Return the cached points, or None when there are none or they are not the pinned ones."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(data).hexdigest() != pin.expanded_sha256:
        warnings.warn(f"{path} does not hold the pinned ceremony points; making it afresh", stacklevel=3)
        return None
    size = pin.g1_count * G1_BYTES
    return Ceremony(powers_g1=data[size : 2 * size], powers_g2=data[2 * size :], lagrange_g1=data[:size])


def parse_ceremony(data: bytes, g1_count: int, g2_count: int) -> Ceremony:
    """Read a ceremony file that must hold the given counts.

    Raises CeremonyError "format", "encoding", "infinity" or "curve". Whether the points are powers
    of one tau is for `check_powers` to say.
    """
    if not is_power_of_two(g1_count) or g1_count < 2 or g2_count < 2:
        raise CeremonyError("format", f"{g1_count} G1 and {g2_count} G2 points leave nothing to check")
    lines = data.split(b"\n")
    if lines and lines[-1] == b"":
        lines.pop()
    header = [str(g1_count).encode(), str(g2_count).encode()]
    if lines[:2] != header or len(lines) != 2 + 2 * g1_count + g2_count:
        raise CeremonyError("format", f"not {g1_count} Lagrange, {g2_count} G2 and {g1_count} G1 points")
    points = []
    for number, line in enumerate(lines[2:], 3):
        is_g2 = 0 <= number - 3 - g1_count < g2_count
        try:
            encoding = bytes.fromhex(line.decode("ascii"))
            if encoding.hex().encode() != line:
                raise CeremonyError("format", f"line {number} is not lower-case hexadecimal")
            points.append(decompress_g2(encoding) if is_g2 else decompress_g1(encoding))
        except PointError as error:
            raise CeremonyError(error.reason, f"line {number}: {error}") from error
        except ValueError as error:
            raise CeremonyError("format", f"line {number} is not hexadecimal") from error
    return Ceremony(
        powers_g1=b"".join(points[g1_count + g2_count :]),
        powers_g2=b"".join(points[g1_count : g1_count + g2_count]),
        lagrange_g1=b"".join(points[:g1_count]),
    )


def check_powers(ceremony: Ceremony, kernel: Kernel) -> None:
    """Check that every point is what it is called.

    `check_power_lists` looks at the powers; for the Lagrange points, with rho_i of 128 random bits:

        sum rho_i [l_i(tau)]_1 = sum c_i [tau^i]_1, c the polynomial with value rho_i at omega^i

    Raises CeremonyError "subgroup" (or another rule of single points), "generator", "powers_g1",
    "powers_g2" or "lagrange".

    Soundness: each equation that does not hold passes with probability 2^-128.
    """
    lagrange = _split(ceremony.lagrange_g1, G1_BYTES)
    if len(lagrange) != ceremony.power_count:
        raise CeremonyError("format", f"{len(lagrange)} Lagrange points for {ceremony.power_count} powers")
    _check_each("Lagrange point", lagrange, kernel.check_point)
    check_power_lists(ceremony, kernel)
    _check_lagrange(ceremony, kernel)


def check_power_lists(ceremony: Ceremony, kernel: Kernel) -> None:
    """Check that both lists are the powers of one tau that somebody chose.

    With rho_i of 128 random bits:

        e(sum rho_i [tau^(i+1)]_1, [1]_2) = e(sum rho_i [tau^i]_1, [tau]_2)
        prod e([rho_(i-1) - rho_i tau]_1, [tau^i]_2) = 1

    Raises CeremonyError "format", "subgroup" (or another rule of single points), "generator", "powers_g1"
    or "powers_g2".

    Soundness: each equation that does not hold passes with probability 2^-128.
    """
    powers_g1 = _split(ceremony.powers_g1, G1_BYTES)
    powers_g2 = _split(ceremony.powers_g2, G2_BYTES)
    if len(powers_g1) < 2 or len(powers_g2) < 2:
        raise CeremonyError("format", f"{len(powers_g1)} and {len(powers_g2)} powers leave nothing to check")
    _check_each("G1 power", powers_g1, kernel.check_point)
    _check_each("G2 power", powers_g2, kernel.check_point_g2)
    if powers_g1[0] != GENERATOR_G1 or powers_g2[0] != GENERATOR_G2:
        raise CeremonyError("generator", "a first power is not the generator of its group")
    if powers_g1[1] == GENERATOR_G1:
        raise CeremonyError("generator", "tau is 1: nobody has contributed")
    _check_powers_g1(ceremony, kernel)
    _check_powers_g2(powers_g1[1], powers_g2, kernel)


def _check_each(name: str, points: list[bytes], check: Callable[[bytes], None]) -> None:
    for index, point in enumerate(points):
        try:
            check(point)
        except PointError as error:
            raise CeremonyError(error.reason, f"{name} {index}") from error


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def _random_coefficients(count: int) -> list[int]:
    return [secrets.randbits(RANDOM_BITS) for _ in range(count)]


def _check_powers_g1(ceremony: Ceremony, kernel: Kernel) -> None:
    table = kernel.points(ceremony.powers_g1)
    count = len(table) - 1
    rho = kernel.vector(_random_coefficients(count))
    lower = kernel.msm(table, rho)
    higher = kernel.msm(kernel.slice_points(table, 1, count + 1), rho)
    pairs = [(kernel.mul_point(higher, -1), GENERATOR_G2), (lower, ceremony.tau_g2)]
    if not kernel.pairing_product_is_one(pairs):
        raise CeremonyError("powers_g1", "the G1 points are not successive powers of tau")


def _check_powers_g2(tau_g1: bytes, powers_g2: list[bytes], kernel: Kernel) -> None:
    rho = [0, *_random_coefficients(len(powers_g2) - 1), 0]
    basis = kernel.points(GENERATOR_G1 + tau_g1)
    pairs = [
        (kernel.msm(basis, kernel.vector([rho[i], -rho[i + 1]])), power) for i, power in enumerate(powers_g2)
    ]
    if not kernel.pairing_product_is_one(pairs):
        raise CeremonyError("powers_g2", "the G2 points are not successive powers of tau")


def _check_lagrange(ceremony: Ceremony, kernel: Kernel) -> None:
    rho = kernel.vector(_random_coefficients(ceremony.power_count))
    from_values = kernel.msm(kernel.points(ceremony.lagrange_g1), rho)
    from_coefficients = kernel.msm(kernel.points(ceremony.powers_g1), kernel.intt(rho))
    if from_values != from_coefficients:
        raise CeremonyError("lagrange", "the Lagrange points do not belong to the powers of tau")
