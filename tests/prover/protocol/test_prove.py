"""Honest proofs of every kind of layout are accepted by every verifier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.verifier.verify import verify as audit_verify
from prover import ceremony_transcript
from prover.ceremony import load_ceremony
from prover.compile.architecture import Architecture, InputRun, Layer
from prover.compile.demo_weights import random_weights
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import LayoutParameters, RowKind, build_layout
from prover.compile.reference import LAYOUTS, reference_architecture
from prover.errors import LayoutError, RestartError, SoundnessError, VerificationError, WitnessError
from prover.kernel import default_kernel, plain_kernel
from prover.protocol import basis
from prover.protocol import prove as prove_module
from prover.protocol.proving_key import build_proving_key
from prover.protocol.randomness import MaskSource
from prover.protocol.registration import register
from prover.protocol.shape import Shape
from prover.protocol.soundness import check_soundness, soundness_bits
from prover.protocol.statement import Statement
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import CONTEXT, INPUTS, Circuit, commit, small_architecture
from tests.prover.own_transcript import OwnTranscript

WIDE = Architecture(
    (InputRun(2, -10, 20), InputRun(1, 0, 2_500)),
    (Layer(3, 5, "signed", 20, 100), Layer(5, 2, "relu", 20, 100)),
    None,
    5,
)
#: n, t, L, wa, K, lam: several witness packs, several fixed packs, several quotient chunks, wa = L, wa < L.
SHAPES = {
    "one-pack": LayoutParameters(64, 11, 6, 6, 1, 5),
    "two-packs": LayoutParameters(128, 5, 8, 3, 2, 5),
    "five-fixed-packs": LayoutParameters(128, 2, 6, 2, 3, 5),
    "two-chunks": LayoutParameters(1024, 3, 6, 3, 4, 5),
    "two-sums": LayoutParameters(128, 3, 7, 3, 2, 5, bus_sums=2),
    "two-sums-one-pack": LayoutParameters(64, 11, 6, 6, 1, 5, bus_sums=2),
    "two-sums-two-chunks": LayoutParameters(1024, 3, 6, 3, 4, 5, bus_sums=2),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_layout_proves_and_verifies(name: str) -> None:
    circuit = commit(WIDE, SHAPES[name], random_weights(WIDE, 11))
    for inputs in ((-10, 20, 2_500), (0, 0, 0), (20, -10, 0)):
        outputs, proof = circuit.prover.prove(CONTEXT, inputs)
        circuit.setup.verify(CONTEXT, inputs, outputs, proof)
    assert len(proof) == circuit.setup.key.shape.proof_bytes
    audit_verify(circuit.key_bytes, circuit.commitment, CONTEXT, inputs, outputs, proof)


def test_two_chunks_are_masked_by_their_carry() -> None:
    circuit = commit(WIDE, SHAPES["two-chunks"], random_weights(WIDE, 11))
    assert circuit.setup.key.shape.quotient_chunks == 2
    shape = circuit.setup.key.shape
    start = 96 * (shape.witness_packs + 2)
    proofs = [circuit.prover.prove(CONTEXT, (0, 0, 0))[1] for _ in range(2)]
    assert proofs[0][start : start + 192] != proofs[1][start : start + 192]


def test_r1_has_the_size_of_the_specification() -> None:
    architecture = reference_architecture("r1")
    circuit = commit(architecture, LAYOUTS["r1"], random_weights(architecture, 1))
    inputs = tuple(range(-16, 16))
    outputs, proof = circuit.prover.prove(CONTEXT, inputs)
    circuit.setup.verify(CONTEXT, inputs, outputs, proof)
    assert len(proof) == 1376
    assert circuit.setup.key.shape.product_terms == 10


@pytest.mark.parametrize("value", [-4, 4])
@pytest.mark.parametrize("sign", [-1, 1])
def test_inputs_and_weights_at_their_bounds_are_provable(value: int, sign: int) -> None:
    """No input within its bounds is refused for what the weights are: silence says nothing about them."""
    architecture = small_architecture("signed")
    layers = tuple(
        (
            np.full((layer.outputs, layer.inputs), sign * layer.weight_bound, dtype=np.int64),
            np.full(layer.outputs, sign * layer.bias_bound, dtype=np.int64),
        )
        for layer in architecture.layers
    )
    circuit = commit(architecture, LayoutParameters(32, 9, 6, 2, 2, 3), IntegerWeights(layers))
    outputs, proof = circuit.prover.prove(CONTEXT, (value,) * 3)
    circuit.setup.verify(CONTEXT, (value,) * 3, outputs, proof)


#: A network with every kind of row, in 16 rows and for 64 powers: points of the plain kernel take their time.
SMALLEST = Architecture(
    (InputRun(2, -1, 1),), (Layer(2, 2, "relu", 1, 1), Layer(2, 1, "signed", 1, 1)), None, 1
)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bus_sums", [1, pytest.param(2, marks=pytest.mark.long)])
def test_the_plain_kernel_proves_what_the_fast_one_verifies(
    bus_sums: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Same layout, same key bytes, proofs that cross over."""
    for module in (ceremony_transcript, basis):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path)
    path = OwnTranscript.make((0xA11CE,), (64,)).publish(tmp_path / "transcript.json", monkeypatch)
    monkeypatch.setenv(ceremony_transcript.ENVIRONMENT_VARIABLE, str(path))
    parameters = LayoutParameters(16, 3, 6, 2, 2, 1, powers=64, bus_sums=bus_sums)
    weights = random_weights(SMALLEST, 3)
    fast = commit(SMALLEST, parameters, weights)
    assert set(fast.layout.row_kind) == set(RowKind)
    ceremony = fast.prover.proving_key.ceremony
    kept_plain = tmp_path / "plain"
    kept_plain.mkdir()  # empty: the plain kernel makes its own packed basis
    monkeypatch.setattr(basis, "cache_folder", lambda: kept_plain)
    plain = build_proving_key(build_layout(SMALLEST, parameters), ceremony=ceremony, kernel=plain_kernel())
    assert plain.key.to_bytes() == fast.key_bytes
    strategy, commitment = register(plain, weights)
    outputs, proof = prove_module.Prover.of(plain, strategy).prove(CONTEXT, (1, -1))
    setup = VerifierSetup.load(default_kernel(), ceremony, plain.key.to_bytes(), commitment)
    setup.verify(CONTEXT, (1, -1), outputs, proof)
    honest = fast.prover.prove(CONTEXT, (1, -1))
    crossed = VerifierSetup.load(plain_kernel(), ceremony, fast.key_bytes, fast.commitment)
    crossed.verify(CONTEXT, (1, -1), *honest)


