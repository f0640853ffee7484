"""The numbers that choose a layout: `layout.json` (docs/protocol.md section 4)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Final

from eth_hash.auto import keccak

from prover.compile.architecture import Architecture
from prover.compile.canonical_json import CanonicalJsonError, decode_canonical, encode_canonical
from prover.errors import LayoutError

FORMAT: Final = "provault-layout-1"


@dataclass(frozen=True)
class LayoutParameters:
    """The choices of a layout; whether they are permitted is decided by `check_parameters`."""

    rows: int  # n
    pack_columns: int  # t
    lanes: int  # L
    weight_lanes: int  # wa
    weight_packs: int  # K
    limb_bits: int  # lam, M = 2^lam
    powers: int = 4096  # N
    bus_sums: int = 1
    optimiser: int = 2

    def __post_init__(self) -> None:
        """Refuse anything but integers."""
        for field in fields(self):
            if type(getattr(self, field.name)) is not int:
                raise LayoutError("parameters", f"{field.name} is not an integer")

    @property
    def modulus(self) -> int:
        """Return M = 2^lam, the size of the range table."""
        return 1 << self.limb_bits

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON, the content of `layout.json`."""
        return encode_canonical({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> LayoutParameters:
        """Decode `layout.json`, accepting only what `to_bytes` writes.

        Raises: LayoutError `parameters`.
        """
        try:
            document = decode_canonical(data)
        except CanonicalJsonError as error:
            raise LayoutError("parameters", str(error)) from error
        keys = {field.name for field in fields(cls)}
        if not isinstance(document, dict) or set(document) != keys | {"format"}:
            detail = f"expected an object with exactly the keys format, {', '.join(sorted(keys))}"
            raise LayoutError("parameters", detail)
        if document.pop("format") != FORMAT:
            raise LayoutError("parameters", f"expected the format {FORMAT!r}")
        return cls(**document)


def circuit_digest(architecture: Architecture, parameters: LayoutParameters) -> bytes:
    """Return H( H(architecture.json) || H(layout.json) )."""
    return keccak(keccak(architecture.to_bytes()) + keccak(parameters.to_bytes()))
