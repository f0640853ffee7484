"""Give `provault strategy`: make, commit and show strategies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.layout_choice import ObjectiveOption, OffChainOption, PowersOption, candidate_table
from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.output import Document

LAYOUT_FILE = "layout.json"
CANDIDATES_SHOWN = 5
ModelOption = Annotated[str, typer.Option("--model", help="A shipped model's name, or a model folder.")]
FolderOption = Annotated[Path, typer.Option("--strategy", help="Strategy folder.")]
NameArgument = Annotated[str, typer.Argument(help="Strategy of the zoo, such as mlp.")]
ModelOutOption = Annotated[Path, typer.Option("--out", help="Folder for model.onnx and card.md.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Training configuration; the zoo's own without it.")
]
TrainSeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed; the configuration's without it.")
]
ReferenceOption = Annotated[str, typer.Option("--reference", help="Reference network: r1 or r2.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder to write; public/ and secret/ come into it.")]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of the weights, which then are no secret.")
]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="strategy", help="Make, commit and show strategies.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("random")
    def random(
        out: OutOption, reference: ReferenceOption = "r1", seed: SeedOption = None, json: JsonOption = False
    ) -> None:
        """Commit to a reference network with random weights, to try proving without training.

        Example: provault strategy random --reference r1 --out my-strategy
        """
        run_command(lambda: commit_random(reference, out, seed), json=json, render=_render_commitment)

    @group.command("list")
    def list_(json: JsonOption = False) -> None:
        """List strategies that can be trained, and models that are shipped."""
        run_command(list_strategies, json=json, render=_render_list)

    @group.command("train")
    def train(
        name: NameArgument,
        out: ModelOutOption,
        config: ConfigOption = None,
        seed: TrainSeedOption = None,
        json: JsonOption = False,
    ) -> None:
        """Train a strategy from one seed and write its model and card.

        Example: provault strategy train mlp --out my-model
        """
        run_command(lambda: train_model(name, out, config, seed), json=json, render=_render_training)

    @group.command("compile")
    def compile_(
        model: ModelOption,
        out: OutOption,
        objective: ObjectiveOption = "balanced",
        off_chain: OffChainOption = False,
        powers: PowersOption = 4096,
        json: JsonOption = False,
    ) -> None:
        """Turn a model into integers and choose its layout: public/ and secret/, not yet committed.

        With --powers above 4096 every later command needs the ceremony's transcript (PROVAULT_CEREMONY).

        Example: provault strategy compile --model eth_mlp --objective gas --out my-strategy
        """
        run_command(
            lambda: compile_model(model, out, objective, off_chain=off_chain, powers=powers),
            json=json,
            render=_render_compiled,
        )

    @group.command("commit")
    def commit(strategy: FolderOption, json: JsonOption = False) -> None:
        """Commit to a compiled strategy with fresh blinding: verifying key and commitment.

        Example: provault strategy commit --strategy my-strategy
        """
        run_command(lambda: commit_compiled(strategy), json=json, render=_render_commitment)

    @group.command("show")
    def show(strategy: FolderOption, json: JsonOption = False) -> None:
        """Show what is public about a strategy folder.

        Example: provault strategy show --strategy my-strategy
        """
        run_command(lambda: show_strategy(strategy), json=json, render=_render_shown)


def commit_random(reference: str, out: Path, seed: int | None) -> Document:
    """Draw weights, commit to them with fresh blinding, and write both folders.

    Raises: prover.errors.ProverError by name.
    """
    import secrets

    from prover.artefacts import create_strategy
    from prover.compile.demo_weights import random_weights
    from prover.compile.reference import LAYOUTS, reference_architecture

    architecture = reference_architecture(reference)
    weights = random_weights(architecture, secrets.randbits(64) if seed is None else seed)
    strategy = create_strategy(out, architecture, LAYOUTS[reference], weights)
    return {
        "strategy": out,
        "circuit_digest": strategy.proving_key.key.circuit_digest,
        "strategy_commitment": strategy.commitment_digest,
        "inputs": architecture.input_count,
        "outputs": architecture.output_count,
        "seed": seed,
    }


def _render_commitment(document: Document) -> str:
    commitment = document["strategy_commitment"].hex()
    return f"committed in {document['strategy']}: 0x{commitment}; it takes {document['inputs']} inputs"


def list_strategies() -> Document:
    """Return the names of the zoo and of the shipped models."""
    from strategies.artefacts import shipped_models
    from strategies.training_config import zoo_names

    return {"trainable": zoo_names(), "shipped": shipped_models()}


def train_model(name: str, out: Path, config: Path | None, seed: int | None) -> Document:
    """Train and write a model folder.

    Raises: strategies.errors.StrategiesError by name; TrainingError where torch is not installed.
    """
    from strategies.training import train
    from strategies.training_config import read_training_config, zoo_config

    chosen = read_training_config(config or zoo_config(name))
    if seed is not None:
        chosen = chosen.model_copy(update={"seed": seed})
    card = train(chosen, out, _say)
    return {
        "model": out,
        "seed": card.seed,
        "training_ticks_sha256": card.training_ticks_sha256,
        "out_of_sample": card.test.figures,
        "activity": card.test.activity,
        "rounding_bps": {"mean": card.quantisation_mean_bps, "most": card.quantisation_most_bps},
    }


def compile_model(
    model: str, out: Path, objective: str = "balanced", *, off_chain: bool = False, powers: int = 4096
) -> Document:
    """Turn a model folder, or a shipped model, into a strategy folder with the layout that it is to have.

    Raises: strategies.errors.StrategiesError, prover.errors.ProverError by name; InvalidOptionError.
    """
    from agent.layout_choice import check_powers_for_vault, choose_layout
    from strategies.artefacts import load_model, shipped_model, shipped_models, write_compiled, write_file

    check_powers_for_vault(powers, off_chain=off_chain)
    compiled = load_model(shipped_model(model) if model in shipped_models() else Path(model))
    layout, choice = choose_layout(
        compiled.architecture, objective, off_chain=off_chain, count=CANDIDATES_SHOWN, powers=powers
    )
    write_compiled(out, compiled)
    write_file(out / "public" / LAYOUT_FILE, layout.to_bytes(), mode=0o644)
    return {
        "strategy": out,
        "inputs": compiled.architecture.input_count,
        "layers": [
            {"inputs": layer.inputs, "outputs": layer.outputs, "activation": layer.activation}
            for layer in compiled.architecture.layers
        ],
        "shift_bits": compiled.architecture.shift_bits,
        "layout": vars(layout),
        "choice": choice,
    }


def commit_compiled(folder: Path) -> Document:
    """Build the key of a compiled strategy in its layout and commit to its weights.

    A folder without layout.json gets the layout of the objective `balanced`.

    Raises: strategies.errors.ArtefactError, prover.errors.ProverError by name.
    """
    from prover.artefacts import create_strategy
    from prover.bounded_file import read_bounded
    from prover.compile.cost_model import choose_parameters
    from prover.compile.parameters import LayoutParameters
    from strategies.artefacts import read_strategy

    compiled = read_strategy(folder)
    layout = folder / "public" / LAYOUT_FILE
    if layout.is_file():
        parameters = LayoutParameters.from_bytes(read_bounded(layout))
    else:
        parameters = choose_parameters(compiled.architecture)
    strategy = create_strategy(folder, compiled.architecture, parameters, compiled.weights)
    return {
        "strategy": folder,
        "circuit_digest": strategy.proving_key.key.circuit_digest,
        "strategy_commitment": strategy.commitment_digest,
        "inputs": compiled.architecture.input_count,
        "outputs": compiled.architecture.output_count,
    }


def show_strategy(folder: Path) -> Document:
    """Read the public folder of a strategy.

    Raises: strategies.errors.ArtefactError, prover.errors.ProverError by name.
    """
    from strategies.artefacts import read_public

    public = read_public(folder / "public" if (folder / "public").is_dir() else folder)
    architecture = public.architecture
    return {
        "strategy": folder,
        "strategy_commitment": public.digest,
        "inputs": architecture.input_count,
        "outputs": architecture.output_count,
        "layers": [f"{layer.inputs}-{layer.outputs} {layer.activation}" for layer in architecture.layers],
        "window_ticks": None if architecture.market is None else architecture.market.window_ticks,
        "card": public.card,
    }


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _render_list(document: Document) -> str:
    return f"trainable: {', '.join(document['trainable'])}\nshipped: {', '.join(document['shipped'])}"


def _render_training(document: Document) -> str:
    losses = ", ".join(f"{row} {f['loss']:.3f}" for row, f in document["out_of_sample"].items())
    return f"trained in {document['model']} from seed {document['seed']}; loss out of sample: {losses}"


def _render_compiled(document: Document) -> RenderableType:
    from rich.console import Group

    shapes = ", ".join(f"{layer['inputs']}-{layer['outputs']}" for layer in document["layers"])
    done = f"compiled in {document['strategy']}: layers {shapes}; commit it with: provault strategy commit"
    return Group(candidate_table(document["choice"]), done)


def _render_shown(document: Document) -> str:
    lines = [
        f"commitment: {document['strategy_commitment'] or 'none yet'}",
        f"layers: {', '.join(document['layers'])}",
        f"input window: {document['window_ticks'] or 'none: this is no trading strategy'}",
    ]
    return "\n".join([*lines, "", document["card"] or "no card"])
