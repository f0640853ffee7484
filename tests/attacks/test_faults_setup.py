"""Faults of keys, ceremonies and commitments: what a verifier is handed before any proof."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from eth_hash.auto import keccak

from audit.errors import VerificationError as AuditRefusal
from audit.verifier import ceremony as audit_ceremony
from audit.verifier.key_build import build_key
from audit.verifier.proof_file import verify_proof_file as audit_verify_file
from prover.artefacts import ProofFile, create_strategy, load_prover, verify_proof_file
from prover.ceremony import load_ceremony
from prover.errors import VerificationError
from prover.kernel.cache import cache_folder
from prover.kernel.interface import GENERATOR_G2
from prover.protocol.key import strategy_commitment
from prover.protocol.prove import Prover
from prover.protocol.statement import Context, Statement
from tests.attacks.circuits import Circuit, recount, small_architecture, small_circuit
from tests.attacks.claims import Claim, all_verdicts
from tests.attacks.conftest import Verifiers
from tests.attacks.forger import forge
from tests.attacks.test_false_statements import public_wrong_output

ACCEPTED = (None, None, None)
REFUSED = ("opening", "opening", "opening")


def without_zero_selector(circuit: Circuit) -> Prover:
    """The same circuit under a rogue key: q_zero is 0 but on row 0, so that accumulators need not close."""
    proving_key = circuit.prover.proving_key
    q_zero = np.zeros(proving_key.key.shape.rows, dtype=np.int64)
    q_zero[0] = 1
    layout = replace(circuit.layout, q_zero=q_zero)
    columns = np.stack(layout.fixed_columns())
    kernel = proving_key.kernel
    key = replace(proving_key.key, fixed=(kernel.msm_small(proving_key.basis.cells, columns.reshape(-1)),))
    coefficients = tuple(kernel.intt(kernel.from_int64(column)) for column in columns)
    rogue = replace(proving_key, layout=layout, key=key, fixed_coefficients=coefficients)
    return Prover(rogue, circuit.prover.strategy, circuit.commitment, circuit.prover.weight_columns)


def test_fault_23_a_key_chosen_by_the_prover(
    relu_circuit: Circuit, verifiers: Verifiers, tmp_path: Path
) -> None:
    """A key without q_zero has the honest header, and key bytes alone deceive every verifier: a false output
    passes. Readers of a public folder rebuild the key and refuse; the vault pins the data contract's code.
    """
    folder = tmp_path / "strategy"
    create_strategy(folder, small_architecture("relu"), relu_circuit.layout.parameters, relu_circuit.weights)
    public, prover = folder / "public", load_prover(folder)
    circuit = Circuit(prover, relu_circuit.setup)
    rogue = without_zero_selector(circuit)
    key = rogue.proving_key.key
    assert key.to_bytes()[:-96] == relu_circuit.key_bytes[:-96]

    context, lie = Context(), public_wrong_output(circuit)
    statement = Statement.build(key, prover.commitment, context.digest(), lie.inputs, lie.outputs)
    proof = forge(rogue, statement, recount(circuit.layout, lie.witness)).proof.to_bytes()
    claim = Claim(key.to_bytes(), prover.commitment, lie.inputs, lie.outputs, proof, context.digest())
    assert all_verdicts(verifiers, claim) == ACCEPTED
    honest_key = replace(claim, key=relu_circuit.key_bytes)
    assert all_verdicts(verifiers, honest_key) == REFUSED

    (public / "key.bin").write_bytes(key.to_bytes())
    document = json.loads((public / "commitment.json").read_bytes())
    digest = strategy_commitment(key.digest, prover.commitment)
    document["key_digest"], document["strategy_commitment"] = "0x" + key.digest.hex(), "0x" + digest.hex()
    (public / "commitment.json").write_text(json.dumps(document))
    file = ProofFile(key.circuit_digest, digest, context, lie.inputs, lie.outputs, proof)
    with pytest.raises(VerificationError) as fast:
        verify_proof_file(public, file)
    assert fast.value.reason == "key"
    path = tmp_path / "proof.json"
    path.write_bytes(file.to_bytes())
    with pytest.raises(AuditRefusal) as independent:
        audit_verify_file(public, path, fast=True)
    assert independent.value.reason == "key"


def test_fault_27_every_commitment_point_counts(relu_circuit: Circuit, verifiers: Verifiers) -> None:
    """Each S_k replaced by another point of the subgroup, and two of them exchanged."""
    honest = Claim.honest(relu_circuit)
    first, second = honest.commitment[:96], honest.commitment[96:]
    other = relu_circuit.setup.kernel.add_points([first, second])
    for commitment in (other + second, first + other, second + first, first + first):
        assert all_verdicts(verifiers, replace(honest, commitment=commitment)) == REFUSED


def test_fault_28_pairing_operands_are_those_of_the_ceremony() -> None:
    """[tau]_2 in the contract and in the auditor equals the ceremony file's, and is no generator."""
    tau = load_ceremony().tau_g2
    assert tau == audit_ceremony.TAU_G2
    assert tau not in (GENERATOR_G2, bytes(len(tau)))
    source = files("contracts").joinpath("Verifier.vy").read_text()
    operands = re.findall(r'^\w+: constant\(Bytes\[256\]\) = x"([0-9a-f]{512})"$', source, re.MULTILINE)
    padded = ["".join((16 * b"\0" + tau[i : i + 48]).hex() for i in range(0, 192, 48))]
    assert len(operands) == 2
    assert padded[0] in operands
    assert len(set(operands)) == 2


