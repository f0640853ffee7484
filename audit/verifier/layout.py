"""`layout.json`: the parameters that turn an architecture into columns (protocol, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.errors import CircuitError
from audit.verifier.canonical_json import parse_canonical, take_fields, take_integer
from audit.verifier.transcript import keccak256

LAYOUT_FORMAT: Final = "provault-layout-1"
BUS_SUMS: Final = (1, 2)
OPTIMISER: Final = 2
FIELD_LIMIT: Final = 1 << 62


@dataclass(frozen=True)
class LayoutParameters:
    """Hold what `layout.json` says; the letters are the protocol's.

    rows n, pack_columns t, lanes L, weight_lanes wa, weight_packs K, limb_bits lam, powers N, optimiser,
    bus_sums 1, or 2 with a helper column g.
    """

    rows: int
    pack_columns: int
    lanes: int
    weight_lanes: int
    weight_packs: int
    limb_bits: int
    powers: int
    optimiser: int
    bus_sums: int = 1

    @property
    def helper_lanes(self) -> int:
        """Return h: floor(L / 2) with two bus sums, 0 with one."""
        return self.lanes // 2 if self.bus_sums == 2 else 0

    @property
    def limb(self) -> int:
        """Return M = 2^lam."""
        return 1 << self.limb_bits

    def fault(self) -> str | None:
        """Say which condition of rule `parameters` fails, None when all hold.

        n = 2^k, 1 <= k <= 32; t >= max(2, wa), t >= 3 with two bus sums; t (n + 4) <= N; L >= 6;
        1 <= wa <= min(L, t); K >= 1; 1 <= lam <= 12; optimiser = 2; bus_sums 1 or 2
        """
        n, t = self.rows, self.pack_columns
        conditions = (
            (2 <= n <= 1 << 32 and n & (n - 1) == 0, f"n = {n} is no power of two from 2 to 2^32"),
            (self.bus_sums in BUS_SUMS, f"bus_sums = {self.bus_sums} is neither 1 nor 2"),
            (t >= 1 + self.bus_sums, f"t = {t} is below {1 + self.bus_sums}"),
            (self.lanes >= 6, f"L = {self.lanes} is below 6"),
            (
                1 <= self.weight_lanes <= min(self.lanes, t),
                f"wa = {self.weight_lanes} is outside 1 to min(L, t) = {min(self.lanes, t)}",
            ),
            (self.weight_packs >= 1, f"K = {self.weight_packs} is below 1"),
            (1 <= self.limb_bits <= 12, f"lam = {self.limb_bits} is outside 1 to 12"),
            (self.optimiser == OPTIMISER, f"optimiser = {self.optimiser} is not {OPTIMISER}"),
            (t * (n + 4) <= self.powers, f"t (n + 4) = {t * (n + 4)} exceeds N = {self.powers}"),
        )
        return next((detail for holds, detail in conditions if not holds), None)


def parse_layout(content: bytes) -> LayoutParameters:
    """Parse `layout.json`.

    Raises
    ------
    CircuitError : layout, anything that section 4 does not allow; parameters, neither one nor two bus sums.
    """
    names = {
        "bus_sums", "format", "lanes", "limb_bits", "optimiser", "pack_columns", "powers", "rows",
        "weight_lanes", "weight_packs",
    }  # fmt: skip
    try:
        fields = take_fields(parse_canonical(content), "the file", names)
        if fields["format"] != LAYOUT_FORMAT:
            raise ValueError(f"format is {fields['format']!r}, expected {LAYOUT_FORMAT!r}")
        numbers = {name: take_integer(fields, name, 0, FIELD_LIMIT) for name in names - {"format"}}
    except ValueError as error:
        raise CircuitError("layout", str(error)) from error
    if numbers["bus_sums"] not in BUS_SUMS:
        raise CircuitError("parameters", f"bus_sums = {numbers['bus_sums']} is neither 1 nor 2")
    return LayoutParameters(**numbers)


def circuit_digest(architecture: bytes, layout: bytes) -> bytes:
    """Return H( H(architecture.json) || H(layout.json) )."""
    return keccak256(keccak256(architecture) + keccak256(layout))
