"""An atheris harness for every decoder of bytes that strangers send.

    python -m tests.attacks.fuzz_decoder -max_total_time=60

The first byte chooses the decoder. A decoder may refuse by its own named error; any other exception is a
finding, and so is a key or file that is taken and is not written back byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["audit.verifier", "prover.compile", "prover.protocol"]):
    from audit.errors import AuditError
    from audit.verifier.architecture import parse_architecture
    from audit.verifier.key import encode_key, parse_key, split_data_contract
    from audit.verifier.layout import parse_layout
    from audit.verifier.proof import decode_proof
    from prover.compile.architecture import Architecture
    from prover.compile.integer_model import IntegerWeights
    from prover.compile.parameters import LayoutParameters
    from prover.errors import ProverError
    from prover.protocol.key import VerifyingKey
    from prover.protocol.messages import Proof
    from prover.protocol.shape import Shape

SHAPE = Shape(32, 9, 6, 2, 2, 4096)


class RoundTripError(Exception):
    """Report bytes that a decoder takes and its encoder does not give back."""


def same(written: bytes, read: bytes) -> None:
    """Compare what was read with what is written; raises RoundTripError."""
    if written != read:
        raise RoundTripError(f"{len(read)} bytes read, {len(written)} written")


def fast_key(content: bytes) -> None:
    same(VerifyingKey.from_bytes(content).to_bytes(), content)


def fast_proof(content: bytes) -> None:
    same(Proof.from_bytes(content, SHAPE).to_bytes(), content)


def independent_key(content: bytes) -> None:
    same(encode_key(parse_key(content)), content)


def independent_proof(content: bytes) -> None:
    """A proof under a key that stands before it, as long as that key says."""
    key = parse_key(content[:768])
    decode_proof(key, content[768:])


def fast_architecture(content: bytes) -> None:
    same(Architecture.from_bytes(content).to_bytes(), content)


def fast_layout(content: bytes) -> None:
    same(LayoutParameters.from_bytes(content).to_bytes(), content)


def fast_weights(content: bytes) -> None:
    same(IntegerWeights.from_bytes(content).to_bytes(), content)


def independent_files(content: bytes) -> None:
    parse_layout(content)


def independent_architecture(content: bytes) -> None:
    parse_architecture(content)


def independent_contract(content: bytes) -> None:
    key, commitment = split_data_contract(content)
    same(b"\x00\x01" + key + commitment, content)


DECODERS: tuple[Callable[[bytes], None], ...] = (
    fast_key,
    fast_proof,
    independent_key,
    independent_proof,
    fast_architecture,
    fast_layout,
    fast_weights,
    independent_files,
    independent_architecture,
    independent_contract,
)


def test_one_input(content: bytes) -> None:
    """Hand an input to the decoder that its first byte names."""
    if not content:
        return
    try:
        DECODERS[content[0] % len(DECODERS)](content[1:])
    except (ProverError, AuditError):
        return


def main() -> None:
    """Run libFuzzer with the arguments of the command line."""
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
