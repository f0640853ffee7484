"""Registration: the one-time commitment to a strategy's weights (docs/protocol.md section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from prover.compile.integer_model import IntegerWeights
from prover.compile.witness import weight_columns
from prover.errors import PointError, VerificationError
from prover.kernel.interface import Kernel
from prover.protocol.proving_key import ProvingKey
from prover.protocol.randomness import fresh_secret, registration_blinder
from prover.protocol.shape import POINT_BYTES


@dataclass(frozen=True)
class StrategySecret:
    """What the operator keeps: weights, the strategy secret and the blinders b_k of its commitment."""

    weights: IntegerWeights = field(repr=False)
    secret: bytes = field(repr=False)
    blinders: tuple[int, ...] = field(repr=False)


def register(proving_key: ProvingKey, weights: IntegerWeights) -> tuple[StrategySecret, bytes]:
    """Commit to weights with fresh blinding: S_k = pack(s_{.,k}) + b_k (X^{tn} - 1).

    Returns: the secret to be stored, and [S_0] || .. || [S_{K-1}].
    Raises: WitnessError when a weight or bias is outside its declared bound.
    """
    weights.check(proving_key.layout.architecture)
    secret = fresh_secret()
    key_digest, weights_hash = proving_key.key.digest, weights.digest()
    packs = range(proving_key.key.shape.weight_packs)
    blinders = tuple(registration_blinder(secret, key_digest, weights_hash, pack) for pack in packs)
    strategy = StrategySecret(weights, secret, blinders)
    return strategy, commit_weights(proving_key, strategy)


def commit_weights(proving_key: ProvingKey, strategy: StrategySecret) -> bytes:
    """Recompute the commitment points from the stored weights and blinders."""
    return commit_weight_columns(
        proving_key, weight_columns(proving_key.layout, strategy.weights), strategy.blinders
    )


def commit_weight_columns(
    proving_key: ProvingKey, columns: npt.NDArray[np.int64], blinders: Sequence[int]
) -> bytes:
    """Commit to weight columns s of shape [wa, K, n]: one point a weight pack."""
    kernel, basis = proving_key.kernel, proving_key.basis
    vanishing = kernel.slice_points(basis.masks, 0, 1)
    return b"".join(
        kernel.add_points(
            [
                proving_key.commit_columns(columns[:, pack, :]),
                kernel.msm(vanishing, kernel.vector([blinder])),
            ]
        )
        for pack, blinder in enumerate(blinders)
    )


def check_commitment(kernel: Kernel, commitment: bytes, weight_packs: int) -> None:
    """Check every commitment point: canonical, not infinity, on the curve, in the subgroup.

    Raises: VerificationError `key` for a wrong length, `point` with the pack's index.
    """
    if len(commitment) != POINT_BYTES * weight_packs:
        raise VerificationError("key", expected=f"{weight_packs} commitment points", found=len(commitment))
    for pack in range(weight_packs):
        try:
            kernel.check_point(commitment[pack * POINT_BYTES : (pack + 1) * POINT_BYTES])
        except PointError as error:
            expected = "a commitment point"
            raise VerificationError("point", index=pack, expected=expected, found=str(error)) from error
