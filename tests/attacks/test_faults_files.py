"""Fault 9 in files: one spelling of each value, and hostile JSON that must be refused and must not crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import FileError
from audit.verifier.proof_file import read_commitment_file, read_proof_file
from prover.artefacts import ProofFile, encode_commitment, read_commitment
from prover.errors import FileFormatError
from prover.proof_batch import ProofBatch
from prover.protocol.statement import Context
from tests.attacks.circuits import Circuit
from tests.attacks.claims import Claim

REFUSED, HUNG = 7, 124


@pytest.fixture
def document(relu_circuit: Circuit) -> dict[str, object]:
    """The JSON document of an honest proof."""
    honest = Claim.honest(relu_circuit)
    file = ProofFile(bytes(32), bytes(32), Context(), honest.inputs, honest.outputs, honest.proof)
    loaded: dict[str, object] = json.loads(file.to_bytes())
    return loaded


def readers_agree(path: Path) -> bool:
    """Read a proof file with both readers: True when both accept, False when both refuse."""
    found = []
    try:
        ProofFile.read(path)
        found.append(True)
    except FileFormatError:
        found.append(False)
    try:
        read_proof_file(path)
        found.append(True)
    except FileError:
        found.append(False)
    assert found[0] == found[1], found
    return found[0]


SPELLINGS = [
    "+3",
    "03",
    " 3",
    "3 ",
    "3\n",
    "\uff13",
    "-0",
    "3.0",
    "3e0",
    "0x3",
    "1_0",
    "",
    None,
    3,
    True,
    [3],
]


@pytest.mark.parametrize("value", SPELLINGS, ids=repr)
def test_fault_08_one_spelling_of_an_integer(
    value: object, document: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(document))
    assert readers_agree(path)
    path.write_text(json.dumps({**document, "inputs": [value, "0", "0"]}))
    assert not readers_agree(path)
    path.write_text(json.dumps({**document, "context": {**Context().__dict__, "vault": value}}))
    assert not readers_agree(path)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_has_at_most_79_digits_to_both_readers(
    sign: str, document: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    for digits, read in ((79, True), (80, False)):
        path.write_text(json.dumps({**document, "inputs": [sign + "1" * digits, "0", "0"]}))
        assert readers_agree(path) is read


HEX_CHANGES = [
    pytest.param(lambda text: text[2:], id="prefix"),
    pytest.param(lambda text: "0X" + text[2:], id="capital-prefix"),
    pytest.param(lambda text: text[:-1], id="odd"),
    pytest.param(lambda text: text[:-1] + "g", id="no-digit"),
    pytest.param(lambda text: text[:10] + " " + text[10:], id="space"),
    pytest.param(lambda text: text + "\n", id="newline"),
]


@pytest.mark.parametrize("change", HEX_CHANGES)
def test_fault_09_one_spelling_of_bytes(
    change: Callable[[str], str], document: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps({**document, "proof": change(str(document["proof"]))}))
    assert not readers_agree(path)


def test_a_commitment_file_with_another_field_is_refused(relu_circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "commitment.json"
    content = encode_commitment(relu_circuit.prover.proving_key, relu_circuit.commitment)
    path.write_bytes(content)
    assert read_commitment(path)[0] == read_commitment_file(path).commitment == relu_circuit.commitment
    path.write_text(json.dumps({**json.loads(content), "note": "0x"}))
    with pytest.raises(FileError):
        read_commitment_file(path)
    with pytest.raises(FileFormatError):
        read_commitment(path)


def test_a_batch_of_nothing_is_refused(tmp_path: Path) -> None:
    """Valid would be said of no proof at all."""
    path = tmp_path / "batch.json"
    path.write_bytes(ProofBatch(bytes(32), bytes(32), ()).to_bytes())
    with pytest.raises(FileFormatError):
        ProofBatch.read(path)


READERS = {
    "fast": "from prover.artefacts import ProofFile; from prover.errors import FileFormatError as Refusal; "
    "read = ProofFile.read",
    "audit": "from audit.verifier.proof_file import read_proof_file as read; "
    "from audit.errors import FileError as Refusal",
}
READ_ONE = """
import sys
from pathlib import Path
import py_ecc.optimized_bls12_381
{reader}
try:
    read(Path(sys.argv[1]))
except Refusal:
    sys.exit(7)
"""


def read_in_a_process(reader: str, path: Path) -> int:
    """Return how reading ends; a crash takes the other process down only."""
    command = [sys.executable, "-c", READ_ONE.format(reader=READERS[reader]), str(path)]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=300).returncode
    except subprocess.TimeoutExpired:
        return HUNG


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "encoding",
    ["ascii", "utf-16-le", "utf-32-be"],
)
def test_deep_nesting_behind_strings_is_refused(reader: str, encoding: str, tmp_path: Path) -> None:
    """Strings hide brackets from a scan of bytes: `]` in ASCII, U+2200 as UTF-16 holds a quote."""
    depth = 90_000
    decoy = "]" * depth if encoding == "ascii" else "\u2200"
    text = '{"a":"' + decoy + '","b":' + "[" * depth + "]" * depth + ',"c":"' + decoy + '"}'
    path = tmp_path / "proof.json"
    path.write_bytes(text.encode(encoding))
    assert read_in_a_process(reader, path) == REFUSED


@pytest.mark.parametrize("reader", READERS)
def test_a_scan_of_strings_takes_linear_time(reader: str, tmp_path: Path) -> None:
    """Escaped quotes that never close: a search that starts again at each takes minutes for 200 kB."""
    path = tmp_path / "proof.json"
    path.write_bytes(b'\\"' * 100_000)
    assert read_in_a_process(reader, path) == REFUSED


MEASURE_LANES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
{reader}
architecture, layout = (open(path, "rb").read() for path in sys.argv[1:])
try:
    read(architecture, layout)
except Refusal:
    sys.exit(7)
"""
BUILDERS = {
    "fast": "from prover.compile.architecture import Architecture; "
    "from prover.compile.layout import LayoutParameters, build_layout; "
    "from prover.errors import LayoutError as Refusal; "
    "read = lambda a, l: build_layout(Architecture.from_bytes(a), LayoutParameters.from_bytes(l))",
    "audit": "from audit.verifier.key_build import rebuild_circuit as read; "
    "from audit.errors import CircuitError as Refusal",
}


@pytest.mark.parametrize("reader", BUILDERS)
def test_a_layout_of_many_lanes_is_refused_by_arithmetic(
    reader: str, relu_circuit: Circuit, tmp_path: Path
) -> None:
    """2^40 lanes in 30 bytes of JSON: refused before anything is allocated for them."""
    layout = relu_circuit.layout
    architecture_path, layout_path = tmp_path / "architecture.json", tmp_path / "layout.json"
    architecture_path.write_bytes(layout.architecture.to_bytes())
    layout_path.write_bytes(layout.parameters.to_bytes().replace(b'"lanes":6', b'"lanes":1099511627776'))
    command = [sys.executable, "-c", MEASURE_LANES.format(reader=BUILDERS[reader])]
    paths = [str(architecture_path), str(layout_path)]
    found = subprocess.run([*command, *paths], check=False, capture_output=True, timeout=600)
    assert found.returncode == REFUSED, found.stderr.decode()
