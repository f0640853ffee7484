"""Rebuild the verifying key from the public files and the ceremony alone (protocol, sections 4, 5 and 7)."""

from __future__ import annotations

from audit.errors import CircuitError, VerificationError
from audit.verifier.architecture import parse_architecture
from audit.verifier.ceremony import POWER_COUNT, Ceremony
from audit.verifier.ceremony_setup import Setup, find_setup
from audit.verifier.circuit import Circuit, build_circuit
from audit.verifier.curve import Group, choose_group, encode_point
from audit.verifier.field import SCALAR_MODULUS, WORD_BYTES, interpolate, root_of_unity
from audit.verifier.key import VerifyingKey, encode_key
from audit.verifier.layout import circuit_digest, parse_layout
from audit.verifier.rules import check_rules


def rebuild_circuit(architecture: bytes, layout: bytes) -> Circuit:
    """Build the columns of two public files and check every rule on them.

    Raises
    ------
    CircuitError : a file outside its format, or a rule of section 5.3 that does not hold.
    CeremonyError : as `find_setup` says.
    """
    parameters = parse_layout(layout)
    _setup_of(parameters.powers)
    circuit = build_circuit(parse_architecture(architecture), parameters)
    check_rules(circuit)
    return circuit


def build_key(
    architecture: bytes, layout: bytes, *, fast: bool = False, ceremony: Ceremony | None = None
) -> bytes:
    """Return `key.bin` of two public files.

    Raises
    ------
    CircuitError, CeremonyError : as `rebuild_circuit` and `find_setup` say.
    """
    circuit = rebuild_circuit(architecture, layout)
    parameters = circuit.layout
    group = choose_group(fast)
    setup = _setup_of(parameters.powers)
    points = _commit_columns(circuit, group, setup.ceremony() if ceremony is None else ceremony)
    return encode_key(
        VerifyingKey(
            circuit_digest=circuit_digest(architecture, layout),
            ceremony_digest=setup.digest,
            layout=parameters,
            public_count=circuit.shape.public_count,
            input_count=circuit.architecture.input_count,
            output_count=circuit.architecture.output_count,
            runs=circuit.architecture.runs,
            omega=root_of_unity(parameters.rows),
            inverse_rows=pow(parameters.rows, -1, SCALAR_MODULUS),
            fixed_points=points,
            digest=b"",
        )
    )


def _setup_of(power_count: int) -> Setup:
    setup = find_setup(power_count)
    if setup is None:
        raise CircuitError("parameters", f"N = {power_count}, the ceremony has {POWER_COUNT}")
    return setup


def check_key(key: bytes, architecture: bytes, layout: bytes, *, fast: bool = False) -> None:
    """Compare a key with the one that its public files give.

    Raises
    ------
    VerificationError : key, naming the first 32-byte word that differs.
    CircuitError, CeremonyError : as `build_key` says.
    """
    expected = build_key(architecture, layout, fast=fast)
    if key == expected:
        return
    if len(key) != len(expected):
        raise VerificationError("key", "length", expected=len(expected), found=len(key))
    index = next(i for i in range(len(key)) if key[i] != expected[i]) // WORD_BYTES
    place = slice(index * WORD_BYTES, (index + 1) * WORD_BYTES)
    raise VerificationError(
        "key", "word", index=index, expected=expected[place].hex(), found=key[place].hex()
    )


def _commit_columns(circuit: Circuit, group: Group, ceremony: Ceremony) -> tuple[bytes, ...]:
    """Commit the packs F(X) = sum_i X^i f_i(X^t) of the fixed columns, without masks."""
    width = circuit.layout.pack_columns
    coefficients = [
        interpolate([value % SCALAR_MODULUS for value in column]) for column in circuit.fixed_columns()
    ]
    powers = ceremony.decompress_powers(group, width * circuit.layout.rows)
    encodings = []
    for first in range(0, len(coefficients), width):
        points, scalars = [], []
        for slot, column in enumerate(coefficients[first : first + width]):
            points.extend(powers[slot::width])
            scalars.extend(column)
        encodings.append(encode_point(group, group.multi_scalar(points, scalars)))
    return tuple(encodings)
