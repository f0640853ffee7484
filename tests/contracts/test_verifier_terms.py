"""The contract's points and scalars equal the fast verifier's, for extreme and for random evaluations."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from contracts.node import Anvil
from prover.ceremony import load_ceremony
from prover.kernel import default_kernel
from prover.protocol.messages import Proof
from prover.protocol.statement import Statement
from prover.protocol.verify import VerifierSetup, derive_challenges, opening_terms
from tests.contracts.support.verifier_cases import SHAPES, Case, case
from tests.contracts.support.verifier_chain import ChainVerifier, terms_program
from tests.contracts.support.verifier_transcript import R, messages

NAMES = [name for name in SHAPES if not name.startswith("r")]
#: 2 R is below 2^256 and 3 R is not: sums of three such values tell lazy reductions apart.
EXTREMES = (0, 1, R - 1, R - 2, R // 2)


@pytest.fixture(scope="module")
def on_chain(anvil: Anvil) -> ChainVerifier:
    """`verify` of Verifier.vy, cut off where it calls the multi-scalar product."""
    return ChainVerifier(anvil, terms_program())


def with_evaluations(proven: Case, values: list[int]) -> Case:
    start = sum(len(message) for message in messages(proven)[1:4])
    content = b"".join(value.to_bytes(32, "big") for value in values)
    return proven.with_proof(proven.proof[:start] + content + proven.proof[start + len(content) :])


def expected_terms(proven: Case) -> dict[bytes, int]:
    setup = VerifierSetup.load(default_kernel(), load_ceremony(), proven.key, proven.commitment)
    statement = Statement.build(setup.key, proven.commitment, proven.context, proven.inputs, proven.outputs)
    proof = Proof.from_bytes(proven.proof, setup.key.shape)
    points, scalars = opening_terms(setup, statement, proof, derive_challenges(statement, proof))
    terms: dict[bytes, int] = {}
    for point, scalar in zip(points, scalars, strict=True):
        terms[point] = (terms.get(point, 0) + scalar) % R
    return terms


def found_terms(content: bytes) -> dict[bytes, int]:
    terms: dict[bytes, int] = {}
    for start in range(0, len(content), 160):
        term = content[start : start + 160]
        assert term[:16] == bytes(16) == term[64:80]
        point = term[16:64] + term[80:128]
        terms[point] = (terms.get(point, 0) + int.from_bytes(term[128:], "big")) % R
    return terms


@pytest.mark.parametrize("name", NAMES)
def test_every_scalar_of_the_product(name: str, on_chain: ChainVerifier) -> None:
    proven = case(name)
    count = len(messages(proven)[4]) // 32
    draw = random.Random(name)
    samples = [[extreme] * count for extreme in EXTREMES]
    samples += [[draw.choice(EXTREMES) for _ in range(count)] for _ in range(6)]
    samples += [[draw.randrange(R) for _ in range(count)] for _ in range(6)]
    for values in samples:
        bent = with_evaluations(proven, values)
        assert found_terms(bytes(on_chain.call(bent))) == expected_terms(bent)


#: d(1) .. d(60) of EIP-2537, G1.
DISCOUNTS = (
    *(1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665, 661),
    *(658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615, 613, 611),
    *(609, 608, 606, 604, 603, 601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581),
)


def test_gas_allowance_of_every_product_is_the_formula(on_chain: ChainVerifier) -> None:
    gas = on_chain.contract.functions.product_gas
    found = [gas(count).call() for count in range(1, len(DISCOUNTS) + 1)]
    assert found == [12_000 * count * discount // 1000 for count, discount in enumerate(DISCOUNTS, start=1)]


def test_the_table_covers_every_product_that_the_contract_admits() -> None:
    source = (Path(__file__).parents[2] / "contracts" / "Verifier.vy").read_text(encoding="utf-8")
    assert f"MAX_TERMS: constant(uint256) = {len(DISCOUNTS)}  " in source