@pytest.mark.parametrize(("word", "value"), [(2, 0), (2, 2**255), (9, 4097), (9, 8192), (9, 2**255)])
def test_fault_29_another_ceremony(
    word: int, value: int, relu_circuit: Circuit, verifiers: Verifiers
) -> None:
    """A ceremony whose tau somebody knows has another digest: refused before any point is looked at."""
    honest = Claim.honest(relu_circuit)
    key = honest.key[: 32 * word] + value.to_bytes(32, "big") + honest.key[32 * word + 32 :]
    assert all_verdicts(verifiers, replace(honest, key=key)) == ("ceremony",) * 3


def test_fault_20_the_table_holds_each_value_once(relu_circuit: Circuit, signed_circuit: Circuit) -> None:
    """No padding of the range table: M rows provide address 0, and the rows left over provide IDLE."""
    for circuit in (relu_circuit, signed_circuit):
        layout = circuit.layout
        assert sorted(layout.tab[layout.padr == 0].tolist()) == list(range(layout.parameters.modulus))
        assert not layout.tab[layout.padr != 0].any()


BUILD_AND_PROVE = """
import sys
from tests.attacks.circuits import small_circuit
circuit = small_circuit("relu")
sys.stdout.write(circuit.key_bytes.hex() + " " + repr(circuit.outputs()))
"""


def test_fault_38_key_and_outputs_do_not_depend_on_the_process(relu_circuit: Circuit) -> None:
    """Other hash seeds, thread counts and implementations give the same key bytes and the same outputs."""
    layout = relu_circuit.layout
    assert (
        build_key(layout.architecture.to_bytes(), layout.parameters.to_bytes(), fast=True)
        == relu_circuit.key_bytes
    )
    expected = f"{relu_circuit.key_bytes.hex()} {relu_circuit.outputs()!r}"
    root = Path(__file__).parents[2]
    for seed, threads in (("1", "1"), ("4242", "2")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "OMP_NUM_THREADS": threads,
            "NUMBA_NUM_THREADS": threads,
            "PYTHONPATH": str(root),
        }
        command = [sys.executable, "-c", BUILD_AND_PROVE]
        found = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
        assert found.stdout.decode() == expected


def test_a_forged_basis_in_the_cache_is_not_used(
    relu_circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points at infinity for q_zero and for every mask, under a digest that fits.

    Without masks a commitment is a function of the weights alone; a rebuilt key is no longer the circuit's.
    """
    kept = [path for path in cache_folder().iterdir() if path.is_file()]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for path in kept:
        shutil.copy(path, cache_folder())
    for path in cache_folder().glob("packed-basis-*.bin"):
        path.unlink()
    assert small_circuit("relu").key_bytes == relu_circuit.key_bytes
    (path,) = cache_folder().glob("packed-basis-*.bin")
    shape = relu_circuit.setup.key.shape
    cells, masks = shape.pack_columns * shape.rows, shape.pack_columns * 4
    content = path.read_bytes()
    encoded = bytearray(content[-96 * (cells + masks) :])
    tag = content[: -96 * (cells + masks) - 32]
    first = 8 * shape.rows + 1
    encoded[96 * first : 96 * 9 * shape.rows] = bytes(96 * (shape.rows - 1))
    encoded[96 * cells :] = bytes(96 * masks)
    path.write_bytes(tag + keccak(tag + bytes(encoded)) + bytes(encoded))

    first_circuit, second_circuit = small_circuit("relu"), small_circuit("relu")
    assert first_circuit.key_bytes == relu_circuit.key_bytes
    assert first_circuit.commitment != second_circuit.commitment
