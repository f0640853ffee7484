"""What the verifier contract has room for, so that a layout meant for the chain stays within it.

The limits are those of docs/decisions/051 and the end of docs/protocol.md section 10; the Python verifiers
have none of them. They decide nothing about a key: they order candidates when a layout is chosen.
"""

from __future__ import annotations

from typing import Final

from prover.compile.architecture import Architecture
from prover.compile.parameters import LayoutParameters
from prover.compile.proof_counts import ProofCounts

CHAIN_POWERS: Final = 4096
MAX_LANES: Final = 16
MAX_LANES_TWO_SUMS: Final = 11
MAX_WEIGHT_PACKS: Final = 63
MAX_PRODUCT_POINTS: Final = 60
MAX_RUNS_AND_FIXED_PACKS: Final = 15
MAX_PUBLIC: Final = 192
MAX_PROOF_BYTES: Final = 4096


def contract_refuses(architecture: Architecture, parameters: LayoutParameters, counts: ProofCounts) -> str:
    """Say what the contract has no room for in a layout, or return an empty string."""
    lanes = MAX_LANES if parameters.bus_sums == 1 else MAX_LANES_TWO_SUMS
    key_pieces = len(architecture.inputs) + counts.fixed_packs
    limits = (
        ("powers", abs(parameters.powers - CHAIN_POWERS), 0),
        ("lanes", parameters.lanes, lanes),
        ("weight packs", parameters.weight_packs, MAX_WEIGHT_PACKS),
        ("points", counts.product_points, MAX_PRODUCT_POINTS),
        ("bound runs and fixed packs", key_pieces, MAX_RUNS_AND_FIXED_PACKS),
        ("public cells", counts.public, MAX_PUBLIC),
        ("proof bytes", counts.proof_bytes, MAX_PROOF_BYTES),
    )
    return next((name for name, found, most in limits if found > most), "")
