"""The constants pinned in Verifier.vy are those of the ceremony file, the curve and the field."""

from __future__ import annotations

import re

import pytest

from contracts import registration
from contracts.compile import source_folder
from prover.ceremony import load_ceremony
from prover.compile import contract_limits
from prover.field import BASE_MODULUS, SCALAR_MODULUS, root_of_unity
from prover.kernel.interface import GENERATOR_G1, GENERATOR_G2
from prover.protocol.key import MAGIC
from prover.protocol.transcript import TAG


def constants(file: str) -> dict[str, str]:
    source = (source_folder() / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+): constant\(.+?\) = ([^#\n]+?) *(?:#.*)?$", source, re.MULTILINE))


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    return constants("Verifier.vy")


def padded(encoding: bytes) -> str:
    """Encode coordinates of 48 bytes as EIP-2537 wants them, 64 bytes each."""
    return "".join(
        encoding[start : start + 48].rjust(64, b"\0").hex() for start in range(0, len(encoding), 48)
    )


def test_field(pinned: dict[str, str]) -> None:
    assert int(pinned["R"]) == SCALAR_MODULUS
    assert int(constants("modules/verifier_constraints.vy")["R"]) == SCALAR_MODULUS
    assert (pinned["MINUS_1"], pinned["LOW_HALF"]) == ("R - 1", "2**128 - 1")


def test_ceremony(pinned: dict[str, str]) -> None:
    ceremony = load_ceremony()
    assert int(pinned["POWERS_4096"]) == ceremony.power_count == 4096
    assert int(pinned["DIGEST_4096"]) == int.from_bytes(ceremony.digest, "big")
    assert pinned["TAU_G2_4096"] == f'x"{padded(ceremony.tau_g2)}"'


def test_root_of_unity(pinned: dict[str, str]) -> None:
    rows = int(pinned["ROWS_4096"])
    assert int(pinned["ROOT_4096"]) == root_of_unity(rows)
    # the largest power of two with 2 (n + 4) <= 4096
    assert 2 * (rows + 4) <= 4096 < 2 * (2 * rows + 4)


def test_generators(pinned: dict[str, str]) -> None:
    words = [int(pinned[name]) for name in ("G1_X_HIGH", "G1_X_LOW", "G1_Y_HIGH", "G1_Y_LOW")]
    assert b"".join(word.to_bytes(32, "big") for word in words).hex() == padded(GENERATOR_G1)
    y = [int.from_bytes(GENERATOR_G2[start : start + 48], "big") for start in (96, 144)]
    negated = GENERATOR_G2[:96] + b"".join((BASE_MODULUS - part).to_bytes(48, "big") for part in y)
    assert pinned["NEG_G2"] == f'x"{padded(negated)}"'


def test_limits_that_the_optimiser_keeps(pinned: dict[str, str]) -> None:
    assert int(pinned["MAX_LANES"]) == contract_limits.MAX_LANES
    assert int(pinned["MAX_PACKS"]) == contract_limits.MAX_WEIGHT_PACKS
    assert int(pinned["MAX_TERMS"]) == contract_limits.MAX_PRODUCT_POINTS
    assert int(pinned["MAX_KEY_PIECES"]) == contract_limits.MAX_RUNS_AND_FIXED_PACKS
    assert int(pinned["MAX_PUBLIC"]) == contract_limits.MAX_PUBLIC
    assert int(pinned["MAX_PROOF"]) == contract_limits.MAX_PROOF_BYTES
    assert int(pinned["POWERS_4096"]) == contract_limits.CHAIN_POWERS == registration.CHAIN_POWERS


def test_tag_and_magic(pinned: dict[str, str]) -> None:
    assert pinned["TAG"] == f'b"{TAG.decode()}"'
    assert int(pinned["KEY_MAGIC"]) == int.from_bytes(MAGIC, "big")
    assert int(pinned["VERSION"], 16) == 1


def test_precompiles(pinned: dict[str, str]) -> None:
    assert (int(pinned["G1MSM"], 16), int(pinned["PAIRING"], 16)) == (0x0C, 0x0F)
    assert int(pinned["PAIRING_GAS"]) == 32_600 * 2 + 37_700