def test_a_false_witness_is_refused_by_the_prover_itself(relu: Circuit) -> None:
    witness = relu.witness()
    bent = replace(witness, o=witness.o + 1)
    statement = Statement.build(relu.setup.key, relu.commitment, CONTEXT, INPUTS, relu.outputs())
    with pytest.raises(WitnessError) as refusal:
        relu.prover.prove_witness(statement, bent)
    assert refusal.value.rule == "relation"


def test_a_forbidden_challenge_starts_over_with_fresh_masks(
    relu: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []
    honest = prove_module.run_rounds

    def refuse_once(session: prove_module.Session) -> object:
        seeds.append(session.masks.seed)
        if len(seeds) == 1:
            raise RestartError("a denominator of the bus vanishes")
        return honest(session)

    monkeypatch.setattr(prove_module, "run_rounds", refuse_once)
    outputs, proof = relu.prover.prove(CONTEXT, INPUTS)
    relu.setup.verify(CONTEXT, INPUTS, outputs, proof)
    assert len(seeds) == 2 and seeds[0] != seeds[1]


def test_masks_differ_by_label_and_by_every_part_of_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prover.protocol.randomness.fresh_secret", lambda: bytes(32))
    parts = (bytes(32), bytes(32), bytes(32))
    source = MaskSource.seeded(*parts)
    assert source.scalar("1/x0/0") == MaskSource.seeded(*parts).scalar("1/x0/0")
    assert source.scalar("1/x0/0") != source.scalar("1/x0/1")
    for index in range(3):
        changed = [b"\1" * 32 if place == index else part for place, part in enumerate(parts)]
        assert MaskSource.seeded(*changed).scalar("1/x0/0") != source.scalar("1/x0/0")
    monkeypatch.setattr("prover.protocol.randomness.fresh_secret", lambda: b"\1" * 32)
    assert MaskSource.seeded(*parts).scalar("1/x0/0") != source.scalar("1/x0/0")


def test_nothing_secret_shows_in_a_repr(relu: Circuit) -> None:
    strategy = relu.prover.strategy
    shown = repr(relu.prover)
    assert strategy.secret.hex() not in shown and repr(strategy.secret) not in shown
    assert all(str(blinder) not in shown for blinder in strategy.blinders)
    assert repr(MaskSource(b"\xaa" * 64)) == "MaskSource()"


def test_soundness_of_the_reference_layouts_is_the_documented_sum() -> None:
    r1, r2 = (build_layout(reference_architecture(name), LAYOUTS[name]) for name in ("r1", "r2"))
    shapes = [
        Shape(p.rows, p.pack_columns, p.lanes, p.weight_lanes, p.weight_packs, p.powers)
        for p in (r1.parameters, r2.parameters)
    ]
    assert soundness_bits(shapes[0], r1.public_count) == pytest.approx(237.73, abs=0.01)
    assert soundness_bits(shapes[1], r2.public_count) == pytest.approx(236.4, abs=0.1)
    assert check_soundness(shapes[0], r1.public_count) > 100


def test_a_degenerate_layout_falls_below_the_budget() -> None:
    with pytest.raises(SoundnessError, match="100 are needed"):
        check_soundness(Shape(2**32, 2, 2**16, 1, 2**16, 2**40), 2**20)


def test_a_layout_for_other_powers_is_refused() -> None:
    architecture = small_architecture("relu")
    layout = build_layout(architecture, LayoutParameters(32, 9, 6, 2, 2, 3, powers=8192))
    with pytest.raises(LayoutError) as refusal:
        build_proving_key(layout, ceremony=load_ceremony())
    assert refusal.value.rule == "parameters"


def test_a_context_that_is_not_32_bytes_is_refused(relu: Circuit) -> None:
    with pytest.raises(VerificationError) as refusal:
        relu.prover.prove(bytes(31), INPUTS)
    assert refusal.value.reason == "context"


@pytest.fixture(scope="module")
def relu() -> Circuit:
    architecture = small_architecture("relu")
    return commit(architecture, LayoutParameters(32, 9, 6, 2, 2, 3), random_weights(architecture, 3))
