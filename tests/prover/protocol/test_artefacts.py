"""The files of a strategy and of a proof: written, read, and refused when they are not what they are for."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from prover.artefacts import (
    ProofFile,
    ProofRequest,
    create_strategy,
    load_prover,
    load_public,
    verify_proof_file,
)
from prover.compile.demo_weights import random_weights
from prover.compile.parameters import LayoutParameters
from prover.errors import (
    ArchitectureError,
    CeremonyError,
    FileFormatError,
    LayoutError,
    VerificationError,
    WitnessError,
)
from prover.protocol.statement import Context
from tests.attacks.circuits import INPUTS, small_architecture

PARAMETERS = LayoutParameters(32, 9, 6, 2, 2, 3)


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed small strategy with one proof beside it."""
    folder = tmp_path_factory.mktemp("strategy")
    architecture = small_architecture("signed")
    create_strategy(folder, architecture, PARAMETERS, random_weights(architecture, 3))
    prover = load_prover(folder)
    context = Context(chain_id=31337, vault=5, epoch=9, verifier=7)
    outputs, proof = prover.prove(context.digest(), INPUTS)
    public = load_public(folder / "public")
    key = public.proving_key.key
    file = ProofFile(key.circuit_digest, public.commitment_digest, context, INPUTS, outputs, proof)
    (folder / "proof.json").write_bytes(file.to_bytes())
    return folder


@pytest.fixture
def folder(committed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(committed, tmp_path / "strategy"))


def test_a_proof_file_reads_back_and_verifies(committed: Path) -> None:
    file = ProofFile.read(committed / "proof.json")
    assert file.inputs == INPUTS and file.context.epoch == 9
    verify_proof_file(committed / "public", file)


