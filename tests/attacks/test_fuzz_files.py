"""Random files in place of a strategy's and a proof's: typed refusals alone, and two readers of one mind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import CircuitError, FileError
from audit.verifier.architecture import parse_architecture
from audit.verifier.layout import parse_layout
from audit.verifier.proof_file import read_commitment_file, read_proof_file
from prover.artefacts import ProofFile, encode_commitment, read_commitment
from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights
from prover.compile.parameters import LayoutParameters
from prover.errors import ArchitectureError, FileFormatError, LayoutError, WitnessError
from prover.protocol.statement import Context
from tests.attacks.circuits import Circuit

QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
INTEGERS = st.one_of(
    st.integers(-2, 20), st.sampled_from([2**31, 2**32, 2**62, 2**63, 2**64, -(2**62), 10**400])
)
TEXTS = st.one_of(
    st.text(max_size=8),
    INTEGERS.map(str),
    st.sampled_from(["relu", "signed", "0x", "0x00", "-0", "\ud800", "\x00", "provault-proof-1"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), INTEGERS, st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value in a JSON document."""
    found = [path] if path else []
    steps = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document if isinstance(document, list) else [])
    )
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


def mutate(data: st.DataObject, content: bytes) -> bytes:
    """Change a few values, names or bytes of a JSON file."""
    document = json.loads(content)
    for _ in range(data.draw(st.integers(1, 3))):
        options = places(document)
        if not options:
            break
        *path, last = data.draw(st.sampled_from(options))
        holder = document
        for step in path:
            holder = holder[step]
        action = data.draw(st.sampled_from(["replace", "replace", "replace", "delete", "add"]))
        if action == "replace":
            holder[last] = data.draw(VALUES)
        elif action == "delete":
            del holder[last]
        elif isinstance(holder, dict):
            holder[data.draw(TEXTS)] = data.draw(VALUES)
        else:
            holder.append(data.draw(VALUES))
    changed = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    if data.draw(st.integers(0, 3)) == 0:
        place, junk = data.draw(st.integers(0, len(changed))), data.draw(st.binary(max_size=4))
        changed = changed[:place] + junk + changed[place + data.draw(st.integers(0, 4)) :]
    return changed


def outcome(read: Callable[[Any], Any], source: Any, refusal: type[Exception]) -> Any:
    """Return what a reader makes of its source, None for a typed refusal; anything else is raised."""
    try:
        return read(source)
    except refusal as error:
        assert str(error)
        return None


@pytest.fixture(scope="module")
def proof_file(relu_circuit: Circuit) -> bytes:
    return ProofFile(bytes(32), bytes(32), Context(1, 2, 3, 4), (3, -2, 1), (5,), bytes(40)).to_bytes()


@pytest.fixture(scope="module")
def commitment_file(relu_circuit: Circuit) -> bytes:
    return encode_commitment(relu_circuit.prover.proving_key, relu_circuit.commitment)


@given(data=st.data())
@QUICK
def test_changed_proof_files(proof_file: bytes, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(mutate(data, proof_file))
    fast = outcome(ProofFile.read, path, FileFormatError)
    independent = outcome(read_proof_file, path, FileError)
    assert (fast is None) == (independent is None)
    if fast is not None:
        assert tuple(vars(fast.context).values()) == independent.context
        assert (fast.inputs, fast.outputs, fast.proof) == (
            independent.inputs,
            independent.outputs,
            independent.proof,
        )


@given(data=st.data())
@QUICK
def test_changed_commitment_files(commitment_file: bytes, tmp_path: Path, data: st.DataObject) -> None:
    """The fast reader also checks the digest inside the file, which the auditor does beside the key."""
    path = tmp_path / "commitment.json"
    path.write_bytes(mutate(data, commitment_file))
    fast = outcome(read_commitment, path, FileFormatError)
    independent = outcome(read_commitment_file, path, FileError)
    if fast is not None and independent is not None:
        assert fast == (independent.commitment, independent.key_digest)


@given(data=st.data())
@QUICK
def test_changed_architectures(relu_circuit: Circuit, data: st.DataObject) -> None:
    """What a reader takes, it writes back byte for byte."""
    content = mutate(data, relu_circuit.layout.architecture.to_bytes())
    fast = outcome(Architecture.from_bytes, content, ArchitectureError)
    independent = outcome(parse_architecture, content, CircuitError)
    assert fast is None or fast.to_bytes() == content
    if fast is not None and independent is not None:
        assert fast.value_bounds().accumulators == independent.accumulator_bounds()


@given(data=st.data())
@QUICK
def test_changed_layouts(relu_circuit: Circuit, data: st.DataObject) -> None:
    content = mutate(data, relu_circuit.layout.parameters.to_bytes())
    fast = outcome(LayoutParameters.from_bytes, content, LayoutError)
    independent = outcome(parse_layout, content, CircuitError)
    assert fast is None or fast.to_bytes() == content
    if fast is not None and independent is not None:
        assert (fast.rows, fast.lanes, fast.weight_packs) == (
            independent.rows,
            independent.lanes,
            independent.weight_packs,
        )


@given(place=st.integers(0, 10_000), junk=st.binary(max_size=16), cut=st.integers(0, 16))
@QUICK
def test_changed_weight_files(relu_circuit: Circuit, place: int, junk: bytes, cut: int) -> None:
    content = relu_circuit.weights.to_bytes()
    place %= len(content)
    changed = content[:place] + junk + content[place + cut :]
    found = outcome(IntegerWeights.from_bytes, changed, WitnessError)
    assert found is None or found.to_bytes() == changed


@given(content=st.binary(max_size=300))
@QUICK
def test_bytes_that_are_no_file_at_all(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    assert outcome(ProofFile.read, path, FileFormatError) is None
    assert outcome(read_proof_file, path, FileError) is None
    assert outcome(read_commitment, path, FileFormatError) is None
    assert outcome(read_commitment_file, path, FileError) is None
    assert outcome(Architecture.from_bytes, content, ArchitectureError) is None
    assert outcome(parse_architecture, content, CircuitError) is None
    assert outcome(LayoutParameters.from_bytes, content, LayoutError) is None
    assert outcome(parse_layout, content, CircuitError) is None
    assert outcome(IntegerWeights.from_bytes, content, WitnessError) is None
