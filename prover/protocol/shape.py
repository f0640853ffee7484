"""Counts that follow from a key's parameters: packs, chunks, message lengths (sections 6 to 8)."""

from __future__ import annotations

from dataclasses import dataclass

POINT_BYTES = 96
SCALAR_BYTES = 32
FIXED_COLUMN_COUNT = 9


@dataclass(frozen=True)
class Shape:
    """The lengths that a proof of one circuit has, from n, t, L, wa, K and N alone."""

    rows: int
    pack_columns: int
    lanes: int
    weight_lanes: int
    weight_packs: int
    powers: int

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
        """D = (L + 1) n + L + 4, the bound on deg T."""
        return (self.lanes + 1) * self.rows + self.lanes + 4

    @property
    def quotient_chunks(self) -> int:
        """c = 1 if D < N, else ceil((D + 1) / (N - 1))."""
        bound = self.quotient_degree_bound
        return 1 if bound < self.powers else -(-(bound + 1) // (self.powers - 1))

    @property
    def evaluations(self) -> int:
        """L + 2 + wa + 9 + 4 scalars of message 4."""
        return self.lanes + 2 + self.weight_lanes + FIXED_COLUMN_COUNT + 4

    @property
    def proof_bytes(self) -> int:
        """96 (a + c + 4) + 32 (L + 2 + wa + 9 + 4)."""
        points = self.witness_packs + self.quotient_chunks + 4
        return POINT_BYTES * points + SCALAR_BYTES * self.evaluations

    @property
    def product_terms(self) -> int:
        """Points of the verifier's multi-scalar product: a + K + 1 + f + 1 + c + 3."""
        return self.witness_packs + self.weight_packs + self.fixed_packs + self.quotient_chunks + 5
