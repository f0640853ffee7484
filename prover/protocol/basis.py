"""The packed Lagrange basis: commitments to single cells of a pack (docs/protocol.md section 2).

A pack of columns with values v_{i,j} on row j is committed as sum_{i,j} v_{i,j} [X^i l_j(X^t)]_1, which
for small values costs a fraction of a product over coefficients. The basis depends on the ceremony, n and t.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from eth_hash.auto import keccak

from prover.ceremony import Ceremony
from prover.errors import PointError
from prover.kernel.cache import cache_folder, write_atomic
from prover.kernel.interface import G1_BYTES, Kernel, Points
from prover.preparation import announce
from prover.protocol.transcript import encode_word

#: Coefficients a mask can have: a cubic for phi and e.
MASK_TERMS = 4
_CACHE_MAGIC = b"provault/packed-basis\x00\x01"


@dataclass(frozen=True)
class PackedBasis:
    """Points for committing packs of up to t columns of n rows.

    `cells[i n + j]` = [X^i l_j(X^t)]_1; `masks[4 i + c]` = [X^(i + t c) (X^(t n) - 1)]_1.
    """

    rows: int
    pack_columns: int
    cells: Points
    masks: Points


def packed_basis(
    kernel: Kernel, ceremony: Ceremony, powers: Points, rows: int, pack_columns: int
) -> PackedBasis:
    """Load the basis from the cache, or compute and store it.

    Parameters: `powers` are the ceremony's G1 powers in the kernel's form, at least t (n + 4) of them.
    """
    point_count = pack_columns * (rows + MASK_TERMS)
    tag = _CACHE_MAGIC + ceremony.digest + encode_word(rows) + encode_word(pack_columns)
    path = cache_folder() / f"packed-basis-1-{ceremony.digest.hex()[:16]}-{rows}-{pack_columns}.bin"
    encoded = _read(path.read_bytes(), tag, point_count) if path.is_file() else None
    if encoded is None or not _opens_to_powers(kernel, powers, encoded, rows, pack_columns):
        announce(f"preparing the basis of {rows} rows and {pack_columns} columns, once for this machine")
        encoded = _compute(kernel, powers, rows, pack_columns)
        write_atomic(path, tag + keccak(tag + encoded) + encoded)
    table = kernel.points(encoded)
    cell_count = pack_columns * rows
    return PackedBasis(
        rows,
        pack_columns,
        kernel.slice_points(table, 0, cell_count),
        kernel.slice_points(table, cell_count, point_count),
    )


def _read(data: bytes, tag: bytes, point_count: int) -> bytes | None:
    """Return the encoded points of a cache file, or None when it is damaged or of another basis."""
    encoded = data[len(tag) + 32 :]
    intact = (
        data[: len(tag)] == tag
        and len(encoded) == point_count * G1_BYTES
        and data[len(tag) : len(tag) + 32] == keccak(tag + encoded)
    )
    return encoded if intact else None


def _opens_to_powers(
    kernel: Kernel, powers: Points, encoded: bytes, rows: int, pack_columns: int
) -> bool:
    """Compare all points with the ceremony's powers in one random linear combination.

    sum v_{i,j} [X^i l_j(X^t)] + sum w_{i,c} [X^(i + t c) (X^(t n) - 1)] commits to coefficients that a
    transform of v and a shift of w give. A file with any other point passes with probability 2^-128.
    """
    try:
        table = kernel.points(encoded)
    except PointError:
        return False
    cells = [[secrets.randbits(128) for _ in range(rows)] for _ in range(pack_columns)]
    masks = [[secrets.randbits(128) for _ in range(MASK_TERMS)] for _ in range(pack_columns)]
    scalars = [value for column in (*cells, *masks) for value in column]
    columns = []
    for values, terms in zip(cells, masks, strict=True):
        low = kernel.intt(kernel.vector(values))
        shifted = kernel.pad(kernel.vector([-term for term in terms]), rows)
        columns.append(kernel.concat([kernel.add(low, shifted), kernel.vector(terms)]))
    expected = kernel.msm(powers, kernel.interleave(columns))
    return kernel.msm(table, kernel.vector(scalars)) == expected


def _compute(kernel: Kernel, powers: Points, rows: int, pack_columns: int) -> bytes:
    encoded = kernel.encode_points(powers)

    def power(exponent: int) -> bytes:
        return encoded[exponent * G1_BYTES : (exponent + 1) * G1_BYTES]

    cells = []
    for slot in range(pack_columns):
        strided = b"".join(power(slot + pack_columns * row) for row in range(rows))
        cells.append(kernel.encode_points(kernel.inverse_dft_points(kernel.points(strided), rows)))
    masks = []
    for slot in range(pack_columns):
        for term in range(MASK_TERMS):
            low = slot + pack_columns * term
            negated = kernel.mul_point(power(low), -1)
            masks.append(kernel.add_points([power(low + pack_columns * rows), negated]))
    return b"".join(cells) + b"".join(masks)
