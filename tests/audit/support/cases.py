"""Public files of test networks, and proofs that the product's prover makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from audit.verifier.proof_file import ProofFile, read_commitment_file, read_proof_file
from audit.verifier.transcript import context_of
from audit.verifier.verify import verify

TINY_ARCHITECTURE = (
    b'{"format":"provault-architecture-1",'
    b'"inputs":[{"count":2,"high":4,"low":-4},{"count":1,"high":3,"low":0}],'
    b'"layers":[{"activation":"relu","bias_bound":10,"inputs":3,"outputs":2,"weight_bound":5},'
    b'{"activation":"signed","bias_bound":5,"inputs":2,"outputs":1,"weight_bound":3}],'
    b'"market":null,"shift_bits":2}'
)
TINY_LAYOUT = (
    b'{"bus_sums":1,"format":"provault-layout-1","lanes":6,"limb_bits":2,"optimiser":2,"pack_columns":4,'
    b'"powers":4096,"rows":32,"weight_lanes":2,"weight_packs":2}'
)

#: The same network with two bus sums: a helper column, h = 3.
HELPED_LAYOUT = TINY_LAYOUT.replace(b'"bus_sums":1', b'"bus_sums":2')


def dense(
    inputs: int, outputs: int, activation: str, weight_bound: int, bias_bound: int
) -> dict[str, object]:
    return {
        "activation": activation,
        "bias_bound": bias_bound,
        "inputs": inputs,
        "outputs": outputs,
        "weight_bound": weight_bound,
    }


def architecture_json(
    runs: list[tuple[int, int, int]], layers: list[dict[str, object]], shift_bits: int, market: object = None
) -> bytes:
    document = {
        "format": "provault-architecture-1",
        "inputs": [{"count": count, "low": low, "high": high} for count, low, high in runs],
        "layers": layers,
        "market": market,
        "shift_bits": shift_bits,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def layout_json(
    n: int, t: int, lanes: int, wa: int, packs: int, lam: int, powers: int = 4096, bus_sums: int = 1
) -> bytes:
    document = {
        "bus_sums": bus_sums,
        "format": "provault-layout-1",
        "lanes": lanes,
        "limb_bits": lam,
        "optimiser": 2,
        "pack_columns": t,
        "powers": powers,
        "rows": n,
        "weight_lanes": wa,
        "weight_packs": packs,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


R1_LAYERS = [
    dense(32, 32, "relu", 127, 1 << 20),
    dense(32, 16, "relu", 127, 1 << 20),
    dense(16, 1, "relu", 127, 1 << 20),
]
R1_ARCHITECTURE = architecture_json(
    [(32, -2000, 2000)], R1_LAYERS, 7, {"previous_target": False, "window_ticks": 33}
)
R1_LAYOUT = layout_json(256, 9, 6, 4, 2, 7)


CHUNKED_ARCHITECTURE = architecture_json(
    [(16, -100, 100)], [dense(16, 8, "relu", 60, 500), dense(8, 2, "signed", 60, 500)], 8
)
CHUNKED_LAYOUT = layout_json(1024, 3, 6, 3, 2, 8)


@dataclass(frozen=True)
class Case:
    """One proof with everything that `verify` takes."""

    folder: Path
    key: bytes
    commitment: bytes
    context: bytes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes

    def verify(self, *, fast: bool, **changes: object) -> None:
        case = replace(self, **changes)
        verify(case.key, case.commitment, case.context, case.inputs, case.outputs, case.proof, fast=fast)


def prove_case(folder: Path, architecture: bytes, layout: bytes, inputs: tuple[int, ...], seed: int) -> Case:
    """Commit random weights with the product, prove one generic decision and write its proof file."""
    from prover import artefacts
    from prover.compile.architecture import Architecture
    from prover.compile.demo_weights import random_weights
    from prover.compile.parameters import LayoutParameters
    from prover.protocol.statement import Context

    parsed = Architecture.from_bytes(architecture)
    artefacts.create_strategy(
        folder, parsed, LayoutParameters.from_bytes(layout), random_weights(parsed, seed)
    )
    prover = artefacts.load_prover(folder)
    place = Context(31337, 0xA11CE, 7, 0xB0B)
    outputs, proof = prover.prove(place.digest(), inputs)
    public = artefacts.load_public(folder / "public")
    file = artefacts.ProofFile(
        public.proving_key.key.circuit_digest, public.commitment_digest, place, inputs, outputs, proof
    )
    (folder / "proof.json").write_bytes(file.to_bytes())
    read: ProofFile = read_proof_file(folder / "proof.json")
    return Case(
        folder=folder,
        key=(folder / "public" / "key.bin").read_bytes(),
        commitment=read_commitment_file(folder / "public" / "commitment.json").commitment,
        context=context_of(*read.context),
        inputs=read.inputs,
        outputs=read.outputs,
        proof=read.proof,
    )
