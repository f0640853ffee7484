"""Errors that the prover raises on purpose.

ProverError
├── KernelInputError   a vector, size or index the arithmetic cannot take
├── PointError         bytes that are not a usable curve point; `reason` says which rule they break
├── CeremonyError      a trusted-setup file that is not what it must be; `reason` says how
├── ArchitectureError  an architecture.json that is not canonical or not a network; `field` says where
├── LayoutError        a layout that breaks a rule of docs/protocol.md section 5.3; `rule` is its name
├── WitnessError       inputs or weights that the circuit does not cover; `rule` says which
├── RestartError       a challenge fell on a value that the prover must not use; fresh masks give another
├── SoundnessError     a layout whose error terms sum to more than the budget
├── FileFormatError    an artefact file that is not what it claims to be
├── VerificationError  a key, statement or proof that is refused; `reason` is a word of section 10
└── BatchRefusedError  at least one proof of a batch is refused; `refused` says which and why
"""

from collections.abc import Mapping
from typing import Final, Literal

PointReason = Literal["encoding", "infinity", "curve", "subgroup"]
CeremonyReason = Literal[
    "missing",
    "hash",
    "size",
    "format",
    "encoding",
    "infinity",
    "curve",
    "subgroup",
    "generator",
    "powers_g1",
    "powers_g2",
    "lagrange",
]
LayoutRule = Literal["parameters", "rows", "provider", "operand", "base", "bounds"]
WitnessRule = Literal[
    "count", "input", "output", "shape", "weight", "bias", "encoding", "relation", "restart"
]


class ProverError(Exception):
    """Name what the prover refuses; the root of this package's errors."""


class KernelInputError(ProverError, ValueError):
    """Report lengths, sizes or types that field or group arithmetic cannot take."""


class PointError(ProverError, ValueError):
    """Report bytes that are not a point, with the broken rule as `reason`."""

    def __init__(self, reason: PointReason, detail: str = "") -> None:
        super().__init__(f"point refused ({reason})" + (f": {detail}" if detail else ""))
        self.reason: PointReason = reason


class CeremonyError(ProverError):
    """Report a trusted-setup file that fails a check, with the failed check as `reason`."""

    def __init__(self, reason: CeremonyReason, detail: str = "") -> None:
        super().__init__(f"ceremony file refused ({reason})" + (f": {detail}" if detail else ""))
        self.reason: CeremonyReason = reason


class ArchitectureError(ProverError, ValueError):
    """Report an architecture that is not well formed, with the offending part as `field`."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"architecture refused ({field}): {detail}")
        self.field = field
        self.detail = detail


class LayoutError(ProverError, ValueError):
    """Report a layout that breaks a rule of docs/protocol.md section 5.3, named by `rule`."""

    def __init__(self, rule: LayoutRule, detail: str) -> None:
        super().__init__(f"layout refused ({rule}): {detail}")
        self.rule: LayoutRule = rule
        self.detail = detail


class WitnessError(ProverError, ValueError):
    """Report inputs or weights outside what the circuit covers; never holds a weight."""

    def __init__(self, rule: WitnessRule, detail: str) -> None:
        super().__init__(f"witness refused ({rule}): {detail}")
        self.rule: WitnessRule = rule
        self.detail = detail


class RestartError(ProverError):
    """Report a challenge that the prover must not use."""


class SoundnessError(ProverError):
    """Report a layout that leaves fewer bits than the budget of docs/protocol.md section 12."""


class FileFormatError(ProverError):
    """Report a file that does not parse or does not start with its magic."""

    def __init__(self, file: str, detail: str) -> None:
        super().__init__(f"{file}: {detail}")
        self.file = file


#: The words of docs/protocol.md section 10 and what they mean.
REASONS: Final = {
    "key": "the verifying key or commitment is not what it must be",
    "ceremony": "the key was made with another ceremony file",
    "context": "the context is not 32 bytes",
    "count": "the number of public integers is wrong",
    "input": "a public integer is out of range",
    "length": "the proof has the wrong length",
    "scalar": "an evaluation is not canonical",
    "point": "a point is malformed",
    "challenge": "a challenge fell on a forbidden value",
    "opening": "the proof does not prove this statement",
}


def shown(value: object) -> str:
    """Write a value for a message; an integer too long for decimal digits is named by its size."""
    if isinstance(value, int) and value.bit_length() > 512:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


class VerificationError(ProverError):
    """Report a refusal with its word, and where, what was expected and what was found."""

    def __init__(
        self, reason: str, *, index: int | None = None, expected: object = None, found: object = None
    ) -> None:
        parts = [f"{reason}: {REASONS[reason]}"]
        if index is not None:
            parts.append(f"at {index}")
        if expected is not None:
            parts.append(f"expected {shown(expected)}")
        if found is not None:
            parts.append(f"found {shown(found)}")
        super().__init__(", ".join(parts))
        self.reason = reason
        self.index = index
        self.expected = expected
        self.found = found


class BatchRefusedError(ProverError):
    """Report which proofs of a batch are refused, by index, and why."""

    def __init__(self, refused: Mapping[int, VerificationError]) -> None:
        listed = "; ".join(f"proof {index}: {error}" for index, error in sorted(refused.items()))
        super().__init__(f"{len(refused)} of the batch refused: {listed}")
        self.refused = dict(refused)
