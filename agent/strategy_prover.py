"""Hold the committed strategy: evaluate it, prove it, verify the proof, compare it with what a vault pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.chain_powers import check_powers_on_chain
from contracts.registration import data_contract
from prover.artefacts import load_prover
from prover.compile.integer_model import evaluate
from prover.protocol.prove import Prover
from prover.protocol.statement import Context
from prover.protocol.verify import VerifierSetup


class DecisionProver(Protocol):
    """Decide and prove for one committed strategy."""

    @property
    def input_count(self) -> int:
        """Return how many inputs the strategy takes."""
        ...

    @property
    def data_code(self) -> bytes:
        """Return the code of the data contract that the vault must pin."""
        ...

    def target(self, inputs: Sequence[int]) -> int:
        """Return the model's output."""
        ...

    def prove(self, context: Context, inputs: Sequence[int]) -> tuple[int, bytes]:
        """Return the model's output and the proof of it."""
        ...

    def verify(self, context: Context, inputs: Sequence[int], target: int, proof: bytes) -> None:
        """Refuse a proof that does not hold."""
        ...


@dataclass(frozen=True)
class StrategyProver:
    """A strategy folder, loaded: the real prover and the real verifier."""

    prover: Prover
    setup: VerifierSetup

    @classmethod
    def load(cls, folder: Path) -> StrategyProver:
        """Read a committed strategy's folder, secret part included.

        Raises: agent.errors.OffChainStrategyError; prover.errors.ProverError by name; FileNotFoundError.
        """
        check_powers_on_chain(folder / "public")
        return cls.of(load_prover(folder).for_many_proofs())

    @classmethod
    def of(cls, prover: Prover) -> StrategyProver:
        """Take a prover that is loaded already."""
        key = prover.proving_key
        setup = VerifierSetup.load(key.kernel, key.ceremony, key.key.to_bytes(), prover.commitment)
        return cls(prover, setup)

    @property
    def input_count(self) -> int:
        """Return how many inputs the strategy takes."""
        return self.prover.proving_key.layout.architecture.input_count

    @property
    def data_code(self) -> bytes:
        """Return the code of the data contract that the vault must pin."""
        return data_contract(self.prover.proving_key.key.to_bytes(), self.prover.commitment).code

    def target(self, inputs: Sequence[int]) -> int:
        """Return the model's output.

        Raises: prover.errors.WitnessError `input` for inputs outside the declared bounds.
        """
        layout = self.prover.proving_key.layout
        return evaluate(layout.architecture, self.prover.strategy.weights, inputs)[0]

    def prove(self, context: Context, inputs: Sequence[int]) -> tuple[int, bytes]:
        """Return the model's output and the proof of it.

        Raises: prover.errors.WitnessError.
        """
        outputs, proof = self.prover.prove(context.digest(), inputs)
        return outputs[0], proof

    def verify(self, context: Context, inputs: Sequence[int], target: int, proof: bytes) -> None:
        """Refuse a proof that does not hold.

        Raises: prover.errors.VerificationError.
        """
        self.setup.verify(context.digest(), inputs, [target], proof)
