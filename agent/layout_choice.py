"""Rank layouts for a command, and describe the ranking: what was considered, what is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from prover.compile.architecture import Architecture
    from prover.compile.cost_model import Objective
    from prover.compile.parameters import LayoutParameters

ObjectiveOption = Annotated[str, typer.Option("--objective", help="What to minimise: time, gas or balanced.")]
OffChainOption = Annotated[
    bool, typer.Option("--off-chain", help="Also prefer layouts that the verifier contract has no room for.")
]
PowersOption = Annotated[
    int,
    typer.Option(
        "--powers", help="Size of the ceremony file: 4096, 8192, 16384 or 32768; a contract takes 4096 only."
    ),
]


def objective_named(name: str) -> Objective:
    """Check the value of --objective.

    Raises: agent.errors.InvalidOptionError.
    """
    from agent.errors import InvalidOptionError

    objectives: dict[str, Objective] = {"time": "time", "gas": "gas", "balanced": "balanced"}
    if name not in objectives:
        raise InvalidOptionError("--objective", name, "time, gas or balanced")
    return objectives[name]


def check_powers(powers: int) -> None:
    """Check that there is a ceremony file of the size that --powers names.

    Raises: agent.errors.InvalidOptionError.
    """
    from agent.errors import InvalidOptionError
    from prover.ceremony_transcript import known_powers

    if powers not in known_powers():
        *others, last = map(str, known_powers())
        raise InvalidOptionError("--powers", powers, f"{', '.join(others)} or {last}")


def check_powers_for_vault(powers: int, *, off_chain: bool) -> None:
    """Refuse to compile for a ceremony file that no vault's verifier takes, unless that is wanted.

    Raises: agent.errors.InvalidOptionError.
    """
    from agent.errors import InvalidOptionError
    from prover.compile.contract_limits import CHAIN_POWERS

    check_powers(powers)
    if powers != CHAIN_POWERS and not off_chain:
        expected = (
            f"{CHAIN_POWERS} for a strategy that a vault can use; add --off-chain for one whose proofs are"
            " only checked off chain"
        )
        raise InvalidOptionError("--powers", powers, expected)


def choose_layout(
    architecture: Architecture, objective: str, *, off_chain: bool, count: int, powers: int
) -> tuple[LayoutParameters, dict[str, Any]]:
    """Return the cheapest layout within `powers` and a document that shows it first among `count` candidates.

    Raises: agent.errors.InvalidOptionError; prover.errors.LayoutError.
    """
    from prover.compile.cost_model import rank_parameters

    check_powers(powers)
    ranked = rank_parameters(
        architecture, powers=powers, objective=objective_named(objective), off_chain=off_chain
    )
    document = {
        "objective": objective,
        "powers": powers,
        "considered": len(ranked),
        "candidates": [
            vars(found.parameters)
            | vars(found.estimate)
            | {"cost": found.cost, "refused_on_chain": found.refused_on_chain}
            for found in ranked[:count]
        ],
    }
    return ranked[0].parameters, document


def candidate_table(document: Mapping[str, Any]) -> Table:
    """Show the candidates of a document of `choose_layout`, the chosen one first."""
    from rich.table import Table

    columns = {
        "rows": "n",
        "pack_columns": "t",
        "lanes": "L",
        "weight_lanes": "wa",
        "weight_packs": "K",
        "limb_bits": "lam",
        "bus_sums": "sums",
        "gas": "gas",
        "prove_micros": "prove us",
        "refused_on_chain": "too many for the contract",
    }
    table = Table(
        title=f"{document['considered']} layouts within {document['powers']} powers considered, "
        f"objective {document['objective']}; "
        "the first is chosen; gas and time without what all layouts share"
    )
    for heading in columns.values():
        table.add_column(heading, justify="right")
    for row in document["candidates"]:
        table.add_row(*(str(row[name]) for name in columns))
    return table