def test_secret_files_belong_to_their_owner_alone(committed: Path) -> None:
    for name in ("weights.bin", "blinding.bin"):
        assert stat.S_IMODE((committed / "secret" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((committed / "secret").stat().st_mode) == 0o700


def test_no_secret_byte_stands_in_a_public_file(committed: Path) -> None:
    blinding = (committed / "secret" / "blinding.bin").read_bytes()
    public = b"".join(path.read_bytes() for path in (committed / "public").iterdir())
    public += (committed / "proof.json").read_bytes()
    for start in (32, 96, 128):
        word = blinding[start : start + 32]
        assert word not in public and word.hex().encode() not in public


def test_a_second_strategy_in_the_same_folder_is_refused(committed: Path) -> None:
    architecture = small_architecture("signed")
    before = (committed / "public" / "commitment.json").read_bytes()
    with pytest.raises(FileFormatError, match="already holds"):
        create_strategy(committed, architecture, PARAMETERS, random_weights(architecture, 4))
    assert (committed / "public" / "commitment.json").read_bytes() == before


def test_commitments_to_the_same_weights_differ(committed: Path, tmp_path: Path) -> None:
    architecture = small_architecture("signed")
    twin = create_strategy(tmp_path / "twin", architecture, PARAMETERS, random_weights(architecture, 3))
    assert twin.proving_key.key.to_bytes() == (committed / "public" / "key.bin").read_bytes()
    assert twin.commitment != load_public(committed / "public").commitment


def test_every_byte_of_the_key_is_compared_when_loaded(folder: Path) -> None:
    path = folder / "public" / "key.bin"
    honest = path.read_bytes()
    for position in range(0, len(honest), 37):
        bent = bytearray(honest)
        bent[position] ^= 1
        path.write_bytes(bytes(bent))
        with pytest.raises(VerificationError) as refusal:
            load_public(folder / "public")
        assert refusal.value.reason == "key"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"rows": 16}, "rows"),
        ({"limb_bits": 2}, "parameters"),
        ({"weight_lanes": 7}, "parameters"),
        ({"lanes": 5}, "parameters"),
        ({"pack_columns": 1}, "parameters"),
    ],
)
def test_a_layout_that_breaks_a_rule_is_refused_when_loaded(
    change: dict[str, int], rule: str, folder: Path
) -> None:
    path = folder / "public" / "layout.json"
    document = json.loads(path.read_bytes()) | change
    path.write_bytes(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(LayoutError) as refusal:
        load_public(folder / "public")
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"powers": 8192}, "missing"), ({"powers": 4097}, "size"), ({"powers": 2**40, "rows": 2**32}, "size")],
)
def test_a_layout_for_powers_that_are_not_there_is_refused_when_loaded(
    change: dict[str, int], reason: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVAULT_CEREMONY", raising=False)
    path = folder / "public" / "layout.json"
    document = json.loads(path.read_bytes()) | change
    path.write_bytes(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(CeremonyError) as refusal:
        load_public(folder / "public")
    assert refusal.value.reason == reason


def test_an_architecture_whose_bounds_overflow_the_limbs_is_refused_when_loaded(folder: Path) -> None:
    path = folder / "public" / "architecture.json"
    document = json.loads(path.read_bytes())
    document["layers"][0]["bias_bound"] = 4096
    path.write_bytes(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(LayoutError) as refusal:
        load_public(folder / "public")
    assert refusal.value.rule == "bounds"


def test_another_architecture_is_refused_as_key(folder: Path) -> None:
    path = folder / "public" / "architecture.json"
    path.write_bytes(path.read_bytes().replace(b'"signed"', b'"relu"'))
    with pytest.raises(VerificationError, match="key"):
        load_public(folder / "public")


def test_weights_that_do_not_open_the_commitment_are_refused(folder: Path) -> None:
    architecture = small_architecture("signed")
    (folder / "secret" / "weights.bin").write_bytes(random_weights(architecture, 4).to_bytes())
    with pytest.raises(FileFormatError, match="do not open"):
        load_prover(folder)


def test_a_truncated_blinding_file_is_refused_without_showing_it(folder: Path) -> None:
    path = folder / "secret" / "blinding.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match=r"blinding\.bin: not a blinding file for 2 weight packs"):
        load_prover(folder)


def test_inputs_outside_their_bounds_are_refused_before_proving(committed: Path) -> None:
    with pytest.raises(WitnessError) as refusal:
        load_prover(committed).prove(bytes(32), (5, 0, 0))
    assert refusal.value.rule == "input"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested deeper"),
        (b"[]", "expected a JSON object"),
        (b'{"format": "provault-proof-2"}', "expected format 'provault-proof-1'"),
        (b'{"format": "provault-proof-1"}', "expected exactly the keys"),
        (b'{"format": "provault-proof-1", "format": "x"}', "a key appears twice"),
        (b" " * ((1 << 24) + 1), "longer than"),
    ],
)
def test_files_that_are_no_proof_are_refused(content: bytes, detail: str, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=detail):
        ProofFile.read(path)


@pytest.mark.parametrize("value", ["+1", "01", "-0", " 1", "1_0", "0x1", "", "1e3", 1, None, "9" * 81])
def test_integers_are_canonical_decimal_strings(value: object, tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"inputs": [value]}))
    with pytest.raises(FileFormatError, match=r"input\.json"):
        ProofRequest.read(path)


def test_a_damaged_commitment_point_is_refused(folder: Path) -> None:
    path = folder / "public" / "commitment.json"
    document = json.loads(path.read_bytes())
    document["points"][0] = "0x" + "00" * 96
    path.write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match="strategy_commitment is not the digest"):
        load_public(folder / "public")


def test_a_proof_of_another_strategy_is_refused(committed: Path, tmp_path: Path) -> None:
    architecture = small_architecture("signed")
    create_strategy(tmp_path / "other", architecture, PARAMETERS, random_weights(architecture, 3))
    with pytest.raises(VerificationError) as refusal:
        verify_proof_file(tmp_path / "other" / "public", ProofFile.read(committed / "proof.json"))
    assert refusal.value.reason == "key"


def test_an_architecture_that_is_not_canonical_is_refused(folder: Path) -> None:
    path = folder / "public" / "architecture.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ArchitectureError, match="canonical"):
        load_public(folder / "public")


@pytest.mark.parametrize(
    "name",
    [
        "proof.json",
        "public/architecture.json",
        "public/layout.json",
        "public/key.bin",
        "public/commitment.json",
        "secret/weights.bin",
        "secret/blinding.bin",
    ],
)
def test_a_file_larger_than_memory_is_refused_unread(name: str, folder: Path) -> None:
    os.truncate(folder / name, 1 << 40)
    with pytest.raises(FileFormatError, match="longer than 16777216 bytes") as refused:
        load_prover(folder)
        ProofFile.read(folder / name)
    assert Path(name).name in str(refused.value)
