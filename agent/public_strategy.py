"""Read the public folder of a strategy for a vault, and refuse what its verifier has no room for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.chain_powers import check_powers_on_chain
from agent.errors import MissingFileError
from agent.vault_errors import DeploymentError
from contracts.publication import Publication
from contracts.registration import DataContract, data_contract
from prover.artefacts import load_public
from prover.bounded_file import read_bounded
from prover.compile.contract_limits import contract_refuses
from prover.compile.parameters import LayoutParameters
from prover.compile.proof_counts import count_proof

TARGETS = 1  # a vault reads one output, its target


@dataclass(frozen=True)
class PinnedStrategy:
    """What goes on chain for a strategy, and how its inputs come from prices."""

    window_ticks: int
    previous_target: bool
    contract: DataContract
    circuit: Publication


def read_pinned_strategy(folder: Path) -> PinnedStrategy:
    """Read a public folder, rebuild its key and circuit digest, and put its contracts together.

    Raises: MissingFileError, OffChainStrategyError, DeploymentError; contracts.errors.RegistrationError for
    contracts that are too large; prover.errors.ProverError for a folder that is not sound.
    """
    if not folder.is_dir():
        raise MissingFileError(folder)
    check_powers_on_chain(folder)
    public = load_public(folder)
    architecture = public.proving_key.layout.architecture
    market = architecture.market
    if market is None:
        raise DeploymentError(f"the strategy in {folder} does not say how its inputs come from prices")
    if architecture.output_count != TARGETS:
        raise DeploymentError(
            f"the strategy in {folder} has {architecture.output_count} outputs, and a vault reads one, its"
            " target"
        )
    layout = read_bounded(folder / "layout.json")
    parameters = LayoutParameters.from_bytes(layout)
    refused = contract_refuses(architecture, parameters, count_proof(architecture, parameters))
    if refused:
        raise DeploymentError(
            f"the strategy in {folder} has more {refused} than the verifier contract has room for; compile it"
            " again without --off-chain"
        )
    circuit = Publication(read_bounded(folder / "architecture.json"), layout)
    if circuit.circuit_digest != public.proving_key.key.circuit_digest:
        raise DeploymentError(f"architecture.json and layout.json in {folder} are not those of key.bin")
    circuit.checked_code()
    contract = data_contract(public.proving_key.key.to_bytes(), public.commitment)
    return PinnedStrategy(market.window_ticks, market.previous_target, contract, circuit)
