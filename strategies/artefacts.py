"""Write and read a strategy's folders.

A model folder holds `model.onnx` and `card.md`. A strategy folder, once compiled, holds

    public/  architecture.json  card.md  and, once committed, layout.json  key.bin  commitment.json
    secret/  weights.bin        and, once committed, blinding.bin      (folder 0700, files 0600)

The strategy's digest is the `strategy_commitment` of commitment.json.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prover.compile.architecture import Architecture, Market
from prover.compile.integer_model import IntegerWeights
from strategies.errors import ArtefactError, QuantiseError
from strategies.integer_bounds import market_inputs
from strategies.quantise import quantise, read_onnx
from strategies.ticks import MAX_STEP_TICKS

MODEL_FILE = "model.onnx"
CARD_FILE = "card.md"
SHIFT_BITS = 7


@dataclass(frozen=True)
class CompiledModel:
    """Hold a model as integers, with its card's text."""

    architecture: Architecture
    weights: IntegerWeights
    card: str


@dataclass(frozen=True)
class CommittedStrategy:
    """Hold what a backtest reads of a strategy folder; `digest` is None before it is committed."""

    architecture: Architecture
    weights: IntegerWeights
    digest: str | None


def shipped_models() -> tuple[str, ...]:
    """Return the names of the models that come with the package."""
    folder = _models_folder()
    return tuple(sorted(path.name for path in folder.iterdir() if (path / MODEL_FILE).is_file()))


def shipped_model(name: str) -> Path:
    """Return the folder of a shipped model.

    Raises: ArtefactError when there is none of that name.
    """
    if name not in shipped_models():
        raise ArtefactError(name, f"is no shipped model; known: {', '.join(shipped_models())}")
    return _models_folder() / name


def load_model(folder: Path, *, shift_bits: int = SHIFT_BITS) -> CompiledModel:
    """Read a model folder and turn the model into integers: one output, tick differences as inputs.

    Raises: DataMissingError, QuantiseError, ArtefactError.
    """
    model = read_onnx(folder / MODEL_FILE)
    market = Market(model.layers[0].weights.shape[1] + 1, previous_target=False)
    if model.clip_at != 10_000 or len(model.layers[-1].biases) != 1:
        raise QuantiseError(MODEL_FILE, "a strategy has one output, clipped to 0..10000 bps")
    architecture, weights = quantise(
        model, inputs=market_inputs(market, MAX_STEP_TICKS), market=market, shift_bits=shift_bits
    )
    card = folder / CARD_FILE
    if not card.is_file():
        raise ArtefactError(folder, f"{CARD_FILE} is missing")
    return CompiledModel(architecture, weights, card.read_text("utf-8"))


def write_compiled(folder: Path, model: CompiledModel) -> None:
    """Write the public and the secret folder of a compiled model.

    Raises: ArtefactError when the folder holds a committed strategy already.
    """
    public, secret = folder / "public", folder / "secret"
    if (public / "commitment.json").exists() or (secret / "blinding.bin").exists():
        raise ArtefactError(folder, "already holds a committed strategy; choose another folder")
    public.mkdir(parents=True, exist_ok=True)
    secret.mkdir(mode=0o700, exist_ok=True)
    secret.chmod(0o700)
    write_file(secret / "weights.bin", model.weights.to_bytes(), mode=0o600)
    write_file(public / "architecture.json", model.architecture.to_bytes(), mode=0o644)
    write_file(public / CARD_FILE, model.card.encode(), mode=0o644)


@dataclass(frozen=True)
class PublicFolder:
    """Hold what a public folder says of a strategy; `digest` and `card` are None where absent."""

    architecture: Architecture
    digest: str | None
    card: str | None


def read_public(public: Path) -> PublicFolder:
    """Read a public folder.

    Raises: ArtefactError, ArchitectureError.
    """
    path = public / "architecture.json"
    if not path.is_file():
        raise ArtefactError(public, "architecture.json is missing")
    card = public / CARD_FILE
    text = card.read_text("utf-8") if card.is_file() else None
    return PublicFolder(Architecture.from_bytes(path.read_bytes()), _digest(public), text)


def read_strategy(folder: Path) -> CommittedStrategy:
    """Read architecture, weights and digest of a strategy folder.

    Raises: ArtefactError naming the file; ArchitectureError, WitnessError for its content.
    """
    contents = {}
    for name in ("public/architecture.json", "secret/weights.bin"):
        path = folder / name
        if not path.is_file():
            raise ArtefactError(folder, f"{name} is missing")
        contents[name] = path.read_bytes()
    architecture = Architecture.from_bytes(contents["public/architecture.json"])
    weights = IntegerWeights.from_bytes(contents["secret/weights.bin"])
    weights.check(architecture)
    return CommittedStrategy(architecture, weights, _digest(folder / "public"))


def _digest(public: Path) -> str | None:
    """Return the strategy commitment, or None before there is one."""
    path = public / "commitment.json"
    if not path.is_file():
        return None
    try:
        digest = json.loads(path.read_bytes())["strategy_commitment"]
    except (ValueError, KeyError, TypeError):
        raise ArtefactError(public, "commitment.json holds no strategy_commitment") from None
    if not isinstance(digest, str) or len(digest) != 66 or not digest.startswith("0x"):
        raise ArtefactError(public, "commitment.json: strategy_commitment is no 32 bytes")
    return digest


def write_file(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file such that a reader sees the old or the new one, and nobody sees it with a wider mode."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _models_folder() -> Path:
    return Path(__file__).resolve().parent / "models"
