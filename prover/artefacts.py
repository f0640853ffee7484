"""The files of a committed strategy and of a proof, read and written (docs/protocol.md sections 4 and 7).

DIR/public/  architecture.json  layout.json  key.bin  commitment.json  (card.md)
DIR/secret/  weights.bin  blinding.bin                                  folder 0700, files 0600
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from prover.bounded_file import read_bounded
from prover.ceremony import Ceremony
from prover.ceremony_transcript import ceremony_for
from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights
from prover.compile.layout import build_layout
from prover.compile.parameters import LayoutParameters
from prover.errors import FileFormatError, VerificationError
from prover.field import SCALAR_MODULUS as R
from prover.json_fields import from_hex, parse_context, parse_integers, read_json, to_hex
from prover.kernel import default_kernel
from prover.kernel.cache import write_atomic
from prover.kernel.compiled import loaded_code
from prover.kernel.interface import Kernel
from prover.protocol.key import strategy_commitment
from prover.protocol.prove import Prover
from prover.protocol.proving_key import ProvingKey, build_proving_key, check_powers_match
from prover.protocol.randomness import SECRET_BYTES
from prover.protocol.registration import StrategySecret, check_commitment, commit_weights, register
from prover.protocol.shape import POINT_BYTES
from prover.protocol.statement import Context
from prover.protocol.transcript import encode_word
from prover.protocol.verify import VerifierSetup

COMMITMENT_FORMAT = "provault-commitment-1"
PROOF_FORMAT = "provault-proof-1"
INPUT_FORMAT_KEYS = {"inputs", "context"}
BLINDING_MAGIC = b"provault/blinding" + bytes(11) + (1).to_bytes(4, "big")


@dataclass(frozen=True)
class PublicStrategy:
    """A public folder, read and rebuilt: the key follows from architecture and layout."""

    proving_key: ProvingKey
    commitment: bytes

    @property
    def commitment_digest(self) -> bytes:
        """Return Keccak-256(key_digest || commitment points)."""
        return strategy_commitment(self.proving_key.key.digest, self.commitment)


@dataclass(frozen=True)
class ProofFile:
    """One proof with everything about it that a verifier needs besides the public folder."""

    circuit_digest: bytes
    strategy_commitment: bytes
    context: Context
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    proof: bytes

    def to_bytes(self) -> bytes:
        """Encode as JSON; integers as decimal strings, bytes as 0x hexadecimal."""
        document = {
            "format": PROOF_FORMAT,
            "circuit_digest": to_hex(self.circuit_digest),
            "strategy_commitment": to_hex(self.strategy_commitment),
            "context": {name: str(value) for name, value in vars(self.context).items()},
            "inputs": [str(value) for value in self.inputs],
            "outputs": [str(value) for value in self.outputs],
            "proof": to_hex(self.proof),
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> ProofFile:
        """Read a proof file.

        Raises: FileFormatError; FileNotFoundError.
        """
        document = read_json(path, PROOF_FORMAT)
        expected = {
            "format",
            "circuit_digest",
            "strategy_commitment",
            "context",
            "inputs",
            "outputs",
            "proof",
        }
        if set(document) != expected:
            raise FileFormatError(path.name, f"expected exactly the keys {', '.join(sorted(expected))}")
        return cls(
            from_hex(path, document["circuit_digest"], 32),
            from_hex(path, document["strategy_commitment"], 32),
            parse_context(path, document["context"]),
            parse_integers(path, document["inputs"]),
            parse_integers(path, document["outputs"]),
            from_hex(path, document["proof"], None),
        )


@dataclass(frozen=True)
class ProofRequest:
    """The content of an `--input` file."""

    inputs: tuple[int, ...]
    context: Context

    @classmethod
    def read(cls, path: Path) -> ProofRequest:
        """Read JSON with `inputs` (decimal strings) and optionally `context`.

        Raises: FileFormatError; FileNotFoundError.
        """
        document = read_json(path, None)
        if "inputs" not in document or not set(document) <= INPUT_FORMAT_KEYS:
            raise FileFormatError(path.name, "expected the key inputs, and optionally context")
        context = parse_context(path, document["context"]) if "context" in document else Context()
        return cls(parse_integers(path, document["inputs"]), context)


def create_strategy(
    folder: Path,
    architecture: Architecture,
    parameters: LayoutParameters,
    weights: IntegerWeights,
    *,
    ceremony: Ceremony | None = None,
) -> PublicStrategy:
    """Build the key, commit to the weights with fresh blinding, and write both folders.

    Raises: FileFormatError when the folder already holds a strategy; LayoutError; WitnessError.
    """
    public, secret = folder / "public", folder / "secret"
    if (public / "key.bin").exists() or (secret / "blinding.bin").exists():
        raise FileFormatError(str(folder), "already holds a committed strategy; choose another folder")
    proving_key = build_proving_key(build_layout(architecture, parameters), ceremony=ceremony)
    strategy, commitment = register(proving_key, weights)
    public.mkdir(parents=True, exist_ok=True)
    secret.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret.chmod(0o700)
    write_secret(secret / "weights.bin", weights.to_bytes())
    write_secret(secret / "blinding.bin", encode_blinding(strategy))
    write_atomic(public / "architecture.json", architecture.to_bytes())
    write_atomic(public / "layout.json", parameters.to_bytes())
    write_atomic(public / "key.bin", proving_key.key.to_bytes())
    write_atomic(public / "commitment.json", encode_commitment(proving_key, commitment))
    for name in ("architecture.json", "layout.json", "key.bin", "commitment.json"):
        (public / name).chmod(0o644)
    return PublicStrategy(proving_key, commitment)


def load_public(
    folder: Path, *, ceremony: Ceremony | None = None, kernel: Kernel | None = None
) -> PublicStrategy:
    """Read a public folder, rebuild its key from architecture and layout, and compare.

    Raises: VerificationError `key` when key.bin is not the key of that architecture, `point` for a bad
    commitment; ArchitectureError, LayoutError, FileFormatError; FileNotFoundError.
    """
    loaded_code()
    architecture = Architecture.from_bytes(read_bounded(folder / "architecture.json"))
    parameters = LayoutParameters.from_bytes(read_bounded(folder / "layout.json"))
    stored = read_bounded(folder / "key.bin")
    ceremony = ceremony or ceremony_for(parameters.powers)
    check_powers_match(parameters.powers, ceremony)
    arithmetic = kernel or default_kernel()
    commitment, key_digest = read_commitment(folder / "commitment.json")
    proving_key = build_proving_key(
        build_layout(architecture, parameters), ceremony=ceremony, kernel=arithmetic
    )
    if proving_key.key.to_bytes() != stored or key_digest != proving_key.key.digest:
        raise VerificationError("key", expected="the key of architecture.json and layout.json")
    check_commitment(arithmetic, commitment, parameters.weight_packs)
    return PublicStrategy(proving_key, commitment)


def load_prover(folder: Path, *, ceremony: Ceremony | None = None) -> Prover:
    """Read both folders of a strategy and prepare a prover for it.

    Raises: FileFormatError when the secret does not open the commitment; everything `load_public` raises.
    """
    public = load_public(folder / "public", ceremony=ceremony)
    weights = IntegerWeights.from_bytes(read_bounded(folder / "secret" / "weights.bin"))
    weights.check(public.proving_key.layout.architecture)
    blinding = folder / "secret" / "blinding.bin"
    strategy = decode_blinding(blinding, weights, public.proving_key.key.shape.weight_packs)
    if commit_weights(public.proving_key, strategy) != public.commitment:
        raise FileFormatError(str(folder), "weights.bin and blinding.bin do not open commitment.json")
    return Prover.of(public.proving_key, strategy)


def verify_proof_file(public_folder: Path, proof: ProofFile) -> None:
    """Check a proof file against a public folder.

    Raises: VerificationError by the word of docs/protocol.md section 10; everything `load_public` raises.
    """
    public = load_public(public_folder)
    key = public.proving_key.key
    if proof.circuit_digest != key.circuit_digest:
        expected, found = to_hex(key.circuit_digest), to_hex(proof.circuit_digest)
        raise VerificationError("key", expected=expected, found=found)
    if proof.strategy_commitment != public.commitment_digest:
        raise VerificationError(
            "key", expected=to_hex(public.commitment_digest), found=to_hex(proof.strategy_commitment)
        )
    proving_key = public.proving_key
    setup = VerifierSetup.load(
        proving_key.kernel, proving_key.ceremony, key.to_bytes(), public.commitment
    )
    setup.verify(proof.context.digest(), proof.inputs, proof.outputs, proof.proof)


def encode_commitment(proving_key: ProvingKey, commitment: bytes) -> bytes:
    """Encode commitment.json."""
    points = [commitment[start : start + POINT_BYTES] for start in range(0, len(commitment), POINT_BYTES)]
    digest = proving_key.key.digest
    document = {
        "format": COMMITMENT_FORMAT,
        "key_digest": to_hex(digest),
        "points": [to_hex(point) for point in points],
        "strategy_commitment": to_hex(strategy_commitment(digest, commitment)),
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def read_commitment(path: Path) -> tuple[bytes, bytes]:
    """Read commitment.json; returns (commitment points, key digest).

    Raises: FileFormatError; FileNotFoundError.
    """
    document = read_json(path, COMMITMENT_FORMAT)
    if set(document) != {"format", "key_digest", "points", "strategy_commitment"}:
        expected = "expected format, key_digest, points, strategy_commitment and no more"
        raise FileFormatError(path.name, expected)
    points, digest = document.get("points"), document.get("key_digest")
    if not isinstance(points, list) or not points:
        raise FileFormatError(path.name, "points must be a list")
    commitment = b"".join(from_hex(path, point, POINT_BYTES) for point in points)
    key_digest = from_hex(path, digest, 32)
    claimed = from_hex(path, document.get("strategy_commitment"), 32)
    if claimed != strategy_commitment(key_digest, commitment):
        raise FileFormatError(path.name, "strategy_commitment is not the digest of key and points")
    return commitment, key_digest


def encode_blinding(strategy: StrategySecret) -> bytes:
    """Encode blinding.bin: magic, strategy secret, u(K), b_0 .. b_{K-1}."""
    return (
        BLINDING_MAGIC
        + strategy.secret
        + encode_word(len(strategy.blinders))
        + b"".join(map(encode_word, strategy.blinders))
    )


def decode_blinding(path: Path, weights: IntegerWeights, pack_count: int) -> StrategySecret:
    """Decode blinding.bin.

    Raises: FileFormatError, which never shows the content; FileNotFoundError.
    """
    data = read_bounded(path)
    words = [data[start : start + 32] for start in range(0, len(data), 32)]
    blinders = tuple(int.from_bytes(word, "big") for word in words[3:])
    well_formed = (
        len(data) == 32 * (3 + pack_count)
        and words[0] == BLINDING_MAGIC
        and int.from_bytes(words[2], "big") == pack_count
        and all(blinder < R for blinder in blinders)
    )
    if not well_formed:
        raise FileFormatError(path.name, f"not a blinding file for {pack_count} weight packs")
    return StrategySecret(weights, words[1][:SECRET_BYTES], blinders)


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, atomically; it never exists with wider permissions."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
