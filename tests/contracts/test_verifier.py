"""Verifier.vy accepts honest proofs of every shape and refuses everything else by its word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from web3 import Web3

from contracts.compile import CODE_SIZE_LIMIT, compile_contract
from contracts.node import Anvil
from prover.field import BASE_MODULUS, SCALAR_MODULUS, root_of_unity
from prover.kernel import default_kernel
from prover.kernel.interface import GENERATOR_G1
from tests.contracts.support.verifier_cases import SHAPES, Case, case, fresh_case
from tests.contracts.support.verifier_chain import ChainVerifier, forced_program
from tests.contracts.support.verifier_transcript import messages

NAMES = [name for name in SHAPES if name != "r2"]
#: One shape a path of the contract: straight-line code, and loops over packs and chunks.
PATHS = ("single", "chunks")
SUMS = ("sums", "sums_single")  # two bus sums on both paths
INFINITY = bytes(96)


@pytest.fixture(scope="module")
def verifier(anvil: Anvil) -> ChainVerifier:
    return ChainVerifier(anvil)


def off_curve(point: bytes) -> bytes:
    y = (int.from_bytes(point[48:], "big") + 1) % BASE_MODULUS
    return point[:48] + y.to_bytes(48, "big")


def off_subgroup() -> bytes:
    """x = 4 gives a point of y^2 = x^3 + 4 that is not of order r."""
    y = pow(68, (BASE_MODULUS + 1) // 4, BASE_MODULUS)
    assert y * y % BASE_MODULUS == 68
    return (4).to_bytes(48, "big") + y.to_bytes(48, "big")


def not_reduced(point: bytes, coordinate: int) -> bytes:
    """The same point with p added to one coordinate."""
    values = [int.from_bytes(point[:48], "big"), int.from_bytes(point[48:], "big")]
    values[coordinate] += BASE_MODULUS
    return b"".join(value.to_bytes(48, "big") for value in values)


def point_places(proven: Case) -> Iterator[int]:
    """Offsets of the points of a proof."""
    parts = messages(proven)
    start = 0
    for number, part in enumerate(parts[1:], start=1):
        if number != 4:
            yield from range(start, start + len(part), 96)
        start += len(part)


def scalar_places(proven: Case) -> range:
    parts = messages(proven)
    start = sum(map(len, parts[1:4]))
    return range(start, start + len(parts[4]), 32)


def put(content: bytes, start: int, field: bytes) -> bytes:
    return content[:start] + field + content[start + len(field) :]


def test_size(anvil: Anvil) -> None:
    assert compile_contract("Verifier").runtime_size < CODE_SIZE_LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_honest_proofs_are_accepted(name: str, verifier: ChainVerifier) -> None:
    assert verifier.call(case(name)) in (None, [])
    for seed in range(2, 5):
        assert verifier.verdict(fresh_case(name, seed)) is None


def test_a_transaction_leaves_nothing_behind(verifier: ChainVerifier) -> None:
    functions = [item for item in verifier.contract.abi if item["type"] != "event"]
    assert [(item["name"], item["stateMutability"], item["outputs"]) for item in functions] == [
        ("verify", "view", [])
    ]
    assert [item for item in verifier.contract.abi if item["type"] == "event"] == []


@pytest.mark.parametrize("name", PATHS)
def test_other_statement_is_refused(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    other = fresh_case(name, 77)
    assert verifier.verdict(replace(proven, context=bytes(32))) == "opening"
    for index, value in enumerate(proven.public):
        step = -1 if value > 0 else 1
        changed = (*proven.public[:index], value + step, *proven.public[index + 1 :])
        assert verifier.verdict(proven.with_public(changed)) == "opening"
    assert verifier.verdict(replace(other, proof=proven.proof)) == "opening"
    doubled = default_kernel().mul_point(proven.commitment[:96], 2) + proven.commitment[96:]
    assert verifier.verdict(replace(proven, commitment=doubled)) == "opening"
    swapped = proven.commitment[96:192] + proven.commitment[:96] + proven.commitment[192:]
    assert verifier.verdict(replace(proven, commitment=swapped)) == "opening"
    # another circuit of the same shape: only the circuit digest differs
    assert verifier.verdict(proven.with_word(1, proven.word(1) ^ 1)) == "opening"


@pytest.mark.parametrize("name", PATHS)
def test_count_and_input(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    assert verifier.verdict(proven.with_public(proven.public[:-1])) == "count"
    assert verifier.verdict(proven.with_public((*proven.public, 0))) == "count"
    assert verifier.verdict(proven.with_public(())) == "count"
    low, high = SHAPES[name].architecture.input_bounds[0]
    for value in (low - 1, high + 1, 2**127, -(2**127), 2**255 - 1, -(2**255), low + SCALAR_MODULUS):
        for index in range(len(proven.inputs)):
            bent = (*proven.public[:index], value, *proven.public[index + 1 :])
            assert verifier.verdict(proven.with_public(bent)) == "input", (index, value)
    for index in range(len(proven.inputs), len(proven.public)):
        for value in (2**127, -(2**127) - 1, 2**255 - 1, -(2**255), proven.public[index] + SCALAR_MODULUS):
            bent = (*proven.public[:index], value, *proven.public[index + 1 :])
            assert verifier.verdict(proven.with_public(bent)) == "input", (index, value)
        for value in (2**127 - 1, -(2**127)):
            bent = (*proven.public[:index], value, *proven.public[index + 1 :])
            assert verifier.verdict(proven.with_public(bent)) == "opening", (index, value)


@pytest.mark.parametrize("name", ["single_runs", "packs_two", *PATHS])
def test_any_other_number_of_integers(name: str, verifier: ChainVerifier) -> None:
    """Also where inputs that are not there would have to be held against the bounds of several runs."""
    proven = case(name)
    for count in range(len(proven.public)):
        assert verifier.verdict(proven.with_public(proven.public[:count])) == "count", count


def test_inputs_at_and_beyond_the_bounds_of_every_run(verifier: ChainVerifier) -> None:
    for name in ("single_runs", "packs_two"):
        proven = case(name)
        for index, (low, high) in enumerate(SHAPES[name].architecture.input_bounds):
            for value, word in ((low, "opening"), (high, "opening"), (low - 1, "input"), (high + 1, "input")):
                bent = (*proven.public[:index], value, *proven.public[index + 1 :])
                if bent != proven.public:
                    assert verifier.verdict(proven.with_public(bent)) == word, (name, index, value)


@pytest.mark.parametrize("name", [*PATHS, *SUMS])
def test_length(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    for proof in (b"", proven.proof[:-1], proven.proof[:-96], proven.proof + b"\0", proven.proof + bytes(96)):
        assert verifier.verdict(proven.with_proof(proof)) == "length"
    assert verifier.verdict(proven.with_proof(bytes(4096))) == "length"
    # beyond what the interface can carry the call reverts without a word
    assert verifier.verdict(proven.with_proof(bytes(4097))) == ""
    assert verifier.verdict(proven.with_public((0,) * 193)) == ""


@pytest.mark.parametrize("name", [*PATHS, *SUMS, "packs_wide", "single_wide"])
def test_scalars_at_or_above_the_order(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    for start in scalar_places(proven):
        value = int.from_bytes(proven.proof[start : start + 32], "big")
        for bent in (SCALAR_MODULUS, value + SCALAR_MODULUS, 2**256 - 1):
            proof = put(proven.proof, start, bent.to_bytes(32, "big"))
            assert verifier.verdict(proven.with_proof(proof)) == "scalar", start


@pytest.mark.parametrize("name", [*PATHS, *SUMS])
def test_points(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    for start in point_places(proven):
        point = proven.proof[start : start + 96]
        for bad in (INFINITY, off_curve(point), off_subgroup(), not_reduced(point, 0), not_reduced(point, 1)):
            assert verifier.verdict(proven.with_proof(put(proven.proof, start, bad))) == "point", start
    for start in range(0, len(proven.commitment), 96):
        point = proven.commitment[start : start + 96]
        for bad in (INFINITY, off_curve(point), off_subgroup(), not_reduced(point, 0)):
            bent = replace(proven, commitment=put(proven.commitment, start, bad))
            assert verifier.verdict(bent) == "point", start
    fixed = 32 * (18 + 3 * proven.word(14))
    for start in range(fixed, len(proven.key), 96):
        for bad in (INFINITY, off_curve(proven.key[start : start + 96]), off_subgroup()):
            assert verifier.verdict(replace(proven, key=put(proven.key, start, bad))) == "point", start


def test_points_read_through_the_window(verifier: ChainVerifier) -> None:
    proven = case("many")
    for start in range(0, len(proven.commitment), 96):
        bent = replace(proven, commitment=put(proven.commitment, start, off_subgroup()))
        assert verifier.verdict(bent) == "point", start


@pytest.mark.parametrize("name", [*PATHS, *SUMS])
def test_one_flipped_byte_a_field(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    for start in point_places(proven):
        for place in (start + 47, start + 95):
            proof = put(proven.proof, place, bytes([proven.proof[place] ^ 1]))
            assert verifier.verdict(proven.with_proof(proof)) == "point", place
    for start in scalar_places(proven):
        place = start + 31
        proof = put(proven.proof, place, bytes([proven.proof[place] ^ 1]))
        assert verifier.verdict(proven.with_proof(proof)) == "opening", place


@pytest.mark.parametrize("name", PATHS)
def test_points_of_another_proof(name: str, verifier: ChainVerifier) -> None:
    proven, other = case(name), fresh_case(name, 78)
    for start in point_places(proven):
        proof = put(proven.proof, start, other.proof[start : start + 96])
        assert verifier.verdict(proven.with_proof(proof)) == "opening", start


@pytest.mark.parametrize("name", PATHS)
def test_made_up_proofs(name: str, verifier: ChainVerifier) -> None:
    proven = case(name)
    size = len(proven.proof)
    assert verifier.verdict(proven.with_proof(bytes(size))) == "point"
    assert verifier.verdict(proven.with_proof(b"\xff" * size)) == "scalar"
    made_up = bytes(size)
    for start in point_places(proven):
        made_up = put(made_up, start, default_kernel().mul_point(GENERATOR_G1, start + 2))
    assert verifier.verdict(proven.with_proof(made_up)) == "opening"
    for start in scalar_places(proven):
        scalar = int.from_bytes(Web3.keccak(start.to_bytes(32, "big")), "big") % SCALAR_MODULUS
        made_up = put(made_up, start, scalar.to_bytes(32, "big"))
    assert verifier.verdict(proven.with_proof(made_up)) == "opening"


@pytest.mark.parametrize("name", [*PATHS, *SUMS])
def test_the_first_refusal_in_order_is_given(name: str, verifier: ChainVerifier) -> None:
    """Each change is refused with its own word although all later ones are there too."""
    proven = case(name)
    words = ["point", "scalar", "length", "input", "count", "ceremony", "key"]
    steps = [proven.with_proof(put(proven.proof, 0, INFINITY))]
    steps.append(steps[-1].with_proof(put(steps[-1].proof, scalar_places(proven)[0], b"\xff" * 32)))
    steps.append(steps[-1].with_proof(steps[-1].proof + b"\0"))
    steps.append(steps[-1].with_public((2**200, *proven.public[1:])))
    steps.append(steps[-1].with_public((*steps[-1].public, 0)))
    steps.append(steps[-1].with_word(2, 7))
    steps.append(steps[-1].with_word(10, 2))
    assert [verifier.verdict(step) for step in steps] == words


def test_challenge(anvil: Anvil) -> None:
    """y = 0 and y^n = 1 are refused; the contract is recompiled to take y from the context."""
    forced = ChainVerifier(anvil, forced_program())
    for name in PATHS:
        proven = case(name)
        rows = proven.word(3)
        for y in (0, 1, root_of_unity(rows), SCALAR_MODULUS - 1, pow(root_of_unity(rows), 5, SCALAR_MODULUS)):
            assert forced.verdict(replace(proven, context=y.to_bytes(32, "big"))) == "challenge"
        for y in (2, root_of_unity(2 * rows)):
            assert forced.verdict(replace(proven, context=y.to_bytes(32, "big"))) == "opening"


def returns(length: int, last: int = 1) -> bytes:
    """Code that returns `length` bytes of which the last is `last`."""
    return bytes.fromhex(f"60{last:02x}60{max(length - 1, 0):02x}5360{length:02x}5ff3")


def test_chains_without_the_precompiles_or_with_others() -> None:
    """Success, length and value of each call decide; here the addresses are free to be given code."""
    product, pairing = (f"0x{number:040x}" for number in (0x0C, 0x0F))
    reverts = bytes.fromhex("5f5ffd")
    with Anvil(hardfork="cancun") as node:
        verifier = ChainVerifier(node)
        for name in PATHS:
            for at_product, at_pairing, word in (
                (b"", b"", "precompile"),
                (b"", returns(32), "precompile"),
                (returns(127), returns(32), "precompile"),
                (returns(129), returns(32), "precompile"),
                (returns(160), returns(32), "precompile"),
                (reverts, returns(32), "point"),
                (returns(128), b"", "precompile"),
                (returns(128), reverts, "precompile"),
                (returns(128), returns(32)[:-1] + b"\xfd", "precompile"),  # fails, and says 1
                (returns(128), returns(31), "precompile"),
                (returns(128), returns(33), "precompile"),
                (returns(128), returns(64), "precompile"),
                (returns(128), returns(32, 0), "opening"),
                (returns(128), returns(32, 2), "opening"),
                (returns(128), returns(32), None),
            ):
                node.set_code(product, at_product)
                node.set_code(pairing, at_pairing)
                assert verifier.verdict(case(name)) == word, (name, at_product.hex(), at_pairing.hex())


@pytest.mark.parametrize("name", PATHS)
def test_a_precompile_that_cannot_be_given_its_gas(name: str, verifier: ChainVerifier) -> None:
    words = {verifier.verdict(case(name), gas=gas) for gas in range(130_000, 370_000, 6_000)}
    assert words <= {"", "precompile", None}
    assert words >= {"precompile", None}


def test_root_of_unity_of_every_row_count(verifier: ChainVerifier) -> None:
    """A wrong omega is refused as `key`, the right one for its n gets past the key."""
    proven = case("single")
    for bits in range(1, 8):
        rows = 2**bits
        bent = proven.with_word(3, rows).with_word(16, pow(rows, -1, SCALAR_MODULUS))
        right = bent.with_word(15, root_of_unity(rows))
        assert verifier.verdict(right) == (None if right == proven else "opening")
        for wrong in (pow(root_of_unity(rows), -1, SCALAR_MODULUS), root_of_unity(2 * rows), 1):
            if wrong != root_of_unity(rows):
                assert verifier.verdict(bent.with_word(15, wrong)) == "key"
