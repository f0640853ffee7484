"""Errors that the prover raises on purpose.

    ProverError
    ├── KernelInputError   a vector, size or index the arithmetic cannot take
    ├── PointError         bytes that are not a usable curve point; `reason` says which rule they break
    └── CeremonyError      a trusted-setup file that is not what it must be; `reason` says how
"""

from typing import Literal

PointReason = Literal["encoding", "infinity", "curve", "subgroup"]
CeremonyReason = Literal[
    "missing", "hash", "format", "encoding", "curve", "subgroup", "generator", "powers_g1", "powers_g2", "lagrange"
]


class ProverError(Exception):
    """Name what the prover refuses; the root of this package's errors."""


class KernelInputError(ProverError, ValueError):
    """Report lengths, sizes or types that field or group arithmetic cannot take."""


class PointError(ProverError, ValueError):
    """Report bytes that are not a point, with the broken rule as `reason`."""

    def __init__(self, reason: PointReason, detail: str = "") -> None:
        super().__init__(f"point refused ({reason})" + (f": {detail}" if detail else ""))
        self.reason: PointReason = reason


class CeremonyError(ProverError):
    """Report a trusted-setup file that fails a check, with the failed check as `reason`."""

    def __init__(self, reason: CeremonyReason, detail: str = "") -> None:
        super().__init__(f"ceremony file refused ({reason})" + (f": {detail}" if detail else ""))
        self.reason: CeremonyReason = reason
