"""The proving key: a layout, its verifying key, and what can be computed before the first proof."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from prover.ceremony import Ceremony
from prover.ceremony_transcript import ceremony_for
from prover.compile.layout import Layout
from prover.compile.rules import check_layout
from prover.errors import LayoutError
from prover.field import SCALAR_MODULUS as R
from prover.field import field_inverse, root_of_unity
from prover.kernel import default_kernel
from prover.kernel.interface import Kernel, Points, Vector
from prover.protocol.basis import PackedBasis, packed_basis
from prover.protocol.key import BoundRun, VerifyingKey
from prover.protocol.shape import Shape
from prover.protocol.soundness import check_soundness

#: The coset on which the quotient is computed is 7 <omega_size>: 7 generates F_r^*, so it never meets H.
COSET_SHIFT = 7


@dataclass(frozen=True)
class ProvingKey:
    """What a prover needs besides the weights; all of it public."""

    layout: Layout
    key: VerifyingKey
    kernel: Kernel
    powers: Points  # [tau^i]_1, i < N
    basis: PackedBasis
    fixed_coefficients: tuple[Vector, ...]  # nine columns, n coefficients each
    ceremony: Ceremony

    @cached_property
    def coset_size(self) -> int:
        """Return the power of two above D, enough points to interpolate T."""
        return 1 << self.key.shape.quotient_degree_bound.bit_length()

    @cached_property
    def fixed_values(self) -> tuple[Vector, ...]:
        """Return the nine fixed columns on H."""
        return tuple(self.kernel.from_int64(column) for column in self.layout.fixed_columns())

    @cached_property
    def fixed_coset(self) -> tuple[Vector, ...]:
        """Return the nine fixed columns on the coset."""
        return tuple(self.on_coset(coefficients) for coefficients in self.fixed_coefficients)

    @cached_property
    def first_row_coset(self) -> Vector:
        """Return L_0 on the coset: all n coefficients are 1/n."""
        return self.on_coset(self.kernel.constant(self.key.rows_inverse, self.key.shape.rows))

    @cached_property
    def vanishing_inverse_coset(self) -> Vector:
        """Return 1 / Z_H on the coset."""
        rows = self.key.shape.rows
        ratio = self.coset_size // rows
        step = root_of_unity(ratio)
        start = pow(COSET_SHIFT, rows, R)
        cycle = [field_inverse(start * pow(step, index, R) - 1) for index in range(ratio)]
        return self.kernel.concat([self.kernel.vector(cycle)] * rows)

    def on_coset(self, coefficients: Vector) -> Vector:
        """Evaluate a polynomial on the coset."""
        return self.kernel.coset_ntt(coefficients, self.coset_size, COSET_SHIFT)

    def commit_columns(self, columns: npt.NDArray[np.int64]) -> bytes:
        """Commit a pack of small-valued columns, shape [m, n] with m <= t, without masks."""
        values = np.ascontiguousarray(columns, dtype=np.int64).reshape(-1)
        return self.kernel.msm_small(self.basis.cells, values)

    def prepare(self) -> None:
        """Compute everything that is computed once, so that the first proof costs what the others cost."""
        _ = self.fixed_values, self.fixed_coset, self.first_row_coset, self.vanishing_inverse_coset

    def for_many_proofs(self) -> ProvingKey:
        """Return this key with its points prepared for products by full-width scalars.

        It takes what several proofs save, and some memory; the proofs are the same.
        """
        shape, kernel = self.key.shape, self.kernel
        longest = max(shape.pack_columns * (shape.rows + 4), shape.quotient_degree_bound + 1)
        powers = kernel.slice_points(self.powers, 0, min(longest, shape.powers))
        basis = dataclasses.replace(self.basis, cells=kernel.prepare_points(self.basis.cells))
        return dataclasses.replace(self, powers=kernel.prepare_points(powers), basis=basis)


def check_powers_match(powers: int, ceremony: Ceremony) -> None:
    """Refuse a layout for another number of powers; a loader asks this before it allocates columns.

    Raises: LayoutError `parameters`.
    """
    if powers != ceremony.power_count:
        detail = f"the layout is made for {powers} powers, the ceremony has {ceremony.power_count}"
        raise LayoutError("parameters", detail)


def build_proving_key(
    layout: Layout, *, ceremony: Ceremony | None = None, kernel: Kernel | None = None
) -> ProvingKey:
    """Check the layout's rules and its soundness, and commit to its fixed columns.

    The result depends on the architecture, the layout parameters and the ceremony file alone.

    Raises: LayoutError by the name of the rule; SoundnessError; CeremonyError.
    """
    check_layout(layout)
    arithmetic = kernel or default_kernel()
    parameters = layout.parameters
    ceremony = ceremony or ceremony_for(parameters.powers)
    shape = Shape(
        rows=parameters.rows,
        pack_columns=parameters.pack_columns,
        lanes=parameters.lanes,
        weight_lanes=parameters.weight_lanes,
        weight_packs=parameters.weight_packs,
        powers=parameters.powers,
        bus_sums=parameters.bus_sums,
    )
    check_powers_match(parameters.powers, ceremony)
    check_soundness(shape, layout.public_count)
    powers = arithmetic.points(ceremony.powers_g1)
    basis = packed_basis(arithmetic, ceremony, powers, shape.rows, shape.pack_columns)
    columns = np.stack(layout.fixed_columns())
    width = shape.pack_columns
    packs = [columns[start : start + width] for start in range(0, len(columns), width)]
    key = VerifyingKey(
        circuit_digest=layout.circuit_digest,
        ceremony_digest=ceremony.digest,
        shape=shape,
        limb_bits=parameters.limb_bits,
        public_count=layout.public_count,
        input_count=layout.architecture.input_count,
        output_count=layout.architecture.output_count,
        omega=root_of_unity(shape.rows),
        rows_inverse=field_inverse(shape.rows),
        optimiser=parameters.optimiser,
        bounds=tuple(BoundRun(run.count, run.low, run.high) for run in layout.architecture.inputs),
        fixed=tuple(arithmetic.msm_small(basis.cells, pack.reshape(-1)) for pack in packs),
    )
    key.check()
    coefficients = tuple(arithmetic.intt(arithmetic.from_int64(column)) for column in columns)
    return ProvingKey(layout, key, arithmetic, powers, basis, coefficients, ceremony)
