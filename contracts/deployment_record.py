"""Write down a deployment: every step, the transaction that did it, and what it left on chain.

The file is replaced as a whole, so a reader finds the state before or after a change and nothing between. A
step's transaction is in it, signed, before anybody else sees it; whoever goes on from the file sends those
same bytes again, or asks the chain what became of them. Hashes, addresses and bytes are hexadecimal, numbers
are integers, amounts in raw units.

    planned   nothing sent; `nonce`, and with it `address`, are foretold
    open      signed and written down, perhaps sent
    done      mined; `transaction` names it
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from contracts.errors import RecordError

FORMAT = "provault-deployment-1"


@dataclass
class Attempt:
    """A signed transaction of a step; dearer ones with the same nonce take its place."""

    tx_hash: str
    raw: str
    max_fee_wei: int
    priority_fee_wei: int


@dataclass
class Transaction:
    """The transaction that did a step."""

    tx_hash: str
    block: int
    gas_used: int
    gas_price_wei: int


@dataclass
class Step:
    """One transaction of a deployment, before and after it is sent."""

    name: str  # what it does, unique in the record
    kind: str  # of contracts.deployment_plan.StepKind
    nonce: int  # of the sender's account
    contract: str | None = None  # source of a compiled contract
    address: str | None = None  # what a creation leaves its code at
    to: str | None = None  # None for a creation
    function: str | None = None
    arguments: list[Any] = field(default_factory=list)
    gas_limit: int = 0
    data: str | None = None  # while it is open
    attempts: list[Attempt] = field(default_factory=list)  # while it is open
    transaction: Transaction | None = None
    constructor_arguments: str | None = None  # ABI encoded
    creation_code_hash: str | None = None  # H(creation code, arguments included)
    code_hash: str | None = None  # H(code on chain)
    source_digest: str | None = None  # SHA-256 over the sources of a compiled contract

    @property
    def state(self) -> str:
        """Return planned, open or done."""
        if self.transaction is not None:
            return "done"
        return "open" if self.attempts else "planned"


@dataclass
class DeploymentRecord:
    """A deployment as it stands; `save` replaces the file."""

    chain_id: int
    sender: str
    settings_digest: str  # of everything that the steps follow from
    compiler: dict[str, str]
    settings: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # hashes of transactions that reverted

    def save(self, path: Path) -> None:
        """Replace the file.

        Raises
        ------
        RecordError
            When it cannot be written.
        """
        replace_file(path, json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read a record; None when there is none.

        Raises
        ------
        RecordError
            When the file is not a whole record of this format.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise RecordError(f"{path} is no deployment record: it is not readable as JSON.") from None
        try:
            if document.pop("format") != FORMAT:
                raise ValueError
            steps = [step_of(entry) for entry in document.pop("steps")]
            return cls(steps=steps, **document)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise RecordError(f"{path} is no deployment record of the format {FORMAT}.") from None

    def find(self, kind: str) -> Step | None:
        """Return the first step of a kind."""
        return next((step for step in self.steps if step.kind == kind), None)

    def open_step(self) -> Step | None:
        """Return the step that is signed and not known to be mined."""
        return next((step for step in self.steps if step.state == "open"), None)


def step_of(entry: dict[str, Any]) -> Step:
    """Return a step from its JSON.

    Raises
    ------
    KeyError, TypeError
        When it is not whole.
    """
    attempts = [Attempt(**one) for one in entry.pop("attempts")]
    transaction = entry.pop("transaction")
    mined = Transaction(**transaction) if transaction is not None else None
    return Step(attempts=attempts, transaction=mined, **entry)


def replace_file(path: Path, text: str) -> None:
    """Write a file such that a reader, and whoever comes after a crash, sees the old or the new one.

    Raises
    ------
    RecordError
        When it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {(error.strerror or 'no reason').lower()}.") from None
