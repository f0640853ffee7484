"""Counts that follow from a key's parameters: packs, chunks, message lengths (sections 6 to 8)."""

from __future__ import annotations

from dataclasses import dataclass

POINT_BYTES = 96
SCALAR_BYTES = 32
FIXED_COLUMN_COUNT = 9


@dataclass(frozen=True)
class Shape:
    """The lengths that a proof of one circuit has, from n, t, L, wa, K, N and the bus sums alone."""

    rows: int
    pack_columns: int
    lanes: int
    weight_lanes: int
    weight_packs: int
    powers: int
    bus_sums: int = 1

    @property
    def helper_lanes(self) -> int:
        """h, the lanes whose fractions the helper column g sums: floor(L / 2), or 0 without a helper."""
        return self.lanes // 2 if self.bus_sums == 2 else 0

    @property
    def sum_columns(self) -> int:
        """Columns of the pack F: phi, e and, with two bus sums, g."""
        return 1 + self.bus_sums

    @property
    def witness_packs(self) -> int:
        """a = ceil((L + 2) / t), packs of x_0.., o, m."""
        return -(-(self.lanes + 2) // self.pack_columns)

    @property
    def fixed_packs(self) -> int:
        """f = ceil(9 / t)."""
        return -(-FIXED_COLUMN_COUNT // self.pack_columns)

    @property
    def quotient_degree_bound(self) -> int:
        """D = (L - h + 1) n + L - h + 4, the bound on deg T."""
        factors = self.lanes - self.helper_lanes
        return (factors + 1) * self.rows + factors + 4

    @property
    def quotient_chunks(self) -> int:
        """c = 1 if D < N, else ceil((D + 1) / (N - 1))."""
        bound = self.quotient_degree_bound
        return 1 if bound < self.powers else -(-(bound + 1) // (self.powers - 1))

    @property
    def evaluations(self) -> int:
        """L + 2 + wa + 9 + 4 scalars of message 4, two more with two bus sums."""
        return self.lanes + 2 + self.weight_lanes + FIXED_COLUMN_COUNT + 2 * self.sum_columns

    @property
    def proof_bytes(self) -> int:
        """96 (a + c + 4) + 32 evaluations."""
        points = self.witness_packs + self.quotient_chunks + 4
        return POINT_BYTES * points + SCALAR_BYTES * self.evaluations

    @property
    def product_terms(self) -> int:
        """Points of the verifier's multi-scalar product: a + K + 1 + f + 1 + c + 3."""
        return self.witness_packs + self.weight_packs + self.fixed_packs + self.quotient_chunks + 5
