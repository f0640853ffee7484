"""The verifying key: its bytes, and what must hold of them (protocol, sections 7 and 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit.errors import VerificationError
from audit.verifier.architecture import BOUND_LIMIT, InputRun, check_runs_differ
from audit.verifier.ceremony import POWER_COUNT
from audit.verifier.ceremony_setup import find_setup
from audit.verifier.circuit import FIXED_COLUMNS, public_cell_count
from audit.verifier.curve import POINT_BYTES
from audit.verifier.field import (
    SCALAR_MODULUS,
    WORD_BYTES,
    encode_element,
    encode_signed,
    encode_unsigned,
    root_of_unity,
)
from audit.verifier.layout import LayoutParameters
from audit.verifier.transcript import keccak256

KEY_MAGIC: Final = b"provault/verifying-key" + bytes(6) + (1).to_bytes(4, "big")
HEADER_WORDS: Final = 18
RUN_WORDS: Final = 3
FLAGS: Final = (0, 1)
#: No key has more lanes or weight packs: counts that follow from them fit into memory.
LANE_AND_PACK_LIMIT: Final = 1 << 16
DATA_CONTRACT_PREFIX: Final = b"\x00\x01"


@dataclass(frozen=True)
class VerifyingKey:
    """Hold a parsed key.

    circuit_digest, ceremony_digest : words 1 and 2.
    layout : n, t, L, wa, K, lam, N, optimiser, bus sums.
    public_count : |pub|; input_count, output_count : n_in, n_out; runs : the input bounds.
    omega, inverse_rows : the root of unity and 1/n.
    fixed_points : f encodings g1 of the packs of fixed columns.
    digest : key_digest = H(key.bin).
    """

    circuit_digest: bytes
    ceremony_digest: bytes
    layout: LayoutParameters
    public_count: int
    input_count: int
    output_count: int
    runs: tuple[InputRun, ...]
    omega: int
    inverse_rows: int
    fixed_points: tuple[bytes, ...]
    digest: bytes

    @property
    def pack_count(self) -> int:
        """Return a = ceil((L + 2) / t)."""
        return -(-(self.layout.lanes + 2) // self.layout.pack_columns)

    @property
    def chunk_count(self) -> int:
        """Return c = 1 if D < N, else ceil((D + 1) / (N - 1)), with D = (L - h + 1) n + L - h + 4."""
        factors = self.layout.lanes - self.layout.helper_lanes
        degree_bound = (factors + 1) * self.layout.rows + factors + 4
        return 1 if degree_bound < self.layout.powers else -(-(degree_bound + 1) // (self.layout.powers - 1))

    @property
    def evaluation_count(self) -> int:
        """Return the number of field elements in message 4: L + 2 + wa + 9 + 4, or 6 with two bus sums."""
        sums = 6 if self.layout.bus_sums == 2 else 4
        return self.layout.lanes + 2 + self.layout.weight_lanes + len(FIXED_COLUMNS) + sums

    @property
    def commitment_bytes(self) -> int:
        """Return the length of `commitment.bin`: K points."""
        return POINT_BYTES * self.layout.weight_packs

    def public_vector(self, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> list[int]:
        """Return the |pub| public cells as field elements, padding inserted."""
        width = self.layout.weight_lanes
        cells = [*inputs, *([0] * (-len(inputs) % width)), *outputs]
        cells += [0] * (self.public_count - len(cells))
        return [cell % SCALAR_MODULUS for cell in cells]


def parse_key(content: bytes) -> VerifyingKey:
    """Parse `key.bin` and check every condition that its bytes alone can break.

    Raises
    ------
    VerificationError : key; ceremony when digest or N are not the pinned ones.
    """
    if len(content) < WORD_BYTES * HEADER_WORDS:
        raise VerificationError(
            "key", "length", expected=f"at least {WORD_BYTES * HEADER_WORDS} bytes", found=len(content)
        )
    words = [content[i * WORD_BYTES : (i + 1) * WORD_BYTES] for i in range(HEADER_WORDS)]
    if words[0] != KEY_MAGIC:
        raise VerificationError("key", "magic and version", expected=KEY_MAGIC.hex(), found=words[0].hex())
    numbers = [int.from_bytes(word, "big") for word in words]
    if numbers[10] not in FLAGS:
        raise VerificationError("key", "flags", expected="0 or 1", found=numbers[10])
    layout = LayoutParameters(
        rows=numbers[3],
        pack_columns=numbers[4],
        lanes=numbers[5],
        weight_lanes=numbers[6],
        weight_packs=numbers[7],
        limb_bits=numbers[8],
        powers=numbers[9],
        optimiser=numbers[17],
        bus_sums=numbers[10] + 1,
    )
    _check_parameters(layout)
    public_count, input_count, output_count, run_count = numbers[11:15]
    fixed_count = -(-len(FIXED_COLUMNS) // layout.pack_columns)
    expected = WORD_BYTES * (HEADER_WORDS + RUN_WORDS * run_count) + POINT_BYTES * fixed_count
    if len(content) != expected:
        raise VerificationError("key", "length", expected=expected, found=len(content))
    points_start = len(content) - POINT_BYTES * fixed_count
    key = VerifyingKey(
        circuit_digest=words[1],
        ceremony_digest=words[2],
        layout=layout,
        public_count=public_count,
        input_count=input_count,
        output_count=output_count,
        runs=_parse_runs(content[WORD_BYTES * HEADER_WORDS : points_start]),
        omega=numbers[15],
        inverse_rows=numbers[16],
        fixed_points=tuple(
            content[i : i + POINT_BYTES] for i in range(points_start, len(content), POINT_BYTES)
        ),
        digest=keccak256(content),
    )
    _check_counts(key)
    _check_domain(key)
    setup = find_setup(key.layout.powers)
    if setup is None:
        raise VerificationError("ceremony", "number of powers", expected=POWER_COUNT, found=key.layout.powers)
    if key.ceremony_digest != setup.digest:
        raise VerificationError(
            "ceremony", "digest", expected=setup.digest.hex(), found=key.ceremony_digest.hex()
        )
    return key


def encode_key(key: VerifyingKey) -> bytes:
    """Encode a key as `key.bin`; its own digest is not part of it."""
    layout = key.layout
    numbers = (
        layout.rows, layout.pack_columns, layout.lanes, layout.weight_lanes, layout.weight_packs,
        layout.limb_bits, layout.powers, layout.bus_sums - 1, key.public_count, key.input_count,
        key.output_count, len(key.runs),
    )  # fmt: skip
    return b"".join(
        (
            KEY_MAGIC,
            key.circuit_digest,
            key.ceremony_digest,
            *map(encode_unsigned, numbers),
            encode_element(key.omega),
            encode_element(key.inverse_rows),
            encode_unsigned(layout.optimiser),
            *(
                encode_unsigned(run.count) + encode_signed(run.low) + encode_signed(run.high)
                for run in key.runs
            ),
            *key.fixed_points,
        )
    )


def strategy_commitment(key: VerifyingKey, commitment: bytes) -> bytes:
    """Return H( key_digest || commitment.bin )."""
    return keccak256(key.digest + commitment)


def split_data_contract(code: bytes) -> tuple[bytes, bytes]:
    """Split code = 0x00 || 0x01 || key.bin || commitment.bin.

    Raises
    ------
    VerificationError : key, for a wrong prefix or a code of another length than its key says.
    """
    if code[:2] != DATA_CONTRACT_PREFIX:
        raise VerificationError("key", "data contract prefix", expected="0001", found=code[:2].hex())
    body = code[2:]
    columns, run_count = (int.from_bytes(body[i * WORD_BYTES : (i + 1) * WORD_BYTES], "big") for i in (4, 14))
    fixed_count = -(-len(FIXED_COLUMNS) // columns) if columns else 0
    length = WORD_BYTES * (HEADER_WORDS + RUN_WORDS * run_count) + POINT_BYTES * fixed_count
    key, commitment = body[:length], body[length:]
    expected = parse_key(key).commitment_bytes
    if len(commitment) != expected:
        raise VerificationError("key", "commitment length", expected=expected, found=len(commitment))
    return key, commitment


def _check_parameters(layout: LayoutParameters) -> None:
    fault = layout.fault()
    if fault is not None:
        raise VerificationError("key", "parameters", expected="the conditions of the protocol", found=fault)
    most = max(layout.lanes, layout.weight_packs)
    if most > LANE_AND_PACK_LIMIT:
        limit = f"L and K up to {LANE_AND_PACK_LIMIT}"
        raise VerificationError("key", "parameters", expected=limit, found=most)


def _parse_runs(content: bytes) -> tuple[InputRun, ...]:
    runs: list[InputRun] = []
    for start in range(0, len(content), WORD_BYTES * RUN_WORDS):
        count, low, high = (
            int.from_bytes(content[i : i + WORD_BYTES], "big", signed=True)
            for i in range(start, start + WORD_BYTES * RUN_WORDS, WORD_BYTES)
        )
        if count < 1 or not -BOUND_LIMIT <= low <= high <= BOUND_LIMIT:
            raise VerificationError(
                "key",
                "input run",
                index=len(runs),
                expected="count > 0, low <= high",
                found=(count, low, high),
            )
        runs.append(InputRun(count, low, high))
    repeated = check_runs_differ(tuple(runs))
    if repeated is not None:
        raise VerificationError(
            "key", "input run", index=repeated, expected="other bounds", found="those before it"
        )
    return tuple(runs)


def _check_counts(key: VerifyingKey) -> None:
    bounded = sum(run.count for run in key.runs)
    if key.input_count < 1 or bounded != key.input_count:
        raise VerificationError("key", "number of inputs", expected=bounded, found=key.input_count)
    if key.output_count < 1:
        raise VerificationError("key", "number of outputs", expected="at least 1", found=key.output_count)
    expected = public_cell_count(key.input_count, key.output_count, key.layout.lanes, key.layout.weight_lanes)
    if key.public_count != expected:
        raise VerificationError("key", "number of public cells", expected=expected, found=key.public_count)


def _check_domain(key: VerifyingKey) -> None:
    omega = root_of_unity(key.layout.rows)
    if key.omega != omega:
        raise VerificationError("key", "omega", expected=omega, found=key.omega)
    inverse = pow(key.layout.rows, -1, SCALAR_MODULUS)
    if key.inverse_rows != inverse:
        raise VerificationError("key", "1/n", expected=inverse, found=key.inverse_rows)
