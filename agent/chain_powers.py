"""Tell before anything is loaded whether a vault's verifier takes the ceremony file of a strategy."""

from __future__ import annotations

from pathlib import Path

from agent.errors import OffChainStrategyError
from prover.bounded_file import read_bounded
from prover.compile.contract_limits import CHAIN_POWERS
from prover.compile.parameters import LayoutParameters


def check_powers_on_chain(public_folder: Path) -> None:
    """Refuse a layout for another number of powers than the verifier contract pins.

    Raises: OffChainStrategyError; prover.errors.LayoutError for a bad layout.json; FileNotFoundError.
    """
    powers = LayoutParameters.from_bytes(read_bounded(public_folder / "layout.json")).powers
    if powers != CHAIN_POWERS:
        raise OffChainStrategyError(public_folder, powers, CHAIN_POWERS)
